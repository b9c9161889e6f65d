"""Where runs are executed: on this machine's cores, or wherever Dask runs.

Both are a ``concurrent.futures.Executor``. The sweep only has to know that runs on
Dask come back through it, while local ones are written to the disk that is shared.
"""

import contextlib
import gc
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context, parent_process

from helpers.pipeline.command import UserError
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.sweep import inputs

PATIENCE = 10  # seconds to wait for a scheduler


@contextlib.contextmanager
def open_executor(scheduler, points):
    """Open the executor that a sweep asks for.

    Parameters
    ----------
    scheduler : str
        Address of a Dask scheduler; empty for this machine's cores.
    points : list of helpers.pipeline.sweep.experiments.Point
        What will be run: Dask's workers must have the same code for it.

    Yields
    ------
    executor : concurrent.futures.Executor
        Runs functions elsewhere.
    slots : int
        How many at a time.
    """
    with _dask(scheduler, points) if scheduler else _local() as opened:
        yield opened


@contextlib.contextmanager
def _local():
    """Open a pool of processes, one for each core."""
    from helpers.pipeline.sweep.execute import warm_up

    warm_up()  # so that forked workers have it behind them
    context = get_context("fork" if CAN_FORK else "spawn")
    # Those that are ours: fewer than the machine's in a container, or under taskset.
    slots = len(os.sched_getaffinity(0)) if CAN_FORK else os.cpu_count()
    gc.freeze()  # else a collection would touch, and so copy, all that is shared
    executor = ProcessPoolExecutor(
        slots, mp_context=context, initializer=_serve_the_sweep
    )
    try:
        yield executor, slots
    except BaseException:
        for worker in active_children():
            worker.kill()
        # Not waited for: a worker killed in mid-sentence is waited for in vain.
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


def _serve_the_sweep():
    """Let this worker, and so its kernel, end when the sweep ends, however it does."""

    def wait():
        parent_process().join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep sees to Ctrl-C
    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def _dask(scheduler, points):
    """Connect to a Dask scheduler whose workers have our code."""
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "Dask is not installed; make sweep SCHEDULER=… does it"
        ) from None
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"no scheduler at {scheduler}: {reason}") from None
    with client:
        slots = sum(client.nthreads().values())
        if not slots:
            raise UserError(f"the scheduler at {scheduler} has no workers")
        for ours in _one_of_each(points):
            for worker, theirs in client.run(fresh_ingredients, ours).items():
                _compare(worker, theirs, inputs.ingredients(ours))
        yield client.get_executor(pure=False), slots


def _one_of_each(points):
    """Return one point for each notebook and data file."""
    kinds = {(p.notebook, p.parameters.get("data")): p for p in points}
    return list(kinds.values())


def fresh_ingredients(point):
    """Return a point's ingredients as they are on a worker's disk now."""
    inputs.forget_files()
    return inputs.ingredients(point)


def _compare(worker, theirs, ours):
    """Raise UserError if a worker's files are not ours."""
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            raise UserError(f"the worker {worker} has another version of {name}")
