"""Read texts as numbers, with a decimal point or comma and signs between thousands.

``0,75`` and ``1.234,5`` have a decimal comma, ``0.75`` and ``1,234.5`` a decimal point;
``1,234`` may be either, and is never guessed.
"""

import re
from functools import lru_cache

import numpy as np

MINUS = "\N{MINUS SIGN}\N{EN DASH}\N{HYPHEN}"  # what word processors write for -
# A missing value as people, spreadsheets, pandas and R write it, in lower case.
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "-", "?"}
MISSING |= {*MINUS, "\N{EM DASH}"}
TRUTH = {"true": "1", "false": "0"}
EXACT = 2**53  # up to here each whole number is a float
GAPS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
GAPS += "'\N{RIGHT SINGLE QUOTATION MARK}"
# What may stand beside a number without changing it. Some letters are not listed: k, M
# and t also mean thousands, l, O and S may be misread digits, and m may be any of them.
CURRENCIES = ("us$", "$", "€", "£", "¥", "₹", "chf", "dkk", "eur", "gbp", "jpy", "usd")
UNITS = ("%", "°", "°c", "°f", "cm", "mm", "km", "m²", "m2", "m³", "m3", "km²", "km2")
UNITS += ("kg", "mg", "lb", "lbs", "g", "ml", "kwh", "kw", "hp", "ps", "km/h", "mph")
UNITS += ("mpg", "mi/gal", "min", "h", "hz", "kj", "kcal", "ppm", "ccm", "cc", "cm³")
ALIKE = str.maketrans("23456789", "1" * 8)  # not 0: 0,123 is a fraction


def _shape(decimal, thousands):
    """Return the pattern of a number with these decimal and thousands signs."""
    group = rf"[1-9]\d{{0,2}}([{re.escape(thousands)}])\d{{3}}(?:\1\d{{3}})*"
    last = r"\.\d*" if decimal == "." else r",\d+"
    digits = rf"(?:(?:{group}|\d+)(?:{last})?|{re.escape(decimal)}\d+)"
    return re.compile(rf"[+\-{MINUS}]?{digits}(?:[eE][+\-]?\d+)?", re.ASCII)


SHAPES = {".": _shape(".", "," + GAPS), ",": _shape(",", "." + GAPS)}
TO_PLAIN = {
    ".": str.maketrans(MINUS, "---", "," + GAPS),
    ",": str.maketrans("," + MINUS, ".---", "." + GAPS),
}


def find_decimal(names, columns, lines, sheet, semicolons):
    """Find the decimal sign of the numbers in a table: a point if no number shows it.

    If semicolons separate the fields, ``1.234`` is ambiguous, too. ValueError if both
    signs occur or are possible; the message names the line, from `lines`, and the
    datasheet, which may state the sign.
    """
    commas = any("," in "".join(column) for column in columns)
    if not (commas or semicolons):
        return "."
    examples = {}
    for name, column in zip(names, columns, strict=True):
        for line, field in zip(
            lines, column if has_numbers(column) else (), strict=False
        ):
            if "," in field or "." in field:
                signs = decimal_signs(field)
                if len(signs) == 2:
                    signs = "thousands?" if "," in field or semicolons else ""
                examples.setdefault(signs, f"{field!r} (line {line}, column {name!r})")
    fix = f"write `decimal: '.'` or `decimal: ','` into {sheet}"
    point, comma, unclear = map(examples.get, (".", ",", "thousands?"))
    if point and comma:
        raise ValueError(f"{point} has a decimal point, {comma} a decimal comma; {fix}")
    if unclear and not (point or comma):
        raise ValueError(f"{unclear} may be thousands or a fraction; {fix}")
    return "," if comma else "."


def decimal_signs(text):
    """Return the possible decimal signs of a number: ``.``, ``,`` or both.

    Empty if the text is not a number.
    """
    return _signs_of(text.translate(ALIKE))


@lru_cache(10_000)  # a million numbers have only a few patterns of digits and signs
def _signs_of(text):
    signs = "".join(sign for sign, shape in SHAPES.items() if shape.fullmatch(text))
    return "" if text.startswith(",") and "." not in signs else signs


def bare_number(text, unit=""):
    """Return the number in a text without the known unit or currency beside it.

    Empty if anything else stands beside it: in ``3k`` the number is not 3.
    """
    for mark in filter(None, (*CURRENCIES, *UNITS, unit.lower())):
        size = len(mark)
        rests = [text[:-size]] if text[-size:].lower() == mark else []
        if mark in CURRENCIES and text[:size].lower() == mark:
            rests.append(text[size:])
        for rest in rests:
            if decimal_signs(rest.strip()):
                return rest.strip()
    return ""


def is_number(text):
    """Tell whether a text is a number, with a decimal point or a comma."""
    return bool(decimal_signs(text)) or text.lower() in TRUTH


def has_numbers(fields):
    """Tell whether at least half of the fields that are not missing are numbers."""
    values = _plain_numbers(fields)
    if values is not None:
        return not np.isnan(values).all()
    present = [field for field in fields if field.lower() not in MISSING]
    return 0 < len(present) <= 2 * sum(map(is_number, present))


def read_numbers(fields, decimal, missing=()):
    """Read the fields of a column; return the numbers, and which fields are wrong.

    A field that is neither missing nor a finite number is wrong; both kinds become nan.
    The sign that is not decimal may separate thousands. `missing` are texts and numbers
    that stand for a missing value, besides the usual ones.
    """
    values = _plain_numbers(fields) if decimal == "." else None
    if values is None:
        texts = MISSING | {text.lower() for text in missing if isinstance(text, str)}
        fields = ["nan" if field.lower() in texts else field for field in fields]
        if {field.lower() for field in fields} <= {*TRUTH, "nan"}:
            fields = [TRUTH.get(field.lower(), field) for field in fields]
        values = np.array([_number(field, decimal) for field in fields])
    sentinels = [value for value in missing if not isinstance(value, str)]
    values[np.isin(values, sentinels)] = np.nan
    wrong = np.isinf(values)
    return np.where(wrong, np.nan, values) + 0.0, wrong  # + 0.0 turns -0.0 into 0.0


def _plain_numbers(fields):
    """Read fields with `float`, which is ten times as fast; None if it rejects one."""
    try:  # float would ignore an underscore
        return None if "_" in "".join(fields) else np.array(list(map(float, fields)))
    except ValueError:
        return None


def _number(field, decimal):
    """Return a field as a number; nan if it is missing, infinity if it is wrong."""
    if field == "nan":
        return np.nan
    matches = SHAPES[decimal].fullmatch(field)
    return float(field.translate(TO_PLAIN[decimal])) if matches else np.inf
