"""What a sweep has to do: the grid, its runs, and which of them are missing."""

import json
from typing import NamedTuple

from helpers.pipeline.command import UserError
from helpers.pipeline.sweep.experiments import read_points, select
from helpers.pipeline.sweep.inputs import (
    RUNS,
    identify,
    ingredients,
    modules_behind,
    path_of,
)

MANY = 10_000


class Plan(NamedTuple):
    """What a sweep has to do.

    Attributes
    ----------
    points : dict of str to list of Point
        The whole grid, by experiment.
    runs : dict of str to Point
        By identifier; a point that two experiments share is one run.
    missing : dict of str to Point
        Those without a finished run.
    """

    points: dict
    runs: dict
    missing: dict


def make_plan(experiment="", *, confirmed=False):
    """Find out what has to be run.

    Parameters
    ----------
    experiment : str
        Only this one; all by default.
    confirmed : bool
        Whether a very large grid is meant.

    Returns
    -------
    Plan
        Everything checked, nothing begun.

    Raises
    ------
    UserError
        If the grid is not valid, or very large and not confirmed.
    """
    points = read_points()
    if experiment:
        points = select(points, experiment)
    count = sum(map(len, points.values()))
    if count > MANY and not confirmed:
        raise UserError(f"{count:,} points: if that is meant, say --yes (YES=1)")
    runs = {identify(point): point for grid in points.values() for point in grid}
    missing = {name: p for name, p in runs.items() if not path_of(name).exists()}
    return Plan(points, runs, missing)


def modules_for(plan):
    """List what the notebooks of the missing runs will import."""
    notebooks = {point.notebook for point in plan.missing.values()}
    return sorted({name for book in notebooks for name in modules_behind(book)})


def print_dry_run(plan):
    """Print every point of the grid with what would be done about it."""
    kept = [_said_of_itself(path) for path in sorted(RUNS.glob("*.ipynb"))]
    for name, point in plan.runs.items():
        parts = ingredients(point)
        reason = _reason(parts, kept) if name in plan.missing else "cached"
        print(f"{name}  {point}: {reason}")
    cached = len(plan.runs) - len(plan.missing)
    print(f"{len(plan.missing)} to run, {cached} cached")


def _said_of_itself(path):
    """Return the ingredients that a kept run was made of, none if it is damaged."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return notebook["metadata"]["run"]["ingredients"]
    except (ValueError, KeyError):
        return {}


def _reason(parts, kept):
    """Compare a missing run with the most alike of those that are kept."""
    alike = [old for old in kept if old.get("parameters") == parts["parameters"]]
    if not alike:
        return "to run: new"
    changes = [
        {part for part in parts.keys() | old.keys() if parts.get(part) != old.get(part)}
        for old in alike
    ]
    fewest = sorted(min(changes, key=len))
    return f"to run: {', '.join(fewest)} changed" if fewest else "to run: failed before"
