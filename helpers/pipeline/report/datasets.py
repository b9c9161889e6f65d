"""The data tables of a report: where they are, and which the user specified."""

import os

from helpers.data import split_names
from helpers.figures.formatting import distinct
from helpers.pipeline.command import first_few
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.title import TABLE, table_from_environment
from helpers.pipeline.sweep.experiments import experiments_of, read_points
from helpers.pipeline.sweep.inputs import explain_outside
from helpers.pipeline.sweep.parameters import notebook_parameters

# Set by the Makefile: the names of the variables whose values it remembered.
REMEMBERED = "REMEMBERED"
LACKS = ("there is no such file", "no column")  # as `helpers.data` says it


def requested_table(report, specified=None):
    """Return a report's data, target and features; empty if it is not about a table.

    What is not specified, by default in the environment, is taken from the notebook.
    """
    parameters = notebook_parameters(report)
    if "data" not in parameters:
        return {}
    specified = table_from_environment(report) if specified is None else specified
    return {n: parameters[n].default for n in TABLE if n in parameters} | specified


def tables_used_by(report, specified=None):
    """Return the paths of a report's own table and of those of its experiments."""
    own_table = requested_table(report, specified).get("data")
    grids = read_points(only=experiments_of(report)).values()
    paths = [point.parameters.get("data") for points in grids for point in points]
    return [path for path in dict.fromkeys([own_table, *paths]) if path]


def require_table(report, specified=None):
    """Raise UserError if a report's own table is where no one else would find it.

    The tables of experiments are checked when the grid is read.
    """
    table = requested_table(report, specified)
    if table and (why := explain_outside(table["data"])):
        raise UserError(why)


def table_summary(table, recorded):
    """Summarise a report on a table in one line: target, features, rows left out.

    Empty if the report recorded nothing, or is not about a table.
    """
    if not table or not {"features", "n_rows", "n_dropped"} <= recorded.keys():
        return ""
    features = first_few(distinct(recorded["features"]), 3, ", ")
    left_out = f"{recorded['n_dropped']} of {recorded['n_rows']} rows left out"
    return f"{table['data']}: {table['target']} from {features}; {left_out}"


def with_remembered_hint(error, report):
    """Add a hint to an error about a parameter of the table that was not given now."""
    table, specified = requested_table(report), table_from_environment(report)
    remembered = os.environ.get(REMEMBERED, "").split()
    for name in ("features", "target", "data"):  # the most likely cause first
        text, variable = table.get(name), name.upper()
        if text is None or not _is_named(error, name, text):
            continue
        if name not in specified:
            return f"{error}; {text} is the notebook's default: set {variable}=…"
        if variable in remembered:
            hint = f"{variable}={text} was given before; {variable}= forgets it"
            return f"{error}; {hint}"
    return error


def _is_named(error, name, text):
    """Tell whether an error is about this parameter and its text."""
    if name == "data":
        return any(f"{text}: {lack}" in error for lack in LACKS)
    if f"{name} must be" in error or f"{name} {text!r}" in error:
        return True
    try:
        columns = split_names(text) if name == "features" else [text]
    except ValueError:
        return False
    return any(f"column {column!r}" in error for column in columns)
