"""The figure and the table of any experiment."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import ROOT
from helpers.figures.overview import (
    MOST_LINES,
    MOST_STYLES,
    by_quality,
    count_optima,
    count_shown,
    is_summarised,
    plot_experiment,
    setting_text,
    varying,
)
from helpers.figures.overview_table import LISTED, experiment_table


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def a_run(*, taken=None, status="converged", start=9.0, factor=0.5, **parameters):
    costs = 1 + start * factor ** np.arange(50.0)
    recorded = {"costs": costs, "best": 1.0, "iterations_measured": taken, "limit": 0.5}
    known = {"run": f"descent-{parameters}", "listed": ("rate", "momentum")}
    return known | {"parameters": parameters, "status": status} | recorded


def two_parameters():
    return [
        a_run(rate=rate, momentum=momentum, factor=1 - rate * momentum, seed=1)
        for rate in (0.1, 0.5, 0.9)
        for momentum in (0.5, 0.9)
    ]


def test_runs_are_named_by_what_varies_and_nothing_else():
    runs = two_parameters()
    assert varying(runs) == ["rate", "momentum"]
    assert setting_text(runs[0], varying(runs)) == "rate=0.1, momentum=0.5"
    figure = plot_experiment([run for run in runs if run["parameters"]["rate"] == 0.1])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["0.5", "0.9"]
    assert legend.get_title().get_text() == "momentum"


def test_many_lines_differ_in_dash_and_fast_ones_are_not_crowded_at_the_left():
    runs = [a_run(rate=rate, taken=3) for rate in range(MOST_STYLES + 1)]
    lines = plot_experiment(runs).axes[0].lines[: len(runs)]
    assert len({(*line.get_color(), line.get_linestyle()) for line in lines}) == 8
    assert len({line.get_linestyle() for line in lines}) > 2
    slow = [a_run(rate=1, taken=2), a_run(rate=2, taken=24)]
    (ax,) = plot_experiment(slow).axes
    assert ax.get_xscale() == "symlog"
    assert "logarithmic" in ax.get_xlabel()
    (ax,) = plot_experiment(slow[1:]).axes
    assert (ax.get_xscale(), ax.get_xlabel()) == ("linear", "iteration")


def test_each_line_is_the_cost_of_its_run_and_the_optimum_is_beside_it():
    (ax,) = plot_experiment(two_parameters()[:2]).axes
    *lines, optimum = ax.lines
    for line, run in zip(lines, two_parameters(), strict=False):
        np.testing.assert_array_equal(line.get_ydata(), run["costs"])
    assert set(optimum.get_ydata()) == {1.0}
    (ax,) = plot_experiment(two_parameters()[:2], show="excess").axes
    np.testing.assert_allclose(
        ax.lines[0].get_ydata(), two_parameters()[0]["costs"] - 1
    )


def test_two_parameters_make_small_multiples():
    axes = plot_experiment(two_parameters()).axes
    assert [ax.get_title() for ax in axes] == ["momentum=0.5", "momentum=0.9"]
    assert [len(ax.lines) for ax in axes] == [4, 4]  # the optimum too
    axes = plot_experiment(two_parameters(), rows="rate", columns="momentum").axes
    assert len(axes) == 6
    assert axes[5].get_title() == "rate=0.9\nmomentum=0.9"


@pytest.mark.parametrize("panels", [1, 2, 3, 4])
def test_what_is_written_at_panels_beside_each_other_does_not_overlap(panels):
    names = [f"rooms, area, garden, year of building, {k}" for k in range(panels)]
    runs = [
        a_run(features=name, rate=rate, taken=taken)
        for name in names
        for rate, taken in ((0.1, 45), (0.2, 2))
    ]
    with plt.style.context(ROOT / "report" / "figures.mplstyle"):
        figure = plot_experiment(runs, columns="features" if panels > 1 else None)
        figure.draw_without_rendering()
    assert len(figure.axes) == panels
    labels = [ax.xaxis.label for ax in figure.axes if ax.get_xlabel()]
    assert {text.get_text() for text in labels} == {
        "iteration (linear to 1, then logarithmic)"
    }
    for texts in (labels, [ax.title for ax in figure.axes]):
        boxes = [text.get_window_extent() for text in texts]
        gaps = [right.x0 - left.x1 for left, right in itertools.pairwise(boxes)]
        assert min(gaps, default=1) > 0


def test_dollars_of_names_are_no_formulas():
    runs = [a_run(rate=f"cost$, rent$ {k}", momentum=k, seed=k) for k in (1, 2)]
    figure = plot_experiment(runs, columns="rate")
    figure.draw_without_rendering()
    assert [ax.get_title() for ax in figure.axes] == [
        rf"rate=cost\$, rent\$ {k}" for k in (1, 2)
    ]
    figure = plot_experiment(runs, columns="momentum", rows="seed")
    label = figure.legends[0].get_texts()[0].get_text()
    assert label == r"cost\$, rent\$ 1"


def test_a_panel_whose_runs_all_failed_says_so():
    failed = a_run(rate=0.1, momentum=1.5) | {"status": "failed", "costs": ()}
    axes = plot_experiment([*two_parameters(), failed], columns="momentum").axes
    assert axes[2].get_title() == "momentum=1.5"
    assert [len(ax.lines) for ax in axes] == [4, 4, 0]
    assert [text.get_text() for text in axes[2].texts] == ["no costs"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": "rat"}, "no parameter 'rat' varies; did you mean 'rate'?"),
        ({"rows": "seed"}, r"no parameter 'seed' varies; there are \['rate', 'mom"),
        ({"rows": "rate", "columns": "rate"}, "must be two parameters, got 'rate'"),
        ({"show": "loss"}, "show must be cost or excess, got 'loss'"),
    ],
)
def test_options_that_are_not_valid_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        plot_experiment(two_parameters(), **options)


def test_what_diverges_leaves_the_figure_and_does_not_hide_the_others():
    wild = a_run(rate=3.0, status="diverged", factor=4.0)
    (ax,) = plot_experiment([a_run(rate=0.1, taken=10), wild]).axes
    assert ax.get_ylim()[1] == pytest.approx(15)
    assert ax.get_ylim()[0] < 1


def test_what_all_diverges_is_in_view_with_the_optimum():
    wild = [a_run(rate=r, status="diverged", factor=9.0 * r) for r in (1.0, 2.0)]
    figure = plot_experiment(wild)
    (ax,) = figure.axes
    highest = max(run["costs"].max() for run in wild)
    assert ax.get_ylim()[0] < 1 < highest < ax.get_ylim()[1]
    assert count_optima(figure) == 1


def test_what_all_ends_above_its_start_is_in_view():
    runs = [a_run(rate=r, status="done", factor=9.0 * r) for r in (1.0, 2.0)]
    (ax,) = plot_experiment(runs).axes
    assert max(run["costs"].max() for run in runs) < ax.get_ylim()[1]


def test_an_excess_over_an_optimum_that_is_not_known_is_refused():
    runs = two_parameters()
    del runs[0]["best"]
    with pytest.raises(
        ValueError, match="needs the optimum, which runs record as best"
    ):
        plot_experiment(runs, show="excess")


def test_optima_are_counted_where_they_can_be_seen():
    runs = [
        a_run(rate=1),
        a_run(rate=2) | {"best": 0.5},
        a_run(rate=3) | {"best": 1e-9},
    ]
    assert count_optima(plot_experiment(runs)) == 2  # the third is far below
    assert count_optima(plot_experiment(runs[2:])) == 0
    assert count_optima(plot_experiment(runs, show="excess")) == 0


def test_iterations_are_whole_numbers():
    runs = [a_run(n=n) | {"costs": np.array([9.0, 5.0, 3.0][: n + 1])} for n in (1, 2)]
    (ax,) = plot_experiment(runs).axes
    ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= 2]
    assert ticks == [0, 1, 2]


def test_one_run_needs_no_name():
    assert not plot_experiment([a_run(rate=1)]).legends


def test_the_end_is_left_out_where_all_have_come_close():
    runs = [a_run(rate=0.1, taken=10), a_run(rate=0.2, taken=20), a_run(rate=0.3)]
    assert count_shown(runs) == (40, 49)
    assert count_shown([a_run(rate=0.1)]) == (49, 49)
    assert count_shown([a_run(rate=0.1, taken=2)]) == (10, 49)
    (ax,) = plot_experiment(runs).axes
    assert ax.get_xlim() == (0, 40)


def test_of_many_runs_the_best_the_worst_and_the_distribution_are_drawn():
    rng = np.random.default_rng(0)
    factors = np.sort(rng.uniform(0.2, 0.9, MOST_LINES + 1))
    runs = [a_run(seed=n, factor=f, taken=n + 1) for n, f in enumerate(factors)]
    assert is_summarised(runs)
    assert not is_summarised(runs[1:])
    figure = plot_experiment(rng.permutation(runs))
    (ax,) = figure.axes
    median, best, worst, _ = ax.lines
    np.testing.assert_array_equal(best.get_ydata(), runs[0]["costs"])
    np.testing.assert_array_equal(worst.get_ydata(), runs[-1]["costs"])
    all_costs = np.array([run["costs"] for run in runs])
    np.testing.assert_allclose(median.get_ydata(), np.median(all_costs, axis=0))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["nine tenths of all", "median", "best: 0", f"worst: {MOST_LINES}"]


def test_the_best_run_is_the_first_within_one_percent_else_the_lowest():
    slow, fast = a_run(rate=1, taken=30), a_run(rate=2, taken=3)
    low, high = a_run(rate=3, factor=0.7), a_run(rate=4, factor=0.9)
    wild = a_run(rate=5, status="diverged")
    failed = {"run": "", "parameters": {}, "listed": (), "status": "failed"}
    assert by_quality([failed, wild, high, low, slow, fast]) == [
        fast, slow, low, high, failed, wild
    ]  # fmt: skip


def test_the_table_has_what_varies_and_what_came_of_it():
    folds = [{"R2": 0.5}, {"R2": 0.7}]
    runs = [
        a_run(learning_rate=0.1, name="a", taken=1234) | {"held_out": folds},
        a_run(learning_rate=1e-5, name="a", status="diverged") | {"diverged_at": 7},
        {"parameters": {"learning_rate": 2.0, "name": "a"}, "status": "failed"},
    ]
    table = experiment_table(runs)
    assert [*table] == [
        "learning rate", "how it ended", "to 1 %", "final cost", "limit",
        "$R^2$ held out",
    ]  # fmt: skip
    final = f"${runs[0]['costs'][-1]:.6g}$"
    assert table.to_numpy().tolist() == [
        ["$0.1$", "converged", "$1{,}234$", final, "$0.5$", "$0.6000$"],
        ["$10^{-5}$", "diverged at 7", "–", "–", "$0.5$", "–"],
        ["$2$", "failed", "–", "–", "–", "–"],
    ]


def test_runs_of_another_notebook_show_the_numbers_that_they_recorded():
    runs = [
        {"run": f"own-{n}", "parameters": {"n": n}, "status": "done", "half": n / 2}
        for n in (1, 2)
    ]
    table = experiment_table(runs)
    assert table.to_dict("list") == {
        "n": ["1", "2"], "how it ended": ["done", "done"], "half": ["$0.5$", "$1$"]
    }  # fmt: skip
    trained = [run | {"costs": np.array([3.0, run["half"]])} for run in runs]
    added = {"final cost": ["$0.5$", "$1$"]}
    assert experiment_table(trained).to_dict("list") == table.to_dict("list") | added


def test_a_long_table_has_the_best_and_the_worst():
    runs = [a_run(seed=n, taken=1 + (7 * n) % 101) for n in range(101)]
    table = experiment_table(runs)
    assert len(table) == LISTED
    half = LISTED // 2
    taken = [*range(1, half + 1), *range(102 - half, 102)]
    assert table["to 1 %"].tolist() == [f"${count}$" for count in taken]
