"""What a submission changed in the grader's checkout, and which changes are suspicious.

A submission is also made on data that it cannot know (`reference.change_tables`). Its
claims should then change, and in the same way as those of the grader's own report. Here
`ours` are the files or results of the grader's checkout, `theirs` the submission's.
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

ADDED = {"data/": "own data", "notebooks/": "own notebook", "helpers/": "own module"}
EXPERIMENT = re.compile(r"^\+[\"']?([\w.-]+)[\"']?:", re.M)  # in a diff of the grid
BIBLIOGRAPHY = "report/references.bib"
NEAR = 1e-6  # relative difference that a changed order of additions can cause
ROUNDING = 1e-8  # smaller numbers are rounding errors
DIGITS = 3  # a number with more digits was computed
NAMED = 3  # at most so many runs or claims
FEW = 10  # smaller counts occur in any code
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:e[-+]?\d+)?", re.IGNORECASE)
HEADING = re.compile(r"^#.*", re.M)
RUNNING = ("helpers/", "notebooks/")
PARAMETERS = "parameters"  # of a run, in its record
OPTIMISERS = "helpers/optimisers.py"  # students may add to it
NO_TABLE = (".yaml", ".yml", ".json")  # not changed in the other data


def sources_in(folder):
    """Return the files of a checkout that count in a submission, by name."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in sorted(paths.items())
        if path.is_file() and counts(name) and name not in GENERATED
    }


def compare_files(ours, theirs, folder, run):
    """Find the files that differ, as `helpers.pipeline.verify.file_diffs` does.

    Files that only the submission has are called a student's own.
    """
    return [_mark_own(it) for it in file_diffs.compare_files(ours, theirs, folder, run)]


def _mark_own(file):
    if file.kind == "added":
        kinds = (kind for place, kind in ADDED.items() if file.name.startswith(place))
        return file._replace(kind=next(kinds, "own"))
    experiments = EXPERIMENT.findall("\n".join(file.lines))
    if file.name == "experiments.yaml" and experiments and not file.removed:
        return file._replace(kind=f"own experiments: {', '.join(experiments)}")
    return file


def changed_data(changed):
    """Name the grader's data files that were changed or removed."""
    files = [file for file in changed if file.name.startswith("data/")]
    files = [file for file in files if file.kind in ("changed", "removed")]
    return [f"{file.name}: the grader's data, {file.kind}" for file in files]


def typed_numbers(changed):
    """Return the numbers in lines added to code, YAML or JSON."""
    lines = "\n".join(
        line[1:]
        for file in changed
        if file.name.endswith((*CODE, *NO_TABLE))
        for line in file.lines
        if line[:1] == "+"
    )
    return {*NUMBER.findall(lines)}


def typed_in_prose(ours, theirs):
    """Find digits that the submission's report adds to the prose."""
    our_cells = {*cells_of(ours.get(NOTEBOOK, b""))}
    return [
        f"typed in prose: {digits}"
        for kind, text in cells_of(theirs.get(NOTEBOOK, b""))
        if (kind, text) not in our_cells
        for digits in typed_digits(
            text if kind == "code" else PROSE + HEADING.sub("", text)
        )
    ]


def reach_of(changed, ours, theirs):
    """Tell whether the changed files can change runs, and anything but the text.

    The text is the report's prose and its bibliography.
    """
    names = {file.name for file in changed} - {NOTEBOOK}
    notebooks = (cells_of(sources.get(NOTEBOOK, b"")) for sources in (ours, theirs))
    code = ([text for kind, text in cells if kind == "code"] for cells in notebooks)
    before, now = ([it for it in texts if not it.startswith(PROSE)] for texts in code)
    runs = any(name.startswith(RUNNING) for name in names)
    return runs, before != now or not names <= {BIBLIOGRAPHY}


