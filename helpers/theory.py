"""What theory tells about a descent before it is run.

The cost is quadratic in theta = (w, b), so its Hessian decides everything: which
learning rates are stable, how fast the cost falls, where it ends. The results can be
found in any text on first-order optimisation, for example Y. Nesterov, "Lectures on
Convex Optimization", 2018.

``X`` are features of shape (n_samples, n_features), ``y`` targets of shape
(n_samples,); ``optimiser`` is a name in `helpers.optimisers.OPTIMISERS`, and its
options may follow.
"""

from typing import NamedTuple

import numpy as np

from helpers.model import cost, predict
from helpers.optimisers import all_options
from helpers.validation import as_floats, validate_finite, validate_shapes


class Optimum(NamedTuple):
    """The least-squares solution: weights, offset and the lowest cost."""

    w: np.ndarray
    b: float
    J: float


def design(X):
    """Append a column of ones to X, for the offset: shape (n, p + 1)."""
    X = as_floats(X, "X")
    if X.ndim != 2:
        raise ValueError(f"X must be (n_samples, n_features), got {X.shape}")
    return np.column_stack([X, np.ones(len(X))])


def hessian(X):
    r"""Return the Hessian of the cost, the same at every (w, b).

    .. math:: H = \frac{2}{n} A^T A, \qquad A = [X\ 1]

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

    The heavy ball multiplies it by :math:`1 + \mu`, Nesterov's gradient by
    :math:`(1 + \mu) / (1 + 2 \mu)`. At the limit, a component of the error changes only
    its sign.

    Returns
    -------
    float or None
        At the limit itself, one component of the error keeps flipping its sign. None
        for an optimiser whose limit is not known.
    """
    mu = all_options(optimiser, options).get("momentum", 0.0)
    ratios = {"plain": 1, "heavy-ball": 1 + mu, "nesterov": (1 + mu) / (1 + 2 * mu)}
    if optimiser not in ratios:
        return None
    return float(ratios[optimiser] * 2 / np.linalg.eigvalsh(hessian(X))[-1])


def factors(eigenvalues, learning_rate, optimiser="plain", **options):
    r"""Return the factor by which each update multiplies each component of the error.

    Along an eigenvector of the Hessian, with :math:`a = 1 - \eta \lambda`, the errors
    obey :math:`e_{k+1} = (a + \mu) e_k - \mu e_{k-1}` for the heavy ball, and
    :math:`e_{k+1} = a (1 + \mu) e_k - a \mu e_{k-1}` for Nesterov's gradient. In the
    long run the larger root of the characteristic polynomial decides.

    Parameters
    ----------
    eigenvalues : ndarray
        Eigenvalues of the Hessian.
    learning_rate : float
        Learning rate eta.

    Returns
    -------
    ndarray or None
        Absolute values of the factors: ``abs(1 - learning_rate * eigenvalues)`` for
        plain descent. None for an optimiser without such a recurrence.
    """
    mu = all_options(optimiser, options).get("momentum", 0.0)
    a = 1 - learning_rate * as_floats(eigenvalues, "eigenvalues")
    recurrences = {  # e[k+1] = total * e[k] - product * e[k-1]
        "plain": (a, 0.0),
        "heavy-ball": (a + mu, mu),
        "nesterov": (a * (1 + mu), a * mu),
    }
    if optimiser not in recurrences:
        return None
    total, product = recurrences[optimiser]
    root = np.sqrt(total**2 / 4 - product + 0j)
    return np.maximum(abs(total / 2 + root), abs(total / 2 - root))


def condition_number(X):
    r"""Return the ratio of the largest to the smallest curvature of the cost.

    .. math:: \kappa = \lambda_{\max}(H) / \lambda_{\min}(H)

    It is computed from the singular values of A = [X 1], whose ratio is the
    square root of kappa, so that no digits are lost by squaring A.

    Returns
    -------
    float
        At least 1; infinite if a feature is a linear combination of the others.
    """
    A = design(X)
    singular = np.linalg.svd(A, compute_uv=False)
    if singular[-1] <= np.finfo(float).eps * max(A.shape) * singular[0]:
        return float("inf")
    return float((singular[0] / singular[-1]) ** 2)


def best_rate(X):
    r"""Return the learning rate for which plain descent is fastest in the long run.

    .. math:: \eta = 2 / (\lambda_{\max} + \lambda_{\min})

    Returns
    -------
    float
        With it, the steepest and the flattest component shrink equally fast.
    """
    eigenvalues = np.linalg.eigvalsh(hessian(X))
    return float(2 / (eigenvalues[-1] + eigenvalues[0]))


def best_heavy_ball(X):
    r"""Return the settings for which the heavy ball is fastest in the long run.

    .. math::

        \eta = \frac{4}{(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2}, \qquad
        \mu = \left(\frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}\right)^2

    Returns
    -------
    learning_rate, momentum : float
        In the long run each update multiplies every component by the square root of
        the momentum.
    """
    eigenvalues = np.linalg.eigvalsh(hessian(X))
    # Rounding may make the smallest one negative.
    flattest, *_, steepest = np.sqrt(np.maximum(eigenvalues, 0))
    momentum = ((steepest - flattest) / (steepest + flattest)) ** 2
    return float(4 / (steepest + flattest) ** 2), float(momentum)


def rounding_error(X, y, best):
    """Return the size below which a residual of a linear model is mere rounding.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    best : Optimum
        Least-squares solution for these samples.

    Returns
    -------
    float
        In the unit of the targets: 1e-12 of their standard deviation, plus the
        rounding error of adding up a prediction.
    """
    X, y = as_floats(X, "X"), as_floats(y, "y")
    size = np.abs(X) @ np.abs(best.w) + abs(best.b) + np.abs(y)
    return float(1e-12 * y.std() + 8 * np.finfo(float).eps * size.max())


def optimum(X, y):
    """Return the least-squares solution in closed form.

    Returns
    -------
    Optimum
        Weights, offset and cost; the solution of smallest norm if there are many.

    Raises
    ------
    ValueError
        If the shapes do not fit together, or a value is not finite.
    """
    X, y = as_floats(X, "X"), as_floats(y, "y")
    validate_shapes(X, y)
    validate_finite(X, y)
    theta = np.linalg.lstsq(design(X), y, rcond=None)[0]
    w, b = theta[:-1], float(theta[-1])
    return Optimum(w, b, float(cost(y, predict(X, w, b))))
