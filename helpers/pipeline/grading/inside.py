"""Make what was handed in, behind the walls, and print as JSON what came of it.

With ``report`` it makes the report, with ``claims`` it only executes its notebook, with
``runs`` only the grid.
"""

import base64
import contextlib
import json
import os
import shutil
import sys

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.report.build import execute_report, report
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import RUNS, modules_behind, path_of
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import FailedRunsError, Settings, sweep

KNOWN = ROOT / "known-runs"  # which are not run again unless something has changed
NUMERIC = (int, float)


def main():
    """Make it, and print its costs, claims and PDF."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # where all else is printed
    if KNOWN.is_dir():
        shutil.copytree(KNOWN, RUNS, dirs_exist_ok=True)
    what = sys.argv[1]
    made = {}
    if what == "report":
        report()
        made["pdf"] = base64.b64encode(ASSIGNMENT.pdf.read_bytes()).decode()
    else:
        execute(only_runs=what == "runs")
    points = [point for grid in read_points().values() for point in grid]
    made["costs"] = {point.run: costs_of(point.run) for point in points}
    made["settings"] = sorted(
        {
            value
            for point in points
            for value in point.parameters.values()
            if isinstance(value, NUMERIC)
        }
    )
    if what != "runs":
        recorded = read_record(ASSIGNMENT.executed)
        claims = recorded["claims"]
        made["claims"] = {name: claim["value"] for name, claim in claims.items()}
        made["constant"] = recorded.get("constant", [])
    json.dump(made, out)
    out.close()


def execute(*, only_runs):
    """Execute the grid and, unless it is enough, the report's notebook; set no page."""
    plan = make_plan()
    modules = sorted({*modules_for(plan), *modules_behind("report")})
    with warm_kernels(modules) as kernel:
        with contextlib.suppress(FailedRunsError):  # the text may not rest on it
            sweep(plan, Settings())
        if not only_runs:
            execute_report(kernel, {}, Settings().time_limit)


def costs_of(run):
    """Return the costs that a run has recorded; None if it has not, or failed."""
    with contextlib.suppress(NoRecordError):
        return read_record(path_of(run)).get("costs") if path_of(run).exists() else None


if __name__ == "__main__":
    run_command(main)
