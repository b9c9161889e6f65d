"""Compare what a report states with what its rebuilt version states."""

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

# What another version of TeX may change: the bytes of a stream, and the tag of a font
# and its name on a page.
VARIABLE = re.compile(rf"{STREAM.pattern}|\b[A-Z]{{6}}\+|(?<=/)F[0-9]+\b")
OBJECT = re.compile(r"#+[0-9]+")  # its number
DRAWN = ("drawing", "fonts")  # these change with the words of a page
CONTENTS = "content", "different content"
REDRAWN = ("a drawing", "a different drawing", None, DIFFERS)
# Another version of TeX may shift words along their line, by at most so many pixels of
# a page's picture.
SHIFT = 2
# Pictures are compared in square blocks. Apart from such shifts, each may be darker or
# lighter by one black point in total if the words agree, otherwise by four letters.
BLOCK, HAIR, DIGITS = 16 * ZOOM, 255 * ZOOM**2, 8000 * ZOOM**2
ROUNDED = 1e-6, 1e-3  # relative and absolute: rounding of positions in a drawing
# A tag; or a whole script or style, because its text may look like tags.
TAG = re.compile(r"(?s)<(?:(script|style)\b.*?(?:</\1>|\Z)|([a-zA-Z][\w-]*))")
# The coordinates in a figure of the page; they have two decimals.
COORDINATES = re.compile(r'(?<= [dxy]=")[^"]*')
LAST_PLACE = 1e-6, 0.0101


def compare_claims(stated, reproduced, tolerance, pairs=()):
    """Compare claims by name; a claim on only one side is missing.

    `pairs` are those of `roundings`.
    """
    lines = []
    for name in stated | reproduced:
        pair = stated.get(name), reproduced.get(name)
        if not all(isinstance(claim, dict) for claim in pair):
            lines.append(Line(name, *map(_text, pair), None, MISSING))
            continue
        values = [claim.get("value") for claim in pair]
        difference = relative_difference(*values)
        parts = _differing(*pair, partial(close, pairs=pairs), but="value")
        within = difference <= tolerance or close(*values, pairs)
        verdict = HOLDS if within and not parts[0] else DIFFERS
        texts = map(_text, parts if within and parts[0] else values)
        difference = None if isnan(difference) else difference
        lines.append(Line(name, *texts, difference, verdict))
    return lines


def compare_sources(results):
    """Find the claims that name a run which the results do not record."""
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
            cells = (*map(_presence, pair), None, MISSING)
        elif values_agree(*pair, tolerance):
            cells = ("there", "there", 0.0, HOLDS)
        else:
            parts = _differing(*pair, partial(values_agree, tolerance=tolerance))
            cells = (*map(_text, parts), None, DIFFERS)
        lines.append(Line(f"run {name}", *cells))
    return lines


def compare_documents(stated, reproduced, tolerance, pairs):
    """Compare attachments, and what is printed and drawn on each page.

    If the tolerance is not 0, pages must look alike (`look_alike`), and the bytes of
    drawings and of the files are not compared. `pairs` are those of `roundings`.
    """
    documents = stated.document, reproduced.document
    attached = [*_compare_attachments(stated, reproduced)]
    done = [] if all(line.verdict == HOLDS for line in attached) else ["attachments"]
    lines = [
        *attached,
        *_compare_pages(stated, reproduced, tolerance, pairs),
        *_compare_parts("document", *documents, tolerance, done),
    ]
    same = all(line.verdict == HOLDS for line in lines)
    if same and not tolerance and stated.digest != reproduced.digest:
        is_named = stated.saver != reproduced.saver
        saver = f"saved again by {stated.saver if is_named else 'another program'}"
        lines.append(Line("the file", saver, "as it was made", None, NOTED))
    return lines


def _compare_attachments(stated, reproduced):
    for name in sorted(stated.files | reproduced.files):
        pair = stated.files.get(name), reproduced.files.get(name)
        verdict = MISSING if None in pair else HOLDS if eq(*pair) else DIFFERS
        texts = map(_presence, pair)
        if verdict == DIFFERS:
            texts = CONTENTS
        if name == BUILD and verdict == DIFFERS:
            texts = map(_text, _differing(stated.build, reproduced.build))
            times = stated.build["time"], reproduced.build["time"]
            if times[0] != times[1]:
                ages = [("newer", "older")[time == min(times)] for time in times]
                texts = map(": ".join, zip(ages, texts, strict=True))
        if name != RESULTS:  # these are compared claim by claim
            yield Line(f"attached {name}", *texts, None, verdict)


def _compare_pages(stated, reproduced, tolerance, pairs):
    texts = ([page.text for page in side.pages] for side in (stated, reproduced))
    drawn = stated.digest != reproduced.digest
    for _, i, j, k, m in opcodes(*texts):
        for pair in zip_longest(stated.pages[i:j], reproduced.pages[k:m]):
            if None in pair:
                name = next(filter(None, pair)).name
                yield Line(name, *map(_presence, pair), None, MISSING)
            else:
                yield from _compare_page(*pair, tolerance, pairs, drawn)


