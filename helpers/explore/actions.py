"""Turn a setting of the live figure into a run, or into an experiment of the grid."""

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

# They divide by gradients, which may be as small as rounding errors.
MAGNIFYING = ("adam", "rmsprop")


def point_of(figure):
    """Return the state of the figure as a point of the grid, with all parameters.

    `figure` has the ``data``, the ``target`` and the ``setting``, a dict with the names
    of the address as keys; ``features`` and ``start`` are lists.
    """
    setting, optimiser = figure["setting"], figure["setting"]["optimiser"]
    has_all = setting["features"] == figure.get("columns")
    has_momentum = "momentum" in options_of(optimiser)
    parameters = {
        "data": figure["data"],
        "target": figure["target"],
        "features": "all" if has_all else join_names(setting["features"]),
        "scaling": setting["scaling"],
        "learning_rate": float(setting["rate"]),
        "n_iterations": setting["iterations"],
        "start": ",".join(repr(float(number)) for number in setting["start"]),
        "optimiser": optimiser,
        "momentum": float(setting["momentum"]) if has_momentum else None,
        "batch_size": setting["batch"],
        "seed": setting["seed"],
    }
    declared = notebook_parameters("descent")
    defaults = {name: parameter.default for name, parameter in declared.items()}
    return Point("explored", "descent", defaults | parameters)


def add_to_experiments(figure, path=EXPERIMENTS):
    """Append a setting, see `point_of`, to the grid as a new experiment.

    The rest of the file stays unchanged, comments included. Return a message as
    ``text``. If the file is not valid, UserError, and nothing is written.
    """
    try:
        points = read_points(path)
    except UserError as error:
        reason = f"{error}" if str(error).endswith("?") else f"{error}."
        raise UserError(f"{reason} Fix it and try again; nothing is lost.") from None
    point = point_of(figure)
    for name, grid in points.items():
        if any(existing.parameters == point.parameters for existing in grid):
            return {"text": f"It is already in {path.name}, as a point of {name}."}
    names = chain(["explored"], (f"explored-{number}" for number in count(2)))
    name = next(name for name in names if name not in points)
    defaults = notebook_parameters("descent")
    lines = [
        f"  {key}: {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in point.parameters.items()
        if value != defaults[key].default
    ]
    # An experiment must name a parameter, even if all have their defaults.
    lines = lines or [f"  n_iterations: {point.parameters['n_iterations']}\n"]
    before, added = path.read_bytes(), f"\n{name}:\n{''.join(lines)}"
    if not os.access(path, os.W_OK):
        raise UserError(f"{path.name} is not writable: change its permissions")
    if before and not before.endswith(b"\n"):
        added = f"\n{added}"
    if b"\r\n" in before:
        added = added.replace("\n", "\r\n")
    with atomic_write(path.resolve()) as unfinished:  # resolved, to keep a link
        unfinished.write_bytes(before + added.encode())
        shutil.copymode(path, unfinished)
        try:
            read_points(unfinished)
        except UserError:
            raise UserError(
                f"{path.name} cannot be extended at its end: begin each name in the "
                f"first column of a line, without braces or `...`, and add: {added}"
            ) from None
    return {"text": f"Added to {path.name} as {name}: `make report` includes it."}


def show_as_run(figure):
    """Execute ``descent.ipynb`` with a setting, keep the run, and compare its numbers.

    If the run is current already, it is not executed again; a sweep will find it, too.
    Besides what `point_of` needs, `figure` has its ``costs`` and weights ``w``. Return
    to how many digits they agree as ``text``, and the run's ``path``; UserError if the
    run fails.
    """
    point, inputs = point_of(figure), Inputs()
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
    verdict = compare(recorded, figure)
    return {
        "text": f"{verdict} The run's cost is {recorded['costs'][-1]!r}.",
        "path": path,
    }


def compare(recorded, figure):
    """Tell to how many digits the numbers of a run agree with those of the figure."""
    if figure["setting"]["batch"] not in (0, recorded["n_samples"]):
        return "The run draws other mini-batches than the page, so its numbers differ."
    costs, w = np.array(figure["costs"]), np.array(figure["w"])
    if costs.shape != np.shape(recorded["costs"]):
        ends = f"the run ends at update {len(recorded['costs']) - 1}"
        return f"The numbers DIFFER: {ends}, the page at update {len(costs) - 1}."
    # Relative to each cost, but to the largest weight, since some may be near zero.
    deviation = np.max(np.abs(costs / recorded["costs"] - 1), initial=0)
    largest = np.abs(recorded["w"]).max() or 1.0
    deviation = max(deviation, np.max(np.abs(w - recorded["w"])) / largest)
    digits = math.floor(-math.log10(deviation)) if deviation else 16
    digits = min(max(digits, 0), 16)
    optimiser = figure["setting"]["optimiser"]
    if digits < (3 if optimiser in MAGNIFYING else 6):
        return f"The numbers of the run and the page DIFFER from digit {digits + 1} on."
    but = f"; {optimiser} magnifies rounding errors" if digits < 6 else ""
    return f"The run agrees with the page to {digits} digits{but}."
