"""Read a text file as a table of named columns, as people and programs write them.

Encoding, separator, decimal sign and header are found where the file can be read in one
way only; what it leaves open, its datasheet says. Libraries guess here: they fill short
lines, rename columns, or take 1,23 for 123.
"""

import csv
import io
import re
from typing import NamedTuple

from helpers.reading.content import content_of, decoded
from helpers.reading.datasheet import SEPARATORS, read_format
from helpers.reading.numerals import (
    MISSING,
    find_decimal,
    has_numbers,
    is_number,
    read_numbers,
)

WORDS = {separator: f"{word}s" for word, separator in SEPARATORS.items()}
MANY = 1000  # rows that show which columns have numbers
COMMENT = re.compile(r"#|%|//")  # before the table, by the program that wrote it


class Table(NamedTuple):
    """A text file, field by field."""

    names: list[str]  # of the columns; as in the file, so perhaps empty or given twice
    columns: list[tuple]  # the fields of each column
    lines: list[int]  # the line of the file on which each row begins
    decimal: str  # the decimal sign, a point or a comma
    missing: dict[str | None, list]  # see `helpers.reading.datasheet.Format`
    how: str  # how the file was read, in one sentence
    header: bool  # whether its columns have names, in its first line or its datasheet

    def numbers(self, place):
        """Read the column at a place, see `helpers.reading.numerals.read_numbers`."""
        missing = self.missing[None] + self.missing.get(self.names[place], [])
        return read_numbers(self.columns[place], self.decimal, missing)


