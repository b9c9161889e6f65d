"""The parameters of a notebook: the lines of its cell tagged ``parameters``.

The values of a run are inserted below this cell, so a line of it that is computed from
a parameter would still use its default.
"""

import ast
import math
import re
from functools import cache
from importlib import import_module
from reprlib import Repr
from typing import NamedTuple

from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.sweep.notebooks import read_notebook
from helpers.reading.numerals import decimal_signs

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
# Control characters except white space, and surrogates, which no file can hold.
NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
SEED = "seed"  # NumPy's, in every notebook
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
# YAML can nest and repeat values without end, so errors abbreviate them.
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 80, 80
short = SHORT.repr


class Parameter(NamedTuple):
    """A parameter, as a line of the parameters cell defines it.

    A value may be None if the default is. The comment may list the choices, or name a
    collection in `helpers` that has them, or begin with "positive".
    """

    type: type
    default: object
    comment: str
    name: str = ""

    @property
    def choices(self):
        """The allowed values; empty if every value is allowed."""
        return _choices(self.comment.partition("# one of ")[2].strip())

    def validated(self, where, value, *, several=False):
        """Return a value, perhaps one of `several`, if allowed, or raise UserError."""
        original = value
        if value is None and self.default is None:
            return None
        if self.type is float and type(value) is int:
            try:
                value = float(value)
            except OverflowError:
                raise UserError(f"{where} is too large a number") from None
        if type(value) is not self.type:
            null = ", or null" if self.default is None else ""
            expected = WORDS[self.type] + null
            is_text = self.type is float and type(value) is str
            comma = is_text and decimal_signs(value) == ","
            point = ", with a decimal point" if comma else ""
            raise UserError(f"{where} must be {expected}{point}, got {short(value)}")
        if type(value) is int and abs(value) >= 2**63:
            raise UserError(f"{where} is too large a number")
        if type(value) is float and not math.isfinite(value):
            raise UserError(f"{where} must be a finite number, got {value}")
        if "# positive" in self.comment and value <= 0:
            # In YAML, 0,1 in a list is a zero and a one.
            comma = several and self.type is float and not value
            point = "; if this was a decimal comma, write a point" if comma else ""
            raise UserError(f"{where} must be positive, got {original}{point}")
        if self.name == SEED and value < 0:
            raise UserError(f"{where} must be 0 or more, got {value}")
        if type(value) is str:
            validate_text(where, value)
        choices = self.choices
        if choices and value not in choices:
            listed = ", ".join(choices)
            hint = did_you_mean(str(value), map(str, choices))
            raise UserError(
                f"{where} must be one of {listed}, got {short(value)}{hint}"
            )
        return value


class Line(NamedTuple):
    """A line of a parameters cell that is not a parameter, so no run can set it."""

    text: str
    names: set[str]  # what it assigns
    uses: set[str]  # the names it is computed from, directly or through others


def notebook_parameters(notebook):
    """Return the parameters of a notebook by name, in its order.

    They are the lines that set a name to a text, a number, true or false, or, with a
    type, to null. UserError if the notebook or its parameters cell is not valid.
    """
    return read_parameters(notebook)[0]


def read_parameters(notebook):
    """Return a notebook's parameters, and each `Line` that no run can set."""
    where, content = f"notebooks/{notebook}.ipynb", read_notebook(notebook)
    tagged = [
        cell for cell in content["cells"]
        if "parameters" in cell["metadata"].get("tags", [])
    ]  # fmt: skip
    if not tagged:
        raise UserError(f"{where} has no cell tagged 'parameters'")
    if len(tagged) > 1:
        raise UserError(f"{where} has {len(tagged)} cells tagged 'parameters'")
    return _read_lines(where, "".join(tagged[0]["source"]))


@cache
def _read_lines(where, source):
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        reason = getattr(error, "msg", error)
        raise UserError(f"{where}: the parameters cell: {reason}") from None
    parameters, lines, text = {}, [], source.splitlines()
    for statement in body:
        names = names_in(statement, ast.Store)
        for name in names & {*parameters, *(n for line in lines for n in line.names)}:
            raise UserError(f"{where}: the parameters cell assigns {name} twice")
        parameter = _parameter(statement, text, where)
        if parameter:
            parameters |= parameter
            continue
        uses = names_in(statement, ast.Load)
        uses = uses.union(*(line.uses for line in lines if line.names & uses))
        lines.append(Line(text[statement.lineno - 1].strip(), names, uses))
    return parameters, lines


def require_independent(notebook, changed, where=""):
    """Raise UserError if a line of the parameters cell depends on what has `changed`.

    `changed` names the parameters whose values are not their defaults; the message
    begins with `where`.
    """
    for line in read_parameters(notebook)[1]:
        for name in sorted(line.uses & changed):
            raise UserError(
                f"{where}{name} changes, but `{line.text}` in the parameters cell of "
                f"notebooks/{notebook}.ipynb would not: move that line to the next cell"
            )


def _parameter(statement, lines, where):
    """Return the parameter that a statement sets, by name; None if it sets none."""
    match statement:
        case ast.AnnAssign(ast.Name(name), annotation):
            kind = TYPES.get(ast.unparse(annotation))
            if kind is None or statement.value is None:
                raise UserError(
                    f"{where}: the line of {name} in the parameters cell must be "
                    f"{name}: {'|'.join(TYPES)} = value"
                )
        case ast.Assign([ast.Name(name)]):
            kind = None
        case _:
            return None
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        return None
    kind = kind or type(default)
    if kind not in WORDS:
        return None
    parameter = Parameter(kind, default, lines[statement.end_lineno - 1], name)
    try:
        return {name: parameter._replace(default=parameter.validated(name, default))}
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


@cache
def names_in(statement, context):
    """Return the names that code assigns (`ast.Store`) or uses (`ast.Load`)."""
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def validate_text(where, text):
    """Raise UserError if a text has a character that no file or page can hold."""
    if NO_CHARACTER.search(text):
        raise UserError(f"{where} has an invalid character: {text!a}")


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
