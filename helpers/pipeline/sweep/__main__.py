"""Run every point of the grid whose run is missing or out of date."""

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
    """Run a sweep with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="", help="run only this one")
    parser.add_argument("--report", default="", help="run only those of this report")
    parser.add_argument("--scheduler", default="", help="Dask's, tcp://host:port")
    parser.add_argument("--time-limit", default="600", help="seconds for each run")
    parser.add_argument(
        "--dry-run", **FLAG, help="only print what would be run, and why"
    )
    parser.add_argument("--yes", **FLAG, help=f"allow more than {MANY:,} points")
    options = parser.parse_args()
    dry_run = checked_flag("DRY_RUN", options.dry_run)
    confirmed = checked_flag("YES", options.yes)
    time_limit = checked_time_limit(options.time_limit)
    scheduler = checked_scheduler(options.scheduler or os.environ.get("SCHEDULER", ""))
    report = options.report
    only = options.experiment or (experiments_of(report) if report else None)
    if only == []:
        print(f"{report} loads no experiment by its name: nothing to run")
        return
    plan = make_plan(only, confirmed=confirmed or dry_run)
    if dry_run:
        print_dry_run(plan)
        return
    with warm_kernels(modules_for(plan)) if plan.missing else nullcontext():
        sweep(plan, scheduler, time_limit)


if __name__ == "__main__":
    run_command(main, "finished runs are kept")
