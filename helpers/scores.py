"""How good a fit is, on the training set and on samples it has not seen."""

from numbers import Integral

import numpy as np

from helpers.compression import compress
from helpers.data import fit_scaling
from helpers.descent import gradient_descent
from helpers.model import cost, predict
from helpers.validation import as_floats, validate_rng

MANY = 5000  # samples that are compressed before a descent


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
        The rows of each fold; every row is in exactly one.

    Raises
    ------
    ValueError
        If there cannot be so many folds.
    """
    validate_rng(rng, "folds")
    if not isinstance(n_folds, Integral) or not 2 <= n_folds <= n_samples:
        raise ValueError(
            f"n_folds must be a whole number from 2 to {n_samples} (the number of "
            f"samples), got {n_folds!r}"
        )
    return np.array_split(rng.permutation(n_samples), n_folds)


def cross_validate(X, y, test_folds, *, scaling, **settings):
    """Score a descent on folds that it was not trained on.

    The scaling is learnt again from each training part, so nothing is known of the
    fold that is held out.

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
        The `scores` of each fold.
    """
    results = []
    for fit, _, fold in _trained_without(X, y, test_folds, scaling, settings):
        X_test, y_test = fold
        results.append(scores(y_test, predict(X_test, fit.w, fit.b)))
    return results


def learning_curves(X, y, test_folds, *, scaling, **settings):
    """Follow the cost on training parts and on held-out folds along a descent.

    Parameters
    ----------
    X, y, test_folds, scaling, **settings
        See `cross_validate`.

    Returns
    -------
    training, held_out : ndarray of shape (n_folds, n_iterations + 1)
        Cost after each update, in squared target units: on the samples trained on,
        and on the fold that is held out.
    """
    curves = []
    for fit, *parts in _trained_without(X, y, test_folds, scaling, settings):
        if fit.diverged_at:
            raise ValueError(
                f"a descent diverged, at iteration {fit.diverged_at}: choose a smaller "
                "learning_rate"
            )
        w, b = fit.path[:, :-1].T, fit.path[:, -1]
        curves.append([cost(y_part, predict(X_part, w, b)) for X_part, y_part in parts])
    training, held_out = np.array(curves).transpose(1, 0, 2)
    return training, held_out


def _trained_without(X, y, test_folds, scaling, settings):
    """Yield, for each fold, the descent without it, the rest and the fold, scaled."""
    X, y = as_floats(X, "X"), as_floats(y, "y")
    for test in test_folds:
        train = np.setdiff1d(np.arange(len(y)), test)
        scale = fit_scaling(X[train], method=scaling)
        used = scale.apply(X[train]), y[train]
        if len(train) > MANY and not settings.get("batch_size"):
            used = compress(*used)[:2]  # a few rows with the same costs
        fit = gradient_descent(*used, **settings)
        yield fit, *((scale.apply(X[rows]), y[rows]) for rows in (train, test))
