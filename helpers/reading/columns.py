"""Which columns of a table are meant, and which are left out, and why."""

import csv
import re
from difflib import get_close_matches

import numpy as np

from helpers.reading.content import composed
from helpers.reading.datasheet import column_fact, load_datasheet, path_of_sheet
from helpers.reading.numerals import EXACT, TRUTH, bare_number

# What numbers the rows, by its name: as pandas, R and databases write it.
INDEX = re.compile(r"(?i:index|row\.?names?|level_0|(.*[\W_])?id)|.*[a-z]I[dD]")
ALL = "all"  # a column of this name must be in quotes
# As spreadsheets write it, in English or another language, and LibreOffice.
SPREADSHEET_ERROR = re.compile(r"#[^\W\d_][\w/]*[!?]|#nv|err:\d+", re.IGNORECASE)
UNNAMED = re.compile(r"(Unnamed: \d+)?")  # pandas names a column so that has no name


def split_names(text):
    """Split names at commas; one that has a comma is between double quotes."""
    try:
        (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise ValueError(
            "features must be names between commas, and in double quotes if they hold "
            f"a comma, got {text!r}"
        ) from None
    return [composed(name.strip()) for name in names]


def join_names(names):
    """Return names as a text that `split_names` splits again."""
    return ", ".join(
        '"' + name.replace('"', '""') + '"'
        if set(name) & set(',"') or name == ALL
        else name
        for name in names
    )


def choose(table, path, target, features):
    """Return the chosen columns by name, the target first, and what is to be said."""
    target = composed(target)
    chosen, notes = {target: _column(table, path, target)}, []
    if features == ALL:
        left_out = _add_all(chosen, table, path)
        notes = [f"columns left out: {', '.join(left_out)}"] if left_out else []
        if len(chosen) == 1:
            why = "; ".join(["no column is left for features: all", *notes])
            raise ValueError(f"{path}: {why}; name the features that you mean")
    else:
        names = split_names(features)
        if not names or target in names or len(set(names)) < len(names):
            raise ValueError(
                f"features must be different columns other than the target {target!r}, "
                f"got {features!r}"
            )
        chosen |= {name: _column(table, path, name) for name in names}
    return chosen, notes + _said_of_values(table, chosen)


def _said_of_values(table, chosen):
    """Say in which columns a number is not what the file has, letter by letter."""
    said = {"TRUE read as 1, FALSE as 0": [], "rounded to 16 digits": []}
    truth, rounded = said.values()
    for name, values in chosen.items():
        fields = table.columns[table.names.index(name)]
        bits = np.isin(values[~np.isnan(values)], (0, 1)).all()
        if bits and not TRUTH.keys().isdisjoint(map(str.lower, fields)):
            truth.append(name)
        large = np.flatnonzero(np.abs(values) > EXACT)
        whole = [k for k in large if fields[k].lstrip("+-").isdecimal()]
        if any(int(fields[k]) != int(values[k]) for k in whole):
            rounded.append(name)
    return [f"{how}: {', '.join(names)}" for how, names in said.items() if names]


def _add_all(chosen, table, path):
    """Add every other column of numbers, and return what was left out, and why."""
    left_out, seen = [], {chosen[target].tobytes(): target for target in chosen}
    for place, name in enumerate(table.names):
        values, wrong = table.numbers(place)
        present = wrong | ~np.isnan(values)
        if UNNAMED.fullmatch(name):
            left_out.append(f"column {place + 1} (it has no name)")
        elif not present.any():
            left_out.append(f"{name} (it is empty)")
        elif 2 * wrong.sum() > present.sum():
            mixed = (present & ~wrong).any()
            some = f" in {wrong.sum():,d} of {present.sum():,d} rows" if mixed else ""
            if mixed or _mended(table, path, place, wrong):  # such as with a currency
                some += f", such as {table.columns[place][wrong.argmax()]!r}"
            left_out.append(f"{name} (text{some})")
        elif name in table.names[:place]:
            _place_of(name, table, path)
            left_out.append(f"column {place + 1} (it is {name} again)")
        elif name not in chosen:
            _require_finite(table, path, place, wrong)
            key = values.tobytes()
            if key in seen:
                left_out.append(f"{name} (it repeats {seen[key]})")
            elif len(values) > 1 and np.ptp(values[present]) == 0:
                long = max(map(len, table.columns[place])) > 16
                left_out.append(f"{name} (it is constant{long * ' to 16 digits'})")
            elif _numbers_the_rows(name, values):
                left_out.append(f"{name} (it numbers the rows)")
            else:
                chosen[name], seen[key] = values, name
    return left_out


def _numbers_the_rows(name, values):
    """Tell whether a column counts the rows in any order, or is named as if it did."""
    if (values % 1 > 0).any():
        return False
    values = np.sort(values[~np.isnan(values)])
    counted = np.arange(len(values)) + values[0]
    return (np.diff(values) > 0).all() and (
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
        known = f"its columns are {join_names(table.names)}"
        raise ValueError(
            f"{path}: no column {name!r}; {_advice(name, table, path)}{known}"
        )
    if len({table.columns[place] for place in places}) > 1:
        numbers = " and ".join(str(place + 1) for place in places)
        raise ValueError(
            f"{path}: columns {numbers} are both named {name!r}; give them two names"
        )
    return places[0]


def _advice(name, table, path):
    """Say what to do about a column that is missing; nothing if that is not known."""
    below = [
        n for column in table.columns for n, text in enumerate(column) if text == name
    ]
    if below and (table.header or below[0]):
        line = table.lines[below[0]]
        return f"line {line} has that name: remove the lines above it; "
    if not table.header:
        sheet = path_of_sheet(path)
        return f"no header was found: write `columns: [names, …]` into {sheet}; "
    near = get_close_matches(name, table.names, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _require_finite(table, path, place, wrong):
    """Raise ValueError at the first value of a column that is not a finite number."""
    if not wrong.any():
        return
    row, name = wrong.argmax(), table.names[place]
    field, right = table.columns[place][row], _mended(table, path, place, wrong)
    if 2 * wrong.sum() > len(wrong) and not right:
        raise ValueError(
            f"{path}: column {name!r} is text, such as {field!r}; a target or a "
            "feature must be a column of numbers"
        )
    if not right:
        right = "leave the field empty if the value is not known"
        if field == name:
            right = "remove the line if it is the header again"
        elif table.columns[place].count(field) > 1:
            right += f", or write `missing: {field!r}` into {path_of_sheet(path)}"
        elif row == 0 and wrong.sum() == 1:
            right += ", or remove the line if it has units"
    raise ValueError(
        f"{path}, line {table.lines[row]}, column {name!r}: {field!r} is not a "
        f"finite number; {right}"
    )


def _mended(table, path, place, wrong):
    """Say what to write for the first wrong value; nothing if only its author knows."""
    field, name = table.columns[place][wrong.argmax()], table.names[place]
    if SPREADSHEET_ERROR.fullmatch(field):
        return "a spreadsheet could not compute it: leave the field empty"
    unit = column_fact(load_datasheet(path), name, "unit")
    number = bare_number(field, unit)
    return f"write {number}, without unit or sign of currency" if number else ""
