"""The grid of experiments: ``experiments.yaml`` as a validated list of points.

Each entry of the file is an experiment. It lists parameters of its notebook, each with
one value or a list of values; every combination is a point of the grid. Other
parameters keep the notebook's defaults.
"""

import ast
import hashlib
import json
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from itertools import product
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import stamp

EXPERIMENTS = ROOT / "experiments.yaml"
NOTEBOOKS = ROOT / "notebooks"
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
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


def read_points(path=EXPERIMENTS):
    """Read every point of every experiment.

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
        If the file is not valid, or a point does not fit its notebook.
    """
    points = {}
    for experiment, listed in read_grids(path, stamp(path)).items():
        grid = dict(listed)
        notebook = grid.pop("notebook", "descent")
        allowed = notebook_parameters(notebook)
        defaults = {name: parameter.default for name, parameter in allowed.items()}
        axes = [
            [(name, value) for value in _values(experiment, name, given, allowed)]
            for name, given in grid.items()
        ]
        points[experiment] = [
            Point(experiment, notebook, defaults | dict(combination), tuple(grid))
            for combination in product(*axes)
        ]
    return points


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


def read_notebook(notebook):
    """Return a notebook of the project as parsed JSON.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    path = NOTEBOOKS / f"{notebook}.ipynb"
    return _read_notebook(path, stamp(path))


@cache
def _read_notebook(path, stamp):
    name = f"notebooks/{path.name}"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "a notebook is named without folder and ending"
        raise UserError(f"there is no {name}; {hint}") from None
    except ValueError as error:
        raise UserError(f"{name} is damaged: {error}") from None


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
    valid = (_validated(f"{where}: {name}", value, allowed[name]) for value in values)
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
        raise UserError(f"{where} must be {wanted}, got {value!r}")
    choices = parameter.choices
    if choices and value not in choices:
        raise UserError(f"{where} must be one of {', '.join(choices)}, got {value!r}")
    return value


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
