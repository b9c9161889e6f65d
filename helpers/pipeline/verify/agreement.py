"""Compare what a report states with what the rebuilt report states."""

import json
import re
from difflib import SequenceMatcher
from functools import partial, reduce
from itertools import zip_longest
from math import isnan
from operator import eq
from os.path import commonprefix

import numpy as np

from helpers.pipeline.records import relative_difference, values_agree
from helpers.pipeline.report.evidence import BUILD, RESULTS
from helpers.pipeline.verify.reader import ZOOM
from helpers.pipeline.verify.rounding import close
from helpers.pipeline.verify.structure import STREAM
from helpers.pipeline.verify.verdicts import (
    DIFFERS,
    HOLDS,
    LONGEST,
    MISSING,
    NOTED,
    Line,
)

# What another version of TeX may change: the bytes of a stream, the tag of a font, and
# the name by which a page calls it.
LOOSE = re.compile(rf"{STREAM.pattern}|\b[A-Z]{{6}}\+|(?<=/)F[0-9]+\b")
NUMBER = re.compile(r"#+[0-9]+")  # of an object
DRAWN = ("drawing", "fonts")  # which change with the words of a page
REDRAWN = ("a drawing", "another", None, DIFFERS)
# Another version of TeX sets words elsewhere in their line, by at most so many pixels
# of a page's picture.
SHIFT = 2
# Pictures are compared in squares. Besides such shifts, each may be darker or lighter
# by one black point in all where the words are the same, else by four letters.
BLOCK, HAIR, DIGITS = 16 * ZOOM, 255 * ZOOM**2, 8000 * ZOOM**2
ROUNDED = 1e-6, 1e-3  # relative and absolute: where something is drawn
# An element, or all of a script or style, whose text may look like elements.
TAG = re.compile(r"(?s)<(?:(script|style)\b.*?(?:</\1>|\Z)|([a-zA-Z][\w-]*))")
# Where it is in a figure of the page, whose coordinates have two decimals.
COORDINATES = re.compile(r'(?<= [dxy]=")[^"]*')
LAST_PLACE = 1e-6, 0.0101


def compare_claims(stated, reproduced, tolerance, pairs=()):
    """Compare claims by name; one that only one side has is missing.

    `pairs` are those of `roundings`.
    """
    lines = []
    for name in stated | reproduced:
        pair = stated.get(name), reproduced.get(name)
        if not all(isinstance(claim, dict) for claim in pair):
            lines.append(Line(name, *map(_shown, pair), None, MISSING))
            continue
        values = [claim.get("value") for claim in pair]
        difference = relative_difference(*values)
        unlike = _unlike(*pair, partial(close, pairs=pairs), but="value")
        within = difference <= tolerance or close(*values, pairs)
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
        elif values_agree(*pair, tolerance):
            found = ("there", "there", 0.0, HOLDS)
        else:
            unlike = _unlike(*pair, partial(values_agree, tolerance=tolerance))
            found = (*map(_shown, unlike), None, DIFFERS)
        lines.append(Line(f"run {name}", *found))
    return lines


def compare_documents(stated, reproduced, tolerance, pairs):
    """Compare attachments, and what is printed and drawn on each page.

    If the tolerance is not 0, pages must look alike (`look_alike`), and the bytes of
    drawings and of the files are not compared. `pairs` are those of `roundings`.
    """
    things = stated.document, reproduced.document
    attached = [*_compare_attachments(stated, reproduced)]
    known = [] if all(line.verdict == HOLDS for line in attached) else ["attachments"]
    lines = [
        *attached,
        *_compare_pages(stated, reproduced, tolerance, pairs),
        *_compare_things("document", *things, tolerance, known),
    ]
    same = all(line.verdict == HOLDS for line in lines)
    if same and not tolerance and stated.digest != reproduced.digest:
        known = stated.saver != reproduced.saver
        saver = f"saved again by {stated.saver if known else 'another program'}"
        lines.append(Line("the file", saver, "as it was made", None, NOTED))
    return lines


def _compare_attachments(stated, reproduced):
    for name in sorted(stated.files | reproduced.files):
        pair = stated.files.get(name), reproduced.files.get(name)
        verdict = MISSING if None in pair else HOLDS if eq(*pair) else DIFFERS
        shown = map(_there, pair)
        if verdict == DIFFERS:
            shown = "content", "another"
        if name == BUILD and verdict == DIFFERS:
            shown = map(_shown, _unlike(stated.build, reproduced.build))
            times = stated.build["time"], reproduced.build["time"]
            if times[0] != times[1]:
                ages = [("newer", "older")[time == min(times)] for time in times]
                shown = map(": ".join, zip(ages, shown, strict=True))
        if name != RESULTS:  # which is compared claim by claim
            yield Line(f"attached {name}", *shown, None, verdict)


def _compare_pages(stated, reproduced, tolerance, pairs):
    texts = ([page.text for page in side.pages] for side in (stated, reproduced))
    drawn = stated.digest != reproduced.digest
    for _, i, j, k, m in opcodes(*texts):
        for pair in zip_longest(stated.pages[i:j], reproduced.pages[k:m]):
            if None in pair:
                name = next(filter(None, pair)).name
                yield Line(name, *map(_there, pair), None, MISSING)
            else:
                yield from _compare_page(*pair, tolerance, pairs, drawn)


