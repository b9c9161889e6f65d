"""Run every point of the grid that has not been run yet."""

import argparse
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from typing import NamedTuple

from helpers.data import ROOT
from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.experiments import read_points, select
from helpers.pipeline.runs import (
    RUNS,
    failed_path_of,
    identify,
    modules_behind,
    path_of,
)


class Outcome(NamedTuple):
    """How a run ended: the error's one line, empty if there was none."""

    error: str
    seconds: float


def main():
    """Sweep as the command line asks."""
    from helpers.pipeline.kernels import warm_kernels

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", help="only this one", default="")
    points = read_points()
    chosen = parser.parse_args().experiment
    if chosen:
        points = select(points, chosen)
    missing = missing_runs(points)
    with warm_kernels(modules_for(missing)) as options:
        sweep(points, missing, options)


def missing_runs(points):
    """Return the points that have no finished run, by their identifier.

    Parameters
    ----------
    points : dict of str to list of Point
        By experiment; a point that two experiments share is one run.

    Returns
    -------
    dict of str to Point
        By identifier.
    """
    runs = {identify(point): point for grid in points.values() for point in grid}
    return {name: point for name, point in runs.items() if not path_of(name).exists()}


def modules_for(missing):
    """List what the notebooks of some points will import."""
    notebooks = {point.notebook for point in missing.values()}
    return sorted({name for book in notebooks for name in modules_behind(book)})


def sweep(points, missing, options):
    """Run what is missing and print how it went.

    Parameters
    ----------
    points : dict of str to list of Point
        The whole grid, by experiment.
    missing : dict of str to Point
        What to run, by identifier.
    options : dict
        For ``papermill.execute_notebook``.

    Raises
    ------
    UserError
        If a run failed; all others have been finished.
    """
    outcomes = run_all(missing, options)
    failed = {name: o.error for name, o in outcomes.items() if o.error}
    total = len({identify(point) for grid in points.values() for point in grid})
    print(
        f"{total} runs: {len(outcomes) - len(failed)} done, "
        f"{total - len(missing)} cached, {len(failed)} failed"
    )
    for name, error in failed.items():
        where = failed_path_of(name).relative_to(ROOT)
        print(f"failed: {describe(missing[name])}\n  {error}\n  see {where}")
    if failed:
        raise UserError(f"{len(failed)} of {total} runs failed; the others are kept")


def run_all(missing, options):
    """Execute points side by side, as many at a time as there are cores.

    Parameters
    ----------
    missing : dict of str to Point
        By identifier.
    options : dict
        For ``papermill.execute_notebook``.

    Returns
    -------
    dict of str to Outcome
        By identifier; a failure is an outcome, the others go on.
    """
    if not missing:
        return {}
    import papermill  # noqa: F401  imported once, before the workers are forked
    from tqdm import tqdm

    context = get_context("fork" if sys.platform.startswith("linux") else "spawn")
    outcomes = {}
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=context, initializer=serve_the_sweep
    ) as executor:
        futures = {
            executor.submit(execute, name, point, options): name
            for name, point in missing.items()
        }
        try:
            for future in tqdm(as_completed(futures), total=len(missing), unit="run"):
                outcomes[futures[future]] = future.result()
        except KeyboardInterrupt:
            stop_workers()
            raise
    return outcomes


def stop_workers():
    """Kill the workers, and with them their kernels; remove what they had begun."""
    for worker in active_children():
        worker.kill()
        worker.join()
        for unfinished in RUNS.glob(f".*.{worker.pid}.ipynb"):
            unfinished.unlink()


def serve_the_sweep():
    """Let this worker, and so its kernel, end when the sweep ends, however it does."""

    def wait():
        parent_process().join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep sees to Ctrl-C
    threading.Thread(target=wait, daemon=True).start()


def execute(name, point, options):
    """Execute one point; only a run that has succeeded gets its final name.

    Parameters
    ----------
    name : str
        Its identifier.
    point : Point
        The notebook and its parameters.
    options : dict
        For ``papermill.execute_notebook``.

    Returns
    -------
    Outcome
        Without error if the run is now in its place.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    final = path_of(name)
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished = final.with_name(f".{name}.{os.getpid()}.ipynb")
    started, error = time.perf_counter(), ""
    try:
        papermill.execute_notebook(
            ROOT / "notebooks" / f"{point.notebook}.ipynb",
            unfinished,
            parameters=point.parameters,
            progress_bar=False,
            request_save_on_cell_execute=False,
            **options,
        )
        unfinished.replace(final)
        failed_path_of(name).unlink(missing_ok=True)
    except PapermillExecutionError as failure:
        error = f"{failure.ename}: {failure.evalue}"
        unfinished.replace(failed_path_of(name))
    finally:
        unfinished.unlink(missing_ok=True)
    return Outcome(error, time.perf_counter() - started)


def describe(point):
    """Return a point as its experiment and its parameters, on one line."""
    values = ", ".join(f"{name}={value}" for name, value in point.parameters.items())
    return f"{point.experiment} ({values})"


if __name__ == "__main__":
    run_command(main)
