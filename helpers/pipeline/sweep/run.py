"""Run every point of the grid that has not been run yet, and keep what comes of it."""

import os
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.sweep.inputs import (
    RUNS,
    failed_path_of,
    forget_files,
    identify,
    ingredients,
    modules_behind,
    path_of,
)

TRIES = 3  # how often a run is begun anew because its worker was killed


class Settings(NamedTuple):
    """How to sweep.

    Attributes
    ----------
    scheduler : str
        Address of a Dask scheduler; empty for this machine's cores.
    time_limit : float
        Seconds after which a run is stopped and has failed.
    """

    scheduler: str = ""
    time_limit: float = 600


def sweep(plan, settings):
    """Run what is missing, and print how it went.

    Parameters
    ----------
    plan : Plan
        What to do.
    settings : Settings
        How to do it.

    Raises
    ------
    UserError
        If a run failed; all others have been finished and are kept.
    """
    from helpers.pipeline.sweep.progress import Progress, print_summary

    prepare(plan)
    failures, seconds = {}, {}
    try:
        with Progress(plan) as progress:
            for name, error, took in outcomes(plan.missing, settings, progress):
                seconds[name] = took
                if error:
                    failures[name] = error
                progress.finished(name, error, took)
    finally:
        forget_unfinished()
    print_summary(plan, failures, seconds)
    if failures:
        # Of the grid, whichever ended first: the same words every time.
        first = next(failures[name] for name in plan.runs if name in failures)
        raise UserError(f"{len(failures)} of {len(plan.runs)} runs failed: {first}")


def prepare(plan):
    """Make the folder of the runs; remove failures of points no longer asked for."""
    try:
        RUNS.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from None
    for path in RUNS.glob("*.failed.ipynb"):
        if path.name.partition(".")[0] not in plan.missing:
            path.unlink(missing_ok=True)


def outcomes(missing, settings, progress):
    """Execute runs, begin anew those whose worker was killed, and keep them all.

    Parameters
    ----------
    missing : dict of str to Point
        By identifier.
    settings : Settings
        How to do it.
    progress : helpers.pipeline.sweep.progress.Progress
        Is told of what begins.

    Yields
    ------
    name : str
        Identifier of a run that has ended.
    error : str
        Why it failed; empty if it did not.
    seconds : float
        How long it took.
    """
    from helpers.pipeline.sweep.executors import open_executor

    waiting = dict(missing)
    for _ in range(TRIES):
        if not waiting:
            return
        with open_executor(settings.scheduler, list(waiting.values())) as (pool, slots):
            done = completed(pool, 2 * slots, waiting, settings, progress)
            try:
                for name, outcome in done:
                    del waiting[name]
                    keep(name, outcome)
                    yield name, outcome.error, outcome.seconds
            except OSError as error:
                raise _unwritable(error) from None
    for name in waiting:
        yield name, f"WorkerKilled: {TRIES} times, each time in mid-run", 0.0


def completed(pool, width, waiting, settings, progress):
    """Submit runs, a few at a time, and yield each with its outcome when it ends.

    It returns early if a worker of the pool was killed.
    """
    ahead, running = iter(list(waiting.items())), {}
    try:
        while True:
            for name, point in ahead:
                # Dask's workers need not share our disk: from them, runs come back.
                aside = "" if settings.scheduler else str(aside_of(name))
                task = (run_point, name, point, settings.time_limit, aside)
                running[pool.submit(*task)] = name
                progress.begun(len(running))
                if len(running) == width:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenExecutor:
        return


def run_point(name, point, time_limit, aside):
    """Execute a point; this is what is sent to the workers.

    Parameters
    ----------
    name : str
        Its identifier.
    point : Point
        The notebook and its complete parameters.
    time_limit : float
        Seconds.
    aside : str
        File for the executed notebook; empty if it is to be returned.

    Returns
    -------
    helpers.pipeline.sweep.execute.Outcome
        The executed notebook, if it is to be returned, and the error, if any.
    """
    from helpers.pipeline.kernels.warm import kernels_here
    from helpers.pipeline.sweep.execute import execute

    parts = ingredients(point)
    code = {part: value for part, value in parts.items() if part != "parameters"}
    kernel = kernels_here(modules_behind(point.notebook), repr(code))
    metadata = {"identifier": name, "ingredients": parts}
    outcome = execute(
        point.notebook,
        point.parameters,
        kernel,
        time_limit=time_limit,
        metadata=metadata,
    )
    forget_files()
    if not outcome.error and identify(point) != name:
        outcome = outcome._replace(error="Changed: a file it rests on, while it ran")
    if aside:
        Path(aside).write_text(outcome.notebook, encoding="utf-8")
        outcome = outcome._replace(notebook="")
    return outcome


def aside_of(name):
    """Return where this sweep writes a run before it gets its place."""
    return RUNS / f".{name}.{os.getpid()}"


def keep(name, outcome):
    """Give a run its place: it is there whole or not at all."""
    if outcome.notebook:
        aside_of(name).write_text(outcome.notebook, encoding="utf-8")
    aside_of(name).replace(failed_path_of(name) if outcome.error else path_of(name))
    if not outcome.error:
        failed_path_of(name).unlink(missing_ok=True)


def forget_unfinished():
    """Remove what this sweep, and any that was killed, has written aside."""
    for path in RUNS.glob(".*.[0-9]*"):  # and not what JupyterLab hides there
        pid = int(path.suffix[1:])
        if pid == os.getpid() or not _is_alive(pid):
            path.unlink(missing_ok=True)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _unwritable(error):
    return UserError(f"{RUNS.relative_to(ROOT)} cannot be written: {error.strerror}")
