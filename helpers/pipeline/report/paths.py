"""The files of a report. The assignment, ``notebooks/report.ipynb``, is the default."""

import fnmatch
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT

# What builds write below the folder; the pages stay out of git, the results do not.
MADE = ("report/*.pdf", "report/*.html", "report/*results.json")
# How the grid names a notebook, and how the code of a report does.
IN_GRID = re.compile(r"""\bnotebook["']?\s*:\s*["']?([^"'\n,}#]+)""")
IN_CODE = re.compile(r"([\w.-]+)\.ipynb\b")


class Paths(NamedTuple):
    """Where the files of a report are."""

    name: str = "report"  # of its notebook, without folder and ending
    root: Path = ROOT  # the project

    @property
    def notebook(self):
        """The notebook that is the report."""
        return self.root / "notebooks" / f"{self.name}.ipynb"

    @property
    def executed(self):
        """The notebook as it was executed last."""
        return self.root / "build" / f"{self.name}.ipynb"

    @property
    def tex(self):
        """The folder in which LaTeX works."""
        return self.root / "build" / ("tex" if self.is_default else f"{self.name}.tex")

    @property
    def pdf(self):
        """The report for print."""
        return self.root / "report" / f"{self.name}.pdf"

    @property
    def html(self):
        """The report as a page."""
        return self.pdf.with_suffix(".html")

    @property
    def results(self):
        """Every number that it states."""
        return self.root / "report" / f"{self._own}results.json"

    @property
    def submission(self):
        """What is handed in."""
        return self.root / "build" / f"{self._own}submission.zip"

    @property
    def _own(self):
        return "" if self.is_default else f"{self.name}-"

    @property
    def is_default(self):
        """Whether it is the assignment."""
        return self.name == ASSIGNMENT.name


ASSIGNMENT = Paths()


def asked():
    """Return the paths of the report that ``REPORT=`` names."""
    return Paths(os.environ.get("REPORT") or ASSIGNMENT.name)


def opened():
    """Return the paths of the report whose notebook this kernel executes.

    JupyterLab tells each kernel the path of its notebook, and so does a build.
    """
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    return Paths(name) if Paths(name).notebook.exists() else ASSIGNMENT


def opened_cells():
    """Return the cells of that notebook as parsed JSON; none if it is not there."""
    path = opened().notebook
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def is_made(name):
    """Tell whether a file of the project is what a build writes for a report."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in MADE)


def parts_of(report, names):
    """Return those of the project's files on which a report or its grader may rest.

    They are all but those that a build writes, and the notebooks that neither it nor
    the grid names.
    """
    behind = notebooks_behind(report)

    def is_part(name):
        if fnmatch.fnmatchcase(name, "notebooks/*.ipynb"):
            return Path(name).stem in behind
        return not is_made(name)

    return [name for name in names if is_part(name)]


def notebooks_behind(report):
    """Return the names of the notebooks that a report may rest on.

    They are its own, those that it names, and those of which the grid may have runs.
    """
    of = Paths(report, ROOT)
    found = {report, "descent"}
    for path, pattern in (
        (of.notebook, IN_CODE),
        (of.root / "experiments.yaml", IN_GRID),
    ):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= {name.strip() for name in pattern.findall(text)}
    return found
