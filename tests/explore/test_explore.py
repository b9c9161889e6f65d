"""Exploring: what is computed, what is shown of it, and what is done with it."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers import ROOT, theory
from helpers.data import fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.explore import actions, explorer
from helpers.explore.controls import CLICKED, FRAMES, rounded
from helpers.explore.explorer import Explorer
from helpers.explore.projection import AROUND, Projection
from helpers.explore.trial import direction, explain, make_problem, try_setting
from helpers.explore.views import PICTURES, RC, Views
from helpers.model import cost, predict
from helpers.optimisers import OPTIMISERS, options_of
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.arithmetic import settings
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.experiments import read_points

PLAIN = {
    "learning_rate": 0.1,
    "n_iterations": 200,
    "initialisation": "zeros",
    "start": "",
    "optimiser": "plain",
    "momentum": None,
    "batch_size": 0,
    "seed": 0,
}
HEAVY = {"optimiser": "heavy-ball", "momentum": 0.5}
DATA = {"data": "data/auto.csv", "target": "mpg", "features": "all"}


@pytest.fixture(scope="module")
def all_features():
    return make_problem(load_data("data/auto.csv", "mpg", "all"), "standardise")


@pytest.fixture(scope="module")
def one_feature():
    return make_problem(load_data("data/auto.csv", "mpg", "horsepower"), "min-max")


def test_a_trial_is_the_descent_that_a_run_makes(all_features):
    trial = try_setting(all_features, PLAIN | HEAVY | {"batch_size": 32})
    data = load_data("data/auto.csv", "mpg", "all")
    X = fit_scaling(data.X, method="standardise").apply(data.X)
    rng = np.random.default_rng(0)
    fit = gradient_descent(
        X,
        data.y,
        learning_rate=0.1,
        n_iterations=200,
        optimiser="heavy-ball",
        momentum=0.5,
        batch_size=32,
        rng=rng,
    )
    np.testing.assert_array_equal(trial.fit.costs, fit.costs)
    np.testing.assert_array_equal(trial.fit.path[-1], [*fit.w, fit.b])
    for k in (0, 7, 200):
        w, b = trial.fit.path[k, :-1], trial.fit.path[k, -1]
        assert cost(data.y, predict(X, w, b)) == pytest.approx(fit.costs[k], rel=1e-12)


@pytest.mark.parametrize("start", ["", "1.0,-2.0,3.0,0.5,-0.25,1.5,2.5,20.0"])
def test_theory_predicts_a_plain_trial_from_anywhere(all_features, start):
    trial = try_setting(all_features, PLAIN | {"start": start})
    np.testing.assert_allclose(trial.predicted, trial.fit.costs, rtol=1e-10)
    assert trial.limit == theory.stability_limit(all_features.X)


@pytest.mark.parametrize(
    ("change", "has_limit"),
    [
        (HEAVY, True),
        ({"optimiser": "nesterov"}, True),
        ({"optimiser": "adam"}, False),
        ({"batch_size": 8}, False),
        (HEAVY | {"batch_size": 8}, False),
    ],
)
def test_other_trials_have_what_theory_knows_of_them(all_features, change, has_limit):
    trial = try_setting(all_features, PLAIN | change)
    assert trial.predicted is None
    assert (trial.limit is not None) == (trial.factors is not None) == has_limit
    assert ("no limit" in explain(trial)) == (not has_limit)


CASES = [
    {"optimiser": "plain"},
    {"optimiser": "heavy-ball", "momentum": 0.0},
    {"optimiser": "heavy-ball", "momentum": 0.4},
    {"optimiser": "heavy-ball", "momentum": 0.9},
    {"optimiser": "nesterov", "momentum": 0.4},
    {"optimiser": "nesterov", "momentum": 0.9},
]


@pytest.mark.parametrize("optimiser", CASES)
def test_the_limit_is_where_descents_begin_to_grow(all_features, optimiser):
    X, y = all_features.X, all_features.sample.y
    limit = theory.stability_limit(X, **optimiser)
    options = {"n_iterations": 3000, **optimiser}
    below = gradient_descent(X, y, learning_rate=0.98 * limit, **options)
    above = gradient_descent(X, y, learning_rate=1.02 * limit, **options)
    assert below.status in ("converged", "descending")
    assert above.status == "diverged"
    at = theory.factors(all_features.eigenvalues, limit, **optimiser)
    assert at.max() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("optimiser", [CASES[0], CASES[2], CASES[4]])
def test_factors_are_the_growth_that_is_measured(all_features, optimiser):
    trial = try_setting(all_features, PLAIN | {"learning_rate": 0.5} | optimiser)
    growth = np.sqrt(trial.fit.costs[-1] / trial.fit.costs[-2])
    assert growth == pytest.approx(trial.factors.max(), rel=1e-3)


def test_the_explanation_says_what_happens_and_why(all_features, one_feature):
    def text(problem=all_features, **changes):
        return explain(try_setting(problem, PLAIN | changes))

    grows = "Learning rate 0.3 is above the limit 0.2168: the component along "
    assert text(learning_rate=0.3).startswith(grows)
    assert "grows by 1.77 at each step" in text(learning_rate=0.3)
    assert "It was stopped after 34 updates" in text(learning_rate=0.3)
    assert "below the limit 0.2168" in text()
    assert "multiplied by 0.99326 at each step" in text()
    assert "within 1 % of it after 128 updates" in text()
    assert "20 updates are too few" in text(n_iterations=20)
    assert "Each update sees 16 of 392 samples" in text(batch_size=16)
    noisy = text(batch_size=2, learning_rate=0.5)
    assert noisy.startswith("Learning rate 0.5 is too large for batches of 2; theory")
    adaptive = text(optimiser="adam")
    assert "gives no limit for the optimiser adam. The cost is" in adaptive
    twice = all_features.sample._replace(X=all_features.sample.X[:, [0, 0]])
    doubled = make_problem(twice._replace(features=["a", "b"]), "standardise")
    assert "but that along" in text(doubled, learning_rate=0.1)
    limit = theory.stability_limit(one_feature.X)
    assert "is on the limit" in text(one_feature, learning_rate=limit)


def test_directions_are_named_by_their_largest_parts(all_features):
    problem = replace(all_features, vectors=np.eye(8))
    assert direction(problem, 3) == "weight"
    assert direction(problem, 7) == "offset"
    mixed = np.eye(8)
    mixed[:, 0] = [0.9, -0.8, 0.1, 0, 0, 0, 0, 0]
    assert direction(replace(problem, vectors=mixed), 0) == "cylinders − displacement"


@pytest.mark.parametrize("number", [0, 1])
def test_the_projection_shows_the_cost_as_it_is(number, all_features, one_feature):
    problem = (all_features, one_feature)[number]
    projection, y = Projection(problem), problem.sample.y
    place = projection.centre + projection.half * [0.5, -0.25]
    start = projection.start(*place)
    np.testing.assert_allclose(projection.places(start[None])[0], place, rtol=1e-9)
    shift = place - projection.centre
    expected = problem.best.J + shift @ projection.curvature @ shift / 2
    found = cost(y, predict(problem.X, start[:-1], start[-1]))
    assert found == pytest.approx(expected, rel=1e-9)
    ax = Figure().add_subplot()
    projection.frame(ax)
    for ellipse in ax.collections[0].get_paths():
        costs = [
            cost(y, predict(problem.X, theta[:-1], theta[-1]))
            for theta in (projection.start(*place) for place in ellipse.vertices[::20])
        ]
        np.testing.assert_allclose(costs, costs[0], rtol=1e-9)


@pytest.fixture
def views():
    with style.context(["default", ROOT / "report" / "figures.mplstyle", RC]):
        figure = FigureCanvasAgg(Figure(figsize=(8.4, 4.2))).figure
        yield Views(figure, load_data("data/auto.csv", "mpg").features)


def pixels(views):
    return np.asarray(views.figure.canvas.buffer_rgba()).copy()


def test_the_pictures_show_the_trial_at_each_update(views, all_features):
    trial = try_setting(all_features, PLAIN)
    whole = trial.fit.costs[0] - all_features.best.J
    for k in (None, 0, 50):
        views.show(trial, k)
        k = 200 if k is None else k
        w, b = trial.fit.path[k, :-1], trial.fit.path[k, -1]
        z = predict(all_features.X, w, b)
        shares = (trial.fit.costs[: k + 1] - all_features.best.J) / whole
        np.testing.assert_allclose(views.cost.get_ydata(), shares, atol=1e-12)
        np.testing.assert_array_equal(views.points.get_ydata(), z)
        np.testing.assert_array_equal(
            views.errors.get_ydata(), all_features.sample.y - z
        )
        shares = [end[0] for _, end in views.bars.get_segments()]
        np.testing.assert_allclose(shares, w / abs(all_features.best.w).max())
        assert len(views.path.get_xdata()) == k + 1
    assert len(views.predicted.get_ydata()) == 201


@pytest.mark.parametrize("change", [{"learning_rate": 0.3}, {"n_iterations": 700}])
def test_what_is_redrawn_is_what_would_be_drawn(views, all_features, change):
    views.show(try_setting(all_features, PLAIN))
    before = pixels(views)
    views.show(try_setting(all_features, PLAIN | change))
    quick = pixels(views)
    views.figure.canvas.draw()
    np.testing.assert_array_equal(quick, pixels(views))
    assert (quick != before).any()


def test_what_is_drawn_ahead_changes_nothing_but_the_time(
    views, all_features, one_feature
):
    trial = try_setting(all_features, PLAIN)
    views.show(trial, 50)
    before = pixels(views)
    views.prepare(one_feature)
    np.testing.assert_array_equal(pixels(views), before)
    views.show(trial, 60)
    views.show(trial, 50)
    np.testing.assert_array_equal(pixels(views), before)
    views.background._draw_frame = None  # nothing has to be drawn for what comes now
    views.show(try_setting(one_feature, PLAIN))
    quick = pixels(views)
    views.figure.canvas.draw()
    np.testing.assert_array_equal(quick, pixels(views))


def test_no_axes_are_drawn_over_others():
    cells = [picture.cell for picture in PICTURES.values()]
    for one, other in combinations(cells, 2):
        assert not (other.x0 < one.x1 and one.x0 < other.x1) or not (
            other.y0 < one.y1 and one.y0 < other.y1
        )


def test_other_data_redraw_their_own_axes_only(views, all_features, one_feature):
    for problem in (all_features, one_feature, all_features, one_feature):
        views.show(try_setting(problem, PLAIN))
        quick = pixels(views)
        views.figure.canvas.draw()
        np.testing.assert_array_equal(quick, pixels(views))
    assert set(views.shown) == set(PICTURES)


@pytest.fixture
def explore(tmp_path, monkeypatch):
    """Return a function that opens the explorer on data of its own."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "auto.csv").write_bytes((ROOT / "data/auto.csv").read_bytes())
    monkeypatch.setattr(explorer, "SAVED", tmp_path / "setting.json")
    monkeypatch.setattr(explorer, "EXPLORED", tmp_path)
    return lambda: Explorer(data=str(tmp_path / "data" / "auto.csv"))


