"""Compare files line by line, and notebooks cell by cell."""

import json
import re
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.verify.verdicts import readable

SHOWN = 20_000  # bytes shown of a file on one side only, unless it is code
CODE = (".py", ".ipynb")


class Changed(NamedTuple):
    """A file that differs."""

    name: str  # its path
    kind: str  # ``changed``, ``added`` or ``removed``; in grading also ``own …``
    added: int  # lines
    removed: int
    lines: list[str]  # the differences, as ``diff -u`` writes them

    def __str__(self):
        kind = "" if self.kind == "changed" else f" ({self.kind})"
        return f"{readable(self.name)}{kind} +{self.added} −{self.removed}"


def _texts(sources):
    """Prepare sources to compare: cells of notebooks, and the same line endings."""
    texts = {}
    for name, content in sources.items():
        if name.endswith(".ipynb"):
            cells = (f"----- {kind} cell\n{text}\n" for kind, text in cells_of(content))
            content = "\n".join(cells).encode(errors="replace") or content
        texts[name] = content.replace(b"\r\n", b"\n")
    return texts


def cells_of(content):
    """Return kind and source of a notebook's cells; nothing if it is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        return [
            (str(cell["cell_type"]), "".join(map(str, cell["source"])))
            for cell in cells
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def compare_files(old, new, folder, run):
    """Compare contents by name; return a `Changed` for each file that differs.

    The contents are written to an empty folder. There, `run` runs a command and returns
    its output; exit statuses that are not `allowed` are a failure.
    """
    old, new = _texts(old), _texts(new)
    names = sorted(n for n in old | new if old.get(n) != new.get(n))
    both = [name for name in names if name in old and name in new]
    for side, texts in (("old", old), ("new", new)):
        (folder / side).mkdir(parents=True)
        for number, name in enumerate(both):
            (folder / side / f"{number}").write_bytes(texts[name])
    out = run(folder, ["diff", "-ur", "old", "new"], allowed=(0, 1))
    parts = re.split(r"^diff -ur .*$", out.decode(errors="replace"), flags=re.M)[1:]
    binary = re.compile(r"^Binary files .*$\n?", re.M)
    diffs = {}
    for part in parts:
        head = re.match(r"\n--- old/(\d+)\t", part)
        if not head or int(head[1]) >= len(both):
            raise UserError("the output of diff cannot be read")
        diffs[both[int(head[1])]] = binary.sub("", part).split("\n")[3:]
    return [
        _changed(name, diffs.get(name, ["(not text)"]))
        if name in both
        else _one_sided(name, old, new)
        for name in names
    ]


def _changed(name, lines):
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return Changed(name, "changed", added, removed, lines)


def _one_sided(name, old, new):
    """Describe a file that only one side has; it may be large."""
    content = new.get(name, old.get(name))
    count = content.count(b"\n") + (content[-1:] not in (b"\n", b""))
    sign = "+" if name in new else "-"
    shown = content if name.endswith(CODE) else content[:SHOWN]
    lines = [f"{sign}{line}" for line in shown.decode(errors="replace").split("\n")]
    if name in old:
        return Changed(name, "removed", 0, count, lines)
    return Changed(name, "added", count, 0, lines)
