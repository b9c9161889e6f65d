"""What theory says of a descent before it is run.

The cost is a quadratic in theta = (w, b), so its Hessian decides everything:
which learning rates are stable, how fast the cost falls, where it ends. The
results are those of any text on first-order optimisation, for example Y. Nesterov,
"Lectures on Convex Optimization", 2018.
"""

from typing import NamedTuple

import numpy as np

from helpers.model import cost, predict
from helpers.optimisers import options_of
from helpers.validation import as_floats

# e[k+1] = total * e[k] - product * e[k-1]: both, by optimiser, from a and mu.
RECURRENCES = {
    "plain": lambda a, mu: (a, 0.0),
    "heavy-ball": lambda a, mu: (a + mu, mu),
    "nesterov": lambda a, mu: (a * (1 + mu), a * mu),
}


class Optimum(NamedTuple):
    """The least-squares solution: weights, offset and the lowest cost."""

    w: np.ndarray
    b: float
    J: float


def design(X):
    """Append a column of ones to X, for the offset: shape (n, p + 1)."""
    X = as_floats(X, "X")
    return np.column_stack([X, np.ones(len(X))])


def hessian(X):
    r"""Return the Hessian of the cost, the same at every (w, b).

    .. math:: H = \frac{2}{n} A^T A, \qquad A = [X\ 1]

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.

    Returns
    -------
    ndarray of shape (n_features + 1, n_features + 1)
        Second derivatives, ordered (w, b).
    """
    A = design(X)
    return A.T @ A * 2 / len(A)


def stability_limit(X, optimiser="plain", **options):
    r"""Return the learning rate above which descent on all samples diverges.

    .. math:: \eta_{\max} = 2 / \lambda_{\max}(H)

    A heavy ball raises it by the factor :math:`1 + \mu`, Nesterov's gradient changes it
    by :math:`(1 + \mu) / (1 + 2 \mu)`: there a root of `factors` reaches -1.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    optimiser, **options
        A name in `helpers.optimisers.OPTIMISERS`, and its options.

    Returns
    -------
    float or None
        At the limit itself one component of the error flips its sign for ever. None
        for an optimiser whose limit is not known.
    """
    if optimiser not in RECURRENCES:
        return None
    mu = _momentum(optimiser, options)
    raised = (1 + mu) / (1 + 2 * mu) if optimiser == "nesterov" else 1 + mu
    return float(raised * 2 / np.linalg.eigvalsh(hessian(X))[-1])


def factors(eigenvalues, learning_rate, optimiser="plain", **options):
    r"""Tell by how much each component of the error is multiplied at each update.

    Along an eigenvector of the Hessian, with :math:`a = 1 - \eta \lambda`, the errors
    obey :math:`e_{k+1} = (a + \mu) e_k - \mu e_{k-1}` for the heavy ball, and
    :math:`e_{k+1} = a (1 + \mu) e_k - a \mu e_{k-1}` for Nesterov's gradient. In the
    end the larger root of the quadratic decides.

    Parameters
    ----------
    eigenvalues : ndarray
        Of the Hessian.
    learning_rate : float
        Step length eta.
    optimiser, **options
        A name in `helpers.optimisers.OPTIMISERS`, and its options.

    Returns
    -------
    ndarray or None
        Sizes of the factors; ``abs(1 - learning_rate * eigenvalues)`` for plain
        descent. None for an optimiser without such a recurrence.
    """
    if optimiser not in RECURRENCES:
        return None
    a = 1 - learning_rate * as_floats(eigenvalues, "eigenvalues")
    mu = _momentum(optimiser, options)
    total, product = RECURRENCES[optimiser](a, mu)
    root = np.sqrt(total**2 / 4 - product + 0j)
    return np.maximum(abs(total / 2 + root), abs(total / 2 - root))


def _momentum(optimiser, options):
    """Return the share of the last step that an optimiser keeps."""
    return (options_of(optimiser) | options).get("momentum", 0.0)


def condition_number(X):
    r"""Return the ratio of the largest to the smallest curvature of the cost.

    .. math:: \kappa = \lambda_{\max}(H) / \lambda_{\min}(H)

    It is computed from the singular values of A = [X 1], whose ratio is the
    square root of kappa, so that no digits are lost to squaring.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.

    Returns
    -------
    float
        At least 1; infinite where a feature is a combination of the others.
    """
    singular = np.linalg.svd(design(X), compute_uv=False)
    if singular[-1] <= np.finfo(float).eps * max(X.shape) * singular[0]:
        return float("inf")
    return float((singular[0] / singular[-1]) ** 2)


def optimum(X, y):
    """Return the least-squares solution in closed form.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.

    Returns
    -------
    Optimum
        Weights, offset and cost; the shortest solution if there are many.
    """
    theta = np.linalg.lstsq(design(X), as_floats(y, "y"), rcond=None)[0]
    w, b = theta[:-1], float(theta[-1])
    return Optimum(w, b, float(cost(y, predict(X, w, b))))


