"""Grade several submissions at a time, one on each core."""

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
    """Yield the `Grade` of each submission as soon as it is done."""
    cores = sorted(os.sched_getaffinity(0)) if CAN_FORK else [None]
    free = get_context("fork" if CAN_FORK else "spawn").SimpleQueue()
    for core in cores:
        free.put(core)
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        pool = ProcessPoolExecutor(len(cores), initializer=prepare, initargs=(free,))
        with pool:
            try:
                submit = partial(pool.submit, run_or_exit)
                reference = make_reference(Path(folder), submit)
                graded = {
                    submit(grade, path, reference, limits, tolerance, walled): path
                    for path in submissions
                }
                for future in as_completed(graded):
                    yield _result(future, graded[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _result(future, path):
    """Return the grade, even if the process that computed it was killed."""
    try:
        return future.result()
    except BrokenExecutor:
        problem = "the process that graded it was killed: grade it again"
        return Grade(path.name, problem=problem)


def prepare(free):
    """Pin this process and its children to a core of their own, and handle signals."""
    core = free.get()
    if core is not None:
        os.sched_setaffinity(0, {core})
    for number in ENDING:
        signal.signal(number, exit_once)
    when_parent_ends(partial(os.kill, os.getpid(), signal.SIGTERM))


def exit_once(*_):
    """Exit, and ignore further signals while this process cleans up."""
    for number in ENDING:
        signal.signal(number, lambda *_: None)
    sys.exit()


def run_or_exit(task, *arguments):
    """Run a task in a process of the pool; end this process if the task exits."""
    try:
        return task(*arguments)
    except SystemExit:
        os._exit(1)  # otherwise the pool would give this process the next task
