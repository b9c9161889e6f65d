"""How fast the cost of a descent falls, as theory predicts it and as measured."""

import numpy as np

from helpers.theory import hessian, optimum, stability_limit

MAX_ITERATIONS = 2**53  # the most that a prediction considers


def excess_components(X, y, learning_rate, iterations, start=0.0):
    r"""Split the excess cost of plain descent into a part for each eigenvector.

    .. math:: J_k - J^* = \sum_i \tfrac12 \lambda_i (1 - \eta \lambda_i)^{2k} c_i^2

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Learning rate eta.
    iterations : array_like of int
        The numbers of updates k.
    start : ndarray of shape (n_features + 1,), optional
        The weights, then the offset, at the start; zero by default.

    Returns
    -------
    eigenvalues : ndarray of shape (n_features + 1,)
        Eigenvalues of the Hessian, from the flattest direction to the steepest.
    components : ndarray of shape (len(iterations), n_features + 1)
        The part of the excess cost due to each direction after k updates.
    """
    best = optimum(X, y)
    eigenvalues, vectors = np.linalg.eigh(hessian(X))
    c = vectors.T @ (np.append(best.w, best.b) - start)
    factors = np.abs(1 - learning_rate * eigenvalues)
    with np.errstate(over="ignore"):
        shrunk = factors ** (2.0 * np.atleast_1d(iterations)[:, None])
        return eigenvalues, shrunk * (eigenvalues * c**2) / 2


def predicted_costs(X, y, learning_rate, iterations, start=0.0):
    r"""Predict the cost of plain descent, without descending.

    .. math::

        J_k = J^* + \tfrac12 \sum_i \lambda_i (1 - \eta \lambda_i)^{2k} c_i^2,

    where lambda_i are the eigenvalues of the Hessian and c_i the coordinates of the
    optimum minus the start in the basis of its eigenvectors: each update multiplies
    each component of the error by its own factor 1 - eta lambda_i.

    Parameters
    ----------
    X, y, learning_rate, iterations, start
        See `excess_components`.

    Returns
    -------
    ndarray of shape (len(iterations),)
        Costs; infinite where they exceed the largest float.
    """
    _, components = excess_components(X, y, learning_rate, iterations, start)
    with np.errstate(over="ignore"):
        return optimum(X, y).J + components.sum(axis=1)


def iterations_to_within(costs, J_best, share=0.01):
    """Count the updates until the cost is within a fraction of the optimum.

    Parameters
    ----------
    costs : ndarray
        Cost after each update.
    J_best : float
        Lowest attainable cost.
    share : float
        Tolerance, as a fraction of `J_best`.

    Returns
    -------
    int or None
        The first k with ``costs[k] <= (1 + share) * J_best``; None if there
        is none.
    """
    close = np.flatnonzero(costs <= (1 + share) * J_best)
    return int(close[0]) if len(close) else None


def predicted_iterations_to_within(X, y, learning_rate, share=0.01, *, start=0.0):
    """Predict `iterations_to_within` for plain descent.

    Parameters
    ----------
    X, y, learning_rate, start
        See `excess_components`.
    share : float
        Tolerance, as a fraction of the optimum.

    Returns
    -------
    int or None
        Number of updates; None if the descent never comes that close.
    """

    def is_close(k):
        return predicted_costs(X, y, learning_rate, k, start)[0] <= target

    if learning_rate >= stability_limit(X):
        return None
    target = (1 + share) * optimum(X, y).J
    far, near = -1, 1
    while not is_close(near):
        far, near = near, 2 * near
        if near > MAX_ITERATIONS:
            return None
    # Below the limit the cost only falls, so bisection finds the first k.
    while near - far > 1:
        middle = (far + near) // 2
        far, near = (far, middle) if is_close(middle) else (middle, near)
    return near
