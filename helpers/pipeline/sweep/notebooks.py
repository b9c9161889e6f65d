"""The notebooks of the project: read if they are valid, with their parameters.

The parameters are the lines of the cell tagged ``parameters``. A run's values come into
a cell below it, so a line there that is computed from others would keep the defaults.
"""

import ast
import json
from functools import cache
from importlib import import_module
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import stamp

NOTEBOOKS = ROOT / "notebooks"
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
CELLS = ("code", "markdown", "raw")
SAVE = "open it in JupyterLab, choose the kernel Python 3, and save it"


class NotebookError(UserError):
    """A notebook that cannot be run; other notebooks can."""


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
            raise UserError(f"{where} must be {WORDS[self.type]}{null}, got {value!r}")
        choices = self.choices
        if choices and value not in choices:
            listed = ", ".join(choices)
            raise UserError(f"{where} must be one of {listed}, got {value!r}")
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


def read_notebook(notebook):
    """Return a notebook of the project as parsed JSON, with all that a run needs.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Raises
    ------
    NotebookError
        If there is none of that name, or it is not a notebook of nbformat 4 for Python.
    """
    path = NOTEBOOKS / f"{notebook}.ipynb"
    return _read_notebook(path, stamp(path))


@cache
def _read_notebook(path, stamp):
    name = f"notebooks/{path.name}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "a notebook is named without folder and ending"
        raise NotebookError(f"there is no {name}; {hint}") from None
    except RecursionError:
        raise NotebookError(f"{name} is damaged: it is nested too deeply") from None
    except OSError as error:
        raise NotebookError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise NotebookError(f"{name} is damaged: {error}") from None
    fault = _fault_of(content)
    if fault:
        raise NotebookError(f"{name} {fault}")
    return content


def _fault_of(content):
    """Return what is wrong with a notebook; empty if it can be run."""
    if not isinstance(content, dict) or not isinstance(content.get("metadata"), dict):
        return "is not a notebook"
    if content.get("nbformat") != 4:
        return f"has the nbformat {content.get('nbformat')!r}, not 4; {SAVE}"
    if not isinstance(content.get("cells"), list):
        return f"has no list of cells; {SAVE}"
    for number, cell in enumerate(content["cells"], 1):
        fault = _fault_of_cell(cell)
        if fault:
            return f"is damaged: cell {number} {fault}"
    kernel = content["metadata"].get("kernelspec")
    if not isinstance(kernel, dict) or not kernel.get("name"):
        return f"names no kernel; {SAVE}"
    if str(kernel.get("language") or "python").lower() != "python":
        return f"is in {kernel['language']}, not in Python"
    return ""


def _fault_of_cell(cell):
    """Return what is wrong with a cell of a notebook; empty if nothing is."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in CELLS:
        return f"is none of {', '.join(CELLS)}"
    source, metadata = cell.get("source"), cell.get("metadata")
    if not isinstance(source, str | list) or not all(type(s) is str for s in source):
        return "has no source"
    if any("\ud800" <= sign <= "\udfff" for text in source for sign in text):
        return "has half of a surrogate pair in its source"
    if not isinstance(metadata, dict):
        return "has no metadata"
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(type(tag) is str for tag in tags):
        return f"has tags that are no list of texts: {json.dumps(tags)}"
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
    NotebookError
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
        raise NotebookError(f"{where} has no cell tagged 'parameters'")
    if len(tagged) > 1:
        raise NotebookError(f"{where} has {len(tagged)} cells tagged 'parameters'")
    source = "".join(tagged[0]["source"])
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        reason = getattr(error, "msg", error)
        raise NotebookError(f"{where}: the parameters cell: {reason}") from None
    parameters, lines, text = {}, [], source.splitlines()
    for statement in body:
        names = _names(statement, ast.Store)
        for name in names & {*parameters, *(n for line in lines for n in line.names)}:
            raise NotebookError(f"{where}: the parameters cell assigns {name} twice")
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
            raise NotebookError(
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
        raise NotebookError(f"{where}: {error}") from None


def _names(statement, context):
    """Return the names that a statement assigns, or those that it uses."""
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


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
