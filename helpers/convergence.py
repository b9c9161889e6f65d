"""Which parts a descent's cost has, and how fast a descent can be at best.

Like `helpers.theory`, from the Hessian alone. The results are those of B. T. Polyak,
"Some methods of speeding up the convergence of iteration methods", 1964.
"""

import numpy as np

from helpers.theory import hessian, optimum


def excess_components(X, y, learning_rate, iterations, start=0.0):
    r"""Split the excess cost of plain descent into the eigenvectors of the Hessian.

    .. math:: J_k - J^* = \sum_i \tfrac12 \lambda_i (1 - \eta \lambda_i)^{2k} c_i^2

    See `helpers.theory.predicted_costs`, whose terms these are.

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
