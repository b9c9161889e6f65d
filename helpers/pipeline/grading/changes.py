"""What a submission changed of the grader's checkout, line by line."""

import json
import re
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.other_data import NUMBER
from helpers.pipeline.grading.unpack import GENERATED, counts
from helpers.pipeline.report.claims import typed_digits
from helpers.pipeline.verify.verdicts import readable

OWN = {
    "data/": "own data",
    "notebooks/": "own notebook",
    "helpers/": "own module",
}
EXPERIMENT = re.compile(r"^\+[\"']?([\w.-]+)[\"']?:", re.M)  # in a diff of the grid
SHOWN = 20_000  # bytes of a file of a student's own that is no code
CODE = (".py", ".ipynb")
REPORT = "notebooks/report.ipynb"
MOVING = ("notebooks/", "helpers/", "data/", "experiments.yaml", "report/timings.json")


class Changed(NamedTuple):
    """A file that differs from the grader's.

    Attributes
    ----------
    name : str
        Its path.
    kind : str
        ``changed`` or ``removed``, or what a student's own file is.
    added, removed : int
        How many lines.
    lines : list of str
        The differences as ``diff -u`` writes them.
    """

    name: str
    kind: str
    added: int
    removed: int
    lines: list

    def __str__(self):
        kind = "" if self.kind == "changed" else f" ({self.kind})"
        return f"{readable(self.name)}{kind} +{self.added} −{self.removed}"


def sources_in(folder):
    """Return the files of a checkout that are taken from a submission, by name."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if path.is_file() and counts(name) and name not in GENERATED
    }


def _texts(sources):
    """Return sources as they are compared: of notebooks the cells, lines end alike."""
    found = {}
    for name, content in sources.items():
        if name.endswith(".ipynb"):
            content = "\n".join(_with_heads(cells_of(content))).encode() or content
        found[name] = content.replace(b"\r\n", b"\n")
    return found


def cells_of(content):
    """Return the sources of a notebook's cells with their kinds; none if it is none."""
    try:
        cells = json.loads(content)["cells"]
        return [
            (str(cell["cell_type"]), "".join(map(str, cell["source"])))
            for cell in cells
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def _with_heads(cells):
    for kind, source in cells:
        yield from (f"----- {kind} cell", source.encode(errors="replace").decode(), "")


def compare_files(right, theirs, folder, run):
    """Find the files that differ.

    Parameters
    ----------
    right, theirs : dict of str to bytes
        See `sources_in`.
    folder : Path
        An empty folder to write to.
    run : callable
        Runs a program, which is given its folder and command, behind the walls.

    Returns
    -------
    list of Changed
    """
    right, theirs = _texts(right), _texts(theirs)
    names = sorted(n for n in right | theirs if right.get(n) != theirs.get(n))
    both = [name for name in names if name in right and name in theirs]
    for side, texts in (("right", right), ("theirs", theirs)):
        (folder / side).mkdir(parents=True)
        for number, name in enumerate(both):
            (folder / side / f"{number}").write_bytes(texts[name])
    out = run(folder, ["diff", "-ur", "right", "theirs"], fine=(0, 1))
    parts = re.split(r"^diff -ur .*$", out.decode(errors="replace"), flags=re.M)[1:]
    binary = re.compile(r"^Binary files .*$\n?", re.M)
    found = {}
    for part in parts:
        head = re.match(r"\n--- right/(\d+)\t", part)
        if not head or int(head[1]) >= len(both):
            raise UserError("its differences cannot be read")
        found[both[int(head[1])]] = binary.sub("", part).split("\n")[3:]
    return [
        _changed(name, found.get(name, ["(not text)"]))
        if name in both
        else _whole(name, right, theirs)
        for name in names
    ]


def _changed(name, lines):
    added, removed = (
        [line for line in lines if line.startswith(sign)] for sign in "+-"
    )
    experiments = EXPERIMENT.findall("\n".join(added))
    own = name == "experiments.yaml" and experiments and not removed
    kind = f"own experiments: {', '.join(experiments)}" if own else "changed"
    return Changed(name, kind, len(added), len(removed), lines)


def _whole(name, right, theirs):
    """Describe a file that only one side has; it may be large."""
    content = theirs.get(name, right.get(name))
    count = content.count(b"\n") + (content[-1:] not in (b"\n", b""))
    sign = "+" if name in theirs else "-"
    shown = content if name.endswith(CODE) else content[:SHOWN]
    lines = [f"{sign}{line}" for line in shown.decode(errors="replace").split("\n")]
    if name in right:
        return Changed(name, "removed", 0, count, lines)
    kinds = (kind for place, kind in OWN.items() if name.startswith(place))
    return Changed(name, next(kinds, "own"), count, 0, lines)


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
