"""Score a fit, on the training set and on samples that it has not seen."""

import numpy as np

from helpers.compression import compress
from helpers.data import fit_scaling
from helpers.descent import gradient_descent
from helpers.model import cost, predict
from helpers.validation import as_floats, validate_count, validate_rng

MANY = 5000  # number of samples above which a descent runs on compressed data


def scores(y, z):
    r"""Score predictions.

    .. math::

        \mathrm{MSE} = \frac1n \sum_i (y_i - z_i)^2, \quad
        \mathrm{RMSE} = \sqrt{\mathrm{MSE}}, \quad
        \mathrm{MAE} = \frac1n \sum_i |y_i - z_i|, \quad
        R^2 = 1 - \mathrm{MSE} / \mathrm{Var}(y)

    Parameters
    ----------
    y, z : array_like of shape (n_samples,)
        Observed targets and their predictions.

    Returns
    -------
    dict of str to float
        "MSE" in squared target units, "RMSE" and "MAE" in target units, "R2"
        without a unit (nan if the targets are all equal).
    """
    y, z = as_floats(y, "y"), as_floats(z, "z")
    if y.ndim != 1 or z.shape != y.shape:
        raise ValueError(f"y and z must be (n_samples,), got {y.shape} and {z.shape}")
    mse = float(cost(y, z))
    variance = float(np.var(y))
    return {
        "MSE": mse,
        "RMSE": mse**0.5,
        "MAE": float(np.abs(y - z).mean()),
        "R2": 1 - mse / variance if variance else float("nan"),
    }


def folds(n_samples, n_folds, rng):
    """Split the samples at random into folds of (almost) equal size.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    n_folds : int
        Number of folds, from 2 to n_samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    list of ndarray of int
        The row numbers in each fold; every row is in exactly one.

    Raises
    ------
    ValueError
        If that many folds are impossible.
    """
    validate_rng(rng, "folds")
    validate_count("n_folds", n_folds, n_samples, "the number of samples", least=2)
    return np.array_split(rng.permutation(n_samples), n_folds)


def cross_validate(X, y, test_folds, *, scaling, **settings):
    """Cross-validate a descent: score it on each held-out fold, and follow its costs.

    The scaling is fitted to each training part, so that no information about the
    held-out fold leaks into it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features in their own units.
    y : ndarray of shape (n_samples,)
        Targets.
    test_folds : list of ndarray of int
        Rows to hold out in turn, see `folds`.
    scaling : str
        See `helpers.data.fit_scaling`.
    **settings
        Passed to `helpers.descent.gradient_descent`.

    Returns
    -------
    list of dict
        The `scores` of each fold, and its learning curves: the "training costs" and the
        "held-out costs" after each update, ndarrays in squared target units.
    """
    X, y = as_floats(X, "X"), as_floats(y, "y")
    results = []
    for test in test_folds:
        train = np.setdiff1d(np.arange(len(y)), test)
        scale = fit_scaling(X[train], method=scaling)
        X_train, X_test = scale.apply(X[train]), scale.apply(X[test])
        training = X_train, y[train]
        if len(train) > MANY and not settings.get("batch_size"):
            training = compress(*training)[:2]  # a few rows with the same costs
        fit = gradient_descent(*training, **settings)
        result = scores(y[test], predict(X_test, fit.w, fit.b))
        few = compress(X_test, y[test])
        z = predict(few.X, fit.path[:, :-1].T, fit.path[:, -1])
        result |= {"training costs": fit.costs, "held-out costs": cost(few.y, z)}
        results.append(result)
    return results
