"""Linear regression: the model, its cost and its gradients.

Each function implements one equation of the report. ``X`` has one row for each sample,
``w`` are the weights, ``b`` is the offset and ``z`` the predictions. With weights of
shape (n_features, m) and m offsets, each column is a separate model. Numbers of
any type are computed with in double precision.
"""

import numpy as np

from helpers.validation import as_floats, validate_choice, validate_rng

INITIALISATIONS = ("zeros", "normal", "uniform")


def initialize(n_features, *, method="zeros", rng=None):
    """Choose the initial weights and offset of a descent.

    Parameters
    ----------
    n_features : int
        Number of features p, at least 1.
    method : {"zeros", "normal", "uniform"}
        All zero; drawn from the standard normal distribution; or drawn
        uniformly from [-1, 1).
    rng : numpy.random.Generator, optional
        Source of randomness, required by the random methods.

    Returns
    -------
    w : ndarray of shape (n_features,)
        Weights, in target units per feature unit.
    b : float
        Offset, in target units.

    Raises
    ------
    ValueError
        If the method is unknown, or a random method has no generator.
    """
    validate_choice("initialisation", method, INITIALISATIONS)
    if method == "zeros":
        return np.zeros(n_features), 0.0
    validate_rng(rng, f"initialisation {method!r}")
    if method == "normal":
        return rng.standard_normal(n_features), float(rng.standard_normal())
    return rng.uniform(-1, 1, n_features), float(rng.uniform(-1, 1))


def predict(X, w, b):
    r"""Predict the target of every sample.

    .. math:: z_i = \sum_j w_j x_{ij} + b

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    w : array_like of shape (n_features,) or (n_features, m)
        Weights.
    b : float or array_like of shape (m,)
        Offset.

    Returns
    -------
    z : ndarray of shape (n_samples,) or (n_samples, m)
        Predictions, in target units.
    """
    X, w, b = as_floats(X, "X"), as_floats(w, "w"), as_floats(b, "b")
    return X @ w + b


def cost(y, z):
    r"""Average the squared errors of the predictions.

    .. math:: J = \frac{1}{n} \sum_i L_i, \qquad L_i = (y_i - z_i)^2

    There is no factor 1/2, so the gradients contain a factor 2.

    Parameters
    ----------
    y : array_like of shape (n_samples,)
        Observed targets.
    z : array_like of shape (n_samples,) or (n_samples, m)
        Their predictions.

    Returns
    -------
    J : float or ndarray of shape (m,)
        Cost, in squared target units.

    Raises
    ------
    ValueError
        If y and z do not have the same number of samples.
    """
    error = _errors(y, z)
    return np.vecdot(error, error) / error.shape[-1]


def gradients(X, y, z):
    r"""Differentiate the cost with respect to the weights and the offset.

    .. math::

        \frac{\partial J}{\partial z_i} = \frac{2}{n} (z_i - y_i), \qquad
        \frac{\partial J}{\partial w_j} = \sum_i \frac{\partial J}{\partial z_i} x_{ij},
        \qquad \frac{\partial J}{\partial b} = \sum_i \frac{\partial J}{\partial z_i}

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    y : array_like of shape (n_samples,)
        Observed targets.
    z : array_like of shape (n_samples,) or (n_samples, m)
        Their predictions ``predict(X, w, b)``.

    Returns
    -------
    dJ_dw : ndarray of shape (n_features,) or (n_features, m)
        Derivatives with respect to the weights.
    dJ_db : float or ndarray of shape (m,)
        Derivative with respect to the offset.

    Raises
    ------
    ValueError
        If y and z do not have the same number of samples.
    """
    error, X = _errors(y, z), as_floats(X, "X")
    dJ_dz = 2 / error.shape[-1] * error
    return (dJ_dz @ X).T, dJ_dz.sum(axis=-1)


def _errors(y, z):
    """Return z - y, with one row for each model if there are several."""
    y, z = as_floats(y, "y"), as_floats(z, "z")
    if y.ndim != 1 or len(z) != len(y):
        raise ValueError(
            "y must be (n_samples,) and z (n_samples,) or (n_samples, m), "
            f"got {y.shape} and {z.shape}"
        )
    return z.T - y