def predicted_costs(X, y, learning_rate, iterations, start=0.0):
    r"""Predict the cost of plain descent, without descending.

    .. math::

        J_k = J^* + \tfrac12 \sum_i \lambda_i (1 - \eta \lambda_i)^{2k} c_i^2,

    where lambda_i are the eigenvalues of the Hessian and c_i the coordinates
    of the optimum, less the start, in its eigenvectors: each component of the error
    shrinks, or grows, by its own factor 1 - eta lambda_i at each update.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Step length eta.
    iterations : array_like of int
        The numbers of updates k at which to predict the cost.
    start : ndarray of shape (n_features + 1,), optional
        The weights, then the offset, from which it starts; zero by default.

    Returns
    -------
    ndarray of shape (len(iterations),)
        Costs; infinite where they exceed the largest float.
    """
    best = optimum(X, y)
    eigenvalues, vectors = np.linalg.eigh(hessian(X))
    c = vectors.T @ (np.append(best.w, best.b) - start)
    factors = np.abs(1 - learning_rate * eigenvalues)
    with np.errstate(over="ignore"):
        shrunk = factors ** (2.0 * np.atleast_1d(iterations)[:, None])
        return best.J + shrunk @ (eigenvalues * c**2) / 2


def excess_components(X, y, learning_rate, iterations, start=0.0):
    r"""Split the excess cost of plain descent into the eigenvectors of the Hessian.

    .. math:: J_k - J^* = \sum_i \tfrac12 \lambda_i (1 - \eta \lambda_i)^{2k} c_i^2

    See `predicted_costs`, whose terms these are.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Step length eta.
    iterations : array_like of int
        The numbers of updates k.
    start : ndarray of shape (n_features + 1,), optional
        The weights, then the offset, from which it starts; zero by default.

    Returns
    -------
    eigenvalues : ndarray of shape (n_features + 1,)
        Of the Hessian, from the flattest direction to the steepest.
    components : ndarray of shape (len(iterations), n_features + 1)
        What each direction adds to the cost after k updates.
    """
    best = optimum(X, y)
    eigenvalues, vectors = np.linalg.eigh(hessian(X))
    c = vectors.T @ (np.append(best.w, best.b) - start)
    factors = np.abs(1 - learning_rate * eigenvalues)
    with np.errstate(over="ignore"):
        shrunk = factors ** (2.0 * np.atleast_1d(iterations)[:, None])
        return eigenvalues, shrunk * (eigenvalues * c**2) / 2


def best_rate(X):
    r"""Return the learning rate with which plain descent is fastest in the long run.

    .. math:: \eta = 2 / (\lambda_{\max} + \lambda_{\min})

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.

    Returns
    -------
    float
        There the steepest and the flattest component shrink equally fast.
    """
    eigenvalues = np.linalg.eigvalsh(hessian(X))
    return float(2 / (eigenvalues[-1] + eigenvalues[0]))


def best_heavy_ball(X):
    r"""Return the heavy ball's setting that is fastest in the long run.

    .. math::

        \eta = \frac{4}{(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2}, \qquad
        \mu = \left(\frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}\right)^2

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.

    Returns
    -------
    learning_rate, momentum : float
        In the long run every component is multiplied by the square root of the
        momentum at each update.
    """
    flattest, *_, steepest = np.sqrt(np.linalg.eigvalsh(hessian(X)))
    momentum = ((steepest - flattest) / (steepest + flattest)) ** 2
    return float(4 / (steepest + flattest) ** 2), float(momentum)


def iterations_to_within(costs, J_best, share=0.01):
    """Count the updates until the cost is within a share of the optimum.

    Parameters
    ----------
    costs : ndarray
        Cost after each update.
    J_best : float
        Lowest attainable cost.
    share : float
        How close, as a share of `J_best`.

    Returns
    -------
    int or None
        The first k with ``costs[k] <= (1 + share) * J_best``; None if there
        is none.
    """
    close = np.flatnonzero(costs <= (1 + share) * J_best)
    return int(close[0]) if len(close) else None


def predicted_iterations_to_within(
    X, y, learning_rate, share=0.01, *, start=0.0, most=2**53
):
    """Predict `iterations_to_within` for plain descent.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Step length.
    share : float
        How close, as a share of the optimum.
    start : ndarray of shape (n_features + 1,), optional
        The weights, then the offset, from which it starts; zero by default.
    most : int
        Where the search ends.

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
        if near > most:
            return None
    # Below the limit the cost only falls, so the first k is found by halving.
    while near - far > 1:
        middle = (far + near) // 2
        far, near = (far, middle) if is_close(middle) else (middle, near)
    return near
