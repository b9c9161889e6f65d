"""The grid of experiments: ``experiments.yaml`` as a validated list of points.

Each entry of the file is an experiment. It lists parameters of its notebook, each with
one value or a list of values; every combination is a point of the grid. Other
parameters keep the notebook's defaults.
"""

import hashlib
import json
from difflib import get_close_matches
from functools import cache
from itertools import product
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import stamp
from helpers.pipeline.sweep.notebooks import (
    NotebookError,
    notebook_parameters,  # noqa: F401  a part of reading the grid
    read_parameters,
    require_independent,
)

EXPERIMENTS = ROOT / "experiments.yaml"


class Point(NamedTuple):
    """One combination of an experiment's values: a notebook and all its parameters.

    `listed` names the parameters that the experiment lists.
    """

    experiment: str
    notebook: str
    parameters: dict
    listed: tuple = ()

    def __str__(self):
        values = ", ".join(f"{name}={self.parameters[name]}" for name in self.listed)
        return f"{self.experiment} ({values})" if values else self.experiment

    @property
    def run(self):
        """The name of its run: the notebook and a digest of its parameters."""
        text = json.dumps(self.parameters, sort_keys=True)
        return f"{self.notebook}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def read_points(path=EXPERIMENTS):
    """Read every point of every experiment whose notebook can be run.

    Parameters
    ----------
    path : Path
        The YAML file.

    Returns
    -------
    dict of str to list of Point
        By experiment, in the file's order; each with all parameters.

    Raises
    ------
    UserError
        If the file is not valid, a point does not fit its notebook, or no notebook can
        be run.
    """
    return read_grid(path)[0]


def read_grid(path=EXPERIMENTS):
    """Read every point, and which experiments have none, as their notebook is broken.

    Parameters
    ----------
    path : Path
        The YAML file.

    Returns
    -------
    points : dict of str to list of Point
        As from `read_points`.
    broken : dict of str to NotebookError
        Why the others cannot be run, by experiment.

    Raises
    ------
    UserError
        As for `read_points`.
    """
    points, broken = {}, {}
    for experiment, grid in read_grids(path, stamp(path)).items():
        try:
            points[experiment] = _points_of(experiment, dict(grid))
        except NotebookError as error:
            broken[experiment] = error
    if not points:
        raise next(iter(broken.values()))
    return points, broken


def _points_of(experiment, grid):
    """Return the points of an experiment, given what it lists."""
    where = f"{EXPERIMENTS.name}: {experiment}"
    notebook = grid.pop("notebook", "descent")
    if not isinstance(notebook, str) or not notebook or "/" in notebook:
        raise UserError(f"{where}: notebook must be the name of one, got {notebook!r}")
    allowed, lines = read_parameters(notebook)
    fixed = {name: line.text for line in lines for name in line.names}
    defaults = {name: parameter.default for name, parameter in allowed.items()}
    axes = []
    for name, given in grid.items():
        if name in fixed:
            raise UserError(
                f"{where}: {name} cannot be set: `{fixed[name]}` in notebooks/"
                f"{notebook}.ipynb gives it no text, number, true or false"
            )
        values = _values(f"{where}: {name}", name, given, allowed)
        axes.append([(name, value) for value in values])
    changed = {name for axis in axes for name, value in axis if value != defaults[name]}
    require_independent(notebook, changed, f"{where}: ")
    return [
        Point(experiment, notebook, defaults | dict(combination), tuple(grid))
        for combination in product(*axes)
    ]


@cache
def read_grids(path, stamp):
    """Return the file's experiments as mappings; read once while its stamp is this."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        # pure: the C parser reads YAML 1.1, in which 1e-3 is text
        grids = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        problem = error.problem.splitlines()[0]
        raise UserError(f"{path.name}, line {line}: {problem}") from None
    except FileNotFoundError:
        reason = "it lists what is to be run"
        raise UserError(f"there is no {path.name}: {reason}") from None
    except (OSError, YAMLError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path.name} cannot be read: {reason}") from None
    if not isinstance(grids, dict) or not grids:
        raise UserError(f"{path.name} must name at least one experiment")
    for experiment, grid in grids.items():
        if not isinstance(experiment, str):
            raise UserError(f"{path.name}: {experiment!r} must be quoted to be a name")
        if not isinstance(grid, dict):
            raise UserError(
                f"{path.name}: experiment {experiment!r} must list parameters and "
                f"their values, got {grid!r}"
            )
    return grids


def select(points, experiment):
    """Return only one experiment's points, or suggest the nearest name."""
    if experiment not in points:
        raise UserError(f"no experiment {experiment!r}{_hint(experiment, points)}")
    return {experiment: points[experiment]}


def _values(where, name, given, allowed):
    """Return the validated values of one parameter of a grid."""
    if name not in allowed:
        where = where.removesuffix(f": {name}")
        raise UserError(f"{where}: no parameter {name!r}{_hint(name, allowed)}")
    values = given if isinstance(given, list) else [given]
    if not values:
        raise UserError(f"{where} has no value")
    valid = (allowed[name].validated(where, value) for value in values)
    return list(dict.fromkeys(valid))  # 0.1 and 1e-1 are one value


def _hint(name, names):
    near = get_close_matches(str(name), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
