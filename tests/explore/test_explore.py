"""Exploring: what is computed, what is shown of it, and what is done with it."""

import json
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
from helpers.explore.controls import CLICKED, FRAMES
from helpers.explore.explorer import Explorer
from helpers.explore.projection import AROUND, Plane
from helpers.explore.trial import attempt, direction, explain, pose
from helpers.explore.views import PLACES, RC, Views, cell_of
from helpers.model import cost, predict
from helpers.pipeline.command import UserError
from helpers.pipeline.kernels.arithmetic import settings
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.experiments import read_points

PLAIN = {
    "learning_rate": 0.1,
    "n_iterations": 200,
    "initialisation": "zeros",
    "start": "",
    "momentum": 0.0,
    "nesterov": False,
    "batch_size": 0,
    "seed": 0,
}
BEGINNING = {"data": "data/auto.csv", "target": "mpg", "features": "all"}


@pytest.fixture(scope="module")
def all_features():
    return pose(load_data("data/auto.csv", "mpg", "all"), "standardise")


@pytest.fixture(scope="module")
def one_feature():
    return pose(load_data("data/auto.csv", "mpg", "horsepower"), "min-max")


def test_a_trial_is_the_descent_that_a_run_makes(all_features):
    trial = attempt(all_features, PLAIN | {"batch_size": 32, "momentum": 0.5})
    data = load_data("data/auto.csv", "mpg", "all")
    X = fit_scaling(data.X, method="standardise").apply(data.X)
    rng = np.random.default_rng(0)
    fit = gradient_descent(
        X,
        data.y,
        learning_rate=0.1,
        n_iterations=200,
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
def test_theory_foretells_a_plain_trial_from_anywhere(all_features, start):
    trial = attempt(all_features, PLAIN | {"start": start})
    np.testing.assert_allclose(trial.predicted, trial.fit.costs, rtol=1e-10)
    assert attempt(all_features, PLAIN | {"momentum": 0.5}).predicted is None
    assert attempt(all_features, PLAIN | {"batch_size": 8}).predicted is None


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_limit_is_where_descents_begin_to_grow(all_features, momentum, nesterov):
    X, y = all_features.X, all_features.sample.y
    limit = theory.stability_limit(X, momentum, nesterov)
    options = {"n_iterations": 3000, "momentum": momentum, "nesterov": nesterov}
    below = gradient_descent(X, y, learning_rate=0.98 * limit, **options)
    above = gradient_descent(X, y, learning_rate=1.02 * limit, **options)
    assert below.status in ("converged", "descending")
    assert above.status == "diverged"
    at = theory.factors(all_features.eigenvalues, limit, momentum, nesterov)
    assert at.max() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("momentum", "nesterov"), [(0.0, False), (0.4, False), (0.4, True)]
)
def test_factors_are_the_growth_that_is_measured(all_features, momentum, nesterov):
    setting = PLAIN | {"learning_rate": 0.5, "momentum": momentum, "nesterov": nesterov}
    trial = attempt(all_features, setting)
    growth = np.sqrt(trial.fit.costs[-1] / trial.fit.costs[-2])
    assert growth == pytest.approx(trial.factors.max(), rel=1e-3)


def test_the_words_say_what_happens_and_why(all_features, one_feature):
    def said(problem=all_features, **changes):
        return explain(attempt(problem, PLAIN | changes))

    grows = "Learning rate 0.3 is above the limit 0.2168: the component along "
    assert said(learning_rate=0.3).startswith(grows)
    assert "grows by 1.77 at each step" in said(learning_rate=0.3)
    assert "It was stopped after 34 updates" in said(learning_rate=0.3)
    assert "below the limit 0.2168" in said()
    assert "multiplied by 0.99326 at each step" in said()
    assert "within 1 % of it after 128 updates" in said()
    assert "20 updates are too few" in said(n_iterations=20)
    assert "Each update sees 16 of 392 samples" in said(batch_size=16)
    noisy = said(batch_size=2, learning_rate=0.5)
    assert noisy.startswith("Learning rate 0.5 is too large for batches of 2. It was")
    twice = all_features.sample._replace(X=all_features.sample.X[:, [0, 0]])
    doubled = pose(twice._replace(features=["a", "b"]), "standardise")
    assert "but that along" in said(doubled, learning_rate=0.1)
    limit = theory.stability_limit(one_feature.X)
    assert "is on the limit" in said(one_feature, learning_rate=limit)


