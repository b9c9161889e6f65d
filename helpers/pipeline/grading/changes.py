"""What a submission changed of the grader's checkout, line by line."""

import re

from helpers.pipeline.grading.other_data import NUMBER
from helpers.pipeline.grading.unpack import GENERATED, counts
from helpers.pipeline.report.claims import typed_digits
from helpers.pipeline.verify import files
from helpers.pipeline.verify.files import CODE, cells_of

OWN = {
    "data/": "own data",
    "notebooks/": "own notebook",
    "helpers/": "own module",
}
EXPERIMENT = re.compile(r"^\+[\"']?([\w.-]+)[\"']?:", re.M)  # in a diff of the grid
REPORT = "notebooks/report.ipynb"
MOVING = ("notebooks/", "helpers/", "data/", "experiments.yaml", "report/timings.json")


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
    """Return the numbers that the lines added to code hold."""
    lines = "\n".join(
        line[1:]
        for file in changed
        if file.name.endswith(CODE)
        for line in file.lines
        if line[:1] == "+"
    )
    return {*NUMBER.findall(lines)}


def typed_in_prose(right, theirs):
    """Find digits in prose of a submission's report that are not in the grader's."""
    known = {*map(tuple, cells_of(right.get(REPORT, b"")))}
    return [
        f"typed in prose: {digits}"
        for cell in cells_of(theirs.get(REPORT, b""))
        if cell[0] == "code" and cell not in known
        for digits in typed_digits(cell[1])
    ]


def moves_claims(changed, right, theirs):
    """Tell whether more was changed than the prose of the report, and its looks."""
    names = {file.name for file in changed}
    if REPORT in names and _computing(right) == _computing(theirs):
        names.remove(REPORT)
    return any(name.startswith(MOVING) for name in names)


def _computing(sources):
    """Return the cells of a report that are code and no prose."""
    cells = cells_of(sources.get(REPORT, b""))
    return [text for kind, text in cells if kind == "code" and text[:7] != "%%prose"]