def _compare_page(page, rebuilt, tolerance, pairs, drawn):
    """Compare two pages; if `drawn`, also how they look."""
    changes = changed_words(page.text, rebuilt.text, tolerance, pairs)
    lines = [Line(page.name, *change, None, DIFFERS) for change in changes]
    parts = page.parts, rebuilt.parts
    lines += _compare_parts(page.name, *parts, tolerance, DRAWN if lines else ())
    if drawn and not lines:
        looks, exact = (page.look(), rebuilt.look()), page.text == rebuilt.text
        same = look_alike(*looks, pairs, exact) if tolerance else np.array_equal(*looks)
        if not same:
            lines = [_redrawn(page.name, *looks, tolerance)]
    return lines or [Line(page.name, "printed", "printed", None, HOLDS)]


def _redrawn(name, look, rebuilt, tolerance):
    """Return the line for pages that do not look alike; in HTML, it says where."""
    if not isinstance(look, str):
        return Line(name, *REDRAWN)
    unplaced = [COORDINATES.sub("", text) for text in (look, rebuilt)]
    if tolerance and unplaced[0] != unplaced[1]:  # skip coordinates, which may differ
        look, rebuilt = unplaced
    begin = len(commonprefix([look, rebuilt]))
    tags = ["".join(match) for match in TAG.findall(look, 0, begin)]
    where = f"{name}, in <{tags[-1]}>" if tags else name
    same = len(commonprefix([text[begin:][::-1] for text in (look, rebuilt)]))
    # From the first word that differs to the last one.
    first = begin - len(re.search(r"\S*$", look[:begin])[0])
    same -= len(re.match(r"\S*", look[len(look) - same :])[0])
    pair = [text[first : len(text) - same] for text in (look, rebuilt)]
    pair = [text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in pair]
    return Line(where, *pair, None, DIFFERS)


def _compare_parts(name, stated, reproduced, tolerance, but=()):
    """Yield the differences between descriptions, which are texts by kind of part."""
    for kind in sorted((stated | reproduced).keys() - {*but}):
        pair = [side.get(kind, "") for side in (stated, reproduced)]
        if pair[0] == pair[1]:
            continue
        if tolerance:
            pair = [VARIABLE.sub("", text) for text in pair]
            if close(*pair, (), *ROUNDED):
                continue
        if kind == "drawing":
            yield Line(name, *REDRAWN)
            continue
        pair = [OBJECT.sub("", STREAM.sub("", text)) for text in pair]
        changes = [*zip(*changed_words(*pair), strict=True)] or zip(CONTENTS)
        changes = ["; ".join(filter(None, side)) for side in changes]
        yield Line(f"{name}, {kind}", *changes, None, DIFFERS)


def look_alike(look, rebuilt, pairs=(), exact=True):
    """Tell whether pages look alike, up to rounding in the positions of lines.

    They are pictures in grey, or HTML. Unless their words are `exact`, i.e. the same,
    a digit may differ. `pairs` are those of `roundings`.
    """
    if isinstance(look, str):
        drawn = (" ".join(COORDINATES.findall(side)) for side in (look, rebuilt))
        rest = (COORDINATES.sub("", side) for side in (look, rebuilt))
        return close(*rest, pairs, *ROUNDED) and close(*drawn, (), *LAST_PLACE)
    if look.shape != rebuilt.shape:
        return False
    changed = np.maximum(_beyond_shifts(look, rebuilt), _beyond_shifts(rebuilt, look))
    rows, columns = (range(0, length, BLOCK) for length in changed.shape)
    row_sums = np.add.reduceat(changed, rows, 0, dtype=int)
    block_sums = np.add.reduceat(row_sums, columns, 1)
    return block_sums.max() <= (HAIR if exact else DIGITS)


def _beyond_shifts(look, rebuilt):
    """Return how far `look` is outside the range of `rebuilt` within `SHIFT` pixels."""
    padded = np.pad(rebuilt, ((0, 0), (SHIFT, SHIFT)), mode="edge")
    width = look.shape[1]
    shifted = [padded[:, k : k + width] for k in range(2 * SHIFT + 1)]
    low, high = reduce(np.minimum, shifted), reduce(np.maximum, shifted)
    return np.maximum(look, high) - high + low - np.minimum(look, low)


def changed_words(stated, reproduced, tolerance=0.0, pairs=()):
    """Yield what a page says and what it should say, wherever they differ."""
    words = stated.split(), reproduced.split()
    for tag, i, j, k, m in opcodes(*words):
        pair = " ".join(words[0][i:j]), " ".join(words[1][k:m])
        if tag != "equal" and not close(*pair, pairs, tolerance):
            yield pair


def opcodes(old, new):
    """Return the steps from one list to another, as `difflib.SequenceMatcher` does."""
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _differing(stated, reproduced, same=eq, but=None):
    """Return the parts in which nested dicts differ, except in one key."""
    parts = {}, {}
    for key in stated | reproduced:
        pair = [side.get(key) for side in (stated, reproduced)]
        if key == but or same(*pair):
            continue
        nested = all(isinstance(value, dict) for value in pair)
        pair = _differing(*pair, same) if nested else [{key: value} for value in pair]
        for side, part in zip(parts, pair, strict=True):
            side |= part
    return parts


def _presence(side):
    return "missing" if side is None else "there"


def _text(value):
    if value is None:
        return "missing"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    return value if isinstance(value, str) else json.dumps(value)