def explanation(it):
    return it.controls._explanation.value


def test_every_control_changes_the_trial(explore):
    it = explore()
    its = it.controls.parameters
    moved = {
        "learning_rate": 0.01,
        "n_iterations": 321,
        "optimiser": "nesterov",
        "momentum": 0.25,
        "batch_size": 40,
        "seed": 5,
        "initialisation": "normal",
        "scaling": "min-max",
        "features": ("weight", "year"),
    }
    assert set(moved) == set(its)
    for name, value in moved.items():
        before = it.trial
        its[name].value = value
        assert it.trial is not before, name
        wanted = "weight, year" if name == "features" else value
        assert it.trial.setting[name] == pytest.approx(wanted)
    problem = make_problem(load_data("data/auto.csv", "mpg", "weight, year"), "min-max")
    expected = try_setting(problem, it.trial.setting)
    np.testing.assert_array_equal(it.trial.fit.costs, expected.fit.costs)
    assert it.views.trial is it.trial
    assert it.controls.step.value == it.views.step == 321


def test_every_optimiser_is_a_choice_and_momentum_counts_where_it_is_one(explore):
    it = explore()
    its = it.controls.parameters
    assert list(its["optimiser"].options) == list(OPTIMISERS)
    for name in OPTIMISERS:
        its["optimiser"].value = name
        has_momentum = "momentum" in options_of(name)
        assert its["momentum"].disabled == (not has_momentum)
        assert it.trial.setting["momentum"] == (0.9 if has_momentum else None)
        marked = "limit" in it.controls._mark.value
        assert marked == (theory.stability_limit(it.trial.problem.X, name) is not None)


