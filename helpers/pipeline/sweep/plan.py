"""What a sweep has to do: the grid, which of its runs are missing, and why."""

from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.sweep.experiments import read_grid, select
from helpers.pipeline.sweep.inputs import (
    Inputs,
    failed_path_of,
    modules_behind,
    path_of,
    recorded_inputs,
)
from helpers.pipeline.sweep.notebooks import NotebookError

MANY = 10_000
FAILED = "failed before"


class Plan(NamedTuple):
    """What a sweep has to do.

    Attributes
    ----------
    points : dict of str to list of Point
        The whole grid, by experiment.
    runs : dict of str to Point
        By run name; a point that two experiments share is one run.
    missing : dict of str to str
        The reasons, by the names of the runs that are missing or no longer current.
    inputs : Inputs
        As they were when the plan was made.
    broken : dict of str to UserError
        Why experiments cannot be run, by their names: their notebooks are not valid.
    """

    points: dict
    runs: dict
    missing: dict
    inputs: Inputs
    broken: dict


def make_plan(experiment="", *, confirmed=False):
    """Find out what has to be run.

    Parameters
    ----------
    experiment : str
        Only this one; all by default.
    confirmed : bool
        Whether the grid may have more than `MANY` points.

    Returns
    -------
    Plan
        With valid points; nothing has been run.

    Raises
    ------
    UserError
        If the grid is not valid, or too large without being confirmed.
    """
    points, broken = read_grid()
    if experiment:
        points, broken = select(points | broken, experiment), {}
        if isinstance(points[experiment], UserError):
            raise points[experiment]
    count = sum(map(len, points.values()))
    if count > MANY and not confirmed:
        raise UserError(f"{count:,} points: to run so many, add --yes (YES=1)")
    inputs = Inputs()
    broken |= _broken_code(points, inputs)
    points = {name: grid for name, grid in points.items() if name not in broken}
    if not points:
        raise next(iter(broken.values()))
    runs = {point.run: point for grid in points.values() for point in grid}
    reasons = {run: why_not_current(point, inputs) for run, point in runs.items()}
    missing = {run: reason for run, reason in reasons.items() if reason}
    return Plan(points, runs, missing, inputs, broken)


def _broken_code(points, inputs):
    """Return why the code of notebooks cannot be read, by the experiments."""
    broken = {}
    for experiment, grid in points.items():
        try:
            inputs.of(grid[0])
        except NotebookError as error:
            broken[experiment] = error
    return broken


def why_not_current(point, inputs):
    """Return why a point must be run; empty if its run is current."""
    known, path = inputs.of(point), path_of(point.run)
    finished = path.exists()
    recorded = recorded_inputs(path if finished else failed_path_of(point.run))
    if recorded is None:
        return "damaged" if finished else "new"
    changed = {*inputs.changed(recorded), *(known.keys() - recorded.keys())}
    if changed:
        return f"{', '.join(sorted(changed))} changed"
    return "" if finished else FAILED


def modules_for(plan):
    """List what the notebooks of the missing runs will import."""
    notebooks = {plan.runs[run].notebook for run in plan.missing}
    return sorted(set().union(*map(modules_behind, notebooks)))


def print_dry_run(plan):
    """Print for every point of the grid whether it would be run, and why."""
    for run, point in plan.runs.items():
        reason = plan.missing.get(run)
        print(f"{run}  {point}: {f'to run: {reason}' if reason else 'cached'}")
    for experiment, error in plan.broken.items():
        print(f"{experiment} cannot be run: {error}")
    cached = len(plan.runs) - len(plan.missing)
    print(f"{len(plan.missing)} to run, {cached} cached")