def suspicious_claims(theirs, theirs_moved, ours, ours_moved, typed):
    """Find the claims that do not come from the data, and say what is wrong with each.

    The four results are of type `Rebuilt`, those ``_moved`` on other data. `typed` are
    the numbers in lines of code that the submission added.
    """
    fixed = {n for n, v in ours.claims.items() if v == ours_moved.claims.get(n)}
    fixed.update({*theirs.constant} - ours.claims.keys())
    typed = {float(number) for number in typed} - {*range(FEW)}
    parameters = (run.get(PARAMETERS, {}) for run in theirs.records.values())
    settings = {value for of_run in parameters for value in of_run.values()}
    problems = []
    for name, value in theirs.claims.items():
        expected = ours_moved.claims.get(name)
        if name not in theirs_moved.claims:
            problems.append(f"{name}: not stated on other data")
            continue
        moved = theirs_moved.claims[name]
        if name in ours.claims and _near(value, ours.claims[name]):
            if not _near(moved, expected):
                verb = "stays" if moved == value else "becomes"
                problems.append(f"{name}: {verb} {moved} on other data, not {expected}")
        elif _near(moved, expected) and _is_computed(moved):
            problems.append(f"{name}: is the grader's on other data, but {value} here")
        elif moved == value:
            numbers = {*_numbers_in(value)} - settings
            digits = 0 if name in ours.claims else DIGITS
            computed = any(_is_computed(number, typed, digits) for number in numbers)
            if computed and name not in fixed:
                problems.append(f"{name}: stays {value} on other data")
        elif relation := _relation(value, ours.claims.get(name), moved, expected):
            problems.append(f"{name}: {relation}, on other data too")
    return problems


def _relation(value, ours, moved, expected):
    """Return how a value derives from the grader's on both data; "" if it does not."""
    are_numbers = all(type(number) in (int, float) for number in (ours, expected))
    if are_numbers and ours and _is_computed(value) and _is_computed(moved):
        if values_agree(value * expected, moved * ours, NEAR):
            return f"{value / ours:.6g} times the grader's"
        if values_agree(value - ours, moved - expected, NEAR):
            return f"the grader's {value - ours:+.6g}"
    return ""


def different_claims(theirs, ours):
    """Return the names of claims whose values differ from the grader's report."""
    both = theirs.claims.keys() & ours.claims.keys()
    return sorted(n for n in both if not _near(theirs.claims[n], ours.claims[n]))


def _near(value, expected):
    """Tell whether values agree up to rounding, or both are rounding errors."""
    are_floats = isinstance(value, float) and isinstance(expected, float)
    tiny = are_floats and max(abs(value), abs(expected)) < ROUNDING
    return tiny or values_agree(value, expected, NEAR)


def _numbers_in(value):
    """Return the numbers in a claim: its value, or decimal fractions in its text."""
    if not isinstance(value, str):
        return [value]
    return [number for number in map(float, NUMBER.findall(value)) if number % 1]


def _is_computed(value, typed=(), most=DIGITS):
    """Tell whether a value is typed or has many digits: no plain constant or count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    digits = f"{value:.9e}".partition("e")[0].strip("-0").replace(".", "").rstrip("0")
    return abs(value) in typed or (value % 1 != 0 and len(digits) > most)


def different_results(records, trusted):
    """Name the runs whose results are different with the grader's code, and say how.

    Both arguments are records by the name of the run. If the costs or a default differ,
    nothing else is named: all the rest follows from them.
    """
    runs = {}
    for run, record in records.items():
        expected = trusted.get(run, {})
        theirs, ours = (side.get(PARAMETERS, {}) for side in (record, expected))
        both = sorted((record.keys() & expected.keys()) - {PARAMETERS})
        names = [name for name in both if not _agree(record[name], expected[name])]
        if defaults := sorted(n for n in ours if theirs.get(n, ours[n]) != ours[n]):
            what = (f"{n}={theirs[n]} by default, not {ours[n]}" for n in defaults)
            runs.setdefault(", ".join(what), []).append(run)
        elif names:
            what = "costs" if "costs" in names else ", ".join(names)
            what = f"different {what} than with the grader's code"
            runs.setdefault(what, []).append(run)
    return [f"{what}: {first_few(names, NAMED, ', ')}" for what, names in runs.items()]


def same_results(theirs, ours):
    """Name the runs whose records are equal to the last bit."""
    return [
        run
        for run, record in theirs.records.items()
        if json.dumps(record) == json.dumps(ours.records.get(run))
    ]


def _agree(result, expected):
    """Tell whether recorded results agree up to rounding."""
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
