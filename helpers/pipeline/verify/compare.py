"""Compare a report, or its recorded results, with what came of making it again."""

import json
import math
import re
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import zip_longest
from operator import eq
from typing import NamedTuple

from helpers.pipeline.records import alike, relative
from helpers.pipeline.report.evidence import RESULTS

HOLDS, DIFFERS, MISSING, NOTED = "holds", "differs", "missing", "noted"
RUN = re.compile(r"[\w-]+-[0-9a-f]{12}")
DECIMAL = re.compile(r"\d+\.(\d+)")


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
        ``holds``, ``differs`` or ``missing``; or ``noted``, which is no fault, but
        should be known.
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
        same = close if tolerance else eq
        told = sorted(set(theirs | ours) - {"value"})
        unlike = [key for key in told if not same(theirs.get(key), ours.get(key))]
        pair = theirs.get("value"), ours.get("value")
        if within and unlike:
            pair = ({key: side.get(key) for key in unlike} for side in (theirs, ours))
        verdict = HOLDS if within and not unlike else DIFFERS
        lines.append(Line(name, *map(_shown, pair), difference, verdict))
    return lines


def compare_sources(results):
    """Find the claims that name a run which is not recorded beside them."""
    return [
        Line(name, f"from {claim['run']}", "no such run", math.nan, MISSING)
        for name, claim in results["claims"].items()
        if isinstance(claim, dict) and claim.get("run")
        if str(claim["run"]) not in results["runs"]
    ]


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
    lines = [
        *_compare_attachments(carried, made),
        *_compare_pages(carried, made, tolerance),
    ]
    alike = all(line.verdict == HOLDS for line in lines)
    if alike and not tolerance and carried.digest != made.digest:
        lines.append(Line("the file", "its bytes", "others", math.nan, DIFFERS))
    return lines


def _compare_attachments(carried, made):
    for name in sorted(carried.files.keys() | made.files.keys()):
        theirs, ours = carried.files.get(name), made.files.get(name)
        verdict = HOLDS if theirs == ours else DIFFERS if theirs and ours else MISSING
        pair = (_there(side) for side in (theirs, ours))
        if name == "build.json" and verdict == DIFFERS:
            pair = map(_shown, _unlike(carried.build, made.build))
        if name != RESULTS.name:  # which is compared claim by claim
            yield Line(f"attached {name}", *pair, math.nan, verdict)


def _compare_pages(carried, made, tolerance):
    matcher = SequenceMatcher(None, carried.pages, made.pages, autojunk=False)
    for _, i, j, k, m in matcher.get_opcodes():
        for page, other in zip_longest(range(i, j), range(k, m)):
            if page is None or other is None:
                name = f"page {1 + (other if page is None else page)}"
                pair = (_there(side) for side in (page, other))
                yield Line(name, *pair, math.nan, MISSING)
            else:
                theirs = carried.pages[page], carried.pictures[page]
                ours = made.pages[other], made.pictures[other]
                yield from _compare_page(f"page {page + 1}", theirs, ours, tolerance)


def _compare_page(name, theirs, ours, tolerance):
    changes = list(changed_words(theirs[0], ours[0], tolerance))
    for said, found in changes:
        yield Line(name, said, found, math.nan, DIFFERS)
    if changes:
        return
    if tolerance or theirs[1] == ours[1]:
        yield Line(name, "printed", "printed", 0.0, HOLDS)
    else:
        yield Line(name, "a drawing", "another", math.nan, DIFFERS)


def changed_words(stated, reproduced, tolerance):
    """Yield what a page says, and what it should say, wherever these differ."""
    theirs, ours = stated.split(), reproduced.split()
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        said, found = " ".join(theirs[i:j]), " ".join(ours[k:m])
        if tag != "equal" and not (tolerance and close(said, found)):
            yield said, found


def close(stated, reproduced):
    """Say whether texts are the same but for a unit in the last place of decimals."""
    if not (isinstance(stated, str) and isinstance(reproduced, str)):
        return stated == reproduced
    if DECIMAL.sub("", stated) != DECIMAL.sub("", reproduced):
        return False
    pairs = zip(DECIMAL.finditer(stated), DECIMAL.finditer(reproduced), strict=True)
    return all(_within_a_unit(*pair) for pair in pairs)


def _within_a_unit(stated, reproduced):
    places = len(stated[1])
    gap = abs(Decimal(stated[0]) - Decimal(reproduced[0]))
    return len(reproduced[1]) == places and gap <= Decimal(1).scaleb(-places)


def renamed(carried, made):
    """Return a report with its runs named as in another one.

    On another platform the same run has another identifier, as its Python has
    another version; what is the same there is its place in the grid.

    Parameters
    ----------
    carried, made : Carried
        The report; the one with the names to use.

    Returns
    -------
    Carried
        With other names in its results and on its pages.
    """

    def place(run):
        return json.dumps([run.get("experiments"), run.get("parameters")])

    names = {place(run): name for name, run in made.results["runs"].items()}
    theirs = carried.results["runs"].items()
    new = {name: names.get(place(run), name) for name, run in theirs}
    runs = {new[name]: run for name, run in theirs}
    claims = {
        name: claim | {"run": new.get(str(claim.get("run")), claim.get("run"))}
        if isinstance(claim, dict)
        else claim
        for name, claim in carried.results["claims"].items()
    }
    results = carried.results | {"claims": claims, "runs": runs}
    pages = [
        RUN.sub(lambda found: new.get(found[0], found[0]), text)
        for text in carried.pages
    ]
    return carried._replace(results=results, pages=pages)


def _unlike(theirs, ours):
    keys = [key for key in theirs | ours if theirs.get(key) != ours.get(key)]
    return ({key: side.get(key) for key in keys} for side in (theirs, ours))


def _there(side):
    return "missing" if side is None else "there"


def _shown(value):
    if value is None:
        return "missing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
