"""The plane in which the path of a descent is shown."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from helpers.descent import gradient_descents
from helpers.theory import hessian

LEVELS = 10  # lines of equal cost
STEPS_SHOWN = 400  # of a path: more lie on top of each other
AROUND = 8  # other starts, and how far they are followed
STEPS_AROUND = 100


class Plane:
    """The plane in which the path is shown, and the cost on it.

    With one feature it is that of the weight and the offset, and all there is. Else
    it goes through the optimum along the steepest and the flattest direction.

    Parameters
    ----------
    problem : helpers.explore.trial.Problem
        The data.
    """

    def __init__(self, problem):
        self.problem = problem
        self.goal = np.append(problem.best.w, problem.best.b)
        self.whole = len(self.goal) == 2
        basis = np.eye(2) if self.whole else problem.vectors[:, [-1, 0]]
        # The optimum is up and to the right of zero.
        turned = np.where(basis.T @ self.goal < 0, -1, 1)
        self.basis = basis if self.whole else basis * turned
        self.centre = self.basis.T @ self.goal
        self.curvature = self.basis.T @ hessian(problem.X) @ self.basis
        zero = np.zeros_like(self.goal)
        half = 1.6 * np.abs(self.places(zero) - self.centre)
        self.half = np.maximum(half, 0.3 * half.max() or 1.0)

    def places(self, path):
        """Return where weights and offsets, of shape (k, p + 1), are on the plane."""
        return path @ self.basis

    def within(self, places):
        """Return a path up to where it leaves the picture, at most `STEPS_SHOWN`."""
        outside = np.any(np.abs(places - self.centre) > 3 * self.half, axis=1)
        end = int(np.argmax(outside)) + 1 if outside.any() else len(places)
        return places[: min(end, STEPS_SHOWN)]

    def start(self, x, y):
        """Return the weights and the offset at a place of the plane."""
        return self.goal + self.basis @ (np.array([x, y]) - self.centre)

    def around(self, setting):
        """Descend with a setting from all around.

        Parameters
        ----------
        setting : dict
            The parameters of ``descent.ipynb``.

        Returns
        -------
        list of ndarray of shape (k, 2)
            Paths on the plane; none where each update sees other samples.
        """
        if not self.problem.is_full(setting["batch_size"]):
            return []
        angles = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
        edge = 0.95 * self.half * np.column_stack([np.cos(angles), np.sin(angles)])
        fits = gradient_descents(
            *self.problem.small[:2],
            learning_rates=setting["learning_rate"],
            starts=[self.start(*place) for place in self.centre + edge],
            n_iterations=min(setting["n_iterations"], STEPS_AROUND),
            momentum=setting["momentum"],
            nesterov=setting["nesterov"],
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
        else:  # there, a place has no number that one would know
            ax.set(xlabel="steepest direction", ylabel="flattest direction")
            ax.set(xticks=[], yticks=[])
