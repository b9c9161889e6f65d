"""Make the runs and claims of this checkout, to compare submissions with them.

They are made once, on its own data and on other data that no submission can know: with
rows dropped at random, the rest shuffled, and the target multiplied by a factor.
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
from helpers.pipeline.report.revision import EXCLUDED
from helpers.pipeline.report.title import report_environment, table_from_environment

# The parts of this checkout that a submission can see.
VISIBLE = (*FOLDERS, GRID, "requirements.txt", "Makefile", "apt.txt")
VISIBLE += ("environment.yml", "pyproject.toml")
# Files of the grader that a submission gets if it has none itself.
FALLBACKS = ("report/figures.mplstyle", "report/references.bib")
FONTS = "build"  # folder of matplotlib's font list; writable in a sandbox
RUNS = Path("build", "runs")
# What is reused of an earlier build; its claims only if no code is executed.
REUSED = {
    "claims": ("runs",),
    "runs": ("runs",),
    "report": ("runs", GRADED.tex.name),
    "texts": ("runs", GRADED.tex.name, GRADED.executed.name),
}
PYTHON = [f"{sys.prefix}/bin/python", "-m"]
# This process reports the results, and therefore uses the grader's helpers; only the
# kernels that it starts use those of the project.
LAUNCHER = """\
from pathlib import Path; import helpers; helpers.ROOT = Path.cwd()
from helpers.pipeline.command import run_command
from helpers.pipeline.grading.sandboxed import main; run_command(main)"""
SANDBOXED = [PYTHON[0], "-P", "-c", LAUNCHER]
DROPPED = 0.05  # share of the rows that are left out
FACTORS = 1.5, 2.5  # range of the factor of the target
# In a grid, or in a notebook, where the parameter has a type.
TARGET = re.compile(r"\btarget\b(?:: *str)? *[:=]([^}#\n]+)")
ATTEMPTS = 3  # if the grader's own report fails on the other data


class Change(NamedTuple):
    """How the data are changed: a seed for the rows, and a factor for the target."""

    seed: int
    factor: float


class Reference(NamedTuple):
    """The results of this checkout."""

    checkout: Path  # a copy of it
    sources: dict[str, bytes]  # see `helpers.pipeline.grading.changes.sources_in`
    build: Path  # the folder ``build`` in which it was made
    other_build: Path  # the same on other data
    rebuilt: Rebuilt  # its claims and records
    on_other_data: Rebuilt  # the same on other data
    change: Change  # how the other data differ
    tables: dict[bytes, bytes]  # each table with its changed version
    problem: str  # why it could not be made; empty if it could


def make_reference(folder, submit):
    """Make this checkout's claims on its own data and on other data, in parallel."""
    checkout = folder / "checkout"
    ignored = shutil.ignore_patterns(*EXCLUDED)
    for part in VISIBLE:
        source, copy = ROOT / part, checkout / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=ignored, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, copy)
    for path in sorted((checkout / "report").rglob("*")):
        generated = is_generated(path.relative_to(checkout).as_posix())
        if generated and path.is_file():  # no submission may see its numbers
            path.unlink()
    list_fonts(checkout)
    # Compile once; a file that a submission changes has another digest.
    mode = PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(checkout / "helpers", quiet=2, invalidation_mode=mode)
    first = submit(make_report, checkout, folder / "same")
    second = submit(make_on_other_data, checkout, folder / "other")
    rebuilt, problem = first.result()
    change, tables, on_other_data, other_problem = second.result()
    builds = folder / "same" / "build", folder / "other" / "build"
    results = rebuilt, on_other_data, change, tables, problem or other_problem
    return Reference(checkout, sources_in(checkout), *builds, *results)


def list_fonts(checkout):
    """Let matplotlib list the machine's fonts once, instead of in each sandbox."""
    # With another home folder, it leaves out fonts that only the grader has.
    (checkout / FONTS).mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout)}
    environment["MPLCONFIGDIR"] = str(checkout / FONTS)
    command = [*PYTHON, "matplotlib.font_manager"]
    # If this fails, each sandbox lists them itself.
    subprocess.run(command, env=environment, capture_output=True)


def make_report(checkout, project):
    """Make the report of the checkout in a new folder; see `make_claims`."""
    shutil.copytree(checkout, project)
    if (ROOT / RUNS).is_dir():
        unfinished = shutil.ignore_patterns(".*")
        shutil.copytree(ROOT / RUNS, project / RUNS, ignore=unfinished)
    return make_claims(project, "report")


def make_on_other_data(checkout, project):
    """Make only the claims, on other data; also return how these data differ."""
    target = table_from_environment(GRADED.name).get("target", "")
    for _ in range(ATTEMPTS):
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(checkout, project)
        change = new_change()
        tables = change_tables(project, change, target=target)
        rebuilt, problem = make_claims(project, "claims")
        if not problem:
            break
    return change, tables, rebuilt, problem


def make_claims(project, what):
    """Make a project with `sandboxed`; return a `Rebuilt`, and a problem or ""."""
    try:
        environment = environment_of(project, table_from_environment(GRADED.name))
        options = {"walled": False, "environment": environment}
        ended = run_confined([*SANDBOXED, what], project, Limits(), **options)
        return read_rebuilt(ended.output())._replace(pdf=b"", html=b""), ""
    except UserError as error:
        return Rebuilt(), f"the grader's own report cannot be made: {error}"


def environment_of(project, settings):
    """Return the environment variables to make a report with the given settings."""
    variables = report_environment(GRADED.name, settings)
    return variables | {"MPLCONFIGDIR": str(project / FONTS)}


def new_change():
    """Return a change that nobody can predict."""
    rng = random.SystemRandom()
    return Change(rng.getrandbits(64), rng.uniform(*FACTORS))


def change_tables(folder, change, known=None, target=""):
    """Change all tables of a project; return each table with its changed version.

    Tables that are `known` get the version that they have there. `target` is one more
    column to multiply, in case neither the grid nor a notebook names it.
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
                table = known.get(content) or changed_table(content, change, targets)
                path.write_bytes(table)
                changed[content] = table
    return changed


def changed_table(content, change, targets):
    """Return a text table with fewer rows, shuffled, and with multiplied targets."""
    lines = content.decode("latin-1").splitlines(keepends=True)
    head, rows = lines[:1], [line for line in lines[1:] if line.strip()]
    rows = [row if row.endswith("\n") else f"{row}\n" for row in rows]
    count = len(rows) - max(len(rows) > 1, round(DROPPED * len(rows)))
    rows = random.Random(change.seed).sample(rows, count)
    # If it is no CSV file with numbers, the change of rows is enough.
    with contextlib.suppress(ValueError, IndexError, csv.Error):
        rows = _scaled(head[0], rows, change.factor, targets)
    return "".join([*head, *rows]).encode("latin-1")


def _scaled(head, rows, factor, targets):
    """Multiply the targets in the rows of a CSV file."""
    names = next(csv.reader([head.removeprefix("ï»¿")]))
    columns = [k for k, name in enumerate(names) if name.strip() in targets]
    table = list(csv.reader(rows))
    for cells in table if columns else ():
        for column in columns:
            cells[column] = repr(float(cells[column]) * factor)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return [text.getvalue()] if columns else rows
