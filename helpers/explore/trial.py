"""One setting: its descent, what theory says of it, and why it went as it did."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from helpers import convergence, theory
from helpers.compression import Compressed, compress
from helpers.data import Data, fit_scaling
from helpers.descent import Descent, gradient_descent


@dataclass(frozen=True, eq=False)  # compared by identity, so that it can be a key
class Problem:
    """A data set, scaled, and what its Hessian says.

    Attributes
    ----------
    sample : helpers.data.Data
        The data in their own units.
    X : ndarray of shape (n_samples, n_features)
        The scaled features.
    small : helpers.compression.Compressed
        X and y in a few rows with the same costs.
    best : helpers.theory.Optimum
        The least-squares solution.
    eigenvalues, vectors : ndarray of shape (p + 1,) and (p + 1, p + 1)
        Of the Hessian, ascending; the eigenvectors are columns.
    """

    sample: Data
    X: np.ndarray
    small: Compressed
    best: theory.Optimum
    eigenvalues: np.ndarray
    vectors: np.ndarray

    def is_full(self, batch_size):
        """Return whether batches of this size, 0 for all, hold all samples."""
        return batch_size in (0, len(self.sample.y))


class Trial(NamedTuple):
    """The result of one setting.

    Attributes
    ----------
    problem : Problem
        The data.
    setting : dict
        The parameters of ``notebooks/descent.ipynb``.
    fit : helpers.descent.Descent
        The descent.
    predicted : ndarray of shape (n_updates + 1,) or None
        The costs that theory predicts: of plain descent on all samples only.
    limit : float or None
        The learning rate above which it diverges, if theory gives one.
    factors : ndarray of shape (p + 1,) or None
        By how much each update multiplies each component of the error, in the end.
    """

    problem: Problem
    setting: dict
    fit: Descent
    predicted: np.ndarray | None
    limit: float | None
    factors: np.ndarray | None


def make_problem(sample, scaling):
    """Scale a data set, and ask theory about it.

    Parameters
    ----------
    sample : helpers.data.Data
        As loaded.
    scaling : str
        See `helpers.data.fit_scaling`.

    Returns
    -------
    Problem
    """
    scale = fit_scaling(sample.X, method=scaling, names=sample.features)
    X = scale.apply(sample.X)
    best = theory.optimum(X, sample.y)
    eigenvalues, vectors = np.linalg.eigh(theory.hessian(X))
    return Problem(sample, X, compress(X, sample.y), best, eigenvalues, vectors)


def try_setting(problem, setting):
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

    Raises
    ------
    ValueError
        If a value of the setting is wrong; the message names it.
    """
    X, y = problem.X, problem.sample.y
    rate, optimiser = setting["learning_rate"], optimiser_of(setting)
    start = setting["start"]
    fit = gradient_descent(
        X,
        y,
        learning_rate=rate,
        n_iterations=setting["n_iterations"],
        initialisation=setting["initialisation"],
        start=[float(number) for number in start.split(",")] if start else None,
        batch_size=setting["batch_size"] or None,
        rng=np.random.default_rng(setting["seed"]),
        **optimiser,
    )
    predicted = limit = factors = None
    if problem.is_full(setting["batch_size"]):
        limit = theory.stability_limit(X, **optimiser)
        factors = theory.factors(problem.eigenvalues, rate, **optimiser)
        if setting["optimiser"] == "plain":
            updates = np.arange(len(fit.costs))
            predicted = convergence.predicted_costs(X, y, rate, updates, fit.path[0])
    return Trial(problem, setting, fit, predicted, limit, factors)


def optimiser_of(setting):
    """Return the optimiser of a setting and its options, as keyword arguments."""
    momentum = setting["momentum"]
    options = {} if momentum is None else {"momentum": momentum}
    return {"optimiser": setting["optimiser"]} | options


def explain(trial):
    """Explain in a few sentences, as plain text, what happened and why."""
    if trial.limit is None:
        return f"{_without_limit(trial)} {_ending(trial)}"
    return f"{_with_limit(trial)} {_ending(trial)}"


def _without_limit(trial):
    rate = f"Learning rate {trial.setting['learning_rate']:.4g}"
    size, optimiser = trial.setting["batch_size"], trial.setting["optimiser"]
    if trial.problem.is_full(size):
        return f"{rate}: theory gives no limit for the optimiser {optimiser}."
    if trial.fit.diverged_at:
        return f"{rate} is too large for batches of {size}; theory gives no limit here."
    return (
        f"Each update sees {size} of {len(trial.problem.sample.y)} samples, so its "
        "gradient is an estimate: near the optimum the cost jitters, the more the "
        "larger the learning rate. Theory gives no limit here."
    )


def _with_limit(trial):
    rate, limit = trial.setting["learning_rate"], trial.limit
    slowest = int(np.argmax(trial.factors))
    factor, name = trial.factors[slowest], direction(trial.problem, slowest)
    if np.isclose(rate, limit, rtol=1e-9, atol=0):
        return (
            f"Learning rate {rate:.4g} is on the limit: the component along {name} "
            "changes its sign at each step and keeps its size."
        )
    if rate > limit:
        return (
            f"Learning rate {rate:.4g} is above the limit {limit:.4g}: the component "
            f"along {name} grows by {factor:.3g} at each step."
        )
    below = (
        f"Learning rate {rate:.4g} is below the limit {limit:.4g}: every component of "
        "the error shrinks"
    )
    if factor > 1 - 1e-12:
        return f"{below} but that along {name}, which the data do not determine."
    slow = f"The slowest, along {name}, is multiplied by {_near_one(factor)}"
    return f"{below}. {slow} at each step."


def direction(problem, number):
    """Name an eigenvector of the Hessian by its largest parts."""
    vector = problem.vectors[:, number]
    names = [*problem.sample.features, "offset"]
    largest = np.flatnonzero(np.abs(vector) >= 0.6 * np.abs(vector).max())
    first, *others = sorted(largest, key=lambda j: -abs(vector[j]))[:2]
    signs = ["+" if vector[j] * vector[first] > 0 else "−" for j in others]
    parts = [f" {sign} {names[j]}" for sign, j in zip(signs, others, strict=True)]
    return names[first] + "".join(parts)


def _ending(trial):
    fit, best = trial.fit, trial.problem.best.J
    if fit.diverged_at:
        return f"It was stopped after {fit.diverged_at} updates, its cost exploding."
    reached = convergence.iterations_to_within(fit.costs, best)
    updates = len(fit.costs) - 1
    cost = f"The cost is {fit.costs[-1]:.6g}, the optimum {best:.6g}"
    if reached is None:
        return f"{cost}; {updates} updates are too few to come within 1 % of it."
    return f"{cost}; it came within 1 % of it after {reached} updates."


def _near_one(factor):
    """Print a factor with enough digits to tell it from one."""
    digits = 2 - int(np.floor(np.log10(max(1e-12, abs(1 - factor)))))
    return f"{factor:.{max(3, digits)}g}" if abs(1 - factor) > 1e-12 else "1"
