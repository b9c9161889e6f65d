"""Choose the columns of a table, and explain which ones are left out."""

import csv
import re
from difflib import get_close_matches

import numpy as np

from helpers.reading.content import composed
from helpers.reading.datasheet import column_fact, datasheet_path, load_datasheet
from helpers.reading.numerals import EXACT, TRUTH, bare_number

# Names that pandas, R and databases give to a column that numbers the rows.
INDEX = re.compile(r"(?i:index|row\.?names?|level_0|(.*[\W_])?id)|.*[a-z]I[dD]")
ALL = "all"  # a column of this name must be in quotes
# What spreadsheets write, in English or another language, and what LibreOffice writes.
SPREADSHEET_ERROR = re.compile(r"#[^\W\d_][\w/]*[!?]|#nv|err:\d+", re.IGNORECASE)
UNNAMED = re.compile(r"(Unnamed: \d+)?")  # what pandas calls a column without a name


def split_names(text):
    """Split names at commas, except inside double quotes."""
    try:
        (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise ValueError(
            "features must be names separated by commas, in double quotes if they "
            f"contain a comma, got {text!r}"
        ) from None
    return [composed(name.strip()) for name in names]


def join_names(names):
    """Join names into a text, from which `split_names` recovers them."""
    return ", ".join(
        '"' + name.replace('"', '""') + '"'
        if set(name) & set(',"') or name == ALL
        else name
        for name in names
    )


def choose(table, path, target, features):
    """Return the chosen columns by name, the target first, and notes on the choice."""
    target = composed(target)
    chosen, notes = {target: _column(table, path, target)}, []
    if features == ALL:
        left_out = _add_all(chosen, table, path)
        notes = [f"columns left out: {', '.join(left_out)}"] if left_out else []
        if len(chosen) == 1:
            reason = "; ".join(["no column is left for features: all", *notes])
            raise ValueError(f"{path}: {reason}; name the features that you mean")
    else:
        names = split_names(features)
        if not names or target in names or len(set(names)) < len(names):
            raise ValueError(
                f"features must be different columns other than the target {target!r}, "
                f"got {features!r}"
            )
        chosen |= {name: _column(table, path, name) for name in names}
    return chosen, notes + _conversion_notes(table, chosen)


def _conversion_notes(table, chosen):
    """Note in which columns the numbers differ from the text of the file."""
    conversions = {"TRUE read as 1, FALSE as 0": [], "rounded to 16 digits": []}
    truth, rounded = conversions.values()
    for name, values in chosen.items():
        fields = table.columns[table.names.index(name)]
        bits = np.isin(values[~np.isnan(values)], (0, 1)).all()
        if bits and not TRUTH.keys().isdisjoint(map(str.lower, fields)):
            truth.append(name)
        large = np.flatnonzero(np.abs(values) > EXACT)
        integers = [k for k in large if fields[k].lstrip("+-").isdecimal()]
        if any(int(fields[k]) != int(values[k]) for k in integers):
            rounded.append(name)
    return [f"{how}: {', '.join(names)}" for how, names in conversions.items() if names]


def _add_all(chosen, table, path):
    """Add all other columns of numbers; return which were left out, and why."""
    left_out, seen = [], {chosen[target].tobytes(): target for target in chosen}
    for index, name in enumerate(table.names):
        values, wrong = table.numbers(index)
        present = wrong | ~np.isnan(values)
        if UNNAMED.fullmatch(name):
            left_out.append(f"column {index + 1} (it has no name)")
        elif not present.any():
            left_out.append(f"{name} (it is empty)")
        elif 2 * wrong.sum() > present.sum():
            mixed = (present & ~wrong).any()
            detail = f" in {wrong.sum():,d} of {present.sum():,d} rows" if mixed else ""
            if mixed or _correction(table, path, index, wrong):  # such as a currency
                detail += f", such as {table.columns[index][wrong.argmax()]!r}"
            left_out.append(f"{name} (text{detail})")
        elif name in table.names[:index]:
            _index_of(name, table, path)
            left_out.append(f"column {index + 1} (it repeats {name})")
        elif name not in chosen:
            _require_finite(table, path, index, wrong)
            key = values.tobytes()
            if key in seen:
                left_out.append(f"{name} (it repeats {seen[key]})")
            elif len(values) > 1 and np.ptp(values[present]) == 0:
                long = max(map(len, table.columns[index])) > 16
                left_out.append(f"{name} (it is constant{long * ' to 16 digits'})")
            elif _numbers_the_rows(name, values):
                left_out.append(f"{name} (it numbers the rows)")
            else:
                chosen[name], seen[key] = values, name
    return left_out


def _numbers_the_rows(name, values):
    """Tell whether a column numbers the rows, in any order, or has such a name."""
    if (values % 1 > 0).any():
        return False
    values = np.sort(values[~np.isnan(values)])
    consecutive = np.arange(len(values)) + values[0]
    return (np.diff(values) > 0).all() and (
        INDEX.fullmatch(name) is not None
        or (values[0] in (0, 1) and np.array_equal(values, consecutive))
    )


def _column(table, path, name):
    """Return the numbers of a column, or raise ValueError."""
    index = _index_of(name, table, path)
    values, wrong = table.numbers(index)
    _require_finite(table, path, index, wrong)
    return values


def _index_of(name, table, path):
    """Return the index of a column; ValueError if its name is unknown or ambiguous."""
    indices = [index for index, column in enumerate(table.names) if column == name]
    if not indices:
        raise ValueError(
            f"{path}: no column {name!r}; {_advice(name, table, path)}its columns are "
            f"{join_names(table.names)}"
        )
    if len({table.columns[index] for index in indices}) > 1:
        numbers = " and ".join(str(index + 1) for index in indices)
        raise ValueError(
            f"{path}: columns {numbers} have the same name {name!r}: rename them"
        )
    return indices[0]


def _advice(name, table, path):
    """Advise what to do about a missing column; empty if there is no advice."""
    below = [
        n for column in table.columns for n, text in enumerate(column) if text == name
    ]
    if below and (table.header or below[0]):
        line = table.lines[below[0]]
        return f"line {line} has that name: remove the lines above it; "
    if not table.header:
        sheet = datasheet_path(path)
        return f"no header was found: write `columns: [names, …]` into {sheet}; "
    near = get_close_matches(name, table.names, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _require_finite(table, path, index, wrong):
    """Raise ValueError at the first value of a column that is not a finite number."""
    if not wrong.any():
        return
    row, name = wrong.argmax(), table.names[index]
    field, advice = table.columns[index][row], _correction(table, path, index, wrong)
    if 2 * wrong.sum() > len(wrong) and not advice:
        raise ValueError(
            f"{path}: column {name!r} is text, such as {field!r}; a target or a "
            "feature must be a column of numbers"
        )
    if not advice:
        advice = "leave the field empty if the value is not known"
        if field == name:
            advice = "remove the line if it repeats the header"
        elif table.columns[index].count(field) > 1:
            advice += f", or write `missing: {field!r}` into {datasheet_path(path)}"
        elif row == 0 and wrong.sum() == 1:
            advice += ", or remove the line if it contains units"
    raise ValueError(
        f"{path}, line {table.lines[row]}, column {name!r}: {field!r} is not a "
        f"finite number; {advice}"
    )


def _correction(table, path, index, wrong):
    """Suggest what to write for the first wrong value; empty if it is ambiguous."""
    field, name = table.columns[index][wrong.argmax()], table.names[index]
    if SPREADSHEET_ERROR.fullmatch(field):
        return "a spreadsheet could not compute it: leave the field empty"
    unit = column_fact(load_datasheet(path), name, "unit")
    number = bare_number(field, unit)
    return f"write {number}, without the unit or currency sign" if number else ""
