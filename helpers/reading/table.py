"""Read a text file as a table of named columns, as people and programs write them.

Encoding, separator, decimal sign and header are detected where the file can be read in
only one way; otherwise its datasheet must state them. Libraries guess here: they pad
short lines, rename columns, or take 1,23 for 123.
"""

import csv
import io
import re
from typing import NamedTuple

from helpers.reading.content import decoded, read_content
from helpers.reading.datasheet import SEPARATORS, read_format
from helpers.reading.numerals import (
    MISSING,
    find_decimal,
    has_numbers,
    is_number,
    read_numbers,
)

WORDS = {separator: f"{word}s" for word, separator in SEPARATORS.items()}
SAMPLE = 1000  # rows that are examined to find the columns of numbers
COMMENT = re.compile(r"#|%|//")  # begins lines that some programs write above a table


class Table(NamedTuple):
    """The fields of a text file, as text."""

    names: list[str]  # of the columns, as in the file: perhaps empty or repeated
    columns: list[tuple]  # the fields of each column
    lines: list[int]  # the line of the file on which each row begins
    decimal: str  # the decimal sign, a point or a comma
    missing: dict[str | None, list]  # see `helpers.reading.datasheet.Format`
    how: str  # how the file was read, in one sentence
    header: bool  # whether the file or its datasheet names the columns

    def numbers(self, index):
        """Read a column as numbers, see `helpers.reading.numerals.read_numbers`."""
        missing = self.missing[None] + self.missing.get(self.names[index], [])
        return read_numbers(self.columns[index], self.decimal, missing)


