"""What cannot be meant: data and settings that a descent refuses, and why."""

from numbers import Integral, Real

import numpy as np


def check_data(X, y):
    """Return the data as float arrays, or say why they cannot be fitted.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    y : array_like of shape (n_samples,)
        Targets.

    Returns
    -------
    X, y : ndarray of float
        The same data.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a value is not finite, or there are
        fewer samples than parameters (n_features + 1).
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    if X.ndim != 2 or X.shape[1] < 1 or y.shape != (len(X),):
        raise ValueError(
            "X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )
    if len(y) < X.shape[1] + 1:
        raise ValueError(
            f"{len(y)} samples cannot determine {X.shape[1] + 1} parameters: "
            f"at least {X.shape[1] + 1} samples are needed"
        )
    for name, values in (("X", X), ("y", y)):
        if not np.isfinite(values).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise ValueError(
                f"{name} must be finite, got {values[where]} at index {where}"
            )
    return X, y


def check_start(start, n_features):
    """Return a start as weights and offset, or raise ValueError."""
    start = np.asarray(start, dtype=float)
    if start.shape != (n_features + 1,) or not np.isfinite(start).all():
        raise ValueError(
            f"start must be {n_features + 1} finite numbers (the weights, then the "
            f"offset), got {start.tolist()}"
        )
    return start[:-1], float(start[-1])


def check_settings(learning_rate, n_iterations, momentum, batch_size, n_samples):
    """Raise ValueError, naming the value, for a setting that cannot be meant."""
    if not _is_number(learning_rate) or not 0 < learning_rate < np.inf:
        raise ValueError(
            f"learning_rate must be a positive number, got {learning_rate!r}"
        )
    if not _is_whole(n_iterations) or n_iterations < 1:
        raise ValueError(
            f"n_iterations must be a whole number of at least 1, got {n_iterations!r}"
        )
    if not _is_number(momentum) or not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in [0, 1), got {momentum!r}")
    if batch_size is not None and (
        not _is_whole(batch_size) or not 1 <= batch_size <= n_samples
    ):
        raise ValueError(
            f"batch_size must be a whole number from 1 to {n_samples} (the number "
            f"of samples), got {batch_size!r}"
        )


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