def read_table(path):
    """Read a text file, which may be compressed; a relative path starts at the project.

    ValueError if there is no such file, it is no table, or it can be read in several
    ways and its datasheet does not say which.
    """
    told = read_format(path)
    try:
        text, encoding = decoded(content_of(path), told)
        separator = told.separator
        if text[:4].lower() == "sep=" and text[5:6] == "\n":  # as Excel writes it
            separator, text = separator or text[4], text[5:]
        rows, blank, separator = _rows(text, separator, told.sheet)
        names, header, rows = _named(rows, told)
        columns = list(zip(*(fields for _, fields in rows), strict=True))
        lines = [line for line, _ in rows]
        semicolons = separator == ";"  # then a comma is as usual as a point
        decimal = told.decimal or find_decimal(
            names, columns, lines, told.sheet, semicolons
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    sign = "comma" if decimal == "," else "point"
    word = WORDS.get(separator, repr(separator))
    how = f"read as {encoding}, separated by {word}, with a decimal {sign} and {header}"
    how += f"; lines without values left out: {blank}" if blank else ""
    named = not header.startswith("no header")
    return Table(names, columns, lines, decimal, told.missing, how, named)


def _rows(text, separator, sheet):
    """Return the rows and how many lines are blank, see `_split`, and the separator."""
    _refuse_comments(text)
    tried = [separator] if separator else list(WORDS)
    split, blank, reasons = {}, {}, {}
    for each in tried:
        try:
            split[each], blank[each] = _split(text, each)
        except ValueError as error:
            reasons[each] = error
    if not split:
        _refuse_comments(text, fewest=1)
        _refuse_title(text, tried)
        first = text.lstrip().partition("\n")[0]
        raise reasons[max(tried, key=first.count)]  # the one that is likely meant
    if max(map(len, split.values())) < 2:
        raise ValueError("no rows below the header")
    numeric = [each for each in split if _numeric(split[each][1:]).count(True) > 1]
    fitting = _clear(split, numeric or list(split))
    if len(fitting) > 1:
        raise ValueError(
            f"its fields may be separated by {' or '.join(map(WORDS.get, fitting))}; "
            f"write `separator: {WORDS[fitting[0]][:-1]}`, or the other, into {sheet}"
        )
    return split[fitting[0]], blank[fitting[0]], fitting[0]


def _refuse_comments(text, fewest=2):
    """Raise ValueError if a table begins with so many lines of comment, but has others.

    One alone may be a header, such as ``#,name``, as long as it can be read.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1)]
    lines = [(n, line) for n, line in lines if line]
    sign = COMMENT.match(lines[0][1]) if lines else None
    begins = [not sign or line.startswith(sign[0]) for _, line in lines]
    if sign and not all(begins) and begins.index(False) >= fewest:
        raise ValueError(
            f"line {lines[0][0]} begins with {sign[0]}: remove the lines above the "
            "header, or that sign if it is the header"
        )


def _refuse_title(text, separators):
    """Raise ValueError if a table begins below lines that have no separator."""
    lines = text.split("\n")
    in_lines = {each: sum(each in line for line in lines) for each in separators}
    each = max(separators, key=lambda each: each != " " and in_lines[each])
    above = next((n for n, line in enumerate(lines) if each in line), 0)
    if each == " " or not above:
        return
    try:
        rows, _ = _split("\n".join(lines[above:]), each)
    except ValueError:
        return
    if len(rows) > 2:
        raise ValueError(
            f"line {above + 1} is the first with {WORDS.get(each, repr(each))}: "
            "remove the lines above the header"
        )


def _split(text, separator):
    """Return a text's rows, each its line and as many fields, and how many are blank.

    Blank ones, without a value, are counted only between the others.
    """
    lines = io.StringIO(text)
    if separator == " ":
        lines = (line.replace("\t", " ").strip(" \n") + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    rows, line, blank, between = [], 1, 0, 0
    try:
        for fields in reader:
            if not "".join(fields).strip():
                blank += bool(rows)
            else:
                between = blank
                rows.append((line, [field.strip() for field in fields]))
                _require_as_many(rows[0], rows[-1], WORDS.get(separator, separator))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {line}: {error}") from None
    if not rows:
        raise ValueError("not a CSV file with a header: it is empty")
    return rows, between


def _require_as_many(first, row, word):
    """Raise ValueError if a row is not as long as the first one, or has one field."""
    (top, names), (line, fields) = first, row
    if len(names) < 2:
        raise ValueError(
            f"not a CSV file: {names[0][:40]!r} in line {top} is one field"
        )
    if len(fields) != len(names):
        raise ValueError(
            f"not a CSV file: line {line} has {len(fields)} fields separated by "
            f"{word}, line {top} has {len(names)}; a field that holds a separator must "
            "be in double quotes; remove a line that is no row"
        )


def _numeric(rows):
    """Tell for each column whether at least half of its first fields are numbers."""
    columns = zip(*(fields for _, fields in rows[:MANY]), strict=True)
    return [has_numbers(column) for column in columns]


def _clear(split, fitting):
    """Leave out separators whose reading leaves another one inside of texts."""
    if "\t" in fitting:
        fitting = [each for each in fitting if each != " "]

    def leaves(separator, other):
        return any(
            other in field and not is_number(field)
            for _, fields in split[separator][1:]
            for field in fields
        )

    clear = [s for s in fitting if not any(leaves(s, o) for o in fitting if o != s)]
    return clear or fitting


def _named(rows, told):
    """Return the names of the columns, how they were found, and the other rows."""
    (line, first), given = rows[0], told.names
    first = [re.sub(r"[^\S ]", " ", name) for name in first]  # as spreadsheets do
    if given and set(given) <= set(first):
        return first, "a header", rows[1:]
    numbers = _numbers_above(first, rows[1:])
    if not numbers:
        absent = [name for name in given if name not in first]
        if absent:
            raise ValueError(
                f"{told.sheet} names a column {absent[0]!r}, but its columns are "
                f"{', '.join(first)}"
            )
        return first, "a header", rows[1:]
    if given and len(given) != len(first):
        raise ValueError(
            f"it has no header and {len(first)} columns, but {told.sheet} names "
            f"{len(given)}"
        )
    if given:
        return given, f"the names of {told.sheet}", rows
    if _may_be_names(numbers):
        raise ValueError(
            f"{', '.join(first)} in line {line} may be names or numbers; write the "
            f"names, in their order, as `columns` into {told.sheet}"
        )
    names = [f"column {number}" for number in range(1, len(first) + 1)]
    return names, f"no header: its columns are {names[0]} to {names[-1]}", rows


def _numbers_above(first, rows):
    """Return the numbers of a first line that is no header; empty if it is one."""
    # It is none if it has numbers, and no text, in the columns of numbers.
    numeric = zip(first, _numeric(rows), strict=True)
    above = [
        field for field, is_so in numeric if is_so and field.lower() not in MISSING
    ]
    return above if all(map(is_number, above)) else []


def _may_be_names(numbers):
    """Tell whether numbers may be names: pandas counts from 0, and years are names."""
    whole = [int(number) if number.isdecimal() else -1 for number in numbers]
    start = whole[0]
    counted = len(whole) > 1 and whole == list(range(start, start + len(whole)))
    return counted and (start == 0 or start > 1000)
