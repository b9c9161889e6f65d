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
    _check_shapes(X, y)
    if len(y) < X.shape[1] + 1:
        raise ValueError(
            f"{len(y)} samples cannot determine {X.shape[1] + 1} parameters: "
            f"at least {X.shape[1] + 1} samples are needed"
        )
    check_finite(X, y)
    return X, y


def check_finite(X, y, first=0, where=""):
    """Raise ValueError at the first value that is not finite.

    Parameters
    ----------
    X, y : ndarray
        Rows of features and targets.
    first : int
        The number of the first of these rows.
    where : str
        What they are part of, to begin the message with.
    """
    for name, values in (("X", X), ("y", y)):
        if not np.isfinite(values).all():
            row, *column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
            index = (first + row, *column)
            raise ValueError(
                f"{where}{name} must be finite, got {values[row, *column]} at index "
                f"{index}"
            )


def check_chunk(X, y, width, where=""):
    """Return a chunk of a data set as arrays of numbers, as they are stored.

    Parameters
    ----------
    X : array_like of shape (n_rows, n_features)
        Features.
    y : array_like of shape (n_rows,)
        Targets.
    width : int or None
        How many features there must be.
    where : str
        Which chunk, to begin the message with.

    Raises
    ------
    ValueError
        If the shapes do not fit, or these are not real numbers.
    """
    X, y = np.asarray(X), np.asarray(y)
    _check_shapes(X, y, where)
    if width not in (None, X.shape[1]):
        raise ValueError(
            f"{where}X has {X.shape[1]} features, those before it have {width}"
        )
    for name, values in (("X", X), ("y", y)):
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"{where}{name} must hold real numbers, got {values.dtype}"
            )
    return X, y


def check_start(start, n_features):
    """Return a start as one array of floats, or raise ValueError."""
    start = np.asarray(start, dtype=float)
    if start.shape != (n_features + 1,) or not np.isfinite(start).all():
        raise ValueError(
            f"start must be {n_features + 1} finite numbers (the weights, then the "
            f"offset), got {start.tolist()}"
        )
    return start


def check_starts(starts, n_rates, n_features):
    """Return a start for each descent, in rows, or raise ValueError."""
    starts = np.asarray(starts, dtype=float)
    wanted = n_rates if n_rates > 1 or starts.ndim < 2 else len(starts)
    try:
        starts = np.broadcast_to(starts, (wanted, n_features + 1))
    except ValueError:
        raise ValueError(
            f"starts must be {n_features + 1} numbers (the weights, then the "
            f"offset) for each of {wanted} descents, got the shape {starts.shape}"
        ) from None
    for start in starts:
        check_start(start, n_features)
    return starts


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


def _check_shapes(X, y, where=""):
    if X.ndim != 2 or X.shape[1] < 1 or y.shape != (len(X),):
        raise ValueError(
            f"{where}X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
