"""Read a table, choose its columns, bring the features to one scale."""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import ROOT
from helpers.validation import as_floats, validate_data

MISSING = ["?", "", "NA"]
SCALINGS = ("standardise", "min-max", "none")


class Data(NamedTuple):
    """Features and target, with what is needed to speak of them.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features, each in its own unit.
    y : ndarray of shape (n_samples,)
        Targets.
    features : list of str
        Names of the columns of X.
    target : str
        Name of y.
    n_dropped : int
        Rows left out because a value was missing.
    """

    X: np.ndarray
    y: np.ndarray
    features: list
    target: str
    n_dropped: int


def load_data(path, target, features="all"):
    """Read a CSV file with a header line into features and a target.

    A field that is empty, ``NA`` or ``?`` is missing, and its row is left out.

    Parameters
    ----------
    path : str or Path
        The file; a relative path starts at the project's folder.
    target : str
        Name of the target's column.
    features : str
        Names of the features' columns, separated by commas, or ``"all"``: every
        numeric column but the target.

    Returns
    -------
    Data
        The complete rows, and how many were dropped.

    Raises
    ------
    ValueError
        If the file or a column is missing, a chosen column is not numeric or
        holds a value that is not finite, or too few rows are left.
    """
    table = _read(path)
    chosen = _choose(table, path, target, features)
    numbers = table[[target, *chosen]]
    complete = numbers.notna().all(axis=1)
    numbers = numbers[complete].to_numpy(dtype=float)
    try:
        X, y = validate_data(numbers[:, 1:], numbers[:, 0])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return Data(X, y, chosen, target, int((~complete).sum()))


def load_datasheet(path):
    """Read what is known of a data file: the YAML file beside it.

    Parameters
    ----------
    path : str or Path
        The CSV file; a relative path starts at the project's folder.

    Returns
    -------
    dict
        Its origin, licence, checksum, and the unit and meaning of each column.
    """
    from ruamel.yaml import YAML

    sheet = (ROOT / path).with_suffix(".yaml")
    return YAML(typ="safe", pure=True).load(sheet.read_text(encoding="utf-8"))


def _read(path):
    """Return the file's columns, numeric wherever all their values are."""
    import pandas as pd  # slow to import: only those who read data pay for it

    try:
        with warnings.catch_warnings():
            # A row longer than the header is a mistake, not a shift of all columns.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                ROOT / path,
                index_col=False,
                keep_default_na=False,
                na_values=MISSING,
                skipinitialspace=True,
                skip_blank_lines=False,
            )
    except FileNotFoundError:
        inside = Path("data", path)
        hint = f"; did you mean {inside}?" if (ROOT / inside).is_file() else ""
        raise ValueError(f"{path}: there is no such file{hint}") from None
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        OSError,
    ) as error:
        if isinstance(error, pd.errors.ParserWarning):
            _require_commas(path, pd.read_csv(ROOT / path, nrows=0))
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a CSV file with a header: {reason}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a CSV file in UTF-8") from None
    _require_commas(path, table)
    if table.empty:
        raise ValueError(f"{path}: no rows below the header")
    return table


def _require_commas(path, table):
    """Raise ValueError for the other kind of CSV, which spreadsheets may write."""
    if len(table.columns) == 1 and ";" in table.columns[0]:
        raise ValueError(
            f"{path}: values must be separated by commas, not by semicolons, and have "
            "a decimal point"
        )


def _choose(table, path, target, features):
    """Return the names of the features, having checked them and the target."""
    if features == "all":
        chosen = [
            name for name in table if name != target and _has_numbers(table[name])
        ]
    else:
        chosen = [name.strip() for name in features.split(",")]
    for name in (target, *chosen):
        if name not in table:
            raise ValueError(
                f"{path}: no column {name!r}; its columns are {', '.join(table)}"
            )
        _require_numeric(table[name], path)
    if target in chosen or len(set(chosen)) < len(chosen) or not chosen:
        raise ValueError(
            f"features must be different columns other than the target {target!r}, "
            f"got {features!r}"
        )
    return chosen


def _has_numbers(column):
    """Tell whether a column has numbers: then all of it must be numbers."""
    return not np.isnan(_numbers(column)).all()


def _require_numeric(column, path):
    """Raise ValueError at the first value that is not a finite number."""
    wrong = ~np.isfinite(_numbers(column)) & column.notna().to_numpy()
    if wrong.any():
        row = wrong.argmax()
        raise ValueError(
            f"{path}, line {row + 2}, column {column.name!r}: {column[row]!r} is not "
            "a finite number; leave the field empty if the value is not known"
        )


def _numbers(column):
    """Return a column as an array of floats, with NaN for what is no number."""
    if column.dtype.kind in "biuf":  # as pandas has read it
        return column.to_numpy(dtype=float)
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)


class Scaling(NamedTuple):
    """A change of units of the features: ``(X - shift) / factor``.

    Attributes
    ----------
    shift, factor : ndarray of shape (n_features,)
        In the features' own units.
    """

    shift: np.ndarray
    factor: np.ndarray

    def apply(self, X):
        """Return X, of shape (n_samples, n_features), in the new units."""
        return (as_floats(X, "X") - self.shift) / self.factor

    def original(self, w, b):
        """Return the weights and offset that predict the same from unscaled X."""
        w = w / self.factor
        return w, float(b - w @ self.shift)


def fit_scaling(X, *, method, names=None):
    r"""Choose the units of the features from the data.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    method : {"standardise", "min-max", "none"}
        Subtract the mean and divide by the standard deviation (with 1/n); map
        the smallest value to 0 and the largest to 1; or leave as they are.
    names : list of str, optional
        Names of the features, for the error.

    Returns
    -------
    Scaling
        To be applied to this data and to any other of the same features.

    Raises
    ------
    ValueError
        If the method is unknown, or a feature is constant and has no scale.
    """
    X = as_floats(X, "X")
    if method == "standardise":
        shift, factor = X.mean(axis=0), X.std(axis=0)
    elif method == "min-max":
        shift, factor = X.min(axis=0), np.ptp(X, axis=0)
    elif method == "none":
        return Scaling(np.zeros(X.shape[1]), np.ones(X.shape[1]))
    else:
        raise ValueError(
            f"scaling must be one of {', '.join(SCALINGS)}, got {method!r}"
        )
    constant = np.flatnonzero(np.ptp(X, axis=0) == 0)
    if len(constant):
        name = names[constant[0]] if names else f"number {constant[0]}"
        raise ValueError(
            f"feature {name!r} is constant ({X[0, constant[0]]:g}), so it cannot be "
            "scaled: leave it out, or set scaling to none"
        )
    return Scaling(shift, factor)
