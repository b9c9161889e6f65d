"""Read a table, choose its columns, bring the features to one scale."""

import csv
import re
from typing import NamedTuple

import numpy as np

from helpers.datasheet import (
    load_datasheet,  # noqa: F401  it is part of reading data
    path_of_sheet,
)
from helpers.numerals import decimal_signs
from helpers.table import read_table
from helpers.validation import as_floats, validate_data

SCALINGS = ("standardise", "min-max", "none")
# What numbers the rows, by its name: as pandas, R and databases write it.
INDEX = re.compile(r"index|row\.?names?|level_0|id", re.IGNORECASE)
UNNAMED = re.compile(r"(Unnamed: \d+)?")  # pandas names a column so that has no name


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
    notes : tuple of str
        How the file was read, and which columns and how many rows were left out: a
        sentence for each.
    """

    X: np.ndarray
    y: np.ndarray
    features: list
    target: str
    n_dropped: int
    notes: tuple = ()


def load_data(path, target, features="all"):
    """Read features and a target from a table in a text file.

    How the file is written is found, or its datasheet says it: see `helpers.table` and
    `helpers.datasheet`. A row with a missing value is left out: an empty field, ``NA``,
    ``N/A``, ``NaN``, ``null``, ``None``, ``-`` or ``?``, in large letters or small.

    Parameters
    ----------
    path : str or Path
        The file; a relative path starts at the project's folder.
    target : str
        Name of the target's column.
    features : str
        Names of the features' columns, separated by commas; a name that has a comma is
        between double quotes. Or ``"all"``: every column of numbers but the target,
        columns that repeat another one, and those that only number the rows.

    Returns
    -------
    Data
        The complete rows, and what was left out.

    Raises
    ------
    ValueError
        If the file or a column is missing, the file can be read in several ways, a
        chosen column has a value that is no finite number, or too few rows are left.
    """
    table = read_table(path)
    chosen, notes = _choose(table, path, target, features)
    numbers = np.column_stack(list(chosen.values()))
    missing = np.isnan(numbers)
    complete = ~missing.any(axis=1)
    notes = [table.how, *notes, *_said_of_missing(list(chosen), missing)]
    numbers = numbers[complete]
    try:
        X, y = validate_data(numbers[:, 1:], numbers[:, 0])
    except ValueError as error:
        raise ValueError("; ".join([f"{path}: {error}", *notes[-1:]])) from None
    names = [name for name in chosen if name != target]
    return Data(X, y, names, target, int((~complete).sum()), tuple(notes))


def split_names(text):
    """Split names at commas; one that has a comma is between double quotes."""
    try:
        (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise ValueError(
            "features must be names between commas, and in double quotes if they hold "
            f"a comma, got {text!r}"
        ) from None
    return [name.strip() for name in names]


def join_names(names):
    """Return names as a text that `split_names` splits again."""
    return ", ".join(
        '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name
        for name in names
    )


def _choose(table, path, target, features):
    """Return the chosen columns by name, the target first, and what is to be said."""
    chosen, notes = {target: _column(table, path, target)}, []
    if features == "all":
        left_out = _add_all(chosen, table, path)
        notes = [f"columns left out: {', '.join(left_out)}"] if left_out else []
        if len(chosen) == 1:
            why = "; ".join(["no column is left for features: all", *notes])
            raise ValueError(f"{path}: {why}; name the features that you mean")
        return chosen, notes
    names = split_names(features)
    if target in names or len(set(names)) < len(names):
        raise ValueError(
            f"features must be different columns other than the target {target!r}, "
            f"got {features!r}"
        )
    return chosen | {name: _column(table, path, name) for name in names}, notes


def _add_all(chosen, table, path):
    """Add every other column of numbers, and return what was left out, and why."""
    left_out = []
    for place, name in enumerate(table.names):
        values, wrong = table.numbers(place)
        present = wrong | ~np.isnan(values)
        if UNNAMED.fullmatch(name):
            left_out.append(f"column {place + 1} (it has no name)")
        elif not present.any():
            left_out.append(f"{name} (it is empty)")
        elif 2 * wrong.sum() > present.sum():
            few = ", but for a few numbers" if (present & ~wrong).any() else ""
            left_out.append(f"{name} (text{few})")
        elif name in table.names[:place]:
            _place_of(name, table, path)
            left_out.append(f"column {place + 1} (it is {name} again)")
        elif name not in chosen:
            _require_finite(table, path, place, wrong)
            same = [other for other in chosen if _equal(chosen[other], values)]
            if same:
                left_out.append(f"{name} (it repeats {same[0]})")
            elif _numbers_the_rows(name, values):
                left_out.append(f"{name} (it numbers the rows)")
            else:
                chosen[name] = values
    return left_out


def _equal(one, other):
    return np.array_equal(one, other, equal_nan=True)


def _numbers_the_rows(name, values):
    """Tell whether a column counts the rows, or is named so and grows."""
    grows = (np.diff(values) > 0).all() and (values % 1 == 0).all()
    counted = np.arange(len(values)) + values[0]
    return grows and (
        INDEX.fullmatch(name) is not None
        or (values[0] in (0, 1) and np.array_equal(values, counted))
    )


def _column(table, path, name):
    """Return the numbers of a column, or raise ValueError."""
    place = _place_of(name, table, path)
    values, wrong = table.numbers(place)
    _require_finite(table, path, place, wrong)
    return values


def _place_of(name, table, path):
    """Return the place of the one column of that name, or raise ValueError."""
    places = [place for place, other in enumerate(table.names) if other == name]
    if not places:
        said = f"{path}: no column {name!r}; "
        if not table.header:
            sheet = path_of_sheet(path)
            said += f"no header was found: write `columns: [names, …]` into {sheet}; "
        raise ValueError(f"{said}its columns are {join_names(table.names)}")
    if len({table.columns[place] for place in places}) > 1:
        numbers = " and ".join(str(place + 1) for place in places)
        raise ValueError(
            f"{path}: columns {numbers} are both named {name!r}; give them two names"
        )
    return places[0]


def _require_finite(table, path, place, wrong):
    """Raise ValueError at the first value of a column that is not a finite number."""
    if not wrong.any():
        return
    row, name, fields = wrong.argmax(), table.names[place], table.columns[place]
    if 2 * wrong.sum() > len(wrong):
        raise ValueError(
            f"{path}: column {name!r} is text, such as {fields[row]!r}; the target and "
            "the features must be columns of numbers"
        )
    number = re.sub(r"^[^\d+.<>~-]+|[^\d.]+$", "", fields[row])
    right = (
        f"write {number}, without unit or sign of currency"
        if decimal_signs(number) and number != fields[row]
        else "leave the field empty if the value is not known"
    )
    raise ValueError(
        f"{path}, line {table.lines[row]}, column {name!r}: {fields[row]!r} is not a "
        f"finite number; {right}"
    )


def _said_of_missing(names, missing):
    """Say how many rows are left out, and in which columns a value is missing."""
    rows, counts = missing.any(axis=1).sum(), missing.sum(axis=0)
    if rows:
        found = zip(names, counts, strict=True)
        where = ", ".join(f"{name} in {count}" for name, count in found if count)
        yield f"{rows} of {len(missing)} rows left out, a value is missing: {where}"


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
