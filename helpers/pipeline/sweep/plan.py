"""Plan a sweep: the points of the grid, which runs are missing, and why."""

from typing import NamedTuple

from helpers.pipeline.sweep.experiments import MANY, MAX_POINTS, Point, read_points
from helpers.pipeline.sweep.inputs import (
    Inputs,
    failed_path_of,
    modules_used_by,
    path_of,
    recorded_inputs,
)


class Plan(NamedTuple):
    """What a sweep has to do."""

    points: dict[str, list[Point]]  # the grid, by experiment
    runs: dict[str, Point]  # by name; a point that two experiments share is one run
    missing: dict[str, str]  # why runs are missing or out of date, by name
    inputs: Inputs  # at the time of the plan


def make_plan(only=None, *, confirmed=False):
    """Plan a sweep of all experiments, or of `only` one or several.

    UserError if the grid is invalid, or has over `MANY` points and is not `confirmed`.
    """
    points = read_points(only=only, limit=MAX_POINTS if confirmed else MANY)
    runs = {point.run: point for grid in points.values() for point in grid}
    inputs = Inputs()
    reasons = {run: why_not_current(point, inputs) for run, point in runs.items()}
    missing = {run: reason for run, reason in reasons.items() if reason}
    return Plan(points, runs, missing, inputs)


def why_not_current(point, inputs):
    """Return the reason to run a point; empty if its run is current."""
    inputs_now, path = inputs.of(point), path_of(point.run)
    finished = path.exists()
    recorded = recorded_inputs(path if finished else failed_path_of(point.run))
    if recorded is None:
        return "damaged" if finished else "new"
    changed = {*inputs.changed(recorded), *(inputs_now.keys() - recorded.keys())}
    if changed:
        return f"{', '.join(sorted(changed))} changed"
    return "" if finished else "failed before"


def modules_for(plan):
    """List the modules that the notebooks of the missing runs import."""
    notebooks = {plan.runs[run].notebook for run in plan.missing}
    return sorted(set().union(*map(modules_used_by, notebooks)))


def print_dry_run(plan):
    """Print which points of the grid would be run, and why."""
    for run, point in plan.runs.items():
        reason = plan.missing.get(run)
        print(f"{run}  {point}: {f'to run: {reason}' if reason else 'cached'}")
    cached = len(plan.runs) - len(plan.missing)
    print(f"{len(plan.missing)} to run, {cached} cached")
