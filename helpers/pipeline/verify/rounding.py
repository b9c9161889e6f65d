"""Find numerals that may differ because a platform rounds the last bits differently."""

import re
from decimal import Decimal, InvalidOperation

from helpers.pipeline.records import relative_difference

NUMERAL = re.compile(
    r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)*(?:e[-+]?[0-9]+)?"
)
PYTHON = re.compile(r"Python ([0-9.]+)")


def roundings(stated, reproduced, tolerance):
    """Return the pairs of numerals, stated and reproduced, that may differ.

    These are correct roundings of a claim whose values agree within the relative
    tolerance, and the versions of Python. If the tolerance is 0, there are none.
    """
    if not tolerance:
        return set()
    versions = (PYTHON.findall(str(side["platform"])) for side in (stated, reproduced))
    pairs = {*zip(*versions, strict=False)}
    for name, claim in stated["claims"].items():
        sides = claim, reproduced["claims"].get(name)
        if all(map(_is_number, sides)):
            values, texts = ([side[key] for side in sides] for key in ("value", "text"))
            if relative_difference(*values) <= tolerance:
                numerals = zip(*map(NUMERAL.findall, map(str, texts)), strict=False)
                pairs |= {p for p in numerals if _are_rounded(p, values, tolerance)}
    return pairs


def _is_number(claim):
    has_text = isinstance(claim, dict) and "text" in claim
    return has_text and isinstance(claim.get("value"), int | float)


def _are_rounded(numerals, values, tolerance):
    """Tell whether each numeral is its value, rounded to the same number of places."""
    try:
        numbers = [abs(Decimal(numeral.replace(",", ""))) for numeral in numerals]
    except InvalidOperation:  # a version
        return False
    places = {number.as_tuple().exponent for number in numbers}
    signs = {numeral.startswith("-") for numeral in numerals}
    half = Decimal("0.5").scaleb(min(places))
    values = [abs(Decimal(value)) for value in values]
    return len(places) == len(signs) == 1 and all(
        abs(number - value) <= half + Decimal(tolerance) * value
        for number, value in zip(numbers, values, strict=True)
    )


def close(stated, reproduced, pairs=(), tolerance=0.0, gap=0.0):
    """Tell whether texts are equal except for numerals; other values must be equal.

    Numerals may be among the `pairs` of `roundings`, or differ by the relative
    tolerance or the absolute gap.
    """
    texts = stated, reproduced
    if stated == reproduced or not all(isinstance(text, str) for text in texts):
        return stated == reproduced
    if NUMERAL.split(stated) != NUMERAL.split(reproduced):
        return False

    def same(*pair):
        if pair[0] == pair[1] or pair in pairs:
            return True
        if not tolerance or any(numeral.count(".") > 1 for numeral in pair):
            return False
        a, b = (float(numeral.replace(",", "")) for numeral in pair)
        return abs(a - b) <= max(gap, tolerance * max(abs(a), abs(b)))

    return all(map(same, *map(NUMERAL.findall, texts)))
