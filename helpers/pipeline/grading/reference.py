"""What is the same for all submissions, made once: this checkout's runs and claims.

They are made on its data and on other data that no submission can know: rows are left
out at random, the others stand in another order, and the target is multiplied.
"""

import compileall
import contextlib
import csv
import io
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.changes import NO_TABLE, sources_in
from helpers.pipeline.grading.rebuilt import Rebuilt, read_rebuilt
from helpers.pipeline.grading.sandbox import Limits, run_confined
from helpers.pipeline.grading.unpack import FOLDERS, GRADED, GRID
from helpers.pipeline.report.paths import is_generated
from helpers.pipeline.report.revision import LEFT_OUT
from helpers.pipeline.report.title import environment_for, given_table

# All of this checkout that a submission is shown.
SHOWN = (*FOLDERS, GRID, "requirements.txt", "Makefile", "apt.txt")
SHOWN += ("environment.yml", "pyproject.toml")
# A submission without its own gets the grader's.
LENT = ("report/figures.mplstyle", "report/references.bib")
FONTS = "build"  # holds matplotlib's list of fonts; a sandbox can read it and write
RUNS = Path("build", "runs")
# What is known of a build, by what is made: the claims only where no code is executed.
KEPT = {
    "claims": ("runs",),
    "runs": ("runs",),
    "report": ("runs", GRADED.tex.name),
    "texts": ("runs", GRADED.tex.name, GRADED.executed.name),
}
PYTHON = [f"{sys.prefix}/bin/python", "-m"]
# This process says what came of a project, with the helpers of its path: only those of
# the kernels that it starts are the project's.
ASIDE = """\
from pathlib import Path; import helpers; helpers.ROOT = Path.cwd()
from helpers.pipeline.command import run_command
from helpers.pipeline.grading.sandboxed import main; run_command(main)"""
INSIDE = [PYTHON[0], "-P", "-c", ASIDE]
SHARE = 0.05  # of the rows that are left out
FACTORS = 1.5, 2.5  # of the target
# In a grid, and in a notebook with the type that a parameter has there.
TARGET = re.compile(r"\btarget\b(?:: *str)? *[:=]([^}#\n]+)")
TRIES = 3  # if the grader's own text does not hold on the other data


class Change(NamedTuple):
    """How data are changed: which rows are left out, and the factor of the target."""

    seed: int
    factor: float


class Reference(NamedTuple):
    """What came of this checkout."""

    checkout: Path  # a copy of it
    sources: dict[str, bytes]  # see `helpers.pipeline.grading.changes.sources_in`
    known: Path  # the folder ``build`` in which it was made
    other_known: Path  # the same on other data
    made: Rebuilt  # its claims
    other: Rebuilt  # the same on other data
    change: Change  # how the other data differ
    tables: dict[bytes, bytes]  # the tables, with what they became
    problem: str  # why there are no other data; empty if there are


def make_reference(folder, submit):
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
    for path in sorted((checkout / "report").rglob("*")):
        made = is_generated(path.relative_to(checkout).as_posix())
        if made and path.is_file():  # no submission may see its numbers
            path.unlink()
    find_fonts(checkout)
    # Compiled once; what a submission changes has another digest.
    mode = PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(checkout / "helpers", quiet=2, invalidation_mode=mode)
    first = submit(make_report, checkout, folder / "own")
    other = submit(make_other, checkout, folder / "other")
    made, problem = first.result()
    change, tables, moved, other_problem = other.result()
    problem = problem or other_problem
    known = folder / "own" / "build", folder / "other" / "build"
    return Reference(
        checkout, sources_in(checkout), *known, made, moved, change, tables, problem
    )


def find_fonts(checkout):
    """Have matplotlib list the machine's fonts once, and not in each sandbox."""
    # In a home of its own, it does not list the fonts that only the grader has.
    (checkout / FONTS).mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout)}
    environment["MPLCONFIGDIR"] = str(checkout / FONTS)
    command = [*PYTHON, "matplotlib.font_manager"]
    # If this fails, each sandbox makes its own list.
    subprocess.run(command, env=environment, capture_output=True)


def make_report(checkout, project):
    """Make the report of the checkout in a new folder, see `make_claims`."""
    shutil.copytree(checkout, project)
    if (ROOT / RUNS).is_dir():
        unfinished = shutil.ignore_patterns(".*")
        shutil.copytree(ROOT / RUNS, project / RUNS, ignore=unfinished)
    return make_claims(project, "report")


def make_other(checkout, project):
    """Make only the claims, on other data; return also what these are."""
    target = given_table(GRADED.name).get("target", "")
    for _ in range(TRIES):
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(checkout, project)
        change = new_change()
        tables = change_tables(project, change, target=target)
        made, problem = make_claims(project, "claims")
        if not problem:
            break
    return change, tables, made, problem


def make_claims(project, what):
    """Have `sandboxed` make a project; return also why it could not."""
    try:
        environment = environment_of(project, given_table(GRADED.name))
        options = {"walled": False, "environment": environment}
        ended = run_confined([*INSIDE, what], project, Limits(), **options)
        return read_rebuilt(ended.output())._replace(pdf=b"", html=b""), ""
    except UserError as error:
        return Rebuilt(), f"the grader's own report cannot be made: {error}"


def environment_of(project, given):
    """Return the variables with which a project's report is made for what is given."""
    return environment_for(GRADED.name, given) | {"MPLCONFIGDIR": str(project / FONTS)}


def new_change():
    """Return a change that nobody can know beforehand."""
    chance = random.SystemRandom()
    return Change(chance.getrandbits(64), chance.uniform(*FACTORS))


def change_tables(folder, change, known=None, target=""):
    """Change all tables of a project; return each table with what it became.

    Tables that are `known` become what they became before. `target` is a column to
    predict that neither the grid nor a notebook names.
    """
    known, changed = known or {}, {}
    grids = [folder / "experiments.yaml", *(folder / "notebooks").glob("*.ipynb")]
    text = "\n".join(
        path.read_text(errors="replace") for path in grids if path.exists()
    )
    named = ",".join(TARGET.findall(text)).split(",")
    targets = {name.strip(" []\"'\\") for name in [target, *named]} - {""}
    for path in sorted((folder / "data").rglob("*")):
        if path.is_file() and path.suffix.lower() not in NO_TABLE:
            content = path.read_bytes()
            if b"\0" not in content:
                found = known.get(content) or changed_table(content, change, targets)
                path.write_bytes(found)
                changed[content] = found
    return changed


def changed_table(content, change, targets):
    """Return a table in text with fewer rows, in another order, and other targets."""
    lines = content.decode("latin-1").splitlines(keepends=True)
    head, rows = lines[:1], [line for line in lines[1:] if line.strip()]
    rows = [row if row.endswith("\n") else f"{row}\n" for row in rows]
    fewer = len(rows) - max(len(rows) > 1, round(SHARE * len(rows)))
    rows = random.Random(change.seed).sample(rows, fewer)
    # If it has another layout, its rows are others, which is enough.
    with contextlib.suppress(ValueError, IndexError, csv.Error):
        rows = _scaled(head[0], rows, change.factor, targets)
    return "".join([*head, *rows]).encode("latin-1")


def _scaled(head, rows, factor, targets):
    """Return the rows of a CSV file with the targets multiplied."""
    names = next(csv.reader([head.removeprefix("ï»¿")]))
    columns = [k for k, name in enumerate(names) if name.strip() in targets]
    table = list(csv.reader(rows))
    for cells in table if columns else ():
        for column in columns:
            cells[column] = repr(float(cells[column]) * factor)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return [text.getvalue()] if columns else rows
