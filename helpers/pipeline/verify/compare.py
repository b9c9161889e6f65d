"""Compare what a report states with what the rebuilt report states."""

import json
import re
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import zip_longest
from math import isnan
from operator import eq

import numpy as np

from helpers.pipeline.records import alike, relative
from helpers.pipeline.report.evidence import RESULTS
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, Line

DECIMAL = re.compile(r"\d+\.(\d+)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
# Of a page's picture, and how much darker or lighter a block of it may be in all: two
# pixels of 255 where the words are the same, else two digits.
BLOCK, HAIR, DIGITS = 16, 500, 5000


def compare_claims(stated, reproduced, tolerance):
    """Compare claims by name; one that only one side has is missing."""
    lines = []
    for name in stated | reproduced:
        pair = stated.get(name), reproduced.get(name)
        if not all(isinstance(claim, dict) for claim in pair):
            lines.append(Line(name, *map(_shown, pair), None, MISSING))
            continue
        values = [claim.get("value") for claim in pair]
        difference = relative(*values)
        unlike = _unlike(*pair, close if tolerance else eq, but="value")
        within = difference <= tolerance
        verdict = HOLDS if within and not unlike[0] else DIFFERS
        shown = map(_shown, unlike if within and unlike[0] else values)
        difference = None if isnan(difference) else difference
        lines.append(Line(name, *shown, difference, verdict))
    return lines


def compare_sources(results):
    """Find the claims that name a run which is not recorded beside them."""
    return [
        Line(name, f"from {claim['run']}", "no such run", None, MISSING)
        for name, claim in results["claims"].items()
        if isinstance(claim, dict) and claim.get("run")
        if str(claim["run"]) not in results["runs"]
    ]


def compare_runs(stated, reproduced, tolerance):
    """Compare runs by name: their parameters, and how they ended."""
    lines = []
    for name in stated | reproduced:
        pair = stated.get(name), reproduced.get(name)
        if None in pair:
            found = (*map(_there, pair), None, MISSING)
        elif alike(*pair, tolerance):
            found = ("there", "there", 0.0, HOLDS)
        else:
            found = (*map(_shown, pair), None, DIFFERS)
        lines.append(Line(f"run {name}", *found))
    return lines


def compare_documents(stated, reproduced, tolerance):
    """Compare attachments, and what is printed and drawn on each page.

    Parameters
    ----------
    stated, reproduced : helpers.pipeline.verify.reader.ReadReport
        The report, and the rebuilt one.
    tolerance : float
        If it is not 0, pages must look alike (`look_alike`), and the bytes of
        drawings and of the files are not compared.
    """
    lines = [
        *_compare_attachments(stated, reproduced),
        *_compare_pages(stated, reproduced, tolerance),
    ]
    same = all(line.verdict == HOLDS for line in lines)
    if same and not tolerance and stated.digest != reproduced.digest:
        lines.append(Line("the file", "its bytes", "others", None, DIFFERS))
    return lines


def _compare_attachments(stated, reproduced):
    for name in sorted(stated.files | reproduced.files):
        pair = stated.files.get(name), reproduced.files.get(name)
        verdict = MISSING if None in pair else HOLDS if eq(*pair) else DIFFERS
        shown = map(_there, pair)
        if name == "build.json" and verdict == DIFFERS:
            shown = map(_shown, _unlike(stated.build, reproduced.build))
        if name != RESULTS.name:  # which is compared claim by claim
            yield Line(f"attached {name}", *shown, None, verdict)


def _compare_pages(stated, reproduced, tolerance):
    matcher = SequenceMatcher(None, stated.pages, reproduced.pages, autojunk=False)
    for _, i, j, k, m in matcher.get_opcodes():
        for page, other in zip_longest(range(i, j), range(k, m)):
            if page is None or other is None:
                name = reproduced.name(other) if page is None else stated.name(page)
                pair = (_there(side) for side in (page, other))
                yield Line(name, *pair, None, MISSING)
            else:
                pair = [
                    (report.pages[at], report.drawings[at], report.looks[at])
                    for report, at in ((stated, page), (reproduced, other))
                ]
                yield from _compare_page(stated.name(page), *pair, tolerance)


def _compare_page(name, stated, reproduced, tolerance):
    (text, drawing, look), (other_text, other_drawing, other_look) = stated, reproduced
    changes = list(changed_words(text, other_text, tolerance))
    if changes:
        yield from (Line(name, *change, None, DIFFERS) for change in changes)
    elif drawing == other_drawing:
        yield Line(name, "printed", "printed", 0.0, HOLDS)
    elif tolerance and look_alike(look, other_look, exact=text == other_text):
        yield Line(name, "printed", "looks alike", None, HOLDS)
    else:
        yield Line(name, "a drawing", "another", None, DIFFERS)


def look_alike(look, other, *, exact=True):
    """Tell whether pages look alike, but for rounding in where a line is drawn.

    Parameters
    ----------
    look, other : ndarray or str
        Pictures in grey, or tags of HTML, of `helpers.pipeline.verify.reader`.
    exact : bool
        Whether their words are the same; else a digit may be another.
    """
    if isinstance(look, str):
        numbers = [[*map(float, NUMBER.findall(tags))] for tags in (look, other)]
        same = NUMBER.sub("0", look) == NUMBER.sub("0", other)
        return same and np.allclose(*numbers, rtol=1e-6, atol=1e-3)
    if look.shape != other.shape:
        return False
    changed = np.abs(look.astype(float) - other)
    rows, columns = (range(0, length, BLOCK) for length in changed.shape)
    of_blocks = np.add.reduceat(np.add.reduceat(changed, rows, 0), columns, 1)
    return of_blocks.max() <= (HAIR if exact else DIGITS)


def changed_words(stated, reproduced, tolerance):
    """Yield what a page says, and what it should say, wherever these differ."""
    words = stated.split(), reproduced.split()
    matcher = SequenceMatcher(None, *words, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        pair = " ".join(words[0][i:j]), " ".join(words[1][k:m])
        if tag != "equal" and not (tolerance and close(*pair)):
            yield pair


def close(stated, reproduced):
    """Tell whether texts are equal but for one unit in the last place of decimals."""
    if not (isinstance(stated, str) and isinstance(reproduced, str)):
        return stated == reproduced
    if DECIMAL.sub("0.0", stated) != DECIMAL.sub("0.0", reproduced):
        return False
    pairs = zip(DECIMAL.finditer(stated), DECIMAL.finditer(reproduced), strict=True)
    return all(_within_a_unit(*pair) for pair in pairs)


def _within_a_unit(stated, reproduced):
    places = len(stated[1])
    gap = abs(Decimal(stated[0]) - Decimal(reproduced[0]))
    return len(reproduced[1]) == places and gap <= Decimal(1).scaleb(-places)


def _unlike(stated, reproduced, same=eq, but=None):
    """Return the items of two dicts that differ, those of one key left out."""
    pair = stated, reproduced
    keys = [key for key in stated | reproduced if key != but]
    keys = [key for key in keys if not same(*(side.get(key) for side in pair))]
    return [{key: side.get(key) for key in keys} for side in pair]


def _there(side):
    return "missing" if side is None else "there"


def _shown(value):
    if value is None:
        return "missing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
