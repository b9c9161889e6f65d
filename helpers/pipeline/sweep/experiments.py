"""The grid of experiments: ``experiments.yaml`` as a validated list of points.

Each entry of the file is an experiment. It lists parameters of its notebook, each with
one value or a list of values; every combination is a point of the grid. Other
parameters keep the notebook's defaults.
"""

import ast
import hashlib
import json
import math
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from itertools import product
from reprlib import Repr
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import stamp
from helpers.pipeline.sweep.notebooks import DamagedError, read_notebook

EXPERIMENTS = ROOT / "experiments.yaml"
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
MANY = 10_000  # points, which must be confirmed
LARGEST = 1_000_000  # points, which are too many
# Values are shown short: YAML can nest and repeat them without end.
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 80, 80
shown = SHORT.repr
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class Parameter(NamedTuple):
    """One line of a notebook's parameters cell.

    A value may be None if the default is. The comment may list the choices, or name a
    collection of `helpers` that has them.
    """

    type: type
    default: object
    comment: str

    @property
    def choices(self):
        """The values that are allowed; empty if all are."""
        return _choices(self.comment.partition("# one of ")[2].strip())


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


def read_points(path=EXPERIMENTS, only="", most=LARGEST):
    """Read every point of every experiment.

    Parameters
    ----------
    path : Path
        The YAML file.
    only : str
        An experiment; all by default.
    most : int
        How many points there may be. They are counted before they are listed.

    Returns
    -------
    dict of str to list of Point
        By experiment, in the file's order; each with all parameters. An experiment
        whose notebook is damaged has one point, whose run fails.

    Raises
    ------
    UserError
        If the file is not valid, a point does not fit its notebook, or there are too
        many.
    """
    grids = {
        experiment: _Grid.of(experiment, dict(listed))
        for experiment, listed in read_grids(path, stamp(path)).items()
    }
    grids = select(grids, only) if only else grids
    count = sum(grid.count for grid in grids.values())
    if count > LARGEST:
        raise UserError(f"{count:,} points: at most {LARGEST:,} can be run")
    if count > most:
        raise UserError(f"{count:,} points: to run so many, add --yes (YES=1)")
    return {experiment: grid.points(experiment) for experiment, grid in grids.items()}


class _Grid(NamedTuple):
    """An experiment as it is listed; its points are the product of the axes."""

    notebook: str
    defaults: dict
    axes: dict

    @classmethod
    def of(cls, experiment, listed):
        notebook = listed.pop("notebook", "descent")
        try:
            allowed = notebook_parameters(notebook)
        except DamagedError:
            return cls(notebook, {}, {})
        defaults = {name: parameter.default for name, parameter in allowed.items()}
        axes = {
            n: _values(experiment, n, given, allowed) for n, given in listed.items()
        }
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
    except RecursionError:
        raise UserError(f"{path.name} nests too deeply") from None
    except (OSError, YAMLError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path.name} cannot be read: {reason}") from None
    if not isinstance(grids, dict) or not grids:
        raise UserError(f"{path.name} must name at least one experiment")
    for experiment, grid in grids.items():
        if not isinstance(experiment, str):
            name = shown(experiment)
            raise UserError(f"{path.name}: {name} must be quoted to be a name")
        _validate_text(f"{path.name}: the name of an experiment", experiment)
        if not isinstance(grid, dict):
            raise UserError(
                f"{path.name}: experiment {experiment!r} must list parameters and "
                f"their values, got {shown(grid)}"
            )
    return grids


def notebook_parameters(notebook):
    """Read a notebook's parameters cell.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Returns
    -------
    dict of str to Parameter
        In the notebook's order.

    Raises
    ------
    UserError
        If there is no such notebook, or it has no cell tagged ``parameters``.
    """
    sources = [
        "".join(cell["source"])
        for cell in read_notebook(notebook)["cells"]
        if "parameters" in cell["metadata"].get("tags", [])
    ]
    if not sources:
        raise UserError(f"notebooks/{notebook}.ipynb has no cell tagged 'parameters'")
    source = sources[0]
    lines = source.splitlines()
    try:
        return {
            line.target.id: Parameter(
                TYPES[line.annotation.id],
                ast.literal_eval(line.value),
                lines[line.end_lineno - 1],
            )
            for line in ast.parse(source).body
            if isinstance(line, ast.AnnAssign)
        }
    except (SyntaxError, ValueError, KeyError, AttributeError):
        raise UserError(
            f"notebooks/{notebook}.ipynb: each line of the parameters cell must be "
            f"name: {'|'.join(TYPES)} = value  # explanation"
        ) from None


def select(points, experiment):
    """Return only one experiment's points, or suggest the nearest name."""
    if experiment not in points:
        raise UserError(f"no experiment {experiment!r}{_hint(experiment, points)}")
    return {experiment: points[experiment]}


def _values(experiment, name, given, allowed):
    """Return the validated values of one parameter of a grid."""
    where = f"{EXPERIMENTS.name}: {experiment}"
    if name not in allowed:
        raise UserError(f"{where}: no parameter {name!r}{_hint(name, allowed)}")
    values = given if isinstance(given, list) else [given]
    if not values:
        raise UserError(f"{where}: {name} has no value")
    valid = [_validated(f"{where}: {name}", value, allowed[name]) for value in values]
    return list(dict.fromkeys(valid))  # 0.1 and 1e-1 are one value


def _validated(where, value, parameter):
    """Return a value of the parameter's type and among its choices."""
    if value is None and parameter.default is None:
        return None
    if parameter.type is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            raise UserError(f"{where} is too large a number") from None
    if type(value) is not parameter.type:
        null = ", or null" if parameter.default is None else ""
        wanted = WORDS[parameter.type] + null
        raise UserError(f"{where} must be {wanted}, got {shown(value)}")
    if type(value) is int and abs(value) >= 2**63:
        raise UserError(f"{where} is too large a number")
    if type(value) is str:
        _validate_text(where, value)
    choices = parameter.choices
    if choices and value not in choices:
        raise UserError(
            f"{where} must be one of {', '.join(choices)}, got {shown(value)}"
        )
    return value


def _validate_text(where, text):
    """Raise UserError for half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError(f"{where} has a character that is none: {text!a}") from None


@cache
def _choices(listed):
    """Return the choices that a comment lists, or those of the collection it names."""
    if not listed.startswith("helpers."):
        return [choice.strip() for choice in listed.split(",") if choice.strip()]
    module, _, name = listed.rpartition(".")
    try:
        return list(getattr(import_module(module), name))
    except (ImportError, AttributeError, TypeError):
        raise UserError(f"a parameters cell names {listed}, which is missing") from None


def _hint(name, names):
    near = get_close_matches(str(name), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
