"""Gradient descent on the cost of linear regression, and how it ended."""

from typing import NamedTuple

import numpy as np

from helpers.compression import compress
from helpers.model import cost, gradients, initialize, predict
from helpers.optimisers import make_optimiser
from helpers.theory import optimum
from helpers.threads import one_thread
from helpers.validation import (
    validate_count,
    validate_data,
    validate_iterations,
    validate_learning_rate,
    validate_rng,
    validate_start,
)

EPSILON = np.finfo(float).eps
# A descent has converged if its cost is above the optimum by at most this fraction of
# its first cost.
TOLERANCE = 1e-9


class Descent(NamedTuple):
    """The result of a descent.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
        Weights after the last recorded iteration.
    b : float
        Offset after the last recorded iteration.
    costs : ndarray of shape (n_iterations + 1,)
        ``costs[k]`` is the cost on all samples after k updates. All are finite; there
        are fewer of them if the cost exploded.
    path : ndarray of shape (n_iterations + 1, n_features + 1)
        ``path[k]`` are the weights, then the offset, after k updates.
    status : {"converged", "descending", "oscillating", "diverged"}
        How the descent ended, see `summarise`.
    diverged_at : int or None
        The iteration at which the cost exploded, if it did.
    """

    w: np.ndarray
    b: float
    costs: np.ndarray
    path: np.ndarray
    status: str
    diverged_at: int | None


@one_thread
@np.errstate(over="ignore", invalid="ignore")  # a descent may diverge
def gradient_descent(
    X, y, *, learning_rate, n_iterations, initialisation="zeros", start=None,
    optimiser="plain", batch_size=None, rng=None, **options,
):  # fmt: skip
    r"""Minimise the cost by gradient descent, once or several times side by side.

    .. math::

        w \leftarrow w - \mathrm{step}(\partial J / \partial w), \qquad
        b \leftarrow b - \mathrm{step}(\partial J / \partial b)

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    y : array_like of shape (n_samples,)
        Targets.
    learning_rate : float or array_like of shape (m,)
        Positive; an array starts m descents.
    n_iterations : int
        Number of updates, at least 1.
    initialisation : {"zeros", "normal", "uniform"}
        Where to start, see `helpers.model.initialize`.
    start : array_like of shape (n_features + 1,) or (n_features + 1, m), optional
        Explicit start: the weights, then the offset; a column for each descent.
    optimiser : str
        A name in `helpers.optimisers.OPTIMISERS`, such as "plain".
    batch_size : int, optional
        Samples per update, shuffled before each pass; by default all.
    rng : numpy.random.Generator, optional
        Source of randomness for the start and the mini-batches.
    **options : float
        Options of the optimiser, such as ``momentum=0.9``.

    Returns
    -------
    Descent, or list of Descent
        A list, in the same order, if there are several learning rates or starts.

    Raises
    ------
    ValueError
        If the data or a setting is wrong; the message names it.
    """
    X, y = validate_data(X, y)
    learning_rate = validate_learning_rate(learning_rate)
    validate_iterations(n_iterations)
    w, b = initialize(X.shape[1], method=initialisation, rng=rng)
    w, b = _side_by_side(w, b, start, learning_rate)
    step_w = make_optimiser(optimiser, learning_rate, **options)
    step_b = make_optimiser(optimiser, learning_rate, **options)
    batches = draw_batches(X, y, batch_size, rng)

    costs, path = [], [(w, b)]
    for _ in range(n_iterations):
        X_batch, y_batch = next(batches)  # all samples, or a mini-batch
        z = predict(X_batch, w, b)
        J = cost(y_batch, z)
        dJ_dw, dJ_db = gradients(X_batch, y_batch, z)
        w = w - step_w(dJ_dw)
        b = b - step_b(dJ_db)
        costs.append(J)
        path.append((w, b))
    costs.append(cost(y, predict(X, w, b)))
    on_all = batch_size in (None, len(y))
    return _summarise_all(X, y, np.array(costs) if on_all else None, path)


