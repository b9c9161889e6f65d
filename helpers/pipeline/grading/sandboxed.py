"""Make a submission inside the sandbox, and print the results as JSON.

The first argument says what to make: ``claims`` executes the report's notebook,
``report`` also typesets it, ``texts`` only typesets it (see `text_only`), and ``runs``
only executes the grid. Optional arguments are a folder ``build`` to reuse, and names of
runs that need not run again. Outside, `rebuilt` parses the output.
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
from helpers.pipeline.grading.reference import REUSED
from helpers.pipeline.grading.text_only import set_texts
from helpers.pipeline.grading.unpack import GRADED
from helpers.pipeline.kernels.audit import file_stamp
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.report.build import execute_report
from helpers.pipeline.report.title import table_from_environment, title_block
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
    """Make the submission, and print its records, claims and files."""
    Parameter.choices = ()  # reading them would import the submission's helpers here
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)  # everything else is printed to standard error
        json.dump(make(*sys.argv[1:]), out)


def make(what, build=None, *accepted):
    """Return the results as a dict for JSON."""
    for name in REUSED[what] if build else ():
        part, copy = Path(build, name), ROOT / "build" / name
        if part.is_dir():
            shutil.copytree(part, copy, dirs_exist_ok=True)
        elif part.exists():
            shutil.copyfile(part, copy)
    if what == "texts":
        return encoded(*set_texts(GRADED.executed, **title_block()))
    points = readable_points()
    for name in points.keys() & {*accepted}:
        accept(points[name])
    if what != "report":
        os.environ[FORMATS] = ""
    execute({it.experiment for it in points.values()} if what == "runs" else None)
    results = encoded(*set_texts(GRADED.executed)) if what == "report" else {}
    results["records"] = {name: record_of(it) for name, it in points.items()}
    if what != "runs":
        recorded = read_record(GRADED.executed)
        claims = recorded["claims"]
        results["claims"] = {name: claim["value"] for name, claim in claims.items()}
        results["constant"] = recorded.get("constant", [])
    return results


def readable_points():
    """Return the points of all experiments that this code can run.

    Each is named by its settings in the grid: the notebook's defaults may differ.
    """
    points = []
    for experiment in read_grids(EXPERIMENTS, file_stamp(EXPERIMENTS)):
        with contextlib.suppress(UserError):
            points += read_points(only=experiment)[experiment]
    return {readable(str(point)): point for point in points}


def encoded(pdf, html):
    """Encode the PDF and the page of a report in base64."""
    files = {"pdf": pdf, "html": html}
    return {name: base64.b64encode(files[name]).decode() for name in files}


def accept(point):
    """Mark a reused run as made by the code here, which gives the same results."""
    path, inputs = path_of(point.run), Inputs().of(point)
    if recorded := recorded_inputs(path):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        data = {name: it for name, it in recorded.items() if not name.endswith(CODE)}
        code = {name: it for name, it in inputs.items() if name.endswith(CODE)}
        notebook["metadata"]["run"]["inputs"] = data | code
        path.write_text(as_text(notebook), encoding="utf-8")


def execute(only):
    """Execute `only` these experiments; if None, all and the report's notebook."""
    only_runs, plan = only is not None, make_plan(only)
    if only_runs and not plan.missing:
        return
    modules = {*modules_for(plan), *(() if only_runs else modules_used_by(GRADED.name))}
    with warm_kernels(sorted(modules)):
        with contextlib.suppress(FailedRunsError):  # the report may not need them
            sweep(plan)
        if not only_runs:
            settings = title_block() | table_from_environment(GRADED.name)
            execute_report(settings, TIME_LIMIT, GRADED)


def record_of(point):
    """Return the record and parameters of a run, or {} if it failed."""
    path = path_of(point.run)
    with contextlib.suppress(NoRecordError):
        if path.exists():
            return read_record(path) | {PARAMETERS: point.parameters}
    return {}
