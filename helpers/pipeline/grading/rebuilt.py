"""What came out of the walls, parsed strictly: whoever printed it is not trusted."""

import base64
import json
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.sandbox import MIB
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line

MOST = 10_000  # claims, runs, or lines of a comparison
LONGEST = 1000  # letters of a text
CURVE = 1_000_000  # costs of a run
DEEP = 20  # lists in lists
LARGEST = 32 * MIB  # of a file
OUT = "what came out of the sandbox"
VERDICTS = {HOLDS, DIFFERS, MISSING, NOTED}


class Rebuilt(NamedTuple):
    """What came of a submission that was made again."""

    claims: dict = {}  # their values by name: float, int, str, bool or None
    constant: list[str] = []  # claims that are declared not to come from the data
    pdf: bytes = b""  # the report
    html: bytes = b""  # its page
    records: dict[str, dict] = {}  # what each run has recorded; empty if it failed


def read_rebuilt(content):
    """Parse what `sandboxed` has printed; raise UserError if it is anything else."""
    found = _parsed(content)
    claims, records = found.get("claims", {}), found.get("records", {})
    constant = found.get("constant", [])
    _demand(_is_dict(claims) and all(map(_is_plain, claims.values())), "claims")
    _demand(_is_list(constant) and all(map(_is_text, constant)), "claims")
    _demand(_is_dict(records) and all(map(_is_dict, records.values())), "records")
    _demand(_is_recorded(records), "records")
    files = [_file(found.get(kind, "")) for kind in ("pdf", "html")]
    return Rebuilt(claims, constant, *files, records)


def _file(text):
    """Return the bytes of a file that is printed."""
    _demand(isinstance(text, str) and len(text) <= LARGEST, "a report")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _demand(False, "a report")


def read_lines(content):
    """Parse the lines of a comparison that `verify` has printed."""
    lines = _parsed(content).get("checked")
    _demand(_is_list(lines), "lines of a comparison")
    for line in lines:
        _demand(_is_dict(line) and line.keys() == {*Line._fields}, "a comparison")
        texts = line["what"], line["stated"], line["reproduced"]
        _demand(all(isinstance(text, str) for text in texts), "a comparison")
        gap = line["difference"]
        _demand(gap is None or _is_number(gap), "a comparison")
        _demand(line["verdict"] in VERDICTS, "a comparison")
    return [Line(**line)._replace(what=line["what"][:LONGEST]) for line in lines]


def _parsed(content):
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # numbers of many digits are among these
        found = None
    _demand(isinstance(found, dict), "JSON")
    return found


def _demand(right, what):
    if not right:
        raise UserError(f"{OUT} is not {what} of the size and kind that are graded")


def _is_dict(value):
    return isinstance(value, dict) and len(value) <= MOST and all(map(_is_text, value))


def _is_list(value):
    return isinstance(value, list) and len(value) <= MOST


def _is_text(value):
    return isinstance(value, str) and len(value) <= LONGEST


def _is_number(value):
    return isinstance(value, float) or (type(value) is int and abs(value) < 10**300)


def _is_plain(value):
    known = value is None or isinstance(value, bool)
    return known or _is_text(value) or _is_number(value)


def _is_recorded(value, deep=DEEP):
    """Tell whether a value can be part of a record."""
    if isinstance(value, list) and {*map(type, value)} <= {float}:
        return len(value) <= CURVE
    if isinstance(value, list | dict):
        items = value if isinstance(value, list) else value.values()
        right = len(value) <= CURVE if isinstance(value, list) else _is_dict(value)
        return deep > 0 and right and all(_is_recorded(it, deep - 1) for it in items)
    return _is_plain(value)
