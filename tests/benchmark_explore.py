"""How soon the interactive notebook answers: from a change to the finished picture.

``make benchmark`` runs it. A change is what the browser sends, the answer is the PNG
that it gets back: of 1,000 iterations on the full data.
"""

import statistics
import sys
import tempfile
import time
from itertools import combinations, cycle, islice
from pathlib import Path

import numpy as np
from matplotlib import style
from measure import Row, conclude

from helpers import ROOT
from helpers.data import SCALINGS
from helpers.explore import explorer
from helpers.explore.views import RC
from helpers.optimisers import OPTIMISERS

TIMES = 30
AHEAD = []  # seconds, one for each explorer that was opened
CHANGES = {
    "learning_rate": np.geomspace(1e-3, 0.5, TIMES).tolist(),
    "optimiser": [*OPTIMISERS],
    "momentum": np.linspace(0, 0.9, TIMES).tolist(),
    "batch_size": range(1, 390, 13),
    "initialisation": ["zeros", "normal", "uniform"],
    "seed": range(1, TIMES + 1),
    "n_iterations": range(970, 970 + 2 * TIMES, 2),
    "scaling": SCALINGS,
    "features": [(), *explorer.load_data("data/auto.csv", "mpg").features],
}


def main():
    """Measure, print the table, and fail if an answer takes too long."""
    with (
        tempfile.TemporaryDirectory() as folder,
        style.context(["default", ROOT / "report" / "figures.mplstyle", RC]),
    ):
        explorer.EXPLORED = Path(folder)
        explorer.SAVED = Path(folder, "setting.json")
        rows = [row for name in CHANGES for row in answers(name)]
        rows.append(Row("several features: first time", several(), "s", "<= 0.05"))
        rows.append(Row("update, while dragged or played", step(), "s", "<= 0.05"))
        rows.append(Row("drawing ahead, in the pauses after opening", AHEAD[-1], "s"))
    sys.exit(0 if conclude("explore", rows, TIMES) else 1)


def answers(name):
    """Time the answers to changes of a control: each value's first, and the others."""
    it = opened()
    control = it.controls.parameters[name]
    times = []
    for value in islice(cycle(map(_complete(it, name), CHANGES[name])), TIMES * 2):
        if value != control.value:
            times.append(answer(it, control, value))
    first = times[: len(CHANGES[name]) - 1]
    if len(first) >= TIMES / 2:
        yield Row(name, statistics.median(first), "s", "<= 0.05")
        return
    yield Row(f"{name}: first time", statistics.median(first), "s", "<= 0.05")
    again = statistics.median(times[len(first) :])
    yield Row(f"{name}: from then on", again, "s", "<= 0.05")


def _complete(it, name):
    """Return what makes a control's value of a change: for features, all or one."""
    if name != "features":
        return lambda value: value
    return lambda value: (value,) if value else tuple(it.columns)


def several():
    """Return the median time of a first answer to a choice of several features."""
    it = opened()
    columns, control = it.columns, it.controls.parameters["features"]
    sizes = range(2, len(columns))
    chosen = [some for size in sizes for some in combinations(columns, size)]
    return statistics.median(
        answer(it, control, some) for some in chosen[:: len(chosen) // TIMES]
    )


def step():
    """Return the median time of an answer to another update of the same descent."""
    it = opened()
    shown = range(0, 1000, 1000 // TIMES)
    return statistics.median(answer(it, it.controls.step, k) for k in shown)


def opened():
    """Return an explorer as at the beginning, that keeps what it would send."""
    explorer.SAVED.unlink(missing_ok=True)
    it = explorer.Explorer()
    started = time.perf_counter()
    for problem in it.others():
        it.views.prepare(problem)
    AHEAD.append(time.perf_counter() - started)
    it.sent = []
    it.canvas.send = lambda message, buffers=None: it.sent.extend(buffers or [])
    return it


def answer(it, control, value):
    """Return the seconds from a change to the picture that answers it."""
    it.sent.clear()
    started = time.perf_counter()
    control.value = value
    took = time.perf_counter() - started
    if not it.sent:
        raise RuntimeError(f"nothing was drawn for {value!r}")
    return took


if __name__ == "__main__":
    main()
