"""What a submission changed of the grader's checkout, and what of it is suspicious.

A submission is made again on data that it cannot know, see `own.change_tables`. What is
stated should then move, and as it does in the grader's own report.
"""

import json
import re
from typing import NamedTuple

import numpy as np

from helpers.pipeline.command import some
from helpers.pipeline.grading.unpack import GENERATED, NOTEBOOK, counts
from helpers.pipeline.records import alike
from helpers.pipeline.report.claims import PROSE, typed_digits
from helpers.pipeline.verify import files
from helpers.pipeline.verify.files import CODE, cells_of

OWN = {
    "data/": "own data",
    "notebooks/": "own notebook",
    "helpers/": "own module",
}
EXPERIMENT = re.compile(r"^\+[\"']?([\w.-]+)[\"']?:", re.M)  # in a diff of the grid
WORKS = "report/references.bib"
NEAR = 1e-6  # relative: another order of additions
ROUNDING = 1e-8  # a number below is a rounding error
DIGITS = 3  # a number with more was computed
NAMED = 3  # runs, at most
FEW = 10  # counts below this are in all code
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:e[-+]?\d+)?", re.IGNORECASE)
HEADING = re.compile(r"^#.*", re.M)
RUNNING = ("helpers/", "notebooks/")
OPTIMISERS = "helpers/optimisers.py"  # which a student may add to
NO_TABLE = (".yaml", ".yml", ".json")  # stay as they are on other data
LOOKS = {WORKS, "report/figures.mplstyle"}


class Reach(NamedTuple):
    """What changed files can change."""

    runs: bool  # code was changed that a run may use
    claims: bool  # more was changed than the prose of the report, and its looks
    text_only: bool  # nothing but that prose, and its works


def sources_in(folder):
    """Return the files of a checkout that are taken from a submission, by name."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if path.is_file() and counts(name) and name not in GENERATED
    }


def compare_files(right, theirs, folder, run):
    """Find the files that differ, as `helpers.pipeline.verify.files` does.

    Files that only the submission has are called a student's own.
    """
    return [_owned(file) for file in files.compare_files(right, theirs, folder, run)]


def _owned(file):
    if file.kind == "added":
        kinds = (kind for place, kind in OWN.items() if file.name.startswith(place))
        return file._replace(kind=next(kinds, "own"))
    experiments = EXPERIMENT.findall("\n".join(file.lines))
    if file.name == "experiments.yaml" and experiments and not file.removed:
        return file._replace(kind=f"own experiments: {', '.join(experiments)}")
    return file


def changed_data(changed):
    """Name the grader's data that are others, or are missing."""
    files = [file for file in changed if file.name.startswith("data/")]
    known = [file for file in files if file.kind in ("changed", "removed")]
    return [f"{file.name}: the grader's data, {file.kind}" for file in known]


def typed_numbers(changed):
    """Return the numbers in lines added to code, or to what stays on other data."""
    lines = "\n".join(
        line[1:]
        for file in changed
        if file.name.endswith((*CODE, *NO_TABLE))
        for line in file.lines
        if line[:1] == "+"
    )
    return {*NUMBER.findall(lines)}


def typed_in_prose(right, theirs):
    """Find digits in prose of a submission's report that are not in the grader's."""
    known = {*map(tuple, cells_of(right.get(NOTEBOOK, b"")))}
    return [
        f"typed in prose: {digits}"
        for kind, text in cells_of(theirs.get(NOTEBOOK, b""))
        if (kind, text) not in known
        for digits in typed_digits(
            text if kind == "code" else PROSE + HEADING.sub("", text)
        )
    ]


def reach_of(changed, right, theirs):
    """Tell what the changed files can change; see `Reach`."""
    names = {file.name for file in changed}
    runs = any(name.startswith(RUNNING) for name in names - {NOTEBOOK})
    if _computing(right) == _computing(theirs):
        names.discard(NOTEBOOK)
    return Reach(runs, claims=not names <= LOOKS, text_only=names <= {WORKS})


def _computing(sources):
    """Return the cells of a report that are code and no prose."""
    cells = cells_of(sources.get(NOTEBOOK, b""))
    code = (text for kind, text in cells if kind == "code")
    return [text for text in code if not text.startswith(PROSE)]


def suspicious_claims(own, other, right, right_other, typed):
    """Find the claims that do not come from the data: for each, what is wrong.

    `own` and `other` are what came of the submission on its data and on other data,
    `right` and `right_other` the same of the grader's checkout, and `typed` the numbers
    in the lines of code that the submission added.
    """
    fixed = {n for n, v in right.claims.items() if v == right_other.claims.get(n)}
    fixed.update(own.constant)
    typed = {float(number) for number in typed} - {*range(FEW)}
    found = []
    for name, value in own.claims.items():
        expected = right_other.claims.get(name)
        if name not in other.claims:
            found.append(f"{name}: not stated on other data")
            continue
        moved = other.claims[name]
        if name in right.claims and _near(value, right.claims[name]):
            if not _near(moved, expected):
                stays = "stays" if moved == value else "becomes"
                found.append(f"{name}: {stays} {moved} on other data, not {expected}")
        elif _near(moved, expected) and _is_telling(moved):
            found.append(f"{name}: as the grader's on other data, but here {value}")
        elif moved == value and name not in fixed:
            numbers = {*_numbers_in(value)}.difference(own.settings)
            if any(_is_telling(number, typed) for number in numbers):
                found.append(f"{name}: stays {value} on other data")
    return found


def _near(value, other):
    """Tell whether values agree but for rounding, or are rounding errors."""
    numbers = all(isinstance(side, float) for side in (value, other))
    tiny = numbers and max(abs(value), abs(other)) < ROUNDING
    return tiny or alike(value, other, NEAR)


def _numbers_in(value):
    """Return the numbers of a claim: itself, or those with a point in a text."""
    if not isinstance(value, str):
        return [value]
    return [number for number in map(float, NUMBER.findall(value)) if number % 1]


def _is_telling(value, typed=()):
    """Tell whether a value is no constant or count: it is typed, or has many digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    digits = f"{value:.9e}".partition("e")[0].strip("-0").replace(".", "").rstrip("0")
    return abs(value) in typed or (value % 1 != 0 and len(digits) > DIGITS)


def other_results(own, trusted):
    """Name the runs that recorded other results than with the grader's code.

    Both are records by the names of runs. Where the costs are others, so is all that
    follows from them.
    """
    runs = {}
    for run, record in own.items():
        expected = trusted.get(run, {})
        both = sorted(record.keys() & expected.keys())
        names = [name for name in both if not _agree(record[name], expected[name])]
        if names:
            what = "costs" if "costs" in names else ", ".join(names)
            runs.setdefault(what, []).append(run)
    return [
        f"other {what} than with the grader's code: {some(named, NAMED, ', ')}"
        for what, named in runs.items()
    ]


def same_results(own, trusted):
    """Name the runs that recorded the same, to the last bit."""
    return [
        run
        for run, record in own.records.items()
        if json.dumps(record) == json.dumps(trusted.records.get(run))
    ]


def _agree(result, expected):
    """Tell whether recorded results agree but for rounding."""
    if isinstance(result, dict) and isinstance(expected, dict):
        same = result.keys() == expected.keys()
        return same and all(_agree(result[name], expected[name]) for name in result)
    if not (isinstance(result, list) and isinstance(expected, list)):
        return result != result and expected != expected or _near(result, expected)
    if len(result) != len(expected):
        return False
    if not {*map(type, result), *map(type, expected)} <= {int, float}:
        return all(map(_agree, result, expected))
    first = abs(expected[0]) if expected else 0
    sides = np.array(result, float), np.array(expected, float)
    return np.allclose(*sides, NEAR, NEAR**2 * first, equal_nan=True)
