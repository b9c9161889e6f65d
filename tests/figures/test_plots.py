"""What the plots show, judged by the data of their artists."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.figures import plots
from helpers.figures.curves import LogNumbers
from helpers.model import cost, predict


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_lines_of_equal_cost_are_where_the_cost_is_equal(ax, cars):
    X, y = cars[0][:, [2]], cars[1]
    path = np.array([[0.0, 0.0], [-5.0, 20.0]])
    plots.plot_cost_surface(ax, X, y, {"a path": path}, units=("mpg", "mpg"))
    [contours] = ax.collections
    for level, line in zip(contours.levels, contours.get_paths(), strict=True):
        places = line.vertices[::50]
        found = [cost(y, predict(X, place[:1], place[1])) for place in places]
        np.testing.assert_allclose(found, level, rtol=0.03)
    assert [line.get_label() for line in ax.lines] == ["a path", "start", "optimum"]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)
    optimum = ax.lines[-1].get_xydata()[0]
    np.testing.assert_allclose(optimum, np.polyfit(X[:, 0], y, 1), rtol=1e-9)
    assert ax.get_ylim()[1] < 30


def test_timings_have_a_line_for_each_way(ax):
    plots.plot_timings(ax, {"loop": {"10": 1.0, "1000": 90.0}, "few": {"10": 0.5}})
    assert [line.get_label() for line in ax.lines] == ["loop", "few"]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[10, 1], [1000, 90]])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_statuses_stand_at_their_learning_rates(ax):
    rows = {"one": (0.5, [(0.1, "converged"), (1.0, "diverged")])}
    plots.plot_statuses(ax, rows)
    markers = [(*line.get_xydata()[0], line.get_marker()) for line in ax.lines[:2]]
    assert markers == [(0.1, 0, "o"), (1.0, 0, "X")]


def test_components_add_up_to_the_thick_line(ax):
    excess = np.array([[4.0, 2.0, 1.0], [2.0, 1.0, 0.5]])
    plots.plot_components(ax, excess, 0.1, unit="", named={"one": 1})
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_array_equal(drawn["sum"], [7, 3.5])
    np.testing.assert_array_equal(drawn["one"], [2, 1])
    assert "other directions" in drawn


def test_optimisers_are_drawn_above_the_optimum(ax):
    costs = {"a": np.array([9.0, 5.0, 3.0]), "b": np.array([9.0, 4.0, 2.5])}
    plots.plot_optimisers(ax, costs, {"1 %": 0.01}, unit="", best=2.0, end=40)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [7, 2, 0.5])
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), [0.02, 0.02])
    assert [text.get_text() for text in ax.texts] == ["1 %"]


def test_a_share_below_the_figure_has_no_line(ax):
    costs = {"a": np.array([9.0, 5.0, 0.0])}
    plots.plot_optimisers(ax, costs, {"1 %": 0.01}, unit="", best=0.0, end=40)
    assert len(ax.lines) == 1
    assert not ax.texts


def test_learning_curves_have_their_mean_and_each_fold(ax):
    training, held_out = np.ones((3, 5)), np.arange(15.0).reshape(3, 5) + 1
    plots.plot_held_out(ax, training, held_out, unit="")
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_array_equal(drawn["held out, mean"], held_out.mean(axis=0))
    assert len(ax.lines) == 5


def test_an_axis_that_is_linear_first_says_so(ax):
    plots.plot_learning_rates(ax, {"a": np.geomspace(9, 1, 30)}, unit="", best=0.5)
    assert "linear to 1, then logarithmic" in ax.get_xlabel()
    assert ax.lines[0].get_marker() == "o"


def test_both_axes_of_the_times_have_their_numbers(ax):
    plots.plot_timings(ax, {"a way": {"100": 1.0, "1000": 2.0}})
    for axis in (ax.xaxis, ax.yaxis):
        assert isinstance(axis.get_major_formatter(), LogNumbers)
