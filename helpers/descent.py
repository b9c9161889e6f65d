"""Gradient descent on the cost of linear regression."""

from typing import NamedTuple

import numpy as np

from helpers.checks import check_data, check_settings, check_start
from helpers.model import cost, gradients, initialize, predict
from helpers.theory import design

ALL = slice(None)
# A cost that has grown this much has lost every digit of its start: no return.
EXPLODED = 1 / np.finfo(float).eps
# The share of the starting cost that may remain to be gained by what has converged.
TOLERANCE = 1e-9


class Descent(NamedTuple):
    """What a descent arrived at, and how.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
        Weights after the last recorded iteration.
    b : float
        Offset after the last recorded iteration.
    costs : ndarray of shape (n_iterations + 1,)
        ``costs[k]`` is the cost on all samples after k updates; shorter when
        the descent diverged, and finite throughout.
    status : {"converged", "descending", "oscillating", "diverged"}
        How it ended, see `classify`.
    diverged_at : int or None
        The iteration at which it was stopped because its cost had exploded.
    """

    w: np.ndarray
    b: float
    costs: np.ndarray
    status: str
    diverged_at: int | None


def gradient_descent(
    X,
    y,
    *,
    learning_rate,
    n_iterations,
    initialisation="zeros",
    start=None,
    momentum=0.0,
    nesterov=False,
    batch_size=None,
    rng=None,
    callback=None,
):
    r"""Minimise the cost by gradient descent.

    .. math::

        v \leftarrow \mu v - \eta \nabla J(\theta), \qquad
        \theta \leftarrow \theta + v, \qquad \theta = (w, b)

    With momentum 0 this is plain descent. Momentum is Polyak's heavy ball
    [1]_; Nesterov's variant [2]_ takes the gradient at ``theta + momentum * v``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Step length eta, positive.
    n_iterations : int
        Number of updates, at least 1.
    initialisation : {"zeros", "normal", "uniform"}
        Start, see `initialize`.
    start : array_like of shape (n_features + 1,), optional
        Another start: the weights, then the offset.
    momentum : float
        Share mu of the last step that is kept, 0 <= mu < 1.
    nesterov : bool
        Whether the gradient is taken ahead, at the end of that kept share.
    batch_size : int, optional
        Samples per update, drawn without replacement until all have been
        used, then drawn anew. All samples at every update by default.
    rng : numpy.random.Generator, optional
        Source of randomness for the start and the mini-batches.
    callback : callable, optional
        Called as ``callback(k, w, b, J)`` at the start (k = 0) and after each
        update.

    Returns
    -------
    Descent
        Weights, offset, the cost after each update, and how it ended.

    Raises
    ------
    ValueError
        If the data or a setting cannot be meant; the message says which.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of
       iteration methods", 1964.
    .. [2] Y. Nesterov, "A method for solving the convex programming problem
       with convergence rate O(1/k^2)", 1983.
    """
    X, y = check_data(X, y)
    check_settings(learning_rate, n_iterations, momentum, batch_size, len(y))
    if batch_size is not None and rng is None:
        raise ValueError("batch_size needs rng, a numpy Generator")
    w, b = initialize(X.shape[1], method=initialisation, rng=rng)
    if start is not None:
        w, b = check_start(start, X.shape[1])
    iterates = descend(
        X, y, w, b, learning_rate, momentum, nesterov, batches(len(y), batch_size, rng)
    )
    costs, diverged_at = [], None
    with np.errstate(over="ignore", invalid="ignore"):
        for k, (w_k, b_k, J) in zip(range(n_iterations + 1), iterates, strict=False):
            if k and not J <= EXPLODED * costs[0]:
                diverged_at = k
                break
            w, b = w_k, b_k
            costs.append(float(J))
            if callback is not None:
                callback(k, w, b, J)
    if not np.isfinite(costs[0]):
        raise ValueError("the cost at the start is too large a number: scale the data")
    costs = np.array(costs)
    status = "diverged" if diverged_at else classify(X, y, predict(X, w, b), costs)
    return Descent(w, float(b), costs, status, diverged_at)


def descend(X, y, w, b, learning_rate, momentum, nesterov, batches):
    """Yield the weights, the offset and the cost, before each update, for ever.

    This is the training loop; `gradient_descent` describes the arguments and
    decides when to stop.

    Yields
    ------
    w : ndarray of shape (n_features,)
        Weights.
    b : float
        Offset.
    J : float
        Cost on all samples.
    """
    step_w, step_b = np.zeros_like(w), 0.0
    for batch in batches:
        z = predict(X, w, b)
        yield w, b, cost(y, z)
        if nesterov or batch is not ALL:
            ahead = momentum if nesterov else 0.0
            z = predict(X[batch], w + ahead * step_w, b + ahead * step_b)
        dJ_dw, dJ_db = gradients(X[batch], y[batch], z)
        step_w = momentum * step_w - learning_rate * dJ_dw
        step_b = momentum * step_b - learning_rate * dJ_db
        w, b = w + step_w, b + step_b


def batches(n_samples, batch_size, rng):
    """Yield the rows that each update uses, for ever.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    batch_size : int or None
        Samples per update; None, or all of them, is the full batch.
    rng : numpy.random.Generator or None
        Shuffles the samples anew once all have been used.

    Yields
    ------
    slice or ndarray of int
        Rows; the last batch of a pass holds what is left.
    """
    while batch_size is None or batch_size == n_samples:
        yield ALL
    while True:
        order = rng.permutation(n_samples)
        for start in range(0, n_samples, batch_size):
            yield order[start : start + batch_size]


def classify(X, y, z, costs, tolerance=TOLERANCE):
    """Say how a descent that was not stopped has ended.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y, z : ndarray of shape (n_samples,)
        Targets and the final predictions.
    costs : ndarray of shape (n_iterations + 1,)
        Cost after each update.
    tolerance : float
        Share of the starting cost that may remain to be gained.

    Returns
    -------
    {"converged", "descending", "oscillating", "diverged"}
        Converged: no more than `tolerance` of the starting cost remains to be
        gained, which the least-squares fit of the residuals measures (for a
        quadratic cost it equals half the squared Newton decrement). Otherwise
        by the trend of the cost over the last two quarters of the
        iterations: falling, standing still, or rising.
    """
    A = design(X)
    attainable = A @ np.linalg.lstsq(A, y - z, rcond=None)[0]
    if attainable @ attainable / len(y) <= tolerance * costs[0]:
        return "converged"
    quarter = max(1, (len(costs) - 1) // 4)
    before, after = costs[-2 * quarter : -quarter], costs[-quarter:]
    change = after.mean() - before.mean()
    noise = 2 * min(before.std(), after.std())
    if abs(change) <= max(noise, 1e-12 * before.mean()):
        return "oscillating"
    return "descending" if change < 0 else "diverged"
