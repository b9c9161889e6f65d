"""From a setting of the live figure to a run, and to an experiment of the grid."""

import json
import math
import os
import shutil
from itertools import chain, count

import numpy as np

from helpers import ROOT
from helpers.data import join_names
from helpers.optimisers import options_of
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.execute import execute
from helpers.pipeline.sweep.experiments import EXPERIMENTS, Point, read_points
from helpers.pipeline.sweep.inputs import (
    Inputs,
    failed_path_of,
    modules_used_by,
    path_of,
)
from helpers.pipeline.sweep.parameters import notebook_parameters
from helpers.pipeline.sweep.plan import why_not_current
from helpers.pipeline.sweep.run import keep

# They divide by gradients, which may be small.
MAGNIFYING = ("adam", "rmsprop")


def point_of(shown):
    """Return what the figure shows as a point of the grid, with all parameters.

    Besides ``data`` and ``target``, it is given the ``setting``: its numbers by their
    names in the address, ``features`` and ``start`` as lists.
    """
    setting, optimiser = shown["setting"], shown["setting"]["optimiser"]
    all_of_them = setting["features"] == shown.get("columns")
    has_momentum = "momentum" in options_of(optimiser)
    parameters = {
        "data": shown["data"],
        "target": shown["target"],
        "features": "all" if all_of_them else join_names(setting["features"]),
        "scaling": setting["scaling"],
        "learning_rate": float(setting["rate"]),
        "n_iterations": setting["iterations"],
        "start": ",".join(repr(float(number)) for number in setting["start"]),
        "optimiser": optimiser,
        "momentum": float(setting["momentum"]) if has_momentum else None,
        "batch_size": setting["batch"],
        "seed": setting["seed"],
    }
    known = notebook_parameters("descent")
    defaults = {name: parameter.default for name, parameter in known.items()}
    return Point("explored", "descent", defaults | parameters)


def add_to_experiments(shown, path=EXPERIMENTS):
    """Write a setting, see `point_of`, as a new experiment at the end of the grid.

    What is there stays as it is, comments included. Returns what was done as ``text``;
    UserError, and nothing is written, if the file is not valid.
    """
    try:
        points = read_points(path)
    except UserError as error:
        said = f"{error}" if str(error).endswith("?") else f"{error}."
        raise UserError(f"{said} Mend it and add again; nothing is lost.") from None
    point = point_of(shown)
    for name, grid in points.items():
        if any(known.parameters == point.parameters for known in grid):
            return {"text": f"It is in {path.name} already, as a point of {name}."}
    names = chain(["explored"], (f"explored-{number}" for number in count(2)))
    name = next(name for name in names if name not in points)
    defaults = notebook_parameters("descent")
    lines = [
        f"  {key}: {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in point.parameters.items()
        if value != defaults[key].default
    ]
    # An experiment must name a parameter, even if all are the defaults.
    lines = lines or [f"  n_iterations: {point.parameters['n_iterations']}\n"]
    before, added = path.read_bytes(), f"\n{name}:\n{''.join(lines)}"
    if not os.access(path, os.W_OK):
        raise UserError(f"{path.name} must not be written to: change its permissions")
    if before and not before.endswith(b"\n"):
        added = f"\n{added}"
    if b"\r\n" in before:
        added = added.replace("\n", "\r\n")
    with atomic_write(path.resolve()) as unfinished:  # a link stays one
        unfinished.write_bytes(before + added.encode())
        shutil.copymode(path, unfinished)
        try:
            read_points(unfinished)
        except UserError:
            raise UserError(
                f"{path.name} takes no experiment at its end: begin each name in the "
                f"first column of a line, without braces or `...`. To be added: {added}"
            ) from None
    return {"text": f"Added to {path.name} as {name}: `make report` includes it."}


def show_as_run(shown):
    """Execute ``descent.ipynb`` with a setting, keep the run, and compare its numbers.

    A run that is current is not executed again, and a sweep finds this one. Beside what
    `point_of` takes, the ``costs`` and the weights ``w`` of the figure are given.
    Returns as ``text`` to how many digits they agree, and the run's ``path``; UserError
    if it fails.
    """
    point, inputs = point_of(shown), Inputs()
    if why_not_current(point, inputs):
        with warm_kernels(modules_used_by("descent")):
            outcome = execute("descent", point.parameters, inputs=inputs.of(point))
        path_of(point.run).parent.mkdir(parents=True, exist_ok=True)
        keep(point.run, outcome)
        if outcome.error:
            where = failed_path_of(point.run).relative_to(ROOT)
            raise UserError(f"{outcome.error} (see {where})")
    recorded = read_record(path_of(point.run))
    path = path_of(point.run).relative_to(ROOT).as_posix()
    verdict = compare(recorded, shown)
    return {"text": f"{verdict} Its cost is {recorded['costs'][-1]!r}.", "path": path}


def compare(recorded, shown):
    """Tell to how many digits the numbers of a run are those of the figure."""
    if shown["setting"]["batch"] not in (0, recorded["n_samples"]):
        return "The run draws other mini-batches than the page, so its numbers differ."
    costs, w = np.array(shown["costs"]), np.array(shown["w"])
    if costs.shape != np.shape(recorded["costs"]):
        last = f"update {len(recorded['costs']) - 1}, the page's {len(costs) - 1}"
        return f"The run has OTHER NUMBERS than the page: its last is {last}."
    # Costs each by itself; weights beside the largest, since some may be near zero.
    apart = np.max(np.abs(costs / recorded["costs"] - 1), initial=0)
    largest = np.abs(recorded["w"]).max() or 1.0
    apart = max(apart, np.max(np.abs(w - recorded["w"])) / largest)
    digits = 16 if apart == 0 else min(max(math.floor(-math.log10(apart)), 0), 16)
    optimiser = shown["setting"]["optimiser"]
    if digits < (3 if optimiser in MAGNIFYING else 6):
        return f"The run has OTHER NUMBERS than the page, from digit {digits + 1}."
    but = f"; {optimiser} magnifies what is rounded" if digits < 6 else ""
    return f"The run's numbers are the page's, to {digits} digits{but}."