def test_round_numbers_are_taken_as_they_were_typed(explore):
    it = explore()
    for typed in (1, 0.5, 0.2, 0.05, 0.02, 1e-3, 5e-7):
        step = round(np.log10(typed), 2)  # where the slider goes
        it.controls.parameters["learning_rate"].value = 10**step
        assert it.trial.setting["learning_rate"] == typed
    it.controls.parameters["optimiser"].value = "heavy-ball"
    it.controls.parameters["momentum"].value = 57 * 0.01
    assert it.trial.setting["momentum"] == 0.57


def test_each_step_of_the_learning_rate_is_another_one():
    rates = [rounded(10 ** (step / 100)) for step in range(-800, 101)]
    assert sorted(set(rates)) == rates
    assert {1e-8, 0.1, 0.2, 0.5, 10} <= set(rates)


def test_a_click_starts_the_descent_there(explore):
    it = explore()
    place = it.views.projection.centre + it.views.projection.half * [-0.5, 0.25]
    ax = it.views.axes["surface"]
    event = type("Event", (), {"inaxes": ax, "xdata": place[0], "ydata": place[1]})
    it._clicked(event)
    assert it.controls.parameters["initialisation"].value == CLICKED
    np.testing.assert_allclose(
        it.views.projection.places(it.trial.fit.path[:1])[0], place
    )
    assert it.trial.predicted is not None
    # On another surface it is no place any more.
    it.controls.parameters["scaling"].value = "min-max"
    assert it.trial.setting["start"] == ""
    elsewhere = type("Event", (), {"inaxes": it.views.axes["fit"]})
    it._clicked(elsewhere)
    assert it.trial.setting["start"] == ""


