"""Make what was handed in, behind the walls, and print as JSON what came of it.

With ``claims`` it executes the report's notebook, with ``report`` it then also sets it,
with ``texts`` it only does that (`text_only`), with ``runs`` it only executes the grid.
There may follow a folder ``build`` whose content is known, and names of runs that need
not be run again. Outside, `rebuilt` parses what is printed.
"""

import base64
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.changes import PARAMETERS
from helpers.pipeline.grading.reference import KEPT
from helpers.pipeline.grading.text_only import set_texts
from helpers.pipeline.grading.unpack import GRADED
from helpers.pipeline.kernels.audit import file_stamp
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.report.build import execute_report
from helpers.pipeline.report.title import given_table, title_block
from helpers.pipeline.sweep.executed import as_text
from helpers.pipeline.sweep.experiments import EXPERIMENTS, read_grids, read_points
from helpers.pipeline.sweep.inputs import (
    Inputs,
    modules_used_by,
    path_of,
    recorded_inputs,
)
from helpers.pipeline.sweep.parameters import Parameter
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import TIME_LIMIT, FailedRunsError, sweep
from helpers.pipeline.verify.file_diffs import CODE
from helpers.pipeline.verify.verdicts import readable


def main():
    """Make it, and print its records, claims and PDF."""
    Parameter.choices = ()  # to import what a helper lists would run it here
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)  # where all else is printed
        json.dump(make(*sys.argv[1:]), out)


def make(what, known=None, *accepted):
    """Return what is printed."""
    for name in KEPT[what] if known else ():
        part, copy = Path(known, name), ROOT / "build" / name
        if part.is_dir():
            shutil.copytree(part, copy, dirs_exist_ok=True)
        elif part.exists():
            shutil.copyfile(part, copy)
    if what == "texts":
        return printed(*set_texts(GRADED.executed, **title_block()))
    points = readable_points()
    for name in points.keys() & {*accepted}:
        accept(points[name])
    if what != "report":
        os.environ[FORMATS] = ""
    execute({it.experiment for it in points.values()} if what == "runs" else None)
    made = printed(*set_texts(GRADED.executed)) if what == "report" else {}
    made["records"] = {name: record_of(it) for name, it in points.items()}
    if what != "runs":
        recorded = read_record(GRADED.executed)
        claims = recorded["claims"]
        made["claims"] = {name: claim["value"] for name, claim in claims.items()}
        made["constant"] = recorded.get("constant", [])
    return made


def readable_points():
    """Return the points of all experiments that the code here knows how to run.

    By what the grid says of each, as the notebook's defaults may be others.
    """
    found = []
    for experiment in read_grids(EXPERIMENTS, file_stamp(EXPERIMENTS)):
        with contextlib.suppress(UserError):
            found += read_points(only=experiment)[experiment]
    return {readable(str(point)): point for point in found}


def printed(pdf, html):
    """Return the PDF and the page of a report as texts."""
    files = {"pdf": pdf, "html": html}
    return {name: base64.b64encode(files[name]).decode() for name in files}


def accept(point):
    """Take a known run for one of the code that is here, which has the same results."""
    path, inputs = path_of(point.run), Inputs().of(point)
    if recorded := recorded_inputs(path):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        known = {name: it for name, it in recorded.items() if not name.endswith(CODE)}
        code = {name: it for name, it in inputs.items() if name.endswith(CODE)}
        notebook["metadata"]["run"]["inputs"] = known | code
        path.write_text(as_text(notebook), encoding="utf-8")


def execute(only):
    """Execute `only` some experiments; or all, and the report's notebook."""
    only_runs, plan = only is not None, make_plan(only)
    if only_runs and not plan.missing:
        return
    modules = {*modules_for(plan), *(() if only_runs else modules_used_by(GRADED.name))}
    with warm_kernels(sorted(modules)):
        with contextlib.suppress(FailedRunsError):  # the text may not rest on it
            sweep(plan)
        if not only_runs:
            given = title_block() | given_table(GRADED.name)
            execute_report(given, TIME_LIMIT, GRADED)


def record_of(point):
    """Return what a run has recorded, and its parameters; nothing if it failed."""
    path = path_of(point.run)
    with contextlib.suppress(NoRecordError):
        if path.exists():
            return read_record(path) | {PARAMETERS: point.parameters}
    return {}