def draw_batches(X, y, batch_size, rng):
    """Yield the samples for each update, endlessly.

    Parameters
    ----------
    X, y : ndarray
        All samples.
    batch_size : int or None
        Samples per update; None and n_samples both mean all.
    rng : numpy.random.Generator or None
        Shuffles the samples before each pass, if a batch does not hold all of them.

    Yields
    ------
    (ndarray, ndarray)
        Features and targets; the last batch of a pass may be smaller.
    """
    n_samples = len(y)
    if batch_size is not None:
        validate_count("batch_size", batch_size, n_samples, "the number of samples")
        validate_rng(rng, "batch_size")
    while batch_size in (None, n_samples):
        yield X, y
    while True:
        order = rng.permutation(n_samples)
        for first in range(0, n_samples, batch_size):
            rows = order[first : first + batch_size]
            yield X[rows], y[rows]


def _side_by_side(w, b, start, learning_rate):
    """Return the starting point, or points as columns if there are several descents."""
    theta = np.append(w, b) if start is None else validate_start(start, len(w))
    if np.ndim(learning_rate):
        m = len(learning_rate)
        if theta.ndim == 1:
            theta = np.repeat(theta[:, None], m, axis=1)
        elif theta.shape[1] != m:
            raise ValueError(
                f"start must have one column for each of the {m} learning rates, "
                f"got {theta.shape[1]}"
            )
    return theta[:-1], theta[-1]


def _summarise_all(X, y, costs, path):
    """Return a `Descent`, or a list of them if there are several side by side.

    If `costs` is None, as for mini-batches, the costs on all samples are computed here.
    """
    few = compress(X, y)  # a few rows with the same costs as all samples
    w, b = zip(*path, strict=True)
    w, b = np.concatenate(w).reshape(-1, *w[0].shape), np.array(b)
    if costs is None:
        columns = np.moveaxis(w, 1, 0).reshape(w.shape[1], -1)
        costs = cost(few.y, predict(few.X, columns, b.ravel())).reshape(b.shape)
    path, best = np.concatenate([w, b[:, None]], axis=1), optimum(few.X, few.y).J
    if costs.ndim == 1:
        return summarise(few, best, costs, path)
    descents = zip(costs.T, path.transpose(2, 0, 1), strict=True)
    return [summarise(few, best, *descent) for descent in descents]


def summarise(few, best, costs, path):
    """Determine how a descent ended.

    Parameters
    ----------
    few : helpers.compression.Compressed
        The data, or a few rows with the same costs.
    best : float
        The lowest possible cost.
    costs : ndarray of shape (n_iterations + 1,)
        On all samples, after each update.
    path : ndarray of shape (n_iterations + 1, n_features + 1)
        The weights, then the offset, after each update.

    Returns
    -------
    Descent
        It has diverged if the cost has exploded, to 1/`EPSILON` times the first cost;
        the record ends before that. It has converged if the cost is above the optimum
        by at most `TOLERANCE` times the first cost. Otherwise the mean cost of the last
        quarter of the iterations is compared with that of the quarter before: clearly
        higher is diverged, clearly lower is descending, anything else oscillating. So
        is a cost that falls but is still above the first one.

    Raises
    ------
    ValueError
        If the cost at the start is not a finite number.
    """
    if not np.isfinite(costs[0]):
        raise ValueError(
            "the cost at the start is too large a number: scale the data, or start "
            "from smaller weights"
        )
    # Rounding makes a cost that should be zero about this large.
    size = np.abs(few.X) @ np.abs(path[0, :-1]) + abs(path[0, -1]) + np.abs(few.y)
    zero = np.mean((EPSILON * len(size) * size) ** 2)
    exploded = ~(costs * EPSILON <= max(costs[0], zero))  # true for nan, too
    diverged_at = int(exploded.argmax()) or None
    costs, path = costs[:diverged_at], path[:diverged_at].copy()
    w, b = path[-1, :-1], float(path[-1, -1])
    if diverged_at:
        status = "diverged"
    elif cost(few.y, predict(few.X, w, b)) - best <= max(TOLERANCE * costs[0], zero):
        status = "converged"
    else:
        status = _trend(costs)
    return Descent(w, b, costs, path, status, diverged_at)


def _trend(costs):
    """Return the status that follows from the last two quarters of the iterations."""
    quarter = max(1, (len(costs) - 1) // 4)
    before, after = costs[-2 * quarter : -quarter], costs[-quarter:]
    change = after.mean() - before.mean()
    noise = 2 * min(before.std(), after.std())
    if abs(change) <= max(noise, 1e-12 * before.mean()):
        return "oscillating"
    if change > 0:
        return "diverged"
    return "descending" if after.mean() <= costs[0] else "oscillating"