def test_directions_are_named_by_their_largest_parts(all_features):
    problem = all_features._replace(vectors=np.eye(8))
    assert direction(problem, 3) == "weight"
    assert direction(problem, 7) == "offset"
    mixed = np.eye(8)
    mixed[:, 0] = [0.9, -0.8, 0.1, 0, 0, 0, 0, 0]
    assert direction(problem._replace(vectors=mixed), 0) == "cylinders − displacement"


@pytest.mark.parametrize("number", [0, 1])
def test_the_plane_shows_the_cost_as_it_is(number, all_features, one_feature):
    problem = (all_features, one_feature)[number]
    plane, y = Plane(problem), problem.sample.y
    start = plane.start(*(plane.centre + plane.half * [0.5, -0.25]))
    at = plane.places(start[None])[0]
    np.testing.assert_allclose(at, plane.centre + plane.half * [0.5, -0.25], rtol=1e-9)
    shift = at - plane.centre
    foretold = problem.best.J + shift @ plane.curvature @ shift / 2
    found = cost(y, predict(problem.X, start[:-1], start[-1]))
    assert found == pytest.approx(foretold, rel=1e-9)
    ax = Figure().add_subplot()
    plane.frame(ax)
    for ellipse in ax.collections[0].get_paths():
        costs = [
            cost(y, predict(problem.X, theta[:-1], theta[-1]))
            for theta in (plane.start(*place) for place in ellipse.vertices[::20])
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
    trial = attempt(all_features, PLAIN)
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
    assert len(views.foretold.get_ydata()) == 201


@pytest.mark.parametrize("change", [{"learning_rate": 0.3}, {"n_iterations": 700}])
def test_what_is_redrawn_is_what_would_be_drawn(views, all_features, change):
    views.show(attempt(all_features, PLAIN))
    before = pixels(views)
    views.show(attempt(all_features, PLAIN | change))
    quick = pixels(views)
    views.figure.canvas.draw()
    np.testing.assert_array_equal(quick, pixels(views))
    assert (quick != before).any()


def test_what_is_drawn_ahead_changes_nothing_but_the_time(
    views, all_features, one_feature
):
    trial = attempt(all_features, PLAIN)
    views.show(trial, 50)
    before = pixels(views)
    views.prepare(one_feature)
    np.testing.assert_array_equal(pixels(views), before)
    views.show(trial, 60)
    views.show(trial, 50)
    np.testing.assert_array_equal(pixels(views), before)
    views.scenery._draw_frame = None  # nothing has to be drawn for what comes now
    views.show(attempt(one_feature, PLAIN))
    quick = pixels(views)
    views.figure.canvas.draw()
    np.testing.assert_array_equal(quick, pixels(views))


def test_no_axes_are_drawn_over_others():
    for one, other in combinations(map(cell_of, PLACES), 2):
        assert not (other.x0 < one.x1 and one.x0 < other.x1) or not (
            other.y0 < one.y1 and one.y0 < other.y1
        )


def test_other_data_redraw_their_own_axes_only(views, all_features, one_feature):
    for problem in (all_features, one_feature, all_features, one_feature):
        views.show(attempt(problem, PLAIN))
        quick = pixels(views)
        views.figure.canvas.draw()
        np.testing.assert_array_equal(quick, pixels(views))
    assert set(views.shown) == set(PLACES)


@pytest.fixture
def explore(tmp_path, monkeypatch):
    """Return a function that opens the explorer on data of its own."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "auto.csv").write_bytes((ROOT / "data/auto.csv").read_bytes())
    monkeypatch.setattr(explorer, "LEFT_AS", tmp_path / "left-as.json")
    monkeypatch.setattr(explorer, "EXPLORED", tmp_path)
    return lambda: Explorer(data=str(tmp_path / "data" / "auto.csv"))


def said(it):
    return it.controls._said.value


def test_every_control_changes_the_trial(explore):
    it = explore()
    its = it.controls.parameters
    moved = {
        "learning_rate": 0.01,
        "n_iterations": 321,
        "momentum": 0.25,
        "nesterov": True,
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
    problem = pose(load_data("data/auto.csv", "mpg", "weight, year"), "min-max")
    expected = attempt(problem, it.trial.setting)
    np.testing.assert_array_equal(it.trial.fit.costs, expected.fit.costs)
    assert it.views.trial is it.trial
    assert it.controls.step.value == it.views.step == 321


def test_a_click_starts_the_descent_there(explore):
    it = explore()
    place = it.views.plane.centre + it.views.plane.half * [-0.5, 0.25]
    ax = it.views.axes["surface"]
    event = type("Event", (), {"inaxes": ax, "xdata": place[0], "ydata": place[1]})
    it._clicked(event)
    assert it.controls.parameters["initialisation"].value == CLICKED
    np.testing.assert_allclose(it.views.plane.places(it.trial.fit.path[:1])[0], place)
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
    explorer.LEFT_AS.write_text('[{"learning_rate": 1}, ""]')  # of another version
    assert explore().trial.setting["learning_rate"] == pytest.approx(0.1)
    gone = it.controls.values | {"features": ["a column that is gone"]}
    explorer.LEFT_AS.write_text(json.dumps([gone, "1,2"]))
    assert explore().trial.setting["features"] == "all"
    it.controls.anew.click()
    assert it.trial.setting["learning_rate"] == pytest.approx(0.1)


def test_data_that_are_replaced_are_read_anew_or_the_trouble_is_named(explore):
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
    assert "no column &#x27;mpg&#x27;; its columns are a, b" in said(it)
    assert it.controls.add.disabled
    path.unlink()
    it.update()
    assert "No such file" in said(it)
    path.write_text("\n".join(text))
    it.update()
    assert not it.controls.add.disabled
    assert "Learning rate" in said(it)


def test_no_feature_is_said_and_nothing_is_lost(explore):
    it = explore()
    it.controls.parameters["features"].value = ()
    assert "Choose at least one feature" in said(it)
    it.controls.parameters["features"].value = ("year",)
    assert it.trial.setting["features"] == "year"


def test_a_setting_becomes_a_line_of_the_grid_and_all_else_stays(tmp_path):
    path = tmp_path / "experiments.yaml"
    before = (ROOT / "experiments.yaml").read_text()
    path.write_text(before)
    setting = BEGINNING | PLAIN | {"learning_rate": 1e-05, "momentum": 0.5}
    told = actions.add_to_experiments(setting, path)
    assert told == "Added to experiments.yaml as explored: `make report` includes it."
    assert path.read_text().startswith(before)
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
        actions.add_to_experiments(BEGINNING | PLAIN, path)
    assert path.read_text() == "a:\n  features: [horsepower\nb: 1\n"


def test_a_trial_shown_as_a_run_has_the_same_bits(
    tmp_path, monkeypatch, all_features, one_feature
):
    monkeypatch.setattr(actions, "EXPLORED", ROOT / "build" / "explored")
    odd = {"start": "1.5,0.1", "nesterov": True, "momentum": 0.3, "batch_size": 100}
    setting = BEGINNING | PLAIN | odd | {"features": "horsepower", "scaling": "min-max"}
    trial = attempt(one_feature, setting)
    told = actions.show_as_run(trial)
    assert "the same numbers, to the last bit" in told
    path = ROOT / told.partition("]")[0].removeprefix("[")
    assert read_record(path)["costs"] == trial.fit.costs.tolist()
    path.unlink()
    for change, answer in ((1e-12, "but for rounding"), (1e-3, "OTHER NUMBERS")):
        other = trial.fit._replace(costs=trial.fit.costs + change)
        assert answer in actions.show_as_run(trial._replace(fit=other))
        path.unlink()
    for name, value in settings().items():  # as with make lab
        monkeypatch.setenv(name, value)
    other = trial.fit._replace(costs=trial.fit.costs + 1e-12)
    assert "OTHER NUMBERS" in actions.show_as_run(trial._replace(fit=other))
    path.unlink()


def test_descents_from_all_around_have_the_same_setting(all_features, one_feature):
    for problem in (all_features, one_feature):
        plane = Plane(problem)
        setting = PLAIN | {"learning_rate": 0.02, "momentum": 0.5}
        paths = plane.around(setting)
        assert len(paths) == AROUND
        for path in paths:
            start = ",".join(map(str, plane.start(*path[0])))
            alone = attempt(problem, setting | {"start": start}).fit.path
            np.testing.assert_allclose(path, plane.places(alone[:101]), rtol=1e-7)
        assert plane.around(setting | {"batch_size": 8}) == []
