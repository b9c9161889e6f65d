"""Parse the output of the sandbox, strictly: what printed it is not trusted."""

import base64
import json
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.sandbox import MIB
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line

MOST = 10_000  # claims, runs, or lines of a comparison
LONGEST = 1000  # characters of a text
MOST_COSTS = 1_000_000  # of a run
DEEPEST = 20  # levels of nested lists
LARGEST = 32 * MIB  # bytes of a file
OUT = "the output of the sandbox"
VERDICTS = {HOLDS, DIFFERS, MISSING, NOTED}


class Rebuilt(NamedTuple):
    """The results of a submission that was made again."""

    claims: dict = {}  # values by name: float, int, str, bool or None
    constant: list[str] = []  # claims declared not to depend on the data
    pdf: bytes = b""  # the report
    html: bytes = b""  # the report as a page
    records: dict[str, dict] = {}  # of each run; empty if it failed


def read_rebuilt(content):
    """Parse the output of `sandboxed`; raise UserError if it is anything else."""
    printed = _parsed(content)
    claims, records = printed.get("claims", {}), printed.get("records", {})
    constant = printed.get("constant", [])
    _require(_is_dict(claims) and all(map(_is_plain, claims.values())), "claims")
    _require(_is_list(constant) and all(map(_is_text, constant)), "claims")
    _require(_is_dict(records) and all(map(_is_dict, records.values())), "records")
    _require(_is_recorded(records), "records")
    files = [_file(printed.get(kind, "")) for kind in ("pdf", "html")]
    return Rebuilt(claims, constant, *files, records)


def _file(text):
    """Decode a file from base64."""
    _require(isinstance(text, str) and len(text) <= LARGEST, "report")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _require(False, "report")


def read_lines(content):
    """Parse the lines of a comparison from the output of `verify`."""
    lines = _parsed(content).get("checked")
    _require(_is_list(lines), "comparison")
    for line in lines:
        _require(_is_dict(line) and line.keys() == {*Line._fields}, "comparison")
        texts = line["what"], line["stated"], line["reproduced"]
        _require(all(isinstance(text, str) for text in texts), "comparison")
        gap = line["difference"]
        _require(gap is None or _is_number(gap), "comparison")
        _require(line["verdict"] in VERDICTS, "comparison")
    return [Line(**line)._replace(what=line["what"][:LONGEST]) for line in lines]


def _parsed(content):
    try:
        printed = json.loads(content)
    except (ValueError, RecursionError):  # a number with too many digits, too
        printed = None
    _require(isinstance(printed, dict), "JSON")
    return printed


def _require(condition, what):
    if not condition:
        raise UserError(f"{OUT} contains no valid {what}, or it is too large")


def _is_dict(value):
    return isinstance(value, dict) and len(value) <= MOST and all(map(_is_text, value))


def _is_list(value):
    return isinstance(value, list) and len(value) <= MOST


def _is_text(value):
    return isinstance(value, str) and len(value) <= LONGEST


def _is_number(value):
    return isinstance(value, float) or (type(value) is int and abs(value) < 10**300)


def _is_plain(value):
    simple = value is None or isinstance(value, bool)
    return simple or _is_text(value) or _is_number(value)


def _is_recorded(value, levels=DEEPEST):
    """Tell whether a value can be part of a record."""
    if isinstance(value, list) and {*map(type, value)} <= {float}:
        return len(value) <= MOST_COSTS
    if isinstance(value, list | dict):
        is_list = isinstance(value, list)
        items = value if is_list else value.values()
        fits = len(value) <= MOST_COSTS if is_list else _is_dict(value)
        return levels > 0 and fits and all(_is_recorded(v, levels - 1) for v in items)
    return _is_plain(value)
