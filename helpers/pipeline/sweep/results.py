"""The results of finished runs: printed, written as CSV, or loaded as a table."""

import argparse
import textwrap
from itertools import zip_longest
from pathlib import Path

from helpers import ROOT
from helpers.data import join_names
from helpers.pipeline.command import aligned, first_few, run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.sweep.inputs import failed_path_of, has_failed, path_of
from helpers.pipeline.sweep.plan import make_plan

FOR_EACH_FEATURE = ("names", "w", "w_original")
WIDTH = 96  # of the printed table
_loaded = {}  # by `load_experiment`, in this process


def main():
    """Print one row for each finished run of each experiment, or write it as CSV."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--experiment", default="", help="only this one")
    parser.add_argument("--csv", default="", help="write this file instead")
    asked = parser.parse_args()
    plan = make_plan(asked.experiment or None, confirmed=True)
    finished = list(finished_runs(plan, plan.runs.keys() - plan.missing.keys()))
    if not finished:
        of = f" of {asked.experiment}" if asked.experiment else ""
        raise UserError(
            f"no run{of} is finished yet; `make sweep` makes them, and names what fails"
        )
    if asked.csv:
        write_csv(asked.csv, finished)
    else:
        print("\n".join(table_of(plan.points, finished)))
        print_notes(finished)
        print("all parameters and results: make results CSV=file")
    silent = sorted({point.notebook for point, found in finished if found is None})
    if silent:
        print(f"they recorded nothing: {', '.join(silent)}; call record() there")
    if plan.missing:
        count = f"{len(plan.missing)} of {len(plan.runs)} runs"
        print(f"not among them: {count}, which failed or have not been run: make sweep")


def finished_runs(plan, runs):
    """Yield each point of some finished runs, with its record; None if it has none."""
    for point in (point for points in plan.points.values() for point in points):
        if point.run in runs:
            try:
                yield point, read_record(path_of(point.run))
            except NoRecordError:
                yield point, None


def print_notes(finished):
    """Print what runs have recorded as ``notes``, once, and the experiments it is of.

    So a run says how its data were read, and what was left out of them.
    """
    of = {}
    for point, found in finished:
        for note in (found or {}).get("notes", ()):
            experiments = of.setdefault((point.parameters.get("data", ""), note), [])
            if point.experiment not in experiments:
                experiments.append(point.experiment)
    for (data, note), experiments in of.items():
        line = f"{data} ({first_few(experiments, 2, ', ')}): {note}".lstrip()
        print(textwrap.fill(line, WIDTH, subsequent_indent="  "))


def write_csv(path, finished):
    """Write all parameters and results, a line for each run."""
    import pandas as pd

    rows = [_row(point, found or {}) for point, found in finished]
    if not Path(path).parent.is_dir():
        raise UserError(f"{path} cannot be written: no folder {Path(path).parent}")
    try:
        pd.DataFrame(rows, dtype=object).to_csv(path, index=False)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path} cannot be written: {reason}") from None
    print(f"written: {path}")


def _row(point, found):
    """Return a run's parameters and what it recorded, by column."""
    # Numbers and texts are as they were recorded. A list of texts, or with one number
    # for each feature, becomes a text. Of any other list only the last number is taken,
    # such as the final cost. What a dict holds has a column each.
    row = {"experiment": point.experiment, "run": point.run, **point.parameters}
    for key, value in found.items():
        if isinstance(value, dict) and key != "versions":
            row |= {f"{key}.{k}": v for k, v in value.items() if _is_one(v)}
        elif _is_one(_cell(key, value)):
            row[key] = _cell(key, value)
    return row


def _is_one(value):
    return not isinstance(value, list | dict)


