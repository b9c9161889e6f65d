"""The notebooks of the project: read if they are valid, with their parameters.

The parameters are the lines of the cell tagged ``parameters``. A run's values come into
a cell below it, so a line there that is computed from others would keep the defaults.
"""

import ast
import json
from functools import cache
from importlib import import_module
from reprlib import Repr
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import stamp

NOTEBOOKS = ROOT / "notebooks"
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
SAVE = "open it in JupyterLab and save it"
# Values are shown short: YAML can nest and repeat them without end.
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 80, 80
shown = SHORT.repr


class DamagedError(UserError):
    """A notebook that cannot be run; only what rests on it fails."""


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

    def validated(self, where, value):
        """Return a value if it has the type and is among the choices, or raise."""
        if value is None and self.default is None:
            return None
        if self.type is float and type(value) is int:
            try:
                value = float(value)
            except OverflowError:
                raise UserError(f"{where} is too large a number") from None
        if type(value) is not self.type:
            null = ", or null" if self.default is None else ""
            wanted = WORDS[self.type] + null
            raise UserError(f"{where} must be {wanted}, got {shown(value)}")
        if type(value) is int and abs(value) >= 2**63:
            raise UserError(f"{where} is too large a number")
        if type(value) is str:
            validate_text(where, value)
        choices = self.choices
        if choices and value not in choices:
            listed = ", ".join(choices)
            raise UserError(f"{where} must be one of {listed}, got {shown(value)}")
        return value


class Line(NamedTuple):
    """A line of a parameters cell that no run can set.

    Attributes
    ----------
    text : str
        The line.
    names : set of str
        What it assigns.
    uses : set of str
        Every name that it is computed from, also through other lines.
    """

    text: str
    names: set
    uses: set


def read_notebook(notebook, folder=NOTEBOOKS):
    """Return a notebook of the project as parsed JSON.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.
    folder : Path
        Where it is.

    Raises
    ------
    UserError
        If there is none of that name; `DamagedError` if it is no notebook that can be
        run.
    """
    path = folder / f"{notebook}.ipynb"
    return _read_notebook(path, stamp(path))


@cache
def _read_notebook(path, stamp):
    name = f"notebooks/{path.name}"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "a notebook is named without folder and ending"
        raise UserError(f"there is no {name}; {hint}") from None
    except OSError as error:
        raise DamagedError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DamagedError(f"{name} is damaged: {error}") from None
    except RecursionError:
        raise DamagedError(f"{name} is damaged: it nests too deeply") from None
    if isinstance(notebook, dict) and "worksheets" in notebook:
        raise DamagedError(f"{name} has an old format: {SAVE}")
    if wrong := _damage(notebook):
        raise DamagedError(f"{name} is damaged: {wrong}")
    kernel = notebook["metadata"].get("kernelspec")
    if not isinstance(kernel, dict) or not kernel.get("name"):
        raise DamagedError(f"{name} names no kernel: {SAVE}, with the kernel Python 3")
    if str(kernel.get("language") or "python").lower() != "python":
        raise DamagedError(f"{name} is in {kernel['language']}, not in Python")
    return notebook


def _damage(notebook):
    """Return what is wrong with a notebook as parsed JSON, or nothing."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return "it has no list of cells"
    for number, cell in enumerate(cells, start=1):
        cell = cell if isinstance(cell, dict) else {}
        source, metadata = cell.get("source"), cell.get("metadata")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            return f"cell {number} has no source"
        if not isinstance(metadata, dict) or not isinstance(cell.get("cell_type"), str):
            return f"cell {number} has no metadata or type"
        if not isinstance(metadata.get("tags", []), list):
            return f"the tags of cell {number} are no list"
    if notebook.get("nbformat") != 4 or not isinstance(notebook.get("metadata"), dict):
        return f"it is not of nbformat 4: {SAVE}"
    return ""


def notebook_parameters(notebook):
    """Read the parameters of a notebook.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Returns
    -------
    dict of str to Parameter
        In the notebook's order: each line that gives a name a text, a number, true or
        false, or null, the latter with a type.

    Raises
    ------
    UserError
        If there is no such notebook, or its parameters cell is not valid.
    """
    return read_parameters(notebook)[0]


def read_parameters(notebook):
    """Return a notebook's parameters, and the lines of their cell that no run can set.

    Returns
    -------
    parameters : dict of str to Parameter
        See `notebook_parameters`.
    lines : list of Line
        The others.
    """
    where, content = f"notebooks/{notebook}.ipynb", read_notebook(notebook)
    tagged = [
        cell for cell in content["cells"]
        if "parameters" in cell["metadata"].get("tags", [])
    ]  # fmt: skip
    if not tagged:
        raise UserError(f"{where} has no cell tagged 'parameters'")
    if len(tagged) > 1:
        raise UserError(f"{where} has {len(tagged)} cells tagged 'parameters'")
    source = "".join(tagged[0]["source"])
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        reason = getattr(error, "msg", error)
        raise UserError(f"{where}: the parameters cell: {reason}") from None
    parameters, lines, text = {}, [], source.splitlines()
    for statement in body:
        names = _names(statement, ast.Store)
        for name in names & {*parameters, *(n for line in lines for n in line.names)}:
            raise UserError(f"{where}: the parameters cell assigns {name} twice")
        parameter = _parameter(statement, text, where)
        if parameter:
            parameters |= parameter
            continue
        uses = _names(statement, ast.Load)
        uses = uses.union(*(line.uses for line in lines if line.names & uses))
        lines.append(Line(text[statement.lineno - 1].strip(), names, uses))
    return parameters, lines


def require_independent(notebook, changed, where=""):
    """Raise UserError if a line of the parameters cell is computed from what changes.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.
    changed : set of str
        The parameters with other values than their defaults.
    where : str
        To begin the message with.
    """
    for line in read_parameters(notebook)[1]:
        for name in sorted(line.uses & changed):
            raise UserError(
                f"{where}{name} changes, but `{line.text}` in the parameters cell of "
                f"notebooks/{notebook}.ipynb would not: move that line to the next cell"
            )


def _parameter(statement, lines, where):
    """Return the parameter that a statement sets, by its name; None if it sets none."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        name, kind = statement.target.id, ast.unparse(statement.annotation)
        if kind not in TYPES or statement.value is None:
            raise UserError(
                f"{where}: the line of {name} in the parameters cell must be "
                f"{name}: {'|'.join(TYPES)} = value"
            )
        kind = TYPES[kind]
    elif isinstance(statement, ast.Assign) and isinstance(
        statement.targets[0], ast.Name
    ):
        name, kind = statement.targets[0].id, None
    else:
        return None
    if isinstance(statement, ast.Assign) and len(statement.targets) > 1:
        return None
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        return None
    kind = kind or type(default)
    if kind not in WORDS:
        return None
    parameter = Parameter(kind, default, lines[statement.end_lineno - 1])
    try:
        return {name: parameter._replace(default=parameter.validated(name, default))}
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _names(statement, context):
    """Return the names that a statement assigns, or those that it uses."""
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def validate_text(where, text):
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
