"""Execute the missing runs of a grid, keep them, and show the progress."""

import gc
import os
import sys
from collections import ChainMap
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from functools import partial

import psutil

from helpers import ROOT
from helpers.pipeline.command import aligned, first_few
from helpers.pipeline.errors import UserError
from helpers.pipeline.sweep.inputs import (
    RUNS,
    failed_path_of,
    modules_used_by,
    path_of,
)
from helpers.pipeline.sweep.results import finished_runs, print_notes

TIME_LIMIT = 600  # seconds after which a run is stopped and has failed
TRIES = 3  # attempts at a run whose worker is killed


class FailedRunsError(UserError):
    """Some runs failed; the others are kept."""


def sweep(plan, scheduler="", time_limit=TIME_LIMIT):
    """Execute the missing runs, on Dask or on this machine, and print a summary.

    FailedRunsError if a run failed, but only after all others have ended.
    """
    try:
        RUNS.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from None
    try:
        ended = run_missing(plan, scheduler, time_limit) if plan.missing else {}
    finally:
        remove_unfinished()
    # In the order of the grid, so that the summary is always the same.
    failures = {r: ended[r] for r in plan.runs if r in ended and ended[r].error}
    print_summary(plan, ended, failures)
    if failures:
        [first, *_] = failures.values()
        count = f"{len(failures)} of {len(plan.runs)} runs"
        raise FailedRunsError(f"{count} failed: {first.error}")


def run_missing(plan, scheduler, time_limit):
    """Execute and keep the missing runs; return the `execute.Outcome` of each.

    The progress goes to stderr: as a bar in a terminal, elsewhere as a line per run.
    """
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread, as workers are forked
    ended, total = {}, len(plan.missing)
    counts = {"cached": len(plan.runs) - total, "failed": 0, "running": 0}
    options = {"leave": False, "disable": not sys.stderr.isatty()}
    with tqdm(total=total, unit="run", **options) as bar:

        def show(running):
            counts["running"] = running
            bar.set_postfix(counts, refresh=False)

        for run, outcome in outcomes(plan, scheduler, time_limit, show):
            ended[run] = outcome
            counts["failed"] += bool(outcome.error)
            bar.update()
            if bar.disable:
                how = "failed" if outcome.error else "done"
                line = f"{run} {how} ({outcome.seconds:.2f} s): {plan.runs[run]}"
                print(f"[{len(ended)}/{total}] {line}", file=sys.stderr)
    return ended


def outcomes(plan, scheduler, time_limit, show):
    """Execute and keep the missing runs; yield each with its `execute.Outcome`."""
    from helpers.pipeline.sweep.execute import Outcome
    from helpers.pipeline.sweep.executors import open_executor

    waiting = {run: plan.inputs.of(plan.runs[run]) for run in plan.missing}
    for _ in range(TRIES):
        if not waiting:
            return
        inputs = dict(ChainMap(*waiting.values()))
        with open_executor(scheduler, inputs) as (pool, slots):
            tasks = {}
            for run, run_inputs in waiting.items():
                # Dask's workers may have other disks, so they return their runs.
                path = None if scheduler else unfinished_path_of(run)
                tasks[run] = plan.runs[run], run_inputs, time_limit, path
            try:
                for run, outcome in completed(pool, 2 * slots, tasks, show):
                    del waiting[run]
                    keep(run, outcome)
                    yield run, outcome._replace(notebook="")
            except OSError as error:
                raise _unwritable(error) from None
    for run in waiting:
        yield run, Outcome("", f"WorkerKilled: {TRIES} times, each during the run", 0)


def completed(pool, width, tasks, show):
    """Yield runs with their outcomes, until a worker is killed.

    At most `width` are submitted at a time; `show` is called with their number.
    """
    waiting, running = iter(tasks.items()), {}
    try:
        while True:
            for run, task in waiting:
                running[pool.submit(run_point, *task)] = run
                show(len(running))
                if len(running) == width:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenExecutor:
        return


def run_point(point, inputs, time_limit, path):
    """Execute a point of the grid on a worker; return its `execute.Outcome`.

    `inputs` are those known when the sweep was planned. Unless `path` is None, the
    executed notebook is written there instead of being returned.
    """
    from helpers.pipeline.kernels.warm import warm_kernels_here
    from helpers.pipeline.sweep.execute import execute

    code = {name: inputs[name] for name in inputs if name.endswith(".py")}
    warm_kernels_here(partial(modules_used_by, point.notebook), code)
    options = {"time_limit": time_limit, "inputs": inputs}
    outcome = execute(point.notebook, point.parameters, **options)
    if path:
        path.write_text(outcome.notebook, encoding="utf-8")
        outcome = outcome._replace(notebook="")
        # Papermill leaves reference cycles; Python would keep those of 400 runs.
        gc.collect()
    return outcome


def unfinished_path_of(run):
    """Return where this sweep keeps a run until it is complete."""
    return RUNS / f".{run}.{os.getpid()}"


def keep(run, outcome):
    """Move a complete run to its place; remove an older one with the other ending."""
    finished, failed = path_of(run), failed_path_of(run)
    place, outdated = (failed, finished) if outcome.error else (finished, failed)
    if outcome.notebook:
        unfinished_path_of(run).write_text(outcome.notebook, encoding="utf-8")
    unfinished_path_of(run).replace(place)
    outdated.unlink(missing_ok=True)


def remove_unfinished():
    """Remove the incomplete files of this sweep, and of sweeps that were killed."""
    for path in RUNS.glob(".*.[0-9]*"):  # JupyterLab has other hidden files here
        pid = int(path.suffix[1:])
        if pid == os.getpid() or not psutil.pid_exists(pid):
            path.unlink(missing_ok=True)


def _unwritable(error):
    place = str(error.filename or RUNS)
    if place.startswith(str(ROOT)):
        place = RUNS.relative_to(ROOT)
    return UserError(f"{place} cannot be written: {error.strerror}")


def print_summary(plan, ended, failures):
    """Print a table of the experiments, the notes of new runs, and the failures."""
    header = ("experiment", "runs", "done", "cached", "failed", "time")
    rows = [header, *(_row(plan, experiment, ended) for experiment in plan.points)]
    table = [list(map(str, row)) for row in rows]
    print("\n".join(aligned(table, right=range(1, len(header)))))
    print_notes(finished_runs(plan, ended.keys() - failures.keys()))
    runs_by_error = {}  # a mistake in a helper fails all runs alike
    for run, failed in failures.items():
        runs_by_error.setdefault((failed.error, failed.cell), []).append(run)
    for (error, cell), runs in runs_by_error.items():
        place = failed_path_of(runs[0]).relative_to(ROOT)
        print(
            f"failed: {first_few([str(plan.runs[run]) for run in runs], 3)}\n  {error}"
        )
        print(f"  see {place}, {cell}".rstrip(", "))


def _row(plan, experiment, ended):
    runs = {point.run for point in plan.points[experiment]}
    outcomes = [ended[run] for run in runs if run in ended]
    failed = sum(bool(outcome.error) for outcome in outcomes)
    cached = len(runs - plan.missing.keys())
    seconds = sum(outcome.seconds for outcome in outcomes)
    done = len(outcomes) - failed
    return experiment, len(runs), done, cached, failed, f"{seconds:.1f} s"
