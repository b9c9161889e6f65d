"""Show any experiment in one figure, whatever parameters it varies.

`runs` is a list of dicts, as `helpers.pipeline.sweep.results.load_runs` returns it.
"""

from collections import Counter
from difflib import get_close_matches
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np

from helpers.figures.curves import number_ticks, whole_ticks
from helpers.figures.formatting import shortened
from helpers.figures.plots import number_iterations
from helpers.figures.typeface import in_figure

LABELS = {"cost": "cost $J$", "excess": "$J$ above its optimum, relative"}
MOST_STYLES = 7  # lines with their own colour and dash; more lines share a colour map
DASHES = ("-", "--", "-.", ":")  # of lines that share a colour map
FAST = 10  # the axis is logarithmic if the fastest run needs less than 1/FAST of it
MOST_LINES = 16  # in a panel; of more runs, the best, the worst and the distribution
MOST_COLUMNS = 4  # of panels
WITHOUT_COST = ("diverged", "failed", "recorded nothing")
FAR = 1e-3  # times the lowest cost: an optimum below it would squeeze the curves
OPTIMUM = "_optimum"  # label of its lines, which the legend leaves out


def varying(runs):
    """Return the names of the parameters that differ between runs."""
    names = dict.fromkeys(name for run in runs for name in run["parameters"])
    return [name for name in names if len(_values(runs, name)) > 1]


def setting_text(run, names):
    """Format parameters of a run as the sweep does: ``momentum=0.9, seed=1``."""
    return ", ".join(f"{name}={run['parameters'].get(name)}" for name in names)


def by_quality(runs):
    """Sort runs by their iterations to one percent, then by their final cost."""

    def quality(run):
        cost = final_cost(run)
        return cost == np.inf, iterations_taken(run), cost

    return sorted(runs, key=quality)


def _values(runs, name):
    """Return the different values of a parameter, in the grid's order."""
    return [*dict.fromkeys(run["parameters"].get(name) for run in runs)]


def costs_of(run):
    """Return the cost after each update; empty if the run recorded none."""
    costs = run.get("costs")
    is_series = isinstance(costs, np.ndarray) and costs.ndim == 1
    return costs if is_series and costs.dtype.kind in "if" else np.empty(0)


def final_cost(run):
    """Return the last cost of a run; infinity if it is missing or NaN."""
    costs = () if run["status"] in WITHOUT_COST else costs_of(run)
    return costs[-1] if len(costs) and not np.isnan(costs[-1]) else np.inf


def iterations_taken(run):
    """Return the iterations to within one percent of the optimum, or infinity."""
    iterations = run.get("iterations_measured")
    return np.inf if iterations is None else iterations


