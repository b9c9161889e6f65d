"""The files of a report. The assignment, ``notebooks/report.ipynb``, is the default."""

import fnmatch
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

from helpers import ROOT

# What builds write below the folder; the pages stay out of git, the results do not.
MADE = ("report/*.pdf", "report/*.html", "report/*results.json")
# How the grid names a notebook, and how the code of a report does.
IN_GRID = re.compile(r"""\bnotebook["']?\s*:\s*["']?([^"'\n,}#]+)""")
IN_CODE = re.compile(r"([\w.-]+)\.ipynb\b")


class Paths(SimpleNamespace):
    """Where the files of a report are, named as its notebook in a project."""

    def __init__(self, name="report", root=ROOT):
        self.name, self.is_default = name, name == "report"
        own = "" if self.is_default else f"{name}-"
        build, made = root / "build", root / "report"
        self.notebook = root / "notebooks" / f"{name}.ipynb"
        self.executed = build / f"{name}.ipynb"  # the notebook as it was executed last
        self.tex = build / ("tex" if self.is_default else f"{name}.tex")  # for LaTeX
        self.pdf, self.html = made / f"{name}.pdf", made / f"{name}.html"
        self.results = made / f"{own}results.json"  # every number that it states
        self.submission = build / f"{own}submission.zip"  # what is handed in


ASSIGNMENT = Paths()


def requested_report():
    """Return the paths of the report that ``REPORT=`` names."""
    return Paths(os.environ.get("REPORT") or ASSIGNMENT.name)


def current_report():
    """Return the paths of the report whose notebook this kernel executes.

    JupyterLab tells each kernel the path of its notebook, and so does a build.
    """
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    return Paths(name) if Paths(name).notebook.exists() else ASSIGNMENT


def current_cells():
    """Return the cells of that notebook as parsed JSON; none if it is not there."""
    path = current_report().notebook
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def is_generated(name):
    """Tell whether a file of the project is what a build writes for a report."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in MADE)


def relevant_files(report, names):
    """Return those of the project's files on which a report or its grader may rest.

    They are all but those that a build writes, and the notebooks that neither it nor
    the grid names.
    """
    behind = notebooks_used_by(report)

    def is_part(name):
        if fnmatch.fnmatchcase(name, "notebooks/*.ipynb"):
            return Path(name).stem in behind
        return not is_generated(name)

    return [name for name in names if is_part(name)]


def notebooks_used_by(report):
    """Return the names of a report, and of notebooks that it or the grid names."""
    found = {report, "descent"}
    grid = ROOT / "experiments.yaml"
    for path, pattern in (Paths(report, ROOT).notebook, IN_CODE), (grid, IN_GRID):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= {name.strip() for name in pattern.findall(text)}
    return found
