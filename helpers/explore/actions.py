"""From a setting to a run, and to an experiment of the grid."""

import json
import os
from itertools import chain, count

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.arithmetic import settings
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import TOLERANCE, alike, read_record
from helpers.pipeline.sweep.execute import execute
from helpers.pipeline.sweep.experiments import (
    EXPERIMENTS,
    Point,
    notebook_parameters,
    read_points,
)
from helpers.pipeline.sweep.inputs import modules_behind

EXPLORED = ROOT / "build" / "explored"


def point_of(setting):
    """Return a setting as a point of the grid, with all parameters of its notebook."""
    defaults = notebook_parameters("descent")
    complete = {name: parameter.default for name, parameter in defaults.items()}
    return Point("explored", "descent", complete | setting)


def add_to_experiments(setting, path=EXPERIMENTS):
    """Write a setting as a new experiment at the end of ``experiments.yaml``.

    What is there stays as it is, comments included.

    Parameters
    ----------
    setting : dict
        Parameters of ``notebooks/descent.ipynb``.
    path : Path
        The file.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    UserError
        If the file is not valid; then nothing is written.
    """
    try:
        points = read_points(path)
    except UserError as error:
        raise UserError(f"{error}. Mend it and add again; nothing is lost.") from None
    point = point_of(setting)
    for name, grid in points.items():
        if any(known.parameters == point.parameters for known in grid):
            return f"It is in {path.name} already, as a point of {name}."
    names = chain(["explored"], (f"explored-{number}" for number in count(2)))
    name = next(name for name in names if name not in points)
    defaults = notebook_parameters("descent")
    lines = [
        f"  {key}: {json.dumps(value)}\n"
        for key, value in point.parameters.items()
        if value != defaults[key].default
    ]
    # An experiment must name a parameter, even if all are the defaults.
    lines = lines or [f"  n_iterations: {point.parameters['n_iterations']}\n"]
    text = path.read_text(encoding="utf-8")
    text += "" if text.endswith("\n") else "\n"
    temporary = path.with_suffix(".unfinished")
    temporary.write_text(f"{text}\n{name}:\n{''.join(lines)}", encoding="utf-8")
    read_points(temporary)
    temporary.replace(path)
    return f"Added to {path.name} as {name}: `make report` includes it."


def show_as_run(trial):
    """Execute ``descent.ipynb`` with the setting of a trial, and compare the numbers.

    Parameters
    ----------
    trial : helpers.explore.trial.Trial
        With the numbers that were found here.

    Returns
    -------
    str
        Where the run is and whether its numbers are the same, as Markdown.

    Raises
    ------
    UserError
        If the run fails.
    """
    point = point_of(trial.setting)
    with warm_kernels(modules_behind("descent")) as kernel:
        outcome = execute("descent", point.parameters, kernel)
    EXPLORED.mkdir(parents=True, exist_ok=True)
    path = EXPLORED / f"{point.run}.ipynb"
    path.write_text(outcome.notebook, encoding="utf-8")
    if outcome.error:
        raise UserError(f"{outcome.error} (see {path.relative_to(ROOT)})")
    recorded, fit = read_record(path), trial.fit
    name = path.relative_to(ROOT).as_posix()
    theirs = [recorded["costs"], recorded["w"]]
    verdict = _compare(theirs, [fit.costs.tolist(), fit.w.tolist()])
    return f"[{name}](../{name}): {verdict}; cost {recorded['costs'][-1]!r}."


def _compare(theirs, ours):
    """Return in words whether the numbers of a run are those found here."""
    if alike(theirs, ours, 0):
        return "the same numbers, to the last bit"
    outside_make_lab = settings().items() - os.environ.items()
    if outside_make_lab and alike(theirs, ours, TOLERANCE):
        return "the same numbers but for rounding, since `make lab` was not used"
    return "OTHER NUMBERS than here"
