"""Grade several submissions at a time, each core one."""

import os
import signal
import sys
import tempfile
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from helpers.pipeline.grading.grade import grade
from helpers.pipeline.grading.gradebook import Grade
from helpers.pipeline.grading.reference import make_reference
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.signals import when_parent_ends

ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def grade_all(submissions, limits, tolerance, walled):
    """Yield a `Grade` for each as it is done; several are graded at a time."""
    cores = sorted(os.sched_getaffinity(0)) if CAN_FORK else [None]
    free = get_context("fork" if CAN_FORK else "spawn").SimpleQueue()
    for core in cores:
        free.put(core)
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        pool = ProcessPoolExecutor(len(cores), initializer=prepare, initargs=(free,))
        with pool:
            try:
                submit = partial(pool.submit, or_end)
                own = make_reference(Path(folder), submit)
                graded = {
                    submit(grade, path, own, limits, tolerance, walled): path
                    for path in submissions
                }
                for future in as_completed(graded):
                    yield _result(future, graded[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _result(future, path):
    """Return a grade, even if its process was killed."""
    try:
        return future.result()
    except BrokenExecutor:
        problem = "the process that graded it was killed: grade it again"
        return Grade(path.name, problem=problem)


def prepare(free):
    """Keep this process, and all that it starts, on a core of its own; let it end."""
    core = free.get()
    if core is not None:
        os.sched_setaffinity(0, {core})
    for number in ENDING:
        signal.signal(number, end)
    when_parent_ends(partial(os.kill, os.getpid(), signal.SIGTERM))


def end(*_):
    """Begin to end this process; what it has begun is cleaned up, undisturbed."""
    for number in ENDING:
        signal.signal(number, lambda *_: None)
    sys.exit()


def or_end(task, *given):
    """Do a task in a process of the pool, which ends if it is to."""
    try:
        return task(*given)
    except SystemExit:
        os._exit(1)  # else the pool would give it the next task
