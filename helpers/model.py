"""Linear regression: the model, its cost and its gradients.

Every function is one equation of the report. ``X`` is the design matrix with
one row per sample, ``w`` the weights, ``b`` the offset, ``z`` the predictions.
"""

import numpy as np

INITIALISATIONS = ("zeros", "normal", "uniform")


def initialize(n_features, *, method="zeros", rng=None):
    """Choose the weights and the offset from which a descent starts.

    Parameters
    ----------
    n_features : int
        Number of features p, at least 1.
    method : {"zeros", "normal", "uniform"}
        All zero; drawn from the standard normal distribution; or drawn
        uniformly from [-1, 1).
    rng : numpy.random.Generator, optional
        Source of randomness; required by the random methods.

    Returns
    -------
    w : ndarray of shape (n_features,)
        Weights, in target units per feature unit.
    b : float
        Offset, in target units.

    Raises
    ------
    ValueError
        If the method is unknown, or a random method is given no generator.
    """
    if method not in INITIALISATIONS:
        raise ValueError(
            f"initialisation must be one of {', '.join(INITIALISATIONS)}, "
            f"got {method!r}"
        )
    if method == "zeros":
        return np.zeros(n_features), 0.0
    if rng is None:
        raise ValueError(f"initialisation {method!r} needs rng, a numpy Generator")
    if method == "normal":
        return rng.standard_normal(n_features), float(rng.standard_normal())
    return rng.uniform(-1, 1, n_features), float(rng.uniform(-1, 1))


def predict(X, w, b):
    r"""Predict the target of every sample.

    .. math:: z_i = \sum_j w_j x_{ij} + b

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    w : ndarray of shape (n_features,)
        Weights.
    b : float
        Offset.

    Returns
    -------
    z : ndarray of shape (n_samples,)
        Predictions, in target units.
    """
    return X @ w + b


def cost(y, z):
    r"""Average the squared errors of the predictions.

    .. math:: J = \frac{1}{n} \sum_i L_i, \qquad L_i = (y_i - z_i)^2

    There is no factor 1/2: the gradients carry a 2.

    Parameters
    ----------
    y, z : ndarray of shape (n_samples,)
        Observed targets and their predictions.

    Returns
    -------
    J : float
        Cost, in squared target units.

    Raises
    ------
    ValueError
        If the shapes differ; they would broadcast to a wrong cost in silence.
    """
    _require_same_shape(y, z)
    error = y - z
    return error @ error / len(y)


def gradients(X, y, z):
    r"""Differentiate the cost with respect to the weights and the offset.

    .. math::

        \frac{\partial J}{\partial w_j} = \sum_i \frac{2}{n} (z_i - y_i)\, x_{ij},
        \qquad \frac{\partial J}{\partial b} = \sum_i \frac{2}{n} (z_i - y_i)

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y, z : ndarray of shape (n_samples,)
        Observed targets and their predictions ``predict(X, w, b)``.

    Returns
    -------
    dJ_dw : ndarray of shape (n_features,)
        Derivatives with respect to the weights.
    dJ_db : float
        Derivative with respect to the offset.

    Raises
    ------
    ValueError
        If y and z differ in shape.
    """
    _require_same_shape(y, z)
    dJ_dz = (z - y) * 2 / len(y)
    return X.T @ dJ_dz, dJ_dz.sum()


def _require_same_shape(y, z):
    if y.shape != z.shape:
        raise ValueError(f"y and z must have one shape, got {y.shape} and {z.shape}")
