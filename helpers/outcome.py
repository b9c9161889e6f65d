"""How a descent ended, and where it arrived."""

from typing import NamedTuple

import numpy as np

EPSILON = np.finfo(float).eps
# A cost that has grown this much has lost every digit of its start: no return.
EXPLODED = 1 / EPSILON
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
    path : ndarray of shape (n_iterations + 1, n_features + 1)
        ``path[k]`` are the weights, then the offset, after k updates.
    status : {"converged", "descending", "oscillating", "diverged"}
        How it ended, see `classify`.
    diverged_at : int or None
        The iteration at which it was stopped because its cost had exploded.
    """

    w: np.ndarray
    b: float
    costs: np.ndarray
    path: np.ndarray
    status: str
    diverged_at: int | None


def has_exploded(costs, start):
    """Say of costs whether there is no return from them to the cost at the start."""
    return ~(costs / EXPLODED <= start)  # of what is no number, too


def conclude(R, path, costs):
    """Say how descents ended.

    Parameters
    ----------
    R : ndarray of shape (n_features + 2, n_features + 2)
        See `helpers.descent.tables`.
    path, costs : ndarray of shape (k + 1, m, n_features + 2) and (k + 1, m)
        See `helpers.descent.follow`.

    Returns
    -------
    list of Descent
        Each up to where its cost exploded.

    Raises
    ------
    ValueError
        If the cost at a start is not a finite number.
    """
    if not np.isfinite(costs[0]).all():
        raise ValueError(
            "the cost at the start is too large a number: scale the data, or start "
            "from smaller weights"
        )
    exploded = has_exploded(costs, costs[0]).argmax(axis=0)  # 0: never
    status = np.full(len(exploded), "diverged", dtype=object)
    there = exploded == 0
    status[there] = classify(R, path[-1, there], costs[:, there])
    ended = []
    for j, diverged_at in enumerate(at or None for at in exploded.tolist()):
        its, theta = costs[:diverged_at, j], path[:diverged_at, j, :-1]
        w, b = theta[-1, :-1].copy(), float(theta[-1, -1])
        ended.append(Descent(w, b, its, theta, status[j], diverged_at))
    return ended


def classify(R, theta, costs, tolerance=TOLERANCE):
    """Say how descents that were not stopped have ended.

    Parameters
    ----------
    R : ndarray of shape (n_features + 2, n_features + 2)
        See `helpers.descent.tables`.
    theta : ndarray of shape (m, n_features + 2)
        Where each ended.
    costs : ndarray of shape (n_iterations + 1, m)
        Its cost after each update.
    tolerance : float
        Share of the starting cost that may remain to be gained.

    Returns
    -------
    ndarray of {"converged", "descending", "oscillating", "diverged"}, shape (m,)
        Converged: no more than `tolerance` of the starting cost remains to be
        gained, which the least-squares fit of the errors measures (for a
        quadratic cost it equals half the squared Newton decrement). Otherwise
        by the trend of the cost over the last two quarters of the
        iterations: falling, standing still, or rising.
    """
    A, error = R[:, :-1], R @ theta.T
    attainable = np.square(A @ np.linalg.lstsq(A, error, rcond=None)[0]).sum(axis=0)
    # What a cost of zero is computed as.
    smallest = EPSILON * len(R) * (np.abs(R) @ np.abs(theta.T))
    smallest = np.maximum(tolerance * costs[0], np.square(smallest).sum(axis=0))
    status = np.full(len(theta), "converged", dtype=object)
    going = ~(attainable <= smallest)
    if going.any():
        status[going] = _trend(costs[:, going])
    return status


def _trend(costs):
    """Say of costs, one column a descent, where they were going at the end."""
    quarter = max(1, (len(costs) - 1) // 4)
    before, after = costs[-2 * quarter : -quarter], costs[-quarter:]
    change = after.mean(axis=0) - before.mean(axis=0)
    noise = 2 * np.minimum(before.std(axis=0), after.std(axis=0))
    conditions = {
        "oscillating": abs(change) <= np.maximum(noise, 1e-12 * before.mean(axis=0)),
        "descending": change < 0,
    }
    return np.select(list(conditions.values()), list(conditions), "diverged")