def _cell(key, value):
    """Return what a cell shows of a list; anything else as it is."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(item, str) for item in value):
        return join_names(value) if key in FOR_EACH_FEATURE else "; ".join(value)
    if key in FOR_EACH_FEATURE and all(map(_is_one, value)):
        return ", ".join(map(repr, value))
    return value[-1]


def table_of(points, finished):
    """Return the lines of a table of runs that fits the screen.

    It has, for each run, its experiment, what varies in it, how it ended, its final
    cost, and the iterations until the cost is within 1 % of the optimum.
    """
    header = ("experiment", "what varies", "how it ended", "final cost", "to 1 %")
    rows = [header]
    for point, found in finished:
        of = points[point.experiment]
        varied = [n for n in point.listed if len({p.parameters[n] for p in of}) > 1]
        varies = [f"{n}={point.parameters[n]}" for n in varied or point.listed]
        rows.append((point.experiment, ", ".join(varies), *_ending(found)))
    endings = list(zip(*rows, strict=True))[2:]
    room = max(WIDTH - sum(max(map(len, column)) + 2 for column in endings), 40)
    first = min(max(len(row[0]) for row in rows), room // 2)
    wrapped = []
    for experiment, varies, *ending in rows:
        cells = [textwrap.wrap(experiment, first), textwrap.wrap(varies, room - first)]
        wrapped += zip_longest(*cells, *([text] for text in ending), fillvalue="")
    return aligned(wrapped, right=(3, 4))


def _ending(found):
    """Return how a run ended, its final cost, and the iterations to 1 %, as texts."""
    if found is None:
        return "recorded nothing", "–", "–"
    status, at = str(found.get("status", "done")), found.get("diverged_at")
    costs = found.get("costs")
    numbers = [f"{n}={v:.6g}" for n, v in found.items() if type(v) in (int, float)]
    status = ", ".join([status, *([] if costs else numbers[:2])])  # of no descent
    cost = costs[-1] if isinstance(costs, list) and costs else None
    cost = f"{cost:.6g}" if isinstance(cost, int | float) and at is None else "–"
    within = found.get("iterations_measured")
    within = "–" if within is None else str(within)
    return (status if at is None else f"{status} at {at}"), cost, within


def load_runs(name):
    """Load the runs of an experiment, also those that failed or recorded nothing.

    Each is a dict with its ``run``, its ``parameters``, those that are ``listed`` in
    the grid, a ``status``, and what it recorded (lists of numbers or texts as arrays).
    UserError if one has not been tried since something changed.
    """
    plan = make_plan(name, confirmed=True)
    return [_found(point, plan) for point in plan.points[name]]


def _found(point, plan):
    known = {"run": point.run, "parameters": point.parameters, "listed": point.listed}
    if has_failed(point.run):
        return known | {"status": "failed"}
    try:
        return known | {"status": "done"} | _recorded(point, plan)
    except NoRecordError:
        return known | {"status": "recorded nothing"}


def loaded_experiments():
    """Return the tables that `load_experiment` has made so far, by experiment."""
    return dict(_loaded)


def load_experiment(name):
    """Load the runs of an experiment as a table.

    Parameters
    ----------
    name : str
        Of the experiment.

    Returns
    -------
    pandas.DataFrame
        One row per point, in the grid's order: its ``run``, its parameters, and what
        the run recorded (lists of numbers or texts as NumPy arrays).

    Raises
    ------
    UserError
        If there is no such experiment, or a run of it is missing or no longer current.
    """
    import pandas as pd

    plan = make_plan(name, confirmed=True)
    rows = [
        {"run": point.run, **point.parameters, **_recorded(point, plan)}
        for point in plan.points[name]
    ]
    # Without a type, a missing count would make floats.
    _loaded[name] = pd.DataFrame(rows, dtype=object)
    return _loaded[name].copy()  # which a notebook may change


def _recorded(point, plan):
    """Return what a current run recorded, or raise UserError."""
    path, reason = path_of(point.run), plan.missing.get(point.run)
    if reason:
        state, remedy = "is missing", "makes it"
        if path.exists():
            state = f"is out of date, {reason}"
        elif has_failed(point.run):
            path, state, remedy = failed_path_of(point.run), "has failed", "says why"
        where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        name = point.experiment
        raise UserError(f"{where}, a run of {name}, {state}; `make sweep` {remedy}")
    return {key: _as_array(value) for key, value in read_record(path).items()}


def _as_array(value):
    """Return a list of numbers or of texts as an array; anything else as it is."""
    import numpy as np

    if not isinstance(value, list):
        return value
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths
        return value
    texts = array.dtype.kind == "U" and not all(isinstance(v, str) for v in value)
    return value if texts else array


if __name__ == "__main__":
    run_command(main)