def _compare_page(page, other, tolerance, pairs, drawn):
    """Compare two pages; only where they are drawn, how they look."""
    changes = changed_words(page.text, other.text, tolerance, pairs)
    lines = [Line(page.name, *change, None, DIFFERS) for change in changes]
    things = page.things, other.things
    lines += _compare_things(page.name, *things, tolerance, DRAWN if lines else ())
    if drawn and not lines:
        looks, exact = (page.look(), other.look()), page.text == other.text
        if not (
            look_alike(*looks, pairs, exact) if tolerance else np.array_equal(*looks)
        ):
            lines = [_redrawn(page.name, *looks, tolerance)]
    return lines or [Line(page.name, "printed", "printed", None, HOLDS)]


def _redrawn(name, look, other, tolerance):
    """Return the line for pages that do not look alike; of HTML, it says where."""
    if not isinstance(look, str):
        return Line(name, *REDRAWN)
    unplaced = [COORDINATES.sub("", text) for text in (look, other)]
    if tolerance and unplaced[0] != unplaced[1]:  # else what may differ comes first
        look, other = unplaced
    begin = len(commonprefix([look, other]))
    tags = ["".join(found) for found in TAG.findall(look, 0, begin)]
    where = f"{name}, in <{tags[-1]}>" if tags else name
    same = len(commonprefix([text[begin:][::-1] for text in (look, other)]))
    # From the word that begins to differ to the last one that does.
    first = begin - len(re.search(r"\S*$", look[:begin])[0])
    same -= len(re.match(r"\S*", look[len(look) - same :])[0])
    pair = [text[first : len(text) - same] for text in (look, other)]
    pair = [text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in pair]
    return Line(where, *pair, None, DIFFERS)


def _compare_things(name, stated, reproduced, tolerance, but=()):
    """Yield what differs between descriptions, which are texts by kinds of things."""
    for kind in sorted((stated | reproduced).keys() - {*but}):
        pair = [side.get(kind, "") for side in (stated, reproduced)]
        if pair[0] == pair[1]:
            continue
        if tolerance:
            pair = [LOOSE.sub("", text) for text in pair]
            if close(*pair, (), *ROUNDED):
                continue
        if kind == "drawing":
            yield Line(name, *REDRAWN)
            continue
        pair = [NUMBER.sub("", STREAM.sub("", text)) for text in pair]
        changes = [*zip(*changed_words(*pair), strict=True)] or [["content"], ["other"]]
        changes = ["; ".join(filter(None, side)) for side in changes]
        yield Line(f"{name}, {kind}", *changes, None, DIFFERS)


def look_alike(look, other, pairs=(), exact=True):
    """Tell whether pages look alike, but for rounding in where a line is drawn.

    They are pictures in grey, or HTML. If their words are not exactly the same, a digit
    may be another. `pairs` are those of `roundings`.
    """
    if isinstance(look, str):
        drawn = (" ".join(COORDINATES.findall(side)) for side in (look, other))
        rest = (COORDINATES.sub("", side) for side in (look, other))
        return close(*rest, pairs, *ROUNDED) and close(*drawn, (), *LAST_PLACE)
    if look.shape != other.shape:
        return False
    changed = np.maximum(_beyond_shifts(look, other), _beyond_shifts(other, look))
    rows, columns = (range(0, length, BLOCK) for length in changed.shape)
    of_rows = np.add.reduceat(changed, rows, 0, dtype=int)
    of_blocks = np.add.reduceat(of_rows, columns, 1)
    return of_blocks.max() <= (HAIR if exact else DIGITS)


def _beyond_shifts(look, other):
    """Return how far grey values are from all of those at most `SHIFT` beside them."""
    padded = np.pad(other, ((0, 0), (SHIFT, SHIFT)), mode="edge")
    width = look.shape[1]
    beside = [padded[:, k : k + width] for k in range(2 * SHIFT + 1)]
    low, high = reduce(np.minimum, beside), reduce(np.maximum, beside)
    return np.maximum(look, high) - high + low - np.minimum(look, low)


def changed_words(stated, reproduced, tolerance=0.0, pairs=()):
    """Yield what a page says, and what it should say, wherever these differ."""
    words = stated.split(), reproduced.split()
    for tag, i, j, k, m in opcodes(*words):
        pair = " ".join(words[0][i:j]), " ".join(words[1][k:m])
        if tag != "equal" and not close(*pair, pairs, tolerance):
            yield pair


def opcodes(old, new):
    """Return how one list becomes another, as `difflib.SequenceMatcher` does."""
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _unlike(stated, reproduced, same=eq, but=None):
    """Return what differs between two dicts and dicts in them, but for one key."""
    found = {}, {}
    for key in stated | reproduced:
        pair = [side.get(key) for side in (stated, reproduced)]
        if key == but or same(*pair):
            continue
        nested = all(isinstance(value, dict) for value in pair)
        pair = _unlike(*pair, same) if nested else [{key: value} for value in pair]
        for side, part in zip(found, pair, strict=True):
            side |= part
    return found


def _there(side):
    return "missing" if side is None else "there"


def _shown(value):
    if value is None:
        return "missing"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    return value if isinstance(value, str) else json.dumps(value)
