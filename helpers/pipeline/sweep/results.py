"""Print the results of finished runs, write them as CSV, or load them as a table."""

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
FIRST_COLUMNS = b"experiment,run,"  # with which `write_csv` begins each file
_loaded = {}  # the tables loaded in this process, by experiment


def main():
    """Print one row for each finished run of each experiment, or write it as CSV."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--experiment", default="", help="only this one")
    parser.add_argument("--csv", default="", help="write this file instead")
    options = parser.parse_args()
    plan = make_plan(options.experiment or None, confirmed=True)
    finished = list(finished_runs(plan, plan.runs.keys() - plan.missing.keys()))
    if not finished:
        suffix = f" of {options.experiment}" if options.experiment else ""
        raise UserError(
            f"no run{suffix} is finished yet: `make sweep` makes the runs, and names "
            "those that fail"
        )
    if options.csv:
        write_csv(options.csv, finished)
    else:
        print("\n".join(table_of(plan.points, finished)))
        print_notes(finished)
        print("all parameters and results: make results CSV=file")
    silent = sorted({point.notebook for point, results in finished if results is None})
    if silent:
        print(f"recorded nothing: {', '.join(silent)}; call record() there")
    if plan.missing:
        count = f"{len(plan.missing)} of {len(plan.runs)} runs"
        print(f"not included: {count}, which failed or have not been run: make sweep")


def finished_runs(plan, runs):
    """Yield the points of the given finished runs, each with its record or None."""
    for point in (point for points in plan.points.values() for point in points):
        if point.run in runs:
            try:
                yield point, read_record(path_of(point.run))
            except NoRecordError:
                yield point, None


def print_notes(finished):
    """Print each of the ``notes`` of runs once, with the experiments it belongs to.

    They say, for example, how the data were read, and what was left out.
    """
    notes = {}
    for point, results in finished:
        for note in (results or {}).get("notes", ()):
            experiments = notes.setdefault((point.parameters.get("data", ""), note), [])
            if point.experiment not in experiments:
                experiments.append(point.experiment)
    for (data, note), experiments in notes.items():
        line = f"{data} ({first_few(experiments, 2, ', ')}): {note}".lstrip()
        print(textwrap.fill(line, WIDTH, subsequent_indent="  "))


def write_csv(path, finished):
    """Write all parameters and results as CSV, one line for each run."""
    import pandas as pd

    rows = [_row(point, results or {}) for point, results in finished]
    folder = Path(path).parent
    if not folder.is_dir():
        raise UserError(f"{path} cannot be written: there is no folder {folder}")
    if Path(path).is_file():
        with open(path, "rb") as file:
            start = file.read(len(FIRST_COLUMNS))
        if start not in (b"", FIRST_COLUMNS):
            raise UserError(
                f"{path} already exists and is not a table of results: choose another "
                "name"
            )
    try:
        pd.DataFrame(rows, dtype=object).to_csv(path, index=False)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path} cannot be written: {reason}") from None
    print(f"written: {path}")


def _row(point, results):
    """Return a run's parameters and results, by column."""
    # Numbers and texts stay as they are. A list of texts, or with one number for each
    # feature, becomes a text. Of any other list, only the last number is kept, such as
    # the final cost. A dict has a column for each of its values.
    row = {"experiment": point.experiment, "run": point.run, **point.parameters}
    for key, value in results.items():
        if isinstance(value, dict) and key != "versions":
            row |= {f"{key}.{k}": v for k, v in value.items() if _is_scalar(v)}
        elif _is_scalar(_cell(key, value)):
            row[key] = _cell(key, value)
    return row


def _is_scalar(value):
    return not isinstance(value, list | dict)


