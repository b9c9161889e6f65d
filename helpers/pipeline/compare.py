"""Compare a report, or its recorded results, with what came of making it again."""

import json
import math
import sys
from difflib import SequenceMatcher
from typing import NamedTuple

from helpers.pipeline.evidence import RESULTS

HOLDS, DIFFERS, MISSING = "holds", "differs", "missing"


class Line(NamedTuple):
    """One thing that was checked.

    Attributes
    ----------
    what : str
        The claim's name; or the run, attachment or page.
    stated, reproduced : str
        What it says, and what came of it now.
    difference : float
        Relative; zero if they are equal, nan if they are not numbers.
    verdict : str
        ``holds``, ``differs`` or ``missing``.
    """

    what: str
    stated: str
    reproduced: str
    difference: float
    verdict: str


def compare_claims(stated, reproduced, tolerance):
    """Compare claims by name; one that only one side has is missing."""
    lines = []
    for name in stated | reproduced:
        ours, theirs = reproduced.get(name), stated.get(name)
        if not (isinstance(ours, dict) and isinstance(theirs, dict)):
            said, found = _shown(theirs), _shown(ours)
            lines.append(Line(name, said, found, math.nan, MISSING))
            continue
        difference = relative(theirs.get("value"), ours.get("value"))
        within = difference <= tolerance
        # Within a tolerance, the last printed digit may differ as well.
        told = set(theirs | ours) - {"value"} - ({"text"} if tolerance else set())
        unlike = [key for key in sorted(told) if theirs.get(key) != ours.get(key)]
        pair = theirs.get("value"), ours.get("value")
        if within and unlike:
            pair = ({key: side.get(key) for key in unlike} for side in (theirs, ours))
        verdict = HOLDS if within and not unlike else DIFFERS
        lines.append(Line(name, *map(_shown, pair), difference, verdict))
    return lines


def compare_runs(stated, reproduced, tolerance):
    """Compare runs: the same identifiers, parameters and outcomes."""
    lines = []
    for name in stated | reproduced:
        ours, theirs = reproduced.get(name), stated.get(name)
        if ours is None or theirs is None:
            pair = (_there(side) for side in (theirs, ours))
            lines.append(Line(f"run {name}", *pair, math.nan, MISSING))
        elif not alike(theirs, ours, tolerance):
            pair = map(_shown, (theirs, ours))
            lines.append(Line(f"run {name}", *pair, math.nan, DIFFERS))
        else:
            lines.append(Line(f"run {name}", "there", "there", 0.0, HOLDS))
    return lines


def compare_documents(carried, made, tolerance):
    """Compare attachments, and what is printed and drawn on each page."""
    lines = []
    for name in sorted(carried.files.keys() | made.files.keys()):
        if name == RESULTS.name:
            continue  # compared claim by claim
        theirs, ours = carried.files.get(name), made.files.get(name)
        verdict = HOLDS if theirs == ours else DIFFERS if theirs and ours else MISSING
        pair = (_there(side) for side in (theirs, ours))
        if name == "build.json" and verdict == DIFFERS:
            pair = map(_shown, _unlike(carried.build, made.build))
        lines.append(Line(f"attached {name}", *pair, math.nan, verdict))
    if len(carried.pages) != len(made.pages):
        count = map(str, (len(carried.pages), len(made.pages)))
        lines.append(Line("number of pages", *count, math.nan, DIFFERS))
    for number, (theirs, ours) in enumerate(
        zip(carried.pages, made.pages, strict=False), 1
    ):
        changes = list(changed_words(theirs, ours, tolerance))
        for said, found in changes:
            lines.append(Line(f"page {number}", said, found, math.nan, DIFFERS))
        drawn = carried.pictures[number - 1], made.pictures[number - 1]
        if not changes and drawn[0] != drawn[1] and not tolerance:
            lines.append(
                Line(f"page {number}", "a drawing", "another", math.nan, DIFFERS)
            )
        elif not changes:
            lines.append(Line(f"page {number}", "printed", "printed", 0.0, HOLDS))
    everything = all(line.verdict == HOLDS for line in lines)
    if everything and not tolerance and carried.digest != made.digest:
        lines.append(Line("the file", "its bytes", "others", math.nan, DIFFERS))
    return lines


def changed_words(stated, reproduced, tolerance):
    """Yield what a page says, and what it should say, wherever these differ."""
    theirs, ours = stated.split(), reproduced.split()
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        said, found = theirs[i:j], ours[k:m]
        if tag != "equal" and not (tolerance and alike(said, found, 1e-3)):
            yield " ".join(said), " ".join(found)


def alike(stated, reproduced, tolerance):
    """Say whether two values, lists or dicts agree, numbers to a relative tolerance."""
    if isinstance(stated, dict) and isinstance(reproduced, dict):
        return stated.keys() == reproduced.keys() and all(
            alike(stated[key], reproduced[key], tolerance) for key in stated
        )
    if isinstance(stated, list) and isinstance(reproduced, list):
        return len(stated) == len(reproduced) and all(
            alike(*pair, tolerance) for pair in zip(stated, reproduced, strict=True)
        )
    return relative(stated, reproduced) <= tolerance


def relative(stated, reproduced):
    """Return the relative difference of two values; nan if they are not numbers.

    Parameters
    ----------
    stated, reproduced : float, int or str
        Text that reads as a number counts as one.

    Returns
    -------
    float
        Zero for equal values of any kind; relative to the larger one.
    """
    if stated == reproduced and isinstance(stated, bool) == isinstance(
        reproduced, bool
    ):
        return 0.0
    try:
        a, b = float(stated), float(reproduced)
    except (TypeError, ValueError):
        return math.nan
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.nan
    return abs(a - b) / max(abs(a), abs(b), sys.float_info.min)


def _unlike(theirs, ours):
    keys = [key for key in theirs | ours if theirs.get(key) != ours.get(key)]
    return ({key: side.get(key) for key in keys} for side in (theirs, ours))


def _there(side):
    return "missing" if side is None else "there"


def _shown(value):
    if value is None:
        return "missing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
