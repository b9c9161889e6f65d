"""Draw the plots of the report.

Each function draws on the given ``Axes``, `ax`, in the current style and returns it,
without saving or showing the figure. `curves` are arrays with a value for each
iteration, keyed by the label of their line; `unit` is the unit of the cost or the
target, or empty.
"""

from itertools import cycle

import numpy as np

from helpers.compression import compress
from helpers.figures.curves import in_unit, label_costs, number_ticks
from helpers.model import cost, predict
from helpers.theory import optimum

# Marker and colour of each status; the shapes differ, for prints in grey.
STATUSES = {
    "converged": ("o", "#009E73"),
    "descending": ("v", "#0072B2"),
    "oscillating": ("s", "#E69F00"),
    "diverged": ("X", "#D55E00"),
}
MARKERS = "os^vDX"
EXCESS = "$J - J^*$"
PREDICTED = {"color": "black", "linestyle": (0, (1, 3)), "linewidth": 1.6}


def plot_excess(ax, curves, predictions, *, unit):
    """Plot the excess of the cost over its optimum, as measured and as predicted."""
    for label, excess in curves.items():
        ax.plot(excess, label=label)
    for k, excess in enumerate(predictions.values()):
        ax.plot(excess, **PREDICTED, label=None if k else "predicted")
    label_costs(ax, unit, EXCESS)
    ax.legend()
    return ax


def plot_learning_rates(ax, curves, *, unit, best=None):
    """Plot costs for several learning rates, and the lowest possible cost if given."""
    lines = zip(curves.items(), cycle(MARKERS), strict=False)
    for k, ((label, costs), marker) in enumerate(lines):
        steps = (np.arange(8) + k / len(curves)) / 8  # beside the other lines' markers
        marked = np.unique((len(costs) ** steps).astype(int)) - 1
        ax.plot(costs, label=label, marker=marker, markevery=marked.tolist())
    if best is not None:
        ax.axhline(best, color="black", linewidth=0.6, linestyle="-", label="optimum")
    label_costs(ax, unit)
    number_iterations(ax, max(len(costs) for costs in curves.values()) - 1)
    return ax


def plot_components(ax, excess, threshold, *, unit, named):
    """Plot the part of the excess cost due to each eigenvector of the Hessian.

    Parameters
    ----------
    excess : ndarray of shape (n_iterations, n_eigenvectors)
        See `helpers.convergence.excess_components`.
    threshold : float
        An excess cost to mark by a line.
    named : dict of str to int
        Columns to draw in distinct styles, keyed by label; the others are thin lines.
    """
    ax.plot(excess.sum(axis=1), color="black", ls="-", linewidth=2.2, label="sum")
    others = np.delete(excess, list(named.values()), axis=1)
    thin = ax.plot(others, color="0.6", linestyle="-", linewidth=0.7)
    for (label, column), dash in zip(named.items(), ("--", "-.", ":"), strict=False):
        ax.plot(excess[:, column], linestyle=dash, linewidth=1.5, label=label)
    thin[0].set_label("other directions")
    ax.axhline(threshold, color="black", linewidth=0.6, ls="-", label="one percent")
    label_costs(ax, unit, EXCESS)
    ax.set(xlim=(0, len(excess) - 1), ylim=(1e-4, 2 * excess.max()))
    return ax


def plot_optimisers(ax, curves, shares, *, unit, best, end):
    """Plot the excess costs of several optimisers, with shares of the optimum as lines.

    `shares` are keyed by the text beside their line; `best` is the optimum, `end` the
    last iteration shown. A share below the figure has no line.
    """
    marks = zip(curves.items(), cycle(MARKERS), strict=False)
    top = 3 * max(costs[0] - best for costs in curves.values())
    low = max(min(shares.values()) * best / 10, 1e-12 * top)
    for k, ((label, costs), marker) in enumerate(marks):
        every = (end // 40 * k, end // 7)  # beside the other lines' markers
        # Cut off rounding errors below the figure, which depend on the machine.
        excess = np.maximum(costs[: end + 1] - best, low / 10)
        ax.plot(excess, label=label, marker=marker, markevery=every, linewidth=1.2)
    for text, share in shares.items():
        if share * best < low:
            continue
        ax.axhline(share * best, color="black", linewidth=0.6, linestyle="-")
        ax.text(1.01 * end, share * best, text, va="center")
    label_costs(ax, unit, EXCESS)
    ax.set(xlim=(0, end), ylim=(low, top))
    ax.legend(loc="upper right", ncols=2)
    return ax


def plot_held_out(ax, training, held_out, *, unit):
    """Plot learning curves: the means over the folds, and each held-out fold.

    `training` and `held_out` have a row for each fold, see
    `helpers.scores.cross_validate`.
    """
    thin = ax.plot(held_out.T, color="0.7", linestyle="-", linewidth=0.7)
    thin[0].set_label("each held-out fold")
    ax.plot(training.mean(axis=0), color="C0", ls="-", label="training, mean")
    ax.plot(held_out.mean(axis=0), color="C1", ls="--", label="held out, mean")
    label_costs(ax, unit)
    number_iterations(ax, training.shape[1] - 1)
    return ax


def number_iterations(ax, last):
    """Make the axis of the iterations logarithmic beyond the first iteration."""
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    ax.set_xlim(0, last)
    number_ticks(ax.xaxis)
    ax.set_xlabel("iteration (linear to 1, then logarithmic)")


def plot_statuses(ax, rows):
    """Mark how each run ended at its learning rate, with a row for each setting.

    Parameters
    ----------
    rows : dict of str to (float, list of (float, str))
        The stability limit, and the learning rate and status of each run, keyed by the
        label of the row.
    """
    dot = {"markersize": 6, "mec": "white", "mew": 0.4}
    for y, (limit, runs) in enumerate(rows.values()):
        ax.vlines(limit, y - 0.35, y + 0.35, color="black", linewidth=1.2, zorder=3)
        for learning_rate, status in runs:
            marker, color = STATUSES[status]
            ax.plot(learning_rate, y, marker=marker, color=color, **dot)
    for status, (marker, color) in STATUSES.items():
        ax.plot([], [], marker=marker, color=color, linestyle="none", label=status)
    bar = {"marker": "|", "markersize": 11, "linestyle": "none"}
    ax.plot([], [], color="black", **bar, label="stability limit")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.set(xscale="log", xlabel=r"learning rate $\eta$", ylabel="scaling, features")
    number_ticks(ax.xaxis)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=5)
    return ax


