"""The ticks of logarithmic axes are few and numbered."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.figures.curves import LogNumbers, plot_costs


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_numbers_of_a_logarithmic_axis_are_plain_text(ax):
    ax.set(yscale="log", ylim=(1e-9, 1e3))
    texts = LogNumbers()
    texts.set_axis(ax.yaxis)
    assert [texts(v) for v in (1e-6, 1, 1e3)] == ["10⁻⁶", "10⁰", "10³"]
    ax.set(ylim=(5, 600))
    assert texts(100) == "100"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((9, 700), ["10", "20", "50", "100", "200", "500"]),
        ((0.5, 700_000), ["10⁰", "10¹", "10²", "10³", "10⁴", "10⁵"]),
        ((0.9, 3.9), ["0.9", "1", "2", "3"]),
        ((3.1, 4.2), ["3.2", "3.4", "3.6", "3.8", "4", "4.2"]),
    ],
)
def test_every_tick_of_a_logarithmic_axis_has_its_number(ax, bounds, expected):
    plot_costs(ax, {"costs": np.array(bounds)}, unit="")
    ax.set_ylim(bounds)
    low, high = bounds
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    texts = [text.get_text() for place, text in ticks if low <= place <= high * 1.001]
    assert texts == expected
    assert not ax.yaxis.get_minor_locator()()


def test_to_draw_a_run_needs_no_other_module_of_helpers():
    """Otherwise adding a plot to the report would cause all runs to be repeated."""
    code = "import helpers.figures.curves, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    used = [name for name in done.stdout.split() if name.startswith("helpers")]
    assert used == ["helpers", "helpers.figures", "helpers.figures.curves"]
