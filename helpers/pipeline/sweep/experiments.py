"""The grid of experiments: ``experiments.yaml`` as a validated list of points.

Each entry of the file is an experiment. It lists parameters of its notebook, each with
one value or a list of values; every combination is a point of the grid. All other
parameters keep the notebook's defaults.
"""

import json
import math
import os
import re
from functools import cache
from itertools import product
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.files import sha256
from helpers.pipeline.kernels.audit import file_stamp
from helpers.pipeline.sweep.inputs import SEARCH_PATHS, explain_outside
from helpers.pipeline.sweep.notebooks import DamagedError, read_notebook
from helpers.pipeline.sweep.parameters import (
    read_parameters,
    require_independent,
    short,
)
from helpers.reading.yamlfile import read_yaml

EXPERIMENTS = ROOT / "experiments.yaml"
MANY = 10_000  # points; more must be confirmed
MAX_POINTS = 1_000_000  # points; more are refused
LOADS = re.compile(r"\bload_experiment|\bload_runs|\.experiment\(")
TABLE = "data"  # the parameter that names a table, in every notebook
MAIN_REPORT = "report"  # the notebook that depends on every experiment


class Point(NamedTuple):
    """One combination of an experiment's values: a notebook and all its parameters."""

    experiment: str
    notebook: str
    parameters: dict
    listed: tuple = ()  # the names of the parameters that the experiment lists

    def __str__(self):
        values = ", ".join(f"{name}={self.parameters[name]}" for name in self.listed)
        return f"{self.experiment} ({values})" if values else self.experiment

    @property
    def run(self):
        """The name of its run, of the notebook and a digest of the parameters."""
        text = json.dumps(self.parameters, sort_keys=True)
        return f"{self.notebook}-{sha256(text.encode())[:12]}"


def read_points(path=EXPERIMENTS, only=None, limit=MAX_POINTS):
    """Read the points of every experiment, or of `only` one or several, by experiment.

    An experiment whose notebook is damaged has one point, whose run fails. UserError if
    there are more points than `limit`; they are counted before they are listed.
    """
    listed = read_grids(path, file_stamp(path))
    listed = listed if only is None else select(listed, only)
    grids = {name: _Grid.of(name, dict(grid)) for name, grid in listed.items()}
    count = sum(grid.count for grid in grids.values())
    if count > limit:
        largest = max(grids, key=lambda experiment: grids[experiment].count)
        points = f"{count:,} points, {grids[largest].count:,} of them in {largest}"
        if count > MAX_POINTS:
            raise UserError(f"{points}: at most {MAX_POINTS:,} can be run")
        raise UserError(f"{points}: to run them all, add --yes (YES=1)")
    return {experiment: grid.points(experiment) for experiment, grid in grids.items()}


class _Grid(NamedTuple):
    """An experiment of the file; its points are the product of its axes."""

    notebook: str
    defaults: dict
    axes: dict

    @classmethod
    def of(cls, experiment, listed):
        where = f"{EXPERIMENTS.name}: {experiment}"
        notebook = listed.pop("notebook", "descent")
        if not isinstance(notebook, str) or not notebook or "/" in notebook:
            got = short(notebook)
            raise UserError(f"{where}: notebook must be a notebook's name, got {got}")
        try:
            allowed, lines = read_parameters(notebook)
        except DamagedError:
            return cls(notebook, {}, {})
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        unsettable = {name: line.text for line in lines for name in line.names}
        for name in listed.keys() & unsettable.keys():
            raise UserError(
                f"{where}: {name} cannot be set: `{unsettable[name]}` in notebooks/"
                f"{notebook}.ipynb gives it no text, number, true or false"
            )
        for name in listed.keys() - allowed.keys():
            number = type(name) in (int, float)
            hint = "; write decimals with a point" if number else _hint(name, allowed)
            raise UserError(f"{where}: {notebook} has no parameter {name!r}{hint}")
        defaults = {name: parameter.default for name, parameter in allowed.items()}
        axes = {n: _values(where, n, value, allowed) for n, value in listed.items()}
        changed = {n for n, values in axes.items() if values != [defaults[n]]}
        require_independent(notebook, changed, f"{where}: ")
        return cls(notebook, defaults, axes)

    @property
    def count(self):
        return math.prod(map(len, self.axes.values()))

    def points(self, experiment):
        listed = tuple(self.axes)
        return [
            Point(
                experiment,
                self.notebook,
                self.defaults | dict(zip(listed, values, strict=True)),
                listed,
            )
            for values in product(*self.axes.values())
        ]


@cache
def read_grids(path, stamp):
    """Return the file's experiments as mappings; it is read once for each stamp."""
    try:
        grids = read_yaml(path, path.name)
    except FileNotFoundError:
        reason = "it lists the experiments to run"
        raise UserError(f"there is no {path.name}: {reason}") from None
    except ValueError as error:
        raise UserError(error) from None
    if not isinstance(grids, dict) or not grids:
        raise UserError(f"{path.name} must name at least one experiment")
    for experiment, grid in grids.items():
        name = short(experiment)
        if not isinstance(experiment, str):
            raise UserError(f"{path.name}: the name {name} must be in quotes")
        if not experiment.isprintable() or not experiment.strip():
            raise UserError(f"{path.name}: a name must be one line of text, got {name}")
        for sign in ("{{", "`"):
            if sign in experiment:  # they begin a claim, and end a quoted name
                raise UserError(f"{path.name}: a name cannot have {sign}, got {name}")
        if not isinstance(grid, dict):
            got = "nothing" if grid is None else short(grid)
            raise UserError(
                f"{path.name}: experiment {experiment!r} must list parameters and "
                "their values, such as `seed: 1`, on indented lines below it, "
                f"got {got}"
            )
    return grids


def select(points, only):
    """Return the points of one or several experiments only, or suggest a name."""
    names = [only] if isinstance(only, str) else only
    for name in names:
        if name not in points:
            raise UserError(f"no experiment {name!r}{_hint(name, points)}")
    return {name: points[name] for name in names}


def experiments_of(notebook):
    """List the experiments that a report depends on, in the grid's order.

    If its code loads any, they are those whose names it contains in quotes; for the
    notebook `MAIN_REPORT`, they are all of them.
    """
    cells = (c for c in read_notebook(notebook)["cells"] if c["cell_type"] == "code")
    code = "\n".join("".join(cell["source"]) for cell in cells)
    if notebook != MAIN_REPORT and not LOADS.search(code):
        return []
    return [
        name for name in read_grids(EXPERIMENTS, file_stamp(EXPERIMENTS))
        if notebook == MAIN_REPORT or f'"{name}"' in code or f"'{name}'" in code
    ]  # fmt: skip


def _values(where, name, entry, allowed):
    """Return the validated values of one parameter of a grid."""
    values = entry if isinstance(entry, list) else [entry]
    if not values:
        raise UserError(f"{where}: {name} has no value")
    check, several = allowed[name].validated, len(values) > 1
    valid = [check(f"{where}: {name}", value, several=several) for value in values]
    texts = (value for value in valid if isinstance(value, str))
    for value, place in product(texts, SEARCH_PATHS):
        is_file = os.path.isfile(place / value) or (name, place) == (TABLE, ROOT)
        # Runs would not notice changes of a file elsewhere.
        if is_file and (why := explain_outside(value, place.relative_to(ROOT))):
            raise UserError(f"{where}: {name}: {why}")
    return list(dict.fromkeys(valid))  # 0.1 and 1e-1 are the same value


def _hint(name, names):
    return did_you_mean(str(name), names, repr) or f"; there are {', '.join(names)}"