def read_table(path):
    """Read a text file, which may be compressed; a relative path starts at the project.

    ValueError if there is no such file, it is not a table, or it can be read in several
    ways and its datasheet does not say which.
    """
    declared = read_format(path)
    try:
        text, encoding = decoded(read_content(path), declared)
        separator = declared.separator
        if text[:4].lower() == "sep=" and text[5:6] == "\n":  # as Excel writes it
            separator, text = separator or text[4], text[5:]
        rows, blank, separator = _rows(text, separator, declared.sheet)
        names, header, rows = _split_header(rows, declared)
        columns = list(zip(*(fields for _, fields in rows), strict=True))
        lines = [line for line, _ in rows]
        semicolons = separator == ";"  # then a decimal comma is as common as a point
        decimal = declared.decimal or find_decimal(
            names, columns, lines, declared.sheet, semicolons
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    sign = "comma" if decimal == "," else "point"
    word = WORDS.get(separator, repr(separator))
    how = f"read as {encoding}, separated by {word}, with a decimal {sign} and {header}"
    how += f"; lines without values left out: {blank}" if blank else ""
    named = not header.startswith("no header")
    return Table(names, columns, lines, decimal, declared.missing, how, named)


def _rows(text, separator, sheet):
    """Return the rows, the number of blank lines (see `_split`) and the separator."""
    _refuse_comments(text)
    candidates = [separator] if separator else list(WORDS)
    split, blank, errors = {}, {}, {}
    for candidate in candidates:
        try:
            split[candidate], blank[candidate] = _split(text, candidate)
        except ValueError as error:
            errors[candidate] = error
    if not split:
        _refuse_comments(text, fewest=1)
        _refuse_title(text, candidates)
        first = text.lstrip().partition("\n")[0]
        raise errors[max(candidates, key=first.count)]  # of the likeliest separator
    if max(map(len, split.values())) < 2:
        raise ValueError("no rows below the header")
    numeric = [s for s in split if _numeric_columns(split[s][1:]).count(True) > 1]
    fitting = _unambiguous(split, numeric or list(split))
    if len(fitting) > 1:
        raise ValueError(
            f"its fields may be separated by {' or '.join(map(WORDS.get, fitting))}; "
            f"write `separator: {WORDS[fitting[0]][:-1]}`, or the other, into {sheet}"
        )
    return split[fitting[0]], blank[fitting[0]], fitting[0]


def _refuse_comments(text, fewest=2):
    """Raise ValueError if at least `fewest` comment lines come before other lines.

    A single one may be a header, such as ``#,name``, as long as it can be read.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1)]
    lines = [(n, line) for n, line in lines if line]
    sign = COMMENT.match(lines[0][1]) if lines else None
    comments = [not sign or line.startswith(sign[0]) for _, line in lines]
    if sign and not all(comments) and comments.index(False) >= fewest:
        raise ValueError(
            f"line {lines[0][0]} begins with {sign[0]}: remove the lines above the "
            "header, or that sign if it is the header"
        )


def _refuse_title(text, separators):
    """Raise ValueError if a table begins below lines without a separator."""
    lines = text.split("\n")
    counts = {s: sum(s in line for line in lines) for s in separators}
    separator = max(separators, key=lambda s: s != " " and counts[s])
    above = next((n for n, line in enumerate(lines) if separator in line), 0)
    if separator == " " or not above:
        return
    try:
        rows, _ = _split("\n".join(lines[above:]), separator)
    except ValueError:
        return
    if len(rows) > 2:
        word = WORDS.get(separator, repr(separator))
        raise ValueError(
            f"line {above + 1} is the first with {word}: remove the lines above the "
            "header"
        )


def _split(text, separator):
    """Return the rows, as pairs of a line number and fields, and count blank lines.

    Blank lines, which have no value, are counted only between rows.
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
                _require_same_length(rows[0], rows[-1], WORDS.get(separator, separator))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {line}: {error}") from None
    if not rows:
        raise ValueError("not a CSV file with a header: it is empty")
    return rows, between


def _require_same_length(first, row, word):
    """Raise ValueError if a row is not as long as the first one, or has one field."""
    (top, names), (line, fields) = first, row
    if len(names) < 2:
        raise ValueError(f"not a CSV file: line {top} has one field, {names[0][:40]!r}")
    if len(fields) != len(names):
        count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        raise ValueError(
            f"not a CSV file: line {line} has {count} separated by "
            f"{word}, line {top} has {len(names)}; put a field that contains a "
            "separator in double quotes, and remove a line that is not a row"
        )


def _numeric_columns(rows):
    """Tell for each column whether at least half of its first fields are numbers."""
    columns = zip(*(fields for _, fields in rows[:SAMPLE]), strict=True)
    return [has_numbers(column) for column in columns]


def _unambiguous(split, fitting):
    """Drop separators that leave another candidate inside a text field."""
    if "\t" in fitting:
        fitting = [separator for separator in fitting if separator != " "]

    def leaves(separator, other):
        return any(
            other in field and not is_number(field)
            for _, fields in split[separator][1:]
            for field in fields
        )

    clear = [s for s in fitting if not any(leaves(s, o) for o in fitting if o != s)]
    return clear or fitting


def _split_header(rows, declared):
    """Return the names of the columns, where they come from, and the rows of data."""
    line, first = rows[0]
    first = [
        re.sub(r"[^\S ]", " ", name) for name in first
    ]  # spreadsheets may break lines
    if declared.names and set(declared.names) <= set(first):
        return first, "a header", rows[1:]
    numbers = _numbers_in(first, rows[1:])
    if not numbers:
        absent = [name for name in declared.names if name not in first]
        if absent:
            raise ValueError(
                f"{declared.sheet} names a column {absent[0]!r}, but the columns are "
                f"{', '.join(first)}"
            )
        return first, "a header", rows[1:]
    if declared.names and len(declared.names) != len(first):
        raise ValueError(
            f"it has no header and {len(first)} columns, but {declared.sheet} names "
            f"{len(declared.names)}"
        )
    if declared.names:
        return declared.names, f"the names of {declared.sheet}", rows
    if _may_be_names(numbers):
        raise ValueError(
            f"{', '.join(first)} in line {line} may be names or numbers; write the "
            f"names, in their order, as `columns` into {declared.sheet}"
        )
    names = [f"column {number}" for number in range(1, len(first) + 1)]
    return names, f"no header: its columns are {names[0]} to {names[-1]}", rows


def _numbers_in(first, rows):
    """Return the numbers in the first line; empty if the line is a header."""
    # It is a header unless it has numbers, and no text, in the columns of numbers.
    pairs = zip(first, _numeric_columns(rows), strict=True)
    fields = [
        field for field, numeric in pairs if numeric and field.lower() not in MISSING
    ]
    return fields if all(map(is_number, fields)) else []


def _may_be_names(numbers):
    """Tell whether numbers may be names: pandas counts from 0, and years are names."""
    integers = [int(number) if number.isdecimal() else -1 for number in numbers]
    start, count = integers[0], len(integers)
    consecutive = count > 1 and integers == list(range(start, start + count))
    return consecutive and (start == 0 or start > 1000)
