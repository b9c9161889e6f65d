"""The files of a report; the default is the assignment, ``notebooks/report.ipynb``."""

import fnmatch
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

from helpers import ROOT

# Files that a build writes for a report; git ignores all but the results.
GENERATED = ("report/*.pdf", "report/*.html", "report/*results.json")
# References to a notebook in the grid, and in the code of a report.
IN_GRID = re.compile(r"""\bnotebook["']?\s*:\s*["']?([^"'\n,}#]+)""")
IN_CODE = re.compile(r"([\w.-]+)\.ipynb\b")


class Paths(SimpleNamespace):
    """Paths of the files of a report, which is named after its notebook."""

    def __init__(self, name="report", root=ROOT):
        self.name, self.is_default = name, name == "report"
        prefix = "" if self.is_default else f"{name}-"
        build, folder = root / "build", root / "report"
        self.notebook = root / "notebooks" / f"{name}.ipynb"
        self.executed = build / f"{name}.ipynb"  # the notebook with its latest outputs
        self.tex = build / ("tex" if self.is_default else f"{name}.tex")  # for LaTeX
        self.pdf, self.html = folder / f"{name}.pdf", folder / f"{name}.html"
        self.results = folder / f"{prefix}results.json"  # every number that it states
        self.submission = build / f"{prefix}submission.zip"  # to hand in


ASSIGNMENT = Paths()


def requested_report():
    """Return the paths of the report that ``REPORT=`` names."""
    return Paths(os.environ.get("REPORT") or ASSIGNMENT.name)


def current_report():
    """Return the paths of the report whose notebook this kernel executes.

    JupyterLab gives each kernel the path of its notebook, and so does a build.
    """
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    return Paths(name) if Paths(name).notebook.exists() else ASSIGNMENT


def current_cells():
    """Return the cells of the current notebook as JSON; none if it does not exist."""
    path = current_report().notebook
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def is_generated(name):
    """Tell whether a file of the project is one that a build writes for a report."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in GENERATED)


def relevant_files(report, names):
    """Return those of the project's files that a report or its grader may depend on.

    They are all files except generated ones, and except notebooks that neither the
    report nor the grid refers to.
    """
    notebooks = notebooks_used_by(report)

    def is_relevant(name):
        if fnmatch.fnmatchcase(name, "notebooks/*.ipynb"):
            return Path(name).stem in notebooks
        return not is_generated(name)

    return [name for name in names if is_relevant(name)]


def notebooks_used_by(report):
    """Return the names of a report, and of notebooks that it or the grid refers to."""
    notebooks = {report, "descent"}
    grid = ROOT / "experiments.yaml"
    for path, pattern in (Paths(report, ROOT).notebook, IN_CODE), (grid, IN_GRID):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            notebooks |= {name.strip() for name in pattern.findall(text)}
    return notebooks
