"""Trace a figure or a table to the cell, the helpers and the runs behind it.

Each variable that a cell uses is traced to the statement that assigned it, to those
that filled it, as in ``scores["held out"] = ...``, and on through the variables used
there, back to the runs that were loaded.
"""

import ast
import builtins
from functools import cache
from typing import NamedTuple

from helpers.pipeline.report.claims import Claims
from helpers.pipeline.sweep.parameters import names_in

# Modules that nearly every figure uses, so they are not listed: they read the data,
# check statements in the text against the results, and format numbers.
COMMON = ("data", "reading.datasheet", "figures.statements", "figures.formatting")


class Provenance(NamedTuple):
    """The origin of a figure or a table."""

    label: str  # its name in references, including ``fig:`` or ``tab:``
    cell: int  # number of the code cell, as in ``In [7]``
    functions: list[str]  # helpers that were called for it, except those of `COMMON`
    runs: list[str]  # names of the runs whose results it shows


def trace(label, cells, namespace):
    """Trace the figure or table that the last cell shows.

    `cells` are the sources of all cells executed so far, as in IPython's ``In``;
    `namespace` has the notebook's variables.
    """
    origins = {}  # by variable: the statement that assigned it, and any that filled it
    for cell in cells:
        for statement in _statements(cell):
            assigned = names_in(statement, ast.Store)
            origins |= {name: [statement] for name in assigned}
            for name in _filled(statement) - assigned:
                origins.setdefault(name, []).append(statement)
    pending = [n for s in _statements(cells[-1]) for n in _used(s)]
    seen, functions, runs = set(), set(), set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        variable, _, member = name.partition(".")
        value = namespace.get(variable)
        value = getattr(value, member, None) if member else value
        if _is_helper(value):
            module = value.__module__.removeprefix("helpers.")
            if module not in COMMON:
                functions.add(f"{module}.{value.__qualname__}")
        elif runs_shown := _runs_of(value):
            runs |= runs_shown
        else:
            pending += [n for s in origins.get(name, ()) for n in _used(s)]
    return Provenance(label, len(cells) - 1, sorted(functions), sorted(runs))


@cache
def _statements(cell):
    """Return the statements of a cell; none if it is not Python."""
    try:
        return ast.parse(cell).body
    except SyntaxError:
        return []


def _filled(statement):
    """Return the variables whose elements a statement assigns."""
    return {
        node.value.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
    }


@cache
def _used(statement):
    """Return the variables a statement uses, and members such as ``plots.plot_fit``."""
    members = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    # Exclude the variables of its own loops, whose names other cells may also use.
    loop_variables = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.comprehension | ast.For):
            loop_variables |= names_in(node.target, ast.Store)
    used = names_in(statement, ast.Load) - set(dir(builtins)) | members
    return {name for name in used if name.partition(".")[0] not in loop_variables}


def _is_helper(value):
    """Tell whether a value is a function that computes, draws or tabulates."""
    module = getattr(value, "__module__", None) or ""
    ours = module.startswith("helpers.") and not module.startswith("helpers.pipeline.")
    return ours and callable(value) and hasattr(value, "__qualname__")


def _runs_of(value):
    """Return the names of the runs in a table of runs, or in one row of it."""
    if isinstance(value, Claims):  # it would raise that it has no such claim
        return set()
    try:
        runs = value["run"]
    except (TypeError, LookupError, ValueError):
        return set()
    return {runs} if isinstance(runs, str) else set(runs)