def plot_fit(ax, x, y, z, *, xlabel, ylabel):
    """Plot the target y against a single feature x, with a line of predictions z."""
    _scatter(ax, x, y, label="observed")
    ends = [np.argmin(x), np.argmax(x)]
    ax.plot(x[ends], z[ends], color="C1", linestyle="-", label="fitted line")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def plot_predictions(ax, y, z, *, name, unit):
    """Plot the predictions z against the observed targets y, with the line z = y."""
    _scatter(ax, y, z, label="samples")
    ends = [min(y.min(), z.min()), max(y.max(), z.max())]
    ax.plot(ends, ends, color="C1", linestyle="-", label="predicted = observed")
    ax.set(
        xlabel=in_unit(f"observed {name}", unit),
        ylabel=in_unit(f"predicted {name}", unit),
    )
    ax.legend()
    return ax


def plot_residuals(ax, y, z, *, name, unit):
    """Plot the residuals y - z against the predictions z."""
    _scatter(ax, z, y - z)
    ax.axhline(0, color="C1", linewidth=1.4)
    ax.set(
        xlabel=in_unit(f"predicted {name}", unit),
        ylabel=in_unit("residual $y - z$", unit),
    )
    return ax


def plot_cost_surface(ax, X, y, paths, *, units):
    """Draw lines of equal cost of a one-feature model, and the paths of descents.

    Parameters
    ----------
    X : ndarray of shape (n_samples, 1)
        The scaled feature.
    y : ndarray of shape (n_samples,)
        Targets.
    paths : dict of str to ndarray of shape (n, 2)
        The points (w, b) on the path of each descent, keyed by its label.
    units : (str, str)
        Units of w and b.
    """
    points = np.concatenate(list(paths.values()))
    best = optimum(X, y)
    visible = np.vstack([points, [best.w[0], best.b]])
    low, high = visible.min(axis=0), visible.max(axis=0)
    centre, half = (low + high) / 2, 0.65 * (high - low).max()  # of a square
    w, b = (np.linspace(middle - half, middle + half, 121) for middle in centre)
    few = compress(X, y)
    ws, bs = np.meshgrid(w, b)
    J = cost(few.y, predict(few.X, ws.reshape(1, -1), bs.ravel())).reshape(ws.shape)
    J = np.float32(J)  # otherwise the last bits would decide whether a line is closed
    levels = np.geomspace(J.min() * 1.02, J.max(), 12)
    ax.contour(w, b, J, levels, colors="0.75", linewidths=0.5)
    styles = ({"ls": "-", "marker": "o"}, {"ls": "-", "marker": "s", "mfc": "white"})
    for (label, path), style in zip(paths.items(), cycle(styles), strict=False):
        ax.plot(*path.T, **style, markersize=3, linewidth=1, label=label)
    ax.plot(*points[0], "kP", markersize=6, label="start")
    ax.plot(best.w[0], best.b, "k*", markersize=9, label="optimum")
    ax.set(xlabel=f"weight $w$ ({units[0]})", ylabel=f"offset $b$ ({units[1]})")
    ax.set(xlim=(w[0], w[-1]), ylim=(b[0], b[-1]))
    ax.set_aspect("equal")  # otherwise circles would look like ellipses
    ax.grid(visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return ax


def plot_timings(ax, seconds):
    """Plot the seconds taken, keyed by label, against the number of samples."""
    for (label, times), marker in zip(seconds.items(), MARKERS, strict=False):
        sizes = [int(n) for n in times]
        ax.plot(sizes, list(times.values()), marker=marker, markersize=4, label=label)
    ax.set(xscale="log", yscale="log", xlabel="samples $n$", ylabel="seconds")
    number_ticks(ax.xaxis, ax.yaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return ax


def _scatter(ax, x, y, label=None):
    ax.plot(
        x, y, "o", color="C0", markersize=3, alpha=0.55, markeredgewidth=0, label=label
    )
