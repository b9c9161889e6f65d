"""What a sweep has to do: the grid, its runs, and which of them are missing."""

from typing import NamedTuple

from helpers.pipeline.command import UserError
from helpers.pipeline.experiments import read_points, select
from helpers.pipeline.identity import identify, modules_behind, path_of

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
