"""Read samples from a file in chunks, for the benchmark: ``from_disk.py WAY FILE``.

Prints the seconds it took, and the peak memory in MiB above that of the imports.
"""

import re
import sys
import time
from pathlib import Path

import numpy as np

from helpers.compression import compress

COLUMNS, ROWS = 8, 10**6


def chunks(path):
    """Yield features and targets, a million samples at a time."""
    with open(path, "rb") as file:
        while (table := np.fromfile(file, count=ROWS * COLUMNS)).size:
            table = table.reshape(-1, COLUMNS)
            yield table[:, :-1], table[:, -1]


def peak():
    """Return the peak memory of this process so far, in MiB.

    The count of `resource` would start at the parent's peak.
    """
    about = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s*(\d+) kB", about)[1]) / 1024


if __name__ == "__main__":
    way, path = sys.argv[1:]
    before, started = peak(), time.perf_counter()
    if way == "ours":
        small = compress(chunks(path))
        assert small.n_samples == 10**8
    else:
        total = sum(X.T @ X for X, _ in chunks(path))
    print(time.perf_counter() - started, peak() - before)
