"""Check data and settings; errors name the wrong value and say what is expected."""

from difflib import get_close_matches
from numbers import Integral, Real

import numpy as np

FLOAT, NUMPY_TYPES = np.dtype(float), (np.ndarray, np.float64)


def as_floats(values, name):
    """Convert numbers of any type to double precision; symbols of SymPy stay symbols.

    Small integers would wrap around, and half precision would lose digits. A ValueError
    that begins with `name` if the values are not real numbers, or are a masked array.
    """
    # A short cut for the training loop, where all values are floats already.
    if type(values) in NUMPY_TYPES and values.dtype is FLOAT:
        return values
    array = validate_real(values, name)
    if array.dtype == object:
        for value in array.flat:
            if hasattr(value, "free_symbols"):
                return array
            if not isinstance(value, Real):
                raise ValueError(f"{name} must hold real numbers, got {value!r}")
    return array.astype(float, order="C")


def validate_real(values, name):
    """Return values as an array of their own type; raise like `as_floats`."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop or fill the masked values")
    try:
        array = np.asarray(values)
    except ValueError:  # ragged
        raise ValueError(f"{name} must have rows of equal length") from None
    if array.dtype.kind not in "biufO":
        raise ValueError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def validate_data(X, y):
    """Return features and targets as floats, ready for a descent.

    ValueError if the shapes are not (n_samples, n_features) and (n_samples,), a value
    is not finite, or there are fewer samples than parameters (n_features + 1).
    """
    X, y = as_floats(X, "X"), as_floats(y, "y")
    validate_shapes(X, y)
    X = np.ascontiguousarray(X)  # otherwise the last bits would depend on the layout
    if len(y) < X.shape[1] + 1:
        samples = "1 sample" if len(y) == 1 else f"{len(y)} samples"
        raise ValueError(
            f"{samples} cannot determine {X.shape[1] + 1} parameters: "
            f"at least {X.shape[1] + 1} are needed"
        )
    validate_finite(X, y)
    return X, y


def validate_finite(X, y, first=0, where=""):
    """Raise ValueError if features or targets are not finite, naming the first value.

    `first` is the number of the first row; the message begins with `where`.
    """
    for name, values in (("X", X), ("y", y)):
        if not np.isfinite(values).all():
            row, *column = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
            index = (first + row, *column)
            raise ValueError(
                f"{where}{name} must be finite, got {values[row, *column]} at index "
                f"{index}"
            )


def validate_chunk(X, y, n_features, where=""):
    """Return a chunk of features and targets as arrays, without converting their types.

    A ValueError that begins with `where` if they are not real numbers, or the shapes
    are not (n_rows, n_features) and (n_rows,); `n_features` is None if not known yet.
    """
    X, y = validate_real(X, f"{where}X"), validate_real(y, f"{where}y")
    if X.dtype == object or y.dtype == object:
        X, y = as_floats(X, f"{where}X"), as_floats(y, f"{where}y")
    validate_shapes(X, y, where)
    if n_features not in (None, X.shape[1]):
        raise ValueError(
            f"{where}X has {X.shape[1]} features, the chunks before have {n_features}"
        )
    return X, y


def validate_start(start, n_features):
    """Return a start as floats of shape (n_features + 1,) or (n_features + 1, m).

    It may be a text with numbers separated by commas.
    """
    if isinstance(start, str):
        try:
            start = [float(number) for number in start.split(",")]
        except ValueError:
            raise ValueError(
                f"start must be numbers separated by commas, got {start!r}"
            ) from None
    start = as_floats(start, "start")
    if start.ndim not in (1, 2) or len(start) != n_features + 1 or not start.size:
        raise ValueError(
            f"start must be {n_features + 1} numbers (the weights, then the offset), "
            f"or one such column for each descent, got the shape {start.shape}"
        )
    if not np.isfinite(start).all():
        raise ValueError(f"start must be finite numbers, got {start.tolist()}")
    return start


def validate_learning_rate(learning_rate):
    """Return a learning rate as a float, or several as an array of shape (m,)."""
    if isinstance(learning_rate, bool | str):
        raise ValueError(
            f"learning_rate must be a positive number, got {learning_rate!r}"
        )
    rates = np.asarray(as_floats(learning_rate, "learning_rate"))
    if rates.ndim > 1 or not rates.size:
        raise ValueError(
            "learning_rate must be a number or a list of at least one, got the shape "
            f"{rates.shape}"
        )
    for index, rate in enumerate(np.atleast_1d(rates).tolist()):
        if not 0 < rate < np.inf:
            at = f" at index {index}" if rates.ndim else ""
            raise ValueError(f"learning_rate must be a positive number, got {rate}{at}")
    return rates if rates.ndim else float(rates)


def validate_choice(name, value, choices):
    """Raise ValueError if a value is not one of the choices; suggest the closest."""
    if not isinstance(value, str) or value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(choices)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}{hint}")


def validate_count(name, value, most, reason, least=1):
    """Raise ValueError unless a value is whole and in bounds; say why it is bounded."""
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_integer or not least <= value <= most:
        bounds = f"from {least} to {most:,} ({reason})"
        raise ValueError(f"{name} must be a whole number {bounds}, got {value!r}")


def validate_iterations(n_iterations):
    """Raise ValueError if a number of iterations is not valid or exceeds the memory."""
    most = 10**8  # their record takes 60 GB
    validate_count("n_iterations", n_iterations, most, "each is kept in memory")


def validate_rng(rng, user):
    """Raise ValueError if rng is not a source of randomness; name what needs it."""
    if not hasattr(rng, "permutation"):
        raise ValueError(
            f"{user} needs rng, a numpy Generator such as np.random.default_rng(0), "
            f"got {rng!r}"
        )


def validate_share(name, value):
    """Raise ValueError if a value is not a number in [0, 1)."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")


def validate_shapes(X, y, where=""):
    """Raise ValueError unless X is a matrix and y has a value for each of its rows."""
    if X.ndim != 2 or X.shape[1] < 1 or y.shape != (len(X),):
        raise ValueError(
            f"{where}X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )
