"""What a submission changed of the grader's checkout, and what of it is suspicious.

A submission is made again on data that it cannot know, see `own.change_tables`. What is
stated should then move, and as it does in the grader's own report.
"""

import json
import re

import numpy as np

from helpers.pipeline.command import first_few
from helpers.pipeline.grading.unpack import GENERATED, NOTEBOOK, counts
from helpers.pipeline.records import values_agree
from helpers.pipeline.report.claims import PROSE, typed_digits
from helpers.pipeline.verify import file_diffs
from helpers.pipeline.verify.file_diffs import CODE, cells_of

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
PARAMETERS = "parameters"  # of a run, among what it has recorded
OPTIMISERS = "helpers/optimisers.py"  # which a student may add to
NO_TABLE = (".yaml", ".yml", ".json")  # stay as they are on other data


def sources_in(folder):
    """Return the files of a checkout that are taken from a submission, by name."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if path.is_file() and counts(name) and name not in GENERATED
    }


def compare_files(right, theirs, folder, run):
    """Find the files that differ, as `helpers.pipeline.verify.file_diffs` does.

    Files that only the submission has are called a student's own.
    """
    return [
        _owned(file) for file in file_diffs.compare_files(right, theirs, folder, run)
    ]


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
    """Tell whether the changed files can change runs; and anything but the text.

    The text is the prose of the report, and its works.
    """
    names = {file.name for file in changed} - {NOTEBOOK}
    cells = (cells_of(sources.get(NOTEBOOK, b"")) for sources in (right, theirs))
    code = ([text for kind, text in of if kind == "code"] for of in cells)
    before, now = ([it for it in of if not it.startswith(PROSE)] for of in code)
    runs = any(name.startswith(RUNNING) for name in names)
    return runs, before != now or not names <= {WORKS}


def suspicious_claims(own, other, right, right_other, typed):
    """Find the claims that do not come from the data: for each, what is wrong.

    `own` and `other` are what came of the submission on its data and on other data,
    `right` and `right_other` the same of the grader's checkout, and `typed` the numbers
    in the lines of code that the submission added.
    """
    fixed = {n for n, v in right.claims.items() if v == right_other.claims.get(n)}
    fixed.update({*own.constant} - right.claims.keys())
    typed = {float(number) for number in typed} - {*range(FEW)}
    parameters = (run.get(PARAMETERS, {}) for run in own.records.values())
    settings = {value for given in parameters for value in given.values()}
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
        elif moved == value:
            numbers = {*_numbers_in(value)} - settings
            few = 0 if name in right.claims else DIGITS
            told = any(_is_telling(number, typed, few) for number in numbers)
            if told and name not in fixed:
                found.append(f"{name}: stays {value} on other data")
        elif change := _change(value, right.claims.get(name), moved, expected):
            found.append(f"{name}: {change}, on other data too")
    return found


def _change(value, right, moved, expected):
    """Tell how a value is made of the grader's, the same on both data; or return ""."""
    known = all(type(number) in (int, float) for number in (right, expected))
    if known and right and _is_telling(value) and _is_telling(moved):
        if values_agree(value * expected, moved * right, NEAR):
            return f"{value / right:.6g} times the grader's"
        if values_agree(value - right, moved - expected, NEAR):
            return f"the grader's {value - right:+.6g}"
    return ""


def other_claims(own, right):
    """Return the names of claims that have other values than in the grader's report."""
    both = own.claims.keys() & right.claims.keys()
    return sorted(n for n in both if not _near(own.claims[n], right.claims[n]))


def _near(value, other):
    """Tell whether values agree but for rounding, or are rounding errors."""
    numbers = all(isinstance(side, float) for side in (value, other))
    tiny = numbers and max(abs(value), abs(other)) < ROUNDING
    return tiny or values_agree(value, other, NEAR)


def _numbers_in(value):
    """Return the numbers of a claim: itself, or those with a point in a text."""
    if not isinstance(value, str):
        return [value]
    return [number for number in map(float, NUMBER.findall(value)) if number % 1]


def _is_telling(value, typed=(), few=DIGITS):
    """Tell whether a value is no constant or count: typed, or with many digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    digits = f"{value:.9e}".partition("e")[0].strip("-0").replace(".", "").rstrip("0")
    return abs(value) in typed or (value % 1 != 0 and len(digits) > few)


def other_results(own, trusted):
    """Name the runs that recorded other results than with the grader's code, and why.

    Both are records by the names of runs. Where the costs are others, so is all that
    follows from them; and so it is where a parameter has another default.
    """
    runs = {}
    for run, record in own.items():
        expected = trusted.get(run, {})
        given, right = (side.get(PARAMETERS, {}) for side in (record, expected))
        both = sorted((record.keys() & expected.keys()) - {PARAMETERS})
        names = [name for name in both if not _agree(record[name], expected[name])]
        if unlike := sorted(n for n in right if given.get(n, right[n]) != right[n]):
            what = (f"{n}={given[n]} by default, not {right[n]}" for n in unlike)
            runs.setdefault(", ".join(what), []).append(run)
        elif names:
            what = "costs" if "costs" in names else ", ".join(names)
            what = f"other {what} than with the grader's code"
            runs.setdefault(what, []).append(run)
    return [f"{what}: {first_few(named, NAMED, ', ')}" for what, named in runs.items()]


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