def test_the_animation_ends_at_the_end_and_can_be_played_again(explore):
    it = explore()
    play, step = it.controls.play, it.controls.step
    play.playing, shown = True, []
    for frame in range(1, FRAMES + 1):
        play.value = frame
        shown.append(step.value)
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (0, 1000)
    assert it.views.step == 1000
    assert (play.playing, play.value) == (False, 0)


def test_a_new_kernel_finds_the_setting_as_it_was_left(explore):
    it = explore()
    it.controls.parameters["learning_rate"].value = 0.05
    it.controls.parameters["features"].value = ("year",)
    again = explore()
    assert again.trial.setting == it.trial.setting
    explorer.SAVED.write_text('[{"learning_rate": 1}, ""]')  # of another version
    assert explore().trial.setting["learning_rate"] == pytest.approx(0.1)
    gone = it.controls.values | {"features": ["a column that is gone"]}
    explorer.SAVED.write_text(json.dumps([gone, "1,2"]))
    assert explore().trial.setting["features"] == "all"
    it.controls.reset.click()
    assert it.trial.setting["learning_rate"] == pytest.approx(0.1)


def test_data_that_change_are_read_again_or_the_error_is_shown(explore):
    it = explore()
    path = Path(it.data)
    it.controls.parameters["features"].value = ("horsepower", "weight")
    text = path.read_text().splitlines()
    path.write_text("\n".join([text[0].replace("weight", "mass"), *text[1:300]]))
    it.update()
    assert it.controls.parameters["features"].value == ("horsepower",)
    assert "mass" in it.controls.parameters["features"].options
    assert len(it.trial.problem.sample.y) < 300
    path.write_text("a,b\n1,2\n")
    it.update()
    assert "no column &#x27;mpg&#x27;; its columns are a, b" in explanation(it)
    assert it.controls.add.disabled
    path.unlink()
    it.update()
    assert "No such file" in explanation(it)
    path.write_text("\n".join(text))
    it.update()
    assert not it.controls.add.disabled
    assert "Learning rate" in explanation(it)


