"""Compare the speed of the sweep with plain tools.

``make benchmark`` runs it: whole commands, in turn, in copies of the project. A bound
that is exceeded is marked, and fails the command.
"""

import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil
from measure import PLAIN, REPEATS, Row, alternate, conclude, forget, run
from project import Project

from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.sweep.execute import ForkedClient, execute
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import modules_used_by

GRID_OF_32 = """\
grid:
  features: [horsepower, all]
  learning_rate: [0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05,
                  0.03, 0.02, 0.015, 0.01, 0.007, 0.005, 0.003, 0.002]
"""
TINY = "tiny:\n  notebook: tiny\n  number: [{}]\n"
TINY_CELLS = "number: int = 0  # which", "assert number >= 0"


def main():
    """Measure, print the table, and fail if a bound is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for number, part in enumerate((sweeps, memory)):
            copy = Path(folder, str(number))
            copy.mkdir()
            rows += part(Project(copy))
    sys.exit(0 if conclude("sweep", rows) else 1)


def sweeps(project):
    """Compare 32 runs: a loop, a pool of two, the sweep, and the sweep on Dask."""
    project.write("experiments.yaml", GRID_OF_32)

    def sweep(*options):
        forget(project, "build")
        run(project, "-m", "helpers.pipeline.sweep", *options)

    times = alternate(
        loop=lambda: run(project, PLAIN, "loop"),
        pool=lambda: run(project, PLAIN, "pool"),
        sweep=sweep,
    )
    with cluster(project) as address:  # it takes some time of both cores
        wide = alternate(here=sweep, dask=lambda: sweep("--scheduler", address))
    cached = alternate(cached=lambda: run(project, "-m", "helpers.pipeline.sweep"))
    return [
        Row("32 runs: papermill in a loop", times["loop"], "s"),
        Row("32 runs: papermill in a pool of two processes", times["pool"], "s"),
        Row("32 runs: sweep, two workers", times["sweep"], "s"),
        Row("  speed-up over the loop", times["loop"] / times["sweep"], "x", ">= 10"),
        Row("  speed-up over the pool", times["pool"] / times["sweep"], "x", ">= 4"),
        Row("overhead of a run, besides its cells", overhead(), "s", "<= 0.15"),
        Row("sweep, everything cached", cached["cached"], "s", "<= 0.5"),
        Row("sweep on Dask, two workers", wide["dask"], "s"),
        Row("slowdown by Dask", wide["dask"] / wide["here"], "x", "<= 1.5"),
    ]


def overhead():
    """Return the median overhead of a run in a warm kernel, with two at a time."""
    points = [point for grid in read_points().values() for point in grid][: REPEATS * 4]
    kernels = warm_kernels(modules_used_by(points[0].notebook))
    with kernels, ProcessPoolExecutor(2) as pool:
        times = list(pool.map(time_besides_cells, points))
    return statistics.median(times[2:])  # the first two wait for imports


def time_besides_cells(point):
    """Execute a point, and return its time besides that of its cells."""
    cell_times, execute_cell = [], ForkedClient.execute_cell

    def timed(*arguments, **options):
        started = time.perf_counter()
        execute_cell(*arguments, **options)
        cell_times.append(time.perf_counter() - started)

    ForkedClient.execute_cell = timed
    outcome = execute(point.notebook, point.parameters)
    ForkedClient.execute_cell = execute_cell
    return outcome.seconds - sum(cell_times)


def memory(project):
    """Compare the peak memory of ten times the runs, and of twice the workers."""
    project.write_notebook("tiny", *TINY_CELLS)

    def peak(runs, cores):
        forget(project, "build")
        numbers = ", ".join(map(str, range(runs)))
        project.write("experiments.yaml", TINY.format(numbers))
        available = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(available)[:cores])  # child processes inherit it
        with project.start("helpers.pipeline.sweep") as process:
            os.sched_setaffinity(0, available)
            return peak_of_tree(process) / 2**20

    few, many, alone = peak(100, 2), peak(1000, 2), peak(100, 1)
    return [
        Row("memory: 100 tiny runs, two workers", few, "MiB"),
        Row("memory: 1,000 tiny runs, two workers", many, "MiB"),
        Row("memory: 100 tiny runs, one worker", alone, "MiB"),
        Row("ten times the runs", many / few, "x", "<= 1.1"),
    ]


def peak_of_tree(process):
    """Return the peak of the proportional memory of a process and its descendants."""
    root, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        total = 0
        for member in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += member.memory_full_info().pss
        peak = max(peak, total)
        time.sleep(0.001)  # a kernel lives only for milliseconds
    return peak


@contextlib.contextmanager
def cluster(project):
    """Start a scheduler and two workers on this machine; yield its address."""
    with project.start("helpers.pipeline.sweep.executors") as process:
        started = [psutil.Process(process.pid)]
        try:
            yield re.search(r"tcp://\S+", process.stdout.readline())[0]
            started += started[0].children(recursive=True)
        finally:
            for member in started:
                with contextlib.suppress(psutil.Error):
                    member.kill()


if __name__ == "__main__":
    main()
