"""Run every point of the grid whose run is missing or no longer current."""

import argparse
import os
from contextlib import nullcontext

from helpers.pipeline.command import (
    FLAG,
    checked_flag,
    checked_scheduler,
    checked_time_limit,
    run_command,
)
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.sweep.experiments import MANY, experiments_of
from helpers.pipeline.sweep.plan import make_plan, modules_for, print_dry_run
from helpers.pipeline.sweep.run import sweep


def main():
    """Sweep with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="", help="only this one")
    parser.add_argument("--report", default="", help="only those of this report")
    parser.add_argument("--scheduler", default="", help="tcp://host:port of Dask")
    parser.add_argument("--time-limit", default="600", help="seconds a run")
    parser.add_argument(
        "--dry-run", **FLAG, help="only print what would be run, and why"
    )
    parser.add_argument("--yes", **FLAG, help=f"allow more than {MANY:,} points")
    asked = parser.parse_args()
    dry_run = checked_flag("DRY_RUN", asked.dry_run)
    confirmed = checked_flag("YES", asked.yes)
    time_limit = checked_time_limit(asked.time_limit)
    scheduler = checked_scheduler(asked.scheduler or os.environ.get("SCHEDULER", ""))
    only = asked.experiment or (experiments_of(asked.report) if asked.report else None)
    if only == []:
        print(f"{asked.report} loads no experiment by its name: nothing to run")
        return
    plan = make_plan(only, confirmed=confirmed or dry_run)
    if dry_run:
        print_dry_run(plan)
        return
    with warm_kernels(modules_for(plan)) if plan.missing else nullcontext():
        sweep(plan, scheduler, time_limit)


if __name__ == "__main__":
    run_command(main, "finished runs are kept")
