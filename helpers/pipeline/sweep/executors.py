"""Where runs are executed: on this machine's cores, or on the workers of Dask.

Both are a ``concurrent.futures.Executor``. Dask's workers return their runs; local ones
write them to the disk.
"""

import asyncio
import contextlib
import gc
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context

from helpers.pipeline.command import run_command
from helpers.pipeline.environment import use_environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels import arithmetic
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.signals import when_parent_ends
from helpers.pipeline.sweep.inputs import Inputs

TIMEOUT = 10  # seconds to wait for a scheduler
# By default, each Dask process profiles itself fifty to a hundred times a second, which
# takes 5 % of the time of two busy cores. Workers ignore Ctrl-C, on which they would
# print tracebacks: the scheduler ends them.
SETTINGS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.worker.preload": [
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    ],
}


def open_executor(scheduler, inputs):
    """Open Dask's executor, or one for this machine's cores if there is no scheduler.

    The context yields the executor and the number of functions it executes at a time.
    Dask's workers must have the same `inputs`, which are fingerprints by name.
    """
    return _dask(scheduler, inputs) if scheduler else _local()


@contextlib.contextmanager
def _local():
    """Open a pool of processes, one for each available core."""
    from helpers.pipeline.sweep.execute import warm_up

    warm_up()  # once, before workers are forked
    context = get_context("fork" if CAN_FORK else "spawn")
    # In a container or under taskset, a process may use only some of the cores.
    slots = len(os.sched_getaffinity(0)) if CAN_FORK else os.cpu_count()
    gc.freeze()  # otherwise, a collection would touch, and so copy, all shared memory
    try:
        executor = ProcessPoolExecutor(slots, context, initializer=_end_with_the_sweep)
    except OSError as error:
        what = "/dev/shm, the memory that processes share"
        raise UserError(f"cannot use {what}: {error.strerror}") from None
    try:
        yield executor, slots
    except BaseException:
        for worker in active_children():
            worker.kill()
        # Do not wait: workers that were killed would never answer.
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


def _end_with_the_sweep():
    """Make this worker, and so its kernel, end with the sweep, even if it is killed."""
    for number in (signal.SIGINT, signal.SIGHUP):  # the sweep ends its workers
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    when_parent_ends(partial(os._exit, 1))


@contextlib.contextmanager
def _dask(scheduler, inputs):
    """Connect to a Dask scheduler; its workers must have the same inputs as we do."""
    try:
        from distributed import Client
    except ImportError:
        how = "make sweep SCHEDULER=… installs it"
        raise UserError(f"Dask is not installed; {how}") from None
    try:
        client = Client(scheduler, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"no scheduler at {scheduler}: {reason}") from None
    with client:
        slots = sum(client.nthreads().values())
        if not slots:
            raise UserError(f"the scheduler at {scheduler} has no workers")
        changed_on = client.run(lambda: Inputs().changed(inputs))
        for worker, changed in changed_on.items():
            if changed:
                difference = f"another version of {changed[0]}"
                raise UserError(f"the worker {worker} has {difference}")
        yield client.get_executor(pure=False), slots


def local_cluster(workers, **options):
    """Return the context of a local scheduler and workers with one thread each."""
    import dask
    from distributed import LocalCluster

    dask.config.set(SETTINGS)
    options = {"host": "127.0.0.1", "dashboard_address": None} | options
    return LocalCluster(n_workers=workers, threads_per_worker=1, **options)


def main():
    """Start a Dask scheduler and two workers on this machine, until Ctrl-C."""
    use_environment(**arithmetic.settings())  # for the same bits as in a run
    with local_cluster(2) as cluster:
        print(f"make sweep SCHEDULER={cluster.scheduler_address}", flush=True)
        cluster.sync(asyncio.Event().wait)


if __name__ == "__main__":
    run_command(main)
