"""What is the same for all submissions, made once: this checkout's runs and claims."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.command import error_in
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.changes import sources_in
from helpers.pipeline.grading.made import Made, read_made
from helpers.pipeline.grading.other_data import Change, change_tables, new_change
from helpers.pipeline.grading.sandbox import Limits, run_confined
from helpers.pipeline.grading.unpack import FILES, FOLDERS, GRADERS, visible
from helpers.pipeline.report.revision import LEFT_OUT

# All of this checkout that a submission is shown.
SHOWN = (*FOLDERS, *GRADERS, *FILES, "requirements.txt", "Makefile", "apt.txt")
SHOWN += ("environment.yml", "pyproject.toml")
# A submission without its own gets the grader's.
LENT = ("report/figures.mplstyle", "report/references.bib")
FONTS = "build"  # holds matplotlib's list of fonts; a sandbox can read it and write
RUNS = Path("build", "runs")
PYTHON = [f"{sys.prefix}/bin/python", "-m"]
INSIDE = [*PYTHON, "helpers.pipeline.grading.inside"]
TRIES = 3  # if the grader's own text does not hold on the other data


class Own(NamedTuple):
    """What came of this checkout.

    Attributes
    ----------
    checkout : Path
        A copy of it.
    sources : dict of str to bytes
        See `helpers.pipeline.grading.changes.sources_in`.
    runs, other_runs : Path
        Folders of its runs, on its data and on other data.
    made, other : Made
        Its claims.
    change : Change
        How the other data differ.
    tables : dict of bytes to bytes
        The tables, with what they became.
    problem : str
        Why there are no other data; empty if there are.
    """

    checkout: Path
    sources: dict
    runs: Path
    other_runs: Path
    made: Made
    other: Made
    change: Change
    tables: dict
    problem: str


def make_own(folder, pool):
    """Make this checkout's claims in a folder, on its data and on others at once."""
    checkout = folder / "checkout"
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    for part in SHOWN:
        source, copy = ROOT / part, checkout / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=ignored, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, copy)
    find_fonts(checkout)
    first = pool.submit(make_claims, checkout, folder / "own")
    other = pool.submit(make_other, checkout, folder)
    made, problem = first.result()
    change, tables, moved, other_problem = other.result()
    problem = problem or other_problem
    runs = folder / "own" / RUNS, folder / "other" / RUNS
    for place in runs:
        place.mkdir(parents=True, exist_ok=True)
    return Own(
        checkout, sources_in(checkout), *runs, made, moved, change, tables, problem
    )


def find_fonts(checkout):
    """Have matplotlib list the machine's fonts once, and not in each sandbox."""
    # In a home of its own, it does not list the fonts that only the grader has.
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout)}
    environment["MPLCONFIGDIR"] = str(checkout / FONTS)
    command = [*PYTHON, "matplotlib.font_manager"]
    # If this fails, each sandbox makes its own list.
    subprocess.run(command, env=environment, capture_output=True)


def make_other(checkout, folder):
    """Make the claims on other data; return also what these are."""
    for _ in range(TRIES):
        change, project = new_change(), folder / "other"
        shutil.rmtree(project, ignore_errors=True)
        tables = {}

        def use_others(copy, change=change, tables=tables):
            tables |= change_tables(copy, change)

        made, problem = make_claims(checkout, project, use_others)
        if not problem:
            break
    return change, tables, made, problem


def make_claims(checkout, project, use_others=None):
    """Make the claims of the checkout in a new folder; return also what failed."""
    shutil.copytree(checkout, project)
    if use_others:
        use_others(project)
    known = ROOT / RUNS
    if known.is_dir() and not use_others:
        for path in visible(known):
            (project / RUNS).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, project / RUNS)
    try:
        environment = {"MPLCONFIGDIR": str(project / FONTS)}
        command = [*INSIDE, "claims"]
        options = {"walled": False, "environment": environment}
        ended = run_confined(command, project, Limits(), **options)
        if ended.status or ended.stopped:
            raise UserError(ended.stopped or error_in(ended.err, ended.status))
        return read_made(ended.out), ""
    except UserError as error:
        return Made(), f"the grader's own report cannot be made: {error}"