def _cell(key, value):
    """Return a list as it is shown in a cell; anything else unchanged."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(item, str) for item in value):
        return join_names(value) if key in FOR_EACH_FEATURE else "; ".join(value)
    if key in FOR_EACH_FEATURE and all(map(_is_scalar, value)):
        return ", ".join(map(repr, value))
    return value[-1]


def table_of(points, finished):
    """Return the lines of a table of runs that fits the screen.

    A row has the experiment, the parameters that vary in it, how the run ended, its
    final cost, and the iterations until the cost was within 1 % of the optimum.
    """
    header = ("experiment", "what varies", "how it ended", "final cost", "to 1 %")
    rows = [header]
    for point, results in finished:
        grid = points[point.experiment]
        varied = [n for n in point.listed if len({p.parameters[n] for p in grid}) > 1]
        varies = [f"{n}={point.parameters[n]}" for n in varied or point.listed]
        rows.append((point.experiment, ", ".join(varies), *_summary(results)))
    endings = list(zip(*rows, strict=True))[2:]
    room = max(WIDTH - sum(max(map(len, column)) + 2 for column in endings), 40)
    first = min(max(len(row[0]) for row in rows), room // 2)
    wrapped = []
    for experiment, varies, *ending in rows:
        cells = [textwrap.wrap(experiment, first), textwrap.wrap(varies, room - first)]
        wrapped += zip_longest(*cells, *([text] for text in ending), fillvalue="")
    return aligned(wrapped, right=(3, 4))


def _summary(results):
    """Return how a run ended, its final cost, and the iterations to 1 %, as texts."""
    if results is None:
        return "recorded nothing", "–", "–"
    status, costs = str(results.get("status", "done")), results.get("costs")
    diverged_at = results.get("diverged_at")
    numbers = [f"{n}={v:.6g}" for n, v in results.items() if type(v) in (int, float)]
    status = ", ".join([status, *([] if costs else numbers[:2])])  # it is no descent
    cost = costs[-1] if isinstance(costs, list) and costs else None
    is_known = isinstance(cost, int | float) and diverged_at is None
    cost = f"{cost:.6g}" if is_known else "–"
    to_1_percent = results.get("iterations_measured")
    to_1_percent = "–" if to_1_percent is None else str(to_1_percent)
    status += "" if diverged_at is None else f" at {diverged_at}"
    return status, cost, to_1_percent


def load_runs(name):
    """Load the runs of an experiment, including those that failed or recorded nothing.

    Each is a dict of its ``run``, its ``parameters``, the names of those ``listed`` in
    the grid, a ``status``, and its results (lists of numbers or texts as arrays).
    UserError if a run has not been tried since one of its inputs changed.
    """
    plan = make_plan(name, confirmed=True)
    return [_load_run(point, plan) for point in plan.points[name]]


def _load_run(point, plan):
    run = {"run": point.run, "parameters": point.parameters, "listed": point.listed}
    if has_failed(point.run):
        return run | {"status": "failed"}
    try:
        return run | {"status": "done"} | _results(point, plan)
    except NoRecordError:
        return run | {"status": "recorded nothing"}


def loaded_experiments():
    """Return the tables that `load_experiment` has loaded so far, by experiment."""
    return dict(_loaded)


def load_experiment(name):
    """Load the runs of an experiment as a table.

    Parameters
    ----------
    name : str
        The name of the experiment.

    Returns
    -------
    pandas.DataFrame
        One row per point, in the grid's order: its ``run``, its parameters, and the
        results of the run (lists of numbers or texts as NumPy arrays).

    Raises
    ------
    UserError
        If there is no such experiment, or one of its runs is missing or out of date.
    """
    import pandas as pd

    plan = make_plan(name, confirmed=True)
    rows = [
        {"run": point.run, **point.parameters, **_results(point, plan)}
        for point in plan.points[name]
    ]
    # By default, a missing count would turn the others into floats.
    _loaded[name] = pd.DataFrame(rows, dtype=object)
    return _loaded[name].copy()  # a notebook may change it


def _results(point, plan):
    """Return the results of a current run, or raise UserError."""
    path, reason = path_of(point.run), plan.missing.get(point.run)
    if reason:
        state, remedy = "is missing", "creates it"
        if path.exists():
            state, remedy = f"is out of date, {reason}", "updates it"
        elif has_failed(point.run):
            path, state, remedy = failed_path_of(point.run), "has failed", "says why"
        where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        name = point.experiment
        raise UserError(f"{where}, a run of {name}, {state}; `make sweep` {remedy}")
    return {key: _as_array(value) for key, value in read_record(path).items()}


def _as_array(value):
    """Return a list of numbers or of texts as an array; anything else unchanged."""
    import numpy as np

    if not isinstance(value, list):
        return value
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths
        return value
    mixed = array.dtype.kind == "U" and not all(isinstance(v, str) for v in value)
    return value if mixed else array


if __name__ == "__main__":
    run_command(main)
