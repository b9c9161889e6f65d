"""Files that differ, line by line; notebooks by their cells."""

import json
import re
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.verify.verdicts import readable

SHOWN = 20_000  # bytes of a file that only one side has and that is no code
CODE = (".py", ".ipynb")


class Changed(NamedTuple):
    """A file that differs."""

    name: str  # its path
    kind: str  # ``changed``, ``added`` or ``removed``; grading also says what was added
    added: int  # lines
    removed: int
    lines: list[str]  # the differences as ``diff -u`` writes them

    def __str__(self):
        kind = "" if self.kind == "changed" else f" ({self.kind})"
        return f"{readable(self.name)}{kind} +{self.added} −{self.removed}"


def _texts(sources):
    """Return sources as they are compared: of notebooks the cells, lines end alike."""
    found = {}
    for name, content in sources.items():
        if name.endswith(".ipynb"):
            cells = (f"----- {kind} cell\n{text}\n" for kind, text in cells_of(content))
            content = "\n".join(cells).encode(errors="replace") or content
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


def compare_files(right, theirs, folder, run):
    """Find the files that differ, of contents by name; each is a `Changed`.

    They are written to a folder, which is empty. There, `run` runs a command, and
    returns what it prints; other exit statuses than the ``fine`` ones are a failure.
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
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return Changed(name, "changed", added, removed, lines)


def _whole(name, right, theirs):
    """Describe a file that only one side has; it may be large."""
    content = theirs.get(name, right.get(name))
    count = content.count(b"\n") + (content[-1:] not in (b"\n", b""))
    sign = "+" if name in theirs else "-"
    shown = content if name.endswith(CODE) else content[:SHOWN]
    lines = [f"{sign}{line}" for line in shown.decode(errors="replace").split("\n")]
    if name in right:
        return Changed(name, "removed", 0, count, lines)
    return Changed(name, "added", count, 0, lines)
