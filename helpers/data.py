"""Read a table, choose its columns, and scale the features."""

from typing import NamedTuple

import numpy as np

from helpers.reading.columns import choose, join_names, split_names  # noqa: F401
from helpers.reading.datasheet import load_datasheet  # noqa: F401  re-exported
from helpers.reading.table import read_table
from helpers.validation import as_floats, validate_choice, validate_data

MIN_ROWS = 10  # two for each of five folds
SCALINGS = ("standardise", "min-max", "none")


class Data(NamedTuple):
    """Features and target, their names, and notes on how they were read.

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
    notes : tuple of str
        Sentences on how the file was read, and which columns and rows were left out.
    """

    X: np.ndarray
    y: np.ndarray
    features: list
    target: str
    n_dropped: int
    notes: tuple = ()


def load_data(path, target, features="all"):
    """Read features and a target from a table in a text file.

    Its format is detected, or stated by its datasheet: see `helpers.reading`. Rows with
    a missing value are left out: an empty field, ``?``, a dash or, in upper or lower
    case, ``NA``, ``N/A``, ``NaN``, ``null`` or ``None``.

    Parameters
    ----------
    path : str or Path
        The file; a relative path starts at the project's folder.
    target : str
        Name of the target's column.
    features : str
        Names of the features' columns, separated by commas; a name with a comma is in
        double quotes. Or ``"all"``: every column of numbers except the target and those
        that repeat another column, are constant, or only number the rows.

    Returns
    -------
    Data
        The complete rows, and what was left out.

    Raises
    ------
    ValueError
        If the file or a column is missing, the file can be read in several ways, a
        chosen column has a value that is not a finite number, too few rows are left, or
        the last row contains the sums of the others.
    """
    table = read_table(path)
    chosen, notes = choose(table, path, target, features)
    numbers = np.column_stack(list(chosen.values()))
    missing = np.isnan(numbers)
    complete = ~missing.any(axis=1)
    left_out = [*_missing_values_note(list(chosen), missing)]
    numbers = numbers[complete]
    if _ends_with_sums(numbers):
        line = table.lines[np.flatnonzero(complete)[-1]]
        raise ValueError(
            f"{path}, line {line} has the sums or means of all other lines: remove it"
        )
    try:
        X, y = validate_data(numbers[:, 1:], numbers[:, 0])
    except ValueError as error:
        raise ValueError("; ".join([f"{path}: {error}", *left_out])) from None
    target, *names = chosen
    notes = (table.how, *notes, *left_out)
    return Data(X, y, names, target, int((~complete).sum()), notes)


def _ends_with_sums(numbers):
    """Tell whether the last row contains the sums, or sums and means, of the others."""
    if len(numbers) <= MIN_ROWS:
        return False
    above, last = numbers[:-1], numbers[-1]
    # Sums over both signs may be small, and means may be printed with two digits.
    sums = np.abs(last - above.sum(axis=0)) <= 1e-9 * np.abs(above).sum(axis=0)
    means = np.isclose(last, above.mean(axis=0), rtol=0.03, atol=0)
    # In a sequence that doubles, the last number is such a sum, but twice the previous.
    larger = sums & (last > 2.5 * above.max(axis=0))
    return larger.any() and (sums | means).all()


def _missing_values_note(names, missing):
    """Yield how many rows are left out and which columns lack a value, if any do."""
    rows, counts = missing.any(axis=1).sum(), missing.sum(axis=0)
    if rows:
        pairs = zip(names, counts, strict=True)
        where = ", ".join(f"{name} in {count}" for name, count in pairs if count)
        yield f"{rows} of {len(missing)} rows left out, as values are missing: {where}"


def require_enough(data, path):
    """Raise ValueError if data are too few to train on a part and score the rest.

    Also if all targets are equal, so that there is nothing to predict, or if values
    cannot be squared. The message names the file, `path`.
    """
    rows, columns = data.X.shape
    least = max(MIN_ROWS, 2 * (columns + 1))
    if rows < least:
        few = "row is" if rows == 1 else "rows are"
        features = "feature" if columns == 1 else "features"
        hint = "; name fewer features" if rows >= MIN_ROWS else ""
        hint += f"; {data.notes[-1]}" if data.n_dropped else ""
        raise ValueError(
            f"{path}: {rows} complete {few} too few for {columns} {features}: at least "
            f"{least} are needed{hint}"
        )
    spreads = [np.ptp(values) for values in (data.y, *data.X.T)]
    for name, spread in zip((data.target, *data.features), spreads, strict=False):
        if spread and not 1e-70 < spread < 1e70:  # the scores square them twice
            raise ValueError(
                f"{path}: the values of {name!r} differ by {spread:g}, which cannot "
                "be squared; give them in another unit"
            )
    if 0 < spreads[0] < 1e-10 * np.abs(data.y).max():
        raise ValueError(
            f"{path}: the values of the target {data.target!r} differ by "
            f"only {spreads[0]:g}, but are as large as {np.abs(data.y).max():g}: "
            "subtract a constant from all, or the costs would be mere rounding errors"
        )
    if spreads[0] == 0:
        raise ValueError(
            f"{path}: all values of the target {data.target!r} are {data.y[0]:g}: "
            "there is nothing to predict"
        )
    if not columns:
        raise ValueError(
            f"{path}: every feature is constant, so nothing can be learnt from it"
        )


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
        X = as_floats(X, "X")
        self._require(X.shape[1:], "X must be (n_samples, n_features)", X.shape)
        return (X - self.shift) / self.factor

    def original(self, w, b):
        """Return the weights and offset that predict the same from unscaled X."""
        w = as_floats(w, "w")
        self._require(w.shape, "w must be (n_features,)", w.shape)
        w = w / self.factor
        return w, float(b - w @ self.shift)

    def _require(self, features, rule, shape):
        """Raise ValueError unless an array has as many features as were scaled."""
        if features != self.shift.shape:
            raise ValueError(
                f"{rule} with n_features = {len(self.shift)}, got the shape {shape}"
            )


def fit_scaling(X, *, method, names=None):
    r"""Choose a scaling of the features from the data.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Features.
    method : {"standardise", "min-max", "none"}
        Subtract the mean and divide by the standard deviation (with 1/n); map
        the smallest value to 0 and the largest to 1; or leave the features unchanged.
    names : list of str, optional
        Names of the features, for error messages.

    Returns
    -------
    Scaling
        It can be applied to these and to other data with the same features.

    Raises
    ------
    ValueError
        If the method is unknown, or a feature is constant.
    """
    X = as_floats(X, "X")
    validate_choice("scaling", method, SCALINGS)
    if method == "none":
        return Scaling(np.zeros(X.shape[1]), np.ones(X.shape[1]))
    if method == "standardise":
        shift, factor = X.mean(axis=0), X.std(axis=0)
    else:
        shift, factor = X.min(axis=0), np.ptp(X, axis=0)
    constant = np.flatnonzero(np.ptp(X, axis=0) == 0)
    if len(constant):
        name = names[constant[0]] if names else f"number {constant[0]}"
        raise ValueError(
            f"feature {name!r} is constant ({X[0, constant[0]]:g}), so it cannot be "
            "scaled: leave it out, or set scaling to none"
        )
    return Scaling(shift, factor)