def test_to_choose_no_feature_is_an_error_that_is_shown(explore):
    it = explore()
    it.controls.parameters["features"].value = ()
    assert "Choose at least one feature" in explanation(it)
    it.controls.parameters["features"].value = ("year",)
    assert it.trial.setting["features"] == "year"


def test_a_setting_becomes_a_line_of_the_grid_and_all_else_stays(tmp_path):
    path = tmp_path / "experiments.yaml"
    before = (ROOT / "experiments.yaml").read_text()
    path.write_text(before)
    setting = DATA | PLAIN | HEAVY | {"learning_rate": 0.05}
    answer = actions.add_to_experiments(setting, path)
    assert answer == "Added to experiments.yaml as explored: `make report` includes it."
    assert path.read_text().startswith(before)
    assert "\n  learning_rate: 0.05\n" in path.read_text()
    [point] = read_points(path)["explored"]
    assert point[:3] == actions.point_of(setting)[:3]
    again = actions.add_to_experiments(setting, path)
    assert again == "It is in experiments.yaml already, as a point of explored."
    other = setting | {"start": "0.1,2.5e-17,3.0", "features": "weight, year"}
    assert "as explored-2" in actions.add_to_experiments(other, path)
    [point] = read_points(path)["explored-2"]
    assert point.parameters == actions.point_of(other).parameters
    path.write_text("a:\n  seed: 3")  # without an end of the line
    defaults = actions.point_of({}).parameters
    assert "as explored:" in actions.add_to_experiments(defaults, path)
    assert read_points(path)["explored"][0].parameters == defaults
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_broken_grid_is_named_and_not_touched(tmp_path):
    path = tmp_path / "experiments.yaml"
    path.write_text("a:\n  features: [horsepower\nb: 1\n")
    with pytest.raises(UserError, match=r"\.yaml, line 3: .* Mend it and add"):
        actions.add_to_experiments(DATA | PLAIN, path)
    assert path.read_text() == "a:\n  features: [horsepower\nb: 1\n"


def test_a_trial_shown_as_a_run_has_the_same_bits(
    tmp_path, monkeypatch, all_features, one_feature
):
    monkeypatch.setattr(actions, "EXPLORED", ROOT / "build" / "explored")
    odd = {"optimiser": "nesterov", "momentum": 0.3, "features": "horsepower"}
    odd |= {"scaling": "min-max", "start": "1.5,0.1", "batch_size": 100}
    setting = DATA | PLAIN | odd
    trial = try_setting(one_feature, setting)
    answer = actions.show_as_run(trial)
    assert "the same numbers, to the last bit" in answer
    path = ROOT / answer.partition("]")[0].removeprefix("[")
    assert read_record(path)["costs"] == trial.fit.costs.tolist()
    path.unlink()
    for change, verdict in ((1e-12, "but for rounding"), (1e-3, "OTHER NUMBERS")):
        other = trial.fit._replace(costs=trial.fit.costs + change)
        assert verdict in actions.show_as_run(trial._replace(fit=other))
        path.unlink()
    for name, value in settings().items():  # as with make lab
        monkeypatch.setenv(name, value)
    other = trial.fit._replace(costs=trial.fit.costs + 1e-12)
    assert "OTHER NUMBERS" in actions.show_as_run(trial._replace(fit=other))
    path.unlink()


def test_descents_from_all_around_have_the_same_setting(all_features, one_feature):
    for problem in (all_features, one_feature):
        projection = Projection(problem)
        setting = PLAIN | HEAVY | {"learning_rate": 0.02}
        paths = projection.around(setting)
        assert len(paths) == AROUND
        for path in paths:
            start = ",".join(map(str, projection.start(*path[0])))
            alone = try_setting(problem, setting | {"start": start}).fit.path
            np.testing.assert_allclose(path, projection.places(alone[:101]), rtol=1e-7)
        assert projection.around(setting | {"batch_size": 8}) == []
