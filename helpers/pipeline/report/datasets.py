"""The tables that a report is made of: where they are, and what was given of them."""

import os

from helpers.data import split_names
from helpers.figures.formatting import distinct
from helpers.pipeline.command import first_few
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.title import TABLE, given_table
from helpers.pipeline.sweep.experiments import experiments_of, read_points
from helpers.pipeline.sweep.inputs import why_outside
from helpers.pipeline.sweep.parameters import notebook_parameters

# What the Makefile says is as it was given last: names of variables.
REMEMBERED = "REMEMBERED"
LACKS = ("there is no such file", "no column")  # as `helpers.data` says it


def requested_table(report, given=None):
    """Return a report's data, target and features; empty if it is not of a table.

    They are those given, by default in the environment, else those of its notebook.
    """
    known = notebook_parameters(report)
    if "data" not in known:
        return {}
    given = given_table(report) if given is None else given
    return {name: known[name].default for name in TABLE if name in known} | given


def tables_used_by(report, given=None):
    """Return the paths of a report's own table and of those of its experiments."""
    own = requested_table(report, given).get("data")
    grids = read_points(only=experiments_of(report)).values()
    paths = [point.parameters.get("data") for points in grids for point in points]
    return [path for path in dict.fromkeys([own, *paths]) if path]


def require_table(report, given=None):
    """Raise UserError if a report's own table is where nobody else would find it.

    Those of experiments are refused when the grid is read.
    """
    table = requested_table(report, given)
    if table and (why := why_outside(table["data"])):
        raise UserError(why)


def table_summary(table, recorded):
    """Say in short what a table's report is of, and how many rows were left out.

    It is what the report recorded; empty if it did not, or is not of a table.
    """
    if not table or not {"features", "n_rows", "n_dropped"} <= recorded.keys():
        return ""
    features = first_few(distinct(recorded["features"]), 3, ", ")
    left_out = f"{recorded['n_dropped']} of {recorded['n_rows']} rows left out"
    return f"{table['data']}: {table['target']} from {features}; {left_out}"


def with_remembered_hint(error, report):
    """Return an error, and what of the table that it names was not given this time."""
    table, given = requested_table(report), given_table(report)
    remembered = os.environ.get(REMEMBERED, "").split()
    for name in ("features", "target", "data"):  # what it is most likely due to
        text, variable = table.get(name), name.upper()
        if text is None or not _is_named(error, name, text):
            continue
        if name not in given:
            return f"{error}; {text} is what the notebook says: give {variable}=…"
        if variable in remembered:
            how = f"{variable}={text} was given before; {variable}= forgets it"
            return f"{error}; {how}"
    return error


def _is_named(error, name, text):
    """Tell whether an error is about a parameter of this name and text."""
    if name == "data":
        return any(f"{text}: {lack}" in error for lack in LACKS)
    if f"{name} must be" in error or f"{name} {text!r}" in error:
        return True
    try:
        columns = split_names(text) if name == "features" else [text]
    except ValueError:
        return False
    return any(f"column {column!r}" in error for column in columns)
