"""The path of a descent, seen in two dimensions."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from helpers.descent import gradient_descent
from helpers.explore.trial import optimiser_of
from helpers.theory import hessian

LEVELS = 10  # lines of equal cost
STEPS_SHOWN = 400  # of a path: more would lie on top of each other
AROUND, STEPS_AROUND = 8, 100  # other starts, and how far they are followed


class Projection:
    """The plane on which paths are shown, and the cost on it.

    With one feature, the plane of weight and offset. Otherwise the plane through the
    optimum along the steepest and the flattest direction.

    Parameters
    ----------
    problem : helpers.explore.trial.Problem
        The data.
    """

    def __init__(self, problem):
        self.problem = problem
        self.goal = np.append(problem.best.w, problem.best.b)
        self.whole = len(self.goal) == 2
        self.basis = np.eye(2)
        if not self.whole:  # turned so that the optimum is up and to the right of zero
            basis = problem.vectors[:, [-1, 0]]
            self.basis = basis * np.where(basis.T @ self.goal < 0, -1, 1)
        self.centre = self.places(self.goal)
        self.curvature = self.basis.T @ hessian(problem.X) @ self.basis
        half = 1.6 * np.abs(self.centre)  # half the width and height: zero is in view
        self.half = np.maximum(half, 0.3 * half.max() or 1.0)

    def places(self, path):
        """Project weights and offsets, of shape (k, p + 1), to places (k, 2)."""
        return path @ self.basis

    def within(self, places):
        """Cut off a path where it leaves the picture or after `STEPS_SHOWN` steps."""
        outside = np.any(np.abs(places - self.centre) > 3 * self.half, axis=1)
        end = int(np.argmax(outside)) + 1 if outside.any() else len(places)
        return places[: min(end, STEPS_SHOWN)]

    def start(self, x, y):
        """Return the weights and the offset at a place."""
        return self.goal + self.basis @ (np.array([x, y]) - self.centre)

    def around(self, setting):
        """Descend with a setting from starts all around.

        Returns
        -------
        list of ndarray of shape (k, 2)
            The paths; none for mini-batches.
        """
        if not self.problem.is_full(setting["batch_size"]):
            return []
        angles = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
        edge = 0.95 * self.half * np.column_stack([np.cos(angles), np.sin(angles)])
        starts = [self.start(*place) for place in self.centre + edge]
        fits = gradient_descent(
            self.problem.small.X,
            self.problem.small.y,
            learning_rate=setting["learning_rate"],
            n_iterations=min(setting["n_iterations"], STEPS_AROUND),
            start=np.column_stack(starts),
            **optimiser_of(setting),
        )
        return [self.within(self.places(fit.path)) for fit in fits]

    def frame(self, ax):
        """Draw the lines of equal cost, the optimum, and the axes."""
        values, vectors = np.linalg.eigh(self.curvature)
        angles = np.linspace(0, 2 * np.pi, 121)
        circle = np.array([np.cos(angles), np.sin(angles)])
        far = np.max(values * (vectors.T @ self.half) ** 2)
        ellipses = [
            (vectors @ (circle / np.sqrt(values / level)[:, None])).T + self.centre
            for level in np.geomspace(far * 1e-3, far * 4, LEVELS)
        ]
        ax.add_collection(LineCollection(ellipses, colors="0.7", linewidths=0.8))
        ax.plot(*self.centre, "k*", ms=11)
        low, high = self.centre - self.half, self.centre + self.half
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        ax.grid(visible=False)
        if self.whole:
            ax.set(xlabel="weight", ylabel="offset")
            ax.xaxis.set_major_locator(MaxNLocator(3))
            ax.yaxis.set_major_locator(MaxNLocator(3))
        else:  # numbers on these axes would mean nothing to a reader
            ax.set(xlabel="steepest direction", ylabel="flattest direction")
            ax.set(xticks=[], yticks=[])