def plot_experiment(runs, *, rows=None, columns=None, show="cost"):
    """Plot the cost against the iteration, one line for each run.

    Parameters
    ----------
    runs : list of dict
        The runs of one experiment, at least one of them with positive ``costs``.
    rows, columns : str, optional
        A parameter that gets a row, or a column, of panels for each of its values. By
        default, if several vary, the one with the fewest values gets columns.
    show : {"cost", "excess"}
        The cost, or its relative excess over the optimum.

    Returns
    -------
    matplotlib.figure.Figure
        Shows as many iterations as `count_shown` returns.

    Raises
    ------
    ValueError
        If a parameter does not vary, `show` is not one of the two, or an optimum that
        it needs is not known.
    """
    if show not in LABELS:
        raise ValueError(f"show must be cost or excess, got {show!r}")
    if show == "excess" and not all(run.get("best") for run in runs if "costs" in run):
        raise ValueError("show='excess' needs the optimum, which runs record as best")
    rows, columns = _panels(runs, rows, columns)
    lines = [name for name in varying(runs) if name not in (rows, columns)]
    grid = [_values(runs, name) if name else [None] for name in (rows, columns)]
    figure, axes = plt.subplots(
        *map(len, grid),
        figsize=(6.3, 0.2 + 2.5 * len(grid[0])),
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
    )
    styles = _styles([_values_text(run, lines) for run in runs])
    for (i, j), ax in np.ndenumerate(axes):
        panel = {rows: grid[0][i], columns: grid[1][j]}
        panel.pop(None, None)
        shown = [run for run in runs if panel.items() <= run["parameters"].items()]
        shown = [(_values_text(run, lines), run) for run in shown if len(costs_of(run))]
        _plot_lines(ax, shown, styles, show)
        if not shown:
            ax.text(0.5, 0.5, "no costs", transform=ax.transAxes, ha="center")
        title = (shortened(f"{n}={v}", 72 // len(grid[1])) for n, v in panel.items())
        ax.set_title("\n".join(map(in_figure, title)), fontsize=8)
    last = count_shown(runs)[0]
    ax.set(yscale="log", xlim=(0, last), ylim=_limits(runs, show))
    for ax in axes[:, 0]:
        ax.set_ylabel(LABELS[show])
        number_ticks(ax.yaxis)
    for column, ax in enumerate(axes[-1]):
        whole_ticks(ax.xaxis)
        ax.set_xlabel("iteration")
        if FAST * min(map(iterations_taken, runs)) < last:
            number_iterations(ax, last)
        if len(grid[1]) > 2 and column != len(grid[1]) // 2:  # room for one label only
            ax.set_xlabel("")
    _add_legend(figure, "\n".join(lines))
    return figure


def _limits(runs, show):
    """Return the range of the costs that are shown."""
    drawn = [_drawn(run, show) for run in runs if len(costs_of(run))]
    positive = [c[np.isfinite(c)] for c in drawn if np.isfinite(c).any()]
    start, lowest = max(c[0] for c in positive), min(map(np.min, positive))
    if show == "cost":
        optima = [run.get("best") or 0 for run in runs]
        lowest = min([lowest, *(best for best in optima if best > FAR * lowest)])
    # Diverging curves leave at the top, where any others would be squeezed otherwise.
    some_stay = any(c[-1] <= 1.5 * start for c in drawn)
    top = 1.5 * (start if some_stay else max(map(np.max, positive)))
    return min(0.8, (lowest / top) ** 0.04) * lowest, top


def _add_legend(figure, title):
    """Add one legend for all panels."""
    pairs = [ax.get_legend_handles_labels() for ax in figure.axes]
    legend = {label: line for p in pairs for line, label in zip(*p, strict=True)}
    if legend:
        labels = [in_figure(shortened(label)) for label in legend]
        small = {"fontsize": 7, "title_fontsize": 7}
        position = "outside right upper"
        figure.legend(legend.values(), labels, title=title, loc=position, **small)


def count_optima(figure):
    """Return how many optima are visible in the panel that has the most."""
    return max(
        sum(
            line.get_label() == OPTIMUM
            and ax.get_ylim()[0] <= line.get_ydata()[0] <= ax.get_ylim()[1]
            for line in ax.lines
        )
        for ax in figure.axes
    )


def count_shown(runs):
    """Return how many iterations `plot_experiment` shows, and how many there are.

    It shows twice as many as the slowest run needs to come within one percent of the
    optimum, or all if no run does.
    """
    total = max(len(costs_of(run)) for run in runs) - 1
    slowest = max(
        (iterations_taken(run) for run in runs if iterations_taken(run) < np.inf),
        default=total,
    )
    return min(total, max(2 * slowest, 10)), total


def is_summarised(runs, rows=None, columns=None):
    """Tell whether a panel of `plot_experiment` has too many runs to draw them all."""
    names = _panels(runs, rows, columns)
    panels = [tuple(run["parameters"].get(name) for name in names) for run in runs]
    return max(Counter(panels).values()) > MOST_LINES


def _panels(runs, rows, columns):
    """Return the parameters of the rows and columns of panels, or raise ValueError."""
    counts = {name: len(_values(runs, name)) for name in varying(runs)}
    if rows and rows == columns:
        raise ValueError(f"rows and columns must be two parameters, got {rows!r} twice")
    for name in {rows, columns} - {None, *counts}:
        near = get_close_matches(str(name), counts, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {[*counts]}"
        raise ValueError(f"no parameter {name!r} varies; {hint}")
    if rows is None and columns is None and len(counts) > 1:
        fewest = min(counts, key=counts.get)
        columns = fewest if counts[fewest] <= MOST_COLUMNS else None
    return rows, columns


def _drawn(run, show):
    """Return the values to draw for a run; nan where the logarithm is not defined."""
    costs = costs_of(run).astype(float)
    costs = costs / run["best"] - 1 if show == "excess" else costs
    return np.where(costs > 0, costs, np.nan)


def _values_text(run, names):
    """Format a run's values for a legend, whose title has the names."""
    return ", ".join(str(run["parameters"].get(name)) for name in names)


def _styles(labels):
    """Return the line style for each label; many share a colour map."""
    labels = [*dict.fromkeys(labels)]
    if len(labels) <= MOST_STYLES:
        return dict(zip(labels, plt.rcParams["axes.prop_cycle"], strict=False))
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(labels)))
    return {
        label: {"color": colour, "ls": dash, "lw": 1.2}
        for label, colour, dash in zip(labels, colours, cycle(DASHES), strict=False)
    }


def _plot_lines(ax, lines, styles, show):
    """Draw a line for each pair (label, run); if there are many, the best and worst."""
    runs = [run for _, run in lines]
    if len(lines) > MOST_LINES:
        _plot_distribution(ax, [_drawn(run, show) for run in runs])
        labels = {id(run): label for label, run in lines}
        best, *_, worst = by_quality(runs)
        lines = [
            (f"{w}: {labels[id(r)]}", r) for w, r in (("best", best), ("worst", worst))
        ]
    for label, run in lines:
        ax.plot(_drawn(run, show), label=label or None, **styles.get(label, {}))
    if show == "cost":
        for best in {run.get("best") or 0 for run in runs} - {0}:
            ax.axhline(best, color="0.3", linewidth=0.6, zorder=0, label=OPTIMUM)


def _plot_distribution(ax, curves):
    """Shade the range of nine tenths of many curves, and draw their median."""
    size = max(map(len, curves))
    curves = [np.pad(curve, (0, size - len(curve)), mode="edge") for curve in curves]
    low, median, high = np.nanquantile(curves, [0.05, 0.5, 0.95], axis=0)
    ax.fill_between(range(size), low, high, color="0.85", label="nine tenths of all")
    ax.plot(median, color="0.5", ls=":", label="median")
