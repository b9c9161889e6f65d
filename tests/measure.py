"""Tools of the benchmarks: time cases in turn, and print a table of the medians."""

import csv
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from helpers.pipeline.command import aligned

REPEATS = 5
PLAIN = str(Path(__file__).with_name("plain.py"))


class Row(NamedTuple):
    """A row of a benchmark's table.

    Attributes
    ----------
    what : str
        What was measured.
    value : float
        The result.
    unit : str
        Its unit; ``x`` for a ratio.
    bound : str
        ``>= 10`` or ``<= 0.5``; empty if there is none.
    """

    what: str
    value: float
    unit: str
    bound: str = ""

    @property
    def holds(self):
        """Whether the value is within its bound: yes, NO or, without a bound, empty."""
        if not self.bound:
            return ""
        sign, limit = self.bound.split()
        met = self.value >= float(limit) if sign == ">=" else self.value <= float(limit)
        return "yes" if met else "NO"


def alternate(repeats=REPEATS, quiet=False, summary=statistics.median, **cases):
    """Time several functions in turn, and return the medians.

    Parameters
    ----------
    repeats : int
        How often each is called.
    quiet : bool
        Whether to print nothing.
    summary : callable
        Instead of the median. `min` is the time of the code itself, with the least
        interference by other processes.
    **cases : callable
        The functions to time, by name.

    Returns
    -------
    dict of str to float
        Seconds, by name.
    """
    times = {name: [] for name in cases}
    for _ in range(repeats):
        for name, case in cases.items():
            started = time.perf_counter()
            case()
            times[name].append(time.perf_counter() - started)
            if not quiet:
                print(f"  {name}: {times[name][-1]:.3g} s", flush=True)
    return {name: summary(values) for name, values in times.items()}


def conclude(name, rows, repeats=REPEATS):
    """Print a table, and save it as ``build/benchmarks/<name>.csv``.

    Returns
    -------
    bool
        Whether all bounds hold.
    """
    table = [("what", "figure", "unit", "bound", "holds")]
    table += [(r.what, f"{r.value:.3g}", r.unit, r.bound, r.holds) for r in rows]
    print(f"\n{name}: {machine()}, medians of at least {repeats}")
    print("\n".join(aligned(table)))
    path = Path("build", "benchmarks", f"{name}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*table, ("machine", machine(), "", "", "")])
    return all(row.holds != "NO" for row in rows)


def machine():
    """Describe this machine."""
    cores = len(os.sched_getaffinity(0))
    return f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"


def run(project, *command):
    """Run Python in a copy of the project; return its output, or raise if it fails."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}")
    return done.stdout


def forget(project, *paths):
    """Remove built files and folders."""
    for path in paths:
        place = project.folder / path
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
