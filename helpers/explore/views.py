"""Five linked pictures of a trial, redrawn fast enough to be dragged.

What depends on the data only, such as axes and scatter, is a `Background`: drawn once
and kept. What a control moves is drawn on top of it.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from helpers.explore.background import Background
from helpers.explore.projection import Projection
from helpers.figures.curves import LogNumbers
from helpers.figures.plots import PREDICTED
from helpers.model import predict

RC = {"font.size": 9, "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8}
RC |= {"figure.dpi": 100}
# Letters take most of the time of a drawing, so nothing about them is looked up.
RC |= {"text.parse_math": False, "font.sans-serif": ["DejaVu Sans"]}


class Picture(NamedTuple):
    """Where a picture is in the figure, in shares of its size."""

    title: str
    place: tuple  # of the axes: left, bottom, width, height
    margins: tuple = (0.07, 0.124, 0.012, 0.012)  # of their labels: W, S, E, N
    labels: tuple = (-28, -42)  # distance of those of x and y, in pixels

    @property
    def cell(self):
        """The part of the figure that belongs to this picture alone."""
        left, bottom, width, height = self.place
        west, south, east, north = self.margins
        return Bbox.from_extents(
            left - west, bottom - south, left + width + east, bottom + height + north
        )


PICTURES = {
    "costs": Picture(
        "Cost above the optimum (dotted: theory)",
        (0.08, 0.64, 0.515, 0.285),
        (0.079, 0.13, 0.03, 0.02),
    ),
    "surface": Picture(
        "Path on the cost (blue: other starts)",
        (0.69, 0.605, 0.295, 0.32),
        (0.064, 0.095, 0.012, 0.012),
        (-22, -30),
    ),
    "fit": Picture("Fit", (0.08, 0.125, 0.235, 0.32)),
    "residuals": Picture("Residuals", (0.4, 0.125, 0.21, 0.32)),
    "weights": Picture(
        "Weights",
        (0.785, 0.125, 0.2, 0.32),
        (0.16, 0.124, 0.012, 0.012),
        (-18, -42),
    ),
}


class Views:
    """The pictures in one figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Where to draw.
    columns : list of str
        All features that may be chosen: each has its place among the weights.
    """

    def __init__(self, figure, columns):
        self.figure, self.columns, self.axes = figure, columns, {}
        for name, picture in PICTURES.items():
            self.axes[name] = ax = figure.add_axes(picture.place)
            below, left = picture.labels
            ax.xaxis.set_label_coords(0.5, below / ax.bbox.height)
            ax.yaxis.set_label_coords(left / ax.bbox.width, 0.5)
            x, y, width, height = picture.place
            middle, top = x + width / 2, y + height + 0.03
            figure.text(middle, top, picture.title, ha="center", size=10)
        self.projection = self.problem = self.trial = None
        self.step, self.shown = 0, {}
        self.moving = self._make_moving()
        cells = {name: picture.cell for name, picture in PICTURES.items()}
        self.background = Background(figure, self.axes, cells, self.moving)

    def show(self, trial, step=None):
        """Show a trial as it was after some update; at its end by default."""
        new, self.trial, self.problem = trial is not self.trial, trial, trial.problem
        last = len(trial.fit.path) - 1
        self.step = last if step is None else min(step, last)
        changed = self._frame()
        if new:
            self.others.set_segments(self.projection.around(trial.setting))
        self._move()
        self.background.draw(changed)

    def prepare(self, problem):
        """Draw the axes for other data in advance; the picture stays as it is."""
        if self.background.picture is None:
            return
        present = self.problem
        for self.problem in (problem, present):
            self.background.put(self._frame())
        self._move()
        self.background.restore()

    def _frame(self):
        """Set up the axes that do not fit this trial; return what they now show."""
        sample, length = self.problem.sample, self.trial.setting["n_iterations"]
        target = (sample.target, sample.y.min(), sample.y.max())
        needed = {
            "costs": _room_for(length),
            "residuals": target,
            "fit": self.problem if len(sample.features) == 1 else target,
            "surface": self.problem,
            "weights": tuple(self.columns),
        }
        changed = {n: key for n, key in needed.items() if self.shown.get(n) != key}
        for name in changed:
            ax = self.axes[name]
            for artist in [*ax.collections, *ax.lines, *ax.patches]:
                if artist not in self.moving:
                    artist.remove()
            getattr(self, f"_frame_{name}")(ax, sample)
        self.shown = needed
        return changed

    def _make_moving(self):
        """Make what a control moves, and return it in the order of drawing."""
        costs, surface, fit, residuals, weights = self.axes.values()
        small = {"color": "C1", "ms": 3}
        points = small | {"mew": 0, "alpha": 0.6}
        (self.cost,) = costs.plot([], [], color="C0", ls="-", lw=2)
        (self.predicted,) = costs.plot([], [], **PREDICTED)
        (self.now,) = costs.plot([], [], "o", color="C0", ms=7)
        self.others = LineCollection([], colors="C0", linewidths=0.6, alpha=0.6)
        surface.add_collection(self.others, autolim=False)
        (self.path,) = surface.plot([], [], "-o", lw=1.2, **small)
        (self.begin,) = surface.plot([], [], "kP", ms=8, mec="white")
        (self.here,) = surface.plot([], [], "o", color="C1", ms=8, mec="white")
        (self.line,) = fit.plot([], [], color="C1", ls="-", lw=2)
        (self.points,) = fit.plot([], [], "o", **points)
        (self.errors,) = residuals.plot([], [], "o", **points)
        self.bars = LineCollection([], colors="C1", capstyle="butt")
        weights.add_collection(self.bars, autolim=False)
        (self.goals,) = weights.plot([], [], "k|", ms=14, mew=2)
        moving = [self.cost, self.predicted, self.now, self.others, self.path]
        moving += [self.begin, self.here, self.line, self.points, self.errors]
        return [*moving, self.bars, self.goals]

    def _frame_costs(self, ax, sample):
        ax.set(xlim=(0, _room_for(self.trial.setting["n_iterations"])), xlabel="update")
        ax.set(yscale="log", ylim=(1e-9, 1e3), ylabel="share of start")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_locator(FixedLocator([1e-9, 1e-6, 1e-3, 1, 1e3]))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(LogNumbers())

    def _frame_surface(self, ax, sample):
        self.projection = Projection(self.problem)
        self.projection.frame(ax)

    def _frame_fit(self, ax, sample):
        y = sample.y
        if len(sample.features) == 1:
            x = sample.X[:, 0]
            ax.plot(x, y, "o", color="C0", ms=3, mew=0, alpha=0.5)
            ax.set(xlim=_around(x), xlabel=sample.features[0], ylabel=sample.target)
        else:
            ax.plot(_around(y), _around(y), color="0.6", ls="-", lw=1)
            ax.set(xlim=_around(y), xlabel=f"observed {sample.target}")
            ax.set(ylabel="predicted")
        ax.set(ylim=_around(y, 0.25))
        _few_ticks(ax)

    def _frame_residuals(self, ax, sample):
        half = 0.75 * np.ptp(sample.y)
        ax.axhline(0, color="0.6", lw=1)
        ax.set(xlim=_around(sample.y, 0.25), ylim=(-half, half))
        ax.set(xlabel=f"predicted {sample.target}", ylabel="observed − predicted")
        _few_ticks(ax)

    def _frame_weights(self, ax, sample):
        ax.set(xlim=(-1.4, 1.4), ylim=(len(self.columns) - 0.4, -0.6))
        ax.axvline(0, color="0.8", lw=0.8)
        ax.set_yticks(range(len(self.columns)), self.columns)
        ax.set_xlabel("effect of one std. deviation")
        ax.grid(visible=False)
        ax.set_xticks([])
        row = ax.bbox.height / len(self.columns)  # in pixels
        self.bars.set_linewidths(0.6 * row * 72 / self.figure.dpi)

    def _move(self):
        """Move everything to where the trial is after the present update."""
        trial, problem, k = self.trial, self.problem, self.step
        with np.errstate(over="ignore", invalid="ignore"):
            whole = trial.fit.costs[0] - problem.best.J
            excess = np.maximum(trial.fit.costs - problem.best.J, 0) / whole
            self.cost.set_data(range(k + 1), excess[: k + 1])
            predicted = [] if trial.predicted is None else trial.predicted
            above = (np.array(predicted) - problem.best.J) / whole
            self.predicted.set_data(range(len(above)), above)
            self.now.set_data([k], [excess[k]])
            w, b = trial.fit.path[k, :-1], trial.fit.path[k, -1]
            z = predict(problem.X, w, b)
            self._move_fit(z)
            self.errors.set_data(z, problem.sample.y - z)
            self._move_weights(w)
            places = self.projection.places(trial.fit.path[: k + 1])
            self.path.set_data(*self.projection.within(places).T)
            self.here.set_data(*places[-1:].T)
            self.begin.set_data(*places[:1].T)

    def _move_fit(self, z):
        sample = self.problem.sample
        if len(sample.features) == 1:
            ends = [sample.X.argmin(), sample.X.argmax()]
            self.line.set_data(sample.X[ends, 0], z[ends])
            self.points.set_data([], [])
        else:
            self.line.set_data([], [])
            self.points.set_data(sample.y, z)

    def _move_weights(self, w):
        """Show what a standard deviation of each feature does: that compares."""
        rows = [self.columns.index(name) for name in self.problem.sample.features]
        spread = self.problem.small.X.std(axis=0)
        goals = self.problem.best.w * spread
        widest = max(abs(goals).max(), np.finfo(float).tiny)
        shares = np.clip(w * spread / widest, -2, 2)
        self.bars.set_segments(
            [((0, row), (share, row)) for row, share in zip(rows, shares, strict=True)]
        )
        self.goals.set_data(goals / widest, rows)


def _room_for(length):
    """Return where the axis of updates ends: a round number, so it seldom moves."""
    digits = 10 ** int(np.floor(np.log10(length)))
    return next(m * digits for m in (1, 2, 5, 10) if m * digits >= length)


def _around(values, share=0.05):
    low, high = values.min(), values.max()
    return low - share * (high - low), high + share * (high - low)


def _few_ticks(ax):
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_locator(MaxNLocator(3))
