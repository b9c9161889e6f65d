"""One setting: its descent, what theory says of it, and why it went as it did."""

from typing import NamedTuple

import numpy as np

from helpers import theory
from helpers.compression import Compressed, compress
from helpers.data import Data, fit_scaling
from helpers.descent import gradient_descent
from helpers.outcome import Descent


class Problem(NamedTuple):
    """A data set, scaled, and what its Hessian says.

    Attributes
    ----------
    sample : helpers.data.Data
        The data in their own units.
    X : ndarray of shape (n_samples, n_features)
        The scaled features.
    small : helpers.compression.Compressed
        They and the targets in a few rows, for many descents at once.
    spread : ndarray of shape (n_features,)
        Standard deviations of the scaled features.
    best : helpers.theory.Optimum
        The least-squares solution.
    eigenvalues : ndarray of shape (n_features + 1,)
        Of the Hessian, ascending.
    vectors : ndarray of shape (n_features + 1, n_features + 1)
        Its eigenvectors, in columns.
    """

    sample: Data
    X: np.ndarray
    small: Compressed
    spread: np.ndarray
    best: theory.Optimum
    eigenvalues: np.ndarray
    vectors: np.ndarray

    def is_full(self, batch_size):
        """Say whether batches of a size, 0 for all, hold all samples."""
        return batch_size in (0, len(self.sample.y))


class Trial(NamedTuple):
    """What came of one setting.

    Attributes
    ----------
    problem : Problem
        The data that it was tried on.
    setting : dict
        The parameters of ``notebooks/descent.ipynb``.
    fit : Descent
        The descent.
    predicted : ndarray of shape (n_updates + 1,) or None
        The costs that theory foretells; None where it does not apply.
    limit : float
        The learning rate above which it diverges.
    factors : ndarray of shape (n_features + 1,)
        By which each component of the error is multiplied at each update, in the end.
    """

    problem: Problem
    setting: dict
    fit: Descent
    predicted: np.ndarray | None
    limit: float
    factors: np.ndarray


def pose(sample, scaling):
    """Scale a data set and ask theory about it.

    Parameters
    ----------
    sample : helpers.data.Data
        As loaded.
    scaling : str
        See `helpers.data.fit_scaling`.

    Returns
    -------
    Problem
        The data, ready to be descended on.
    """
    scale = fit_scaling(sample.X, method=scaling, names=sample.features)
    X = scale.apply(sample.X)
    eigenvalues, vectors = np.linalg.eigh(theory.hessian(X))
    best = theory.optimum(X, sample.y)
    small = compress(X, sample.y)
    return Problem(sample, X, small, X.std(axis=0), best, eigenvalues, vectors)


def attempt(problem, setting):
    """Descend with a setting, as ``notebooks/descent.ipynb`` does.

    Parameters
    ----------
    problem : Problem
        The data.
    setting : dict
        The parameters of the notebook.

    Returns
    -------
    Trial
        The descent, its path, and theory's word on it.

    Raises
    ------
    ValueError
        If a setting cannot be meant; the message says which.
    """
    X, y = problem.X, problem.sample.y
    start = numbers_in(setting["start"])
    momentum, nesterov = setting["momentum"], setting["nesterov"]
    fit = gradient_descent(
        X,
        y,
        learning_rate=setting["learning_rate"],
        n_iterations=setting["n_iterations"],
        initialisation=setting["initialisation"],
        start=start,
        momentum=momentum,
        nesterov=nesterov,
        batch_size=setting["batch_size"] or None,
        rng=np.random.default_rng(setting["seed"]),
    )
    predicted = None
    if not momentum and problem.is_full(setting["batch_size"]):
        updates = np.arange(len(fit.costs))
        rate = setting["learning_rate"]
        predicted = theory.predicted_costs(X, y, rate, updates, fit.path[0])
    limit = theory.stability_limit(X, momentum, nesterov)
    factors = theory.factors(
        problem.eigenvalues, setting["learning_rate"], momentum, nesterov
    )
    return Trial(problem, setting, fit, predicted, limit, factors)


def numbers_in(text):
    """Return the numbers of a text that separates them by commas; None if empty."""
    return [float(number) for number in text.split(",")] if text else None


def explain(trial):
    """Say what happened and why.

    Parameters
    ----------
    trial : Trial
        What came of a setting.

    Returns
    -------
    str
        A few sentences, plain text.
    """
    rate, limit = trial.setting["learning_rate"], trial.limit
    slowest = int(np.argmax(trial.factors))
    factor, name = trial.factors[slowest], direction(trial.problem, slowest)
    size, n_samples = trial.setting["batch_size"], len(trial.problem.sample.y)
    is_full = trial.problem.is_full(size)
    if not is_full and trial.fit.diverged_at:
        return (
            f"Learning rate {rate:.4g} is too large for batches of {size}. "
            f"{_ended(trial)}"
        )
    if not is_full:
        return (
            f"Each update sees {size} of {n_samples} samples, so its "
            "gradient is a guess: near the optimum the cost does not settle but "
            f"jitters, the more the larger the learning rate. {_ended(trial)}"
        )
    if np.isclose(rate, limit, rtol=1e-9, atol=0):
        return (
            f"Learning rate {rate:.4g} is on the limit: the component along {name} "
            f"changes its sign at each step and keeps its size. {_ended(trial)}"
        )
    if rate > limit:
        return (
            f"Learning rate {rate:.4g} is above the limit {limit:.4g}: the component "
            f"along {name} grows by {factor:.3g} at each step. {_ended(trial)}"
        )
    if factor > 1 - 1e-12:
        return (
            f"Learning rate {rate:.4g} is below the limit {limit:.4g}: every component "
            f"of the error shrinks but that along {name}, which the data do not "
            f"determine. {_ended(trial)}"
        )
    return (
        f"Learning rate {rate:.4g} is below the limit {limit:.4g}: every component of "
        f"the error shrinks. The slowest, along {name}, is multiplied by "
        f"{_near_one(factor)} at each step. {_ended(trial)}"
    )


def direction(problem, number):
    """Name an eigenvector of the Hessian by its largest parts."""
    vector = problem.vectors[:, number]
    names = [*problem.sample.features, "offset"]
    largest = np.flatnonzero(np.abs(vector) >= 0.6 * np.abs(vector).max())
    largest = sorted(largest, key=lambda j: -abs(vector[j]))[:2]
    signs = np.sign(vector[largest]) * np.sign(vector[largest[0]])
    parts = [
        f"{'−' if s < 0 else '+'} {names[j]}"
        for s, j in zip(signs, largest, strict=True)
    ]
    return " ".join(parts).removeprefix("+ ")


def _ended(trial):
    """Say how it ended."""
    fit, best = trial.fit, trial.problem.best.J
    if fit.diverged_at:
        return f"It was stopped after {fit.diverged_at} updates, its cost exploding."
    reached, tried = theory.iterations_to_within(fit.costs, best), len(fit.costs) - 1
    where = f"The cost is {fit.costs[-1]:.6g}, the optimum {best:.6g}"
    if reached is None:
        return f"{where}; {tried} updates are too few to come within 1 % of it."
    return f"{where}; it came within 1 % of it after {reached} updates."


def _near_one(factor):
    """Print a factor so that its distance from one is seen."""
    digits = 2 - int(np.floor(np.log10(max(1e-12, abs(1 - factor)))))
    return f"{factor:.{max(3, digits)}g}" if abs(1 - factor) > 1e-12 else "1"
