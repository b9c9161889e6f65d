"""The results of finished runs: printed, written as CSV, or loaded as a table."""

import argparse

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import failed_path_of, path_of
from helpers.pipeline.sweep.plan import make_plan

FOR_EACH_FEATURE = ("names", "w", "w_original")


def main():
    """Print one row for each finished run of each experiment, or write it as CSV."""
    import pandas as pd

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--experiment", default="", help="only this one")
    parser.add_argument("--csv", default="", help="write this file instead")
    asked = parser.parse_args()
    file, plan = asked.csv, make_plan(asked.experiment, confirmed=True)
    rows = list(results(plan, repr if file else "{:.5g}".format))
    if not rows:
        of = f" of {asked.experiment}" if asked.experiment else ""
        raise UserError(
            f"no run{of} is finished yet; `make sweep` makes them, and names what fails"
        )
    table = pd.DataFrame(rows)
    if file:
        try:
            table.to_csv(file, index=False)
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{file} cannot be written: {reason}") from None
        print(f"written: {file}")
    else:
        varied = [name for name in table if table[name].nunique(dropna=False) > 1]
        print(table[varied or list(table)].to_string(index=False))
    if plan.missing:
        count = f"{len(plan.missing)} of {len(plan.runs)} runs"
        print(f"not among them: {count}, which failed or have not been run: make sweep")


def results(plan, number):
    """Yield a mapping for each finished run: its parameters and what it recorded.

    Numbers and texts are as they were recorded. A list with one number for each feature
    becomes a text, in which `number` formats them. Of any other list only the last
    number is taken, such as the final cost.
    """
    for experiment, points in plan.points.items():
        for point in points:
            if point.run not in plan.missing:
                row = {"experiment": experiment, "run": point.run, **point.parameters}
                for key, value in read_record(path_of(point.run)).items():
                    cell = _cell(key, value, number)
                    if not isinstance(cell, list | dict):
                        row[key] = cell
                yield row


def _cell(key, value, number):
    """Return what the table shows of a list; anything else as it is."""
    if not isinstance(value, list) or not value or isinstance(value[-1], list | dict):
        return value
    if key not in FOR_EACH_FEATURE:
        return value[-1]
    return ", ".join(v if isinstance(v, str) else number(v) for v in value)


def load_others(known):
    """Load the runs of ``descent.ipynb`` in all experiments but some.

    Parameters
    ----------
    known : list of str
        The names of those experiments; they need not exist.

    Returns
    -------
    pandas.DataFrame
        As from `load_experiment`, with the experiment's name in ``experiment``; empty
        if there are no others.
    """
    import pandas as pd

    others = [
        load_experiment(name, failed=True).assign(experiment=name)
        for name, points in read_points().items()
        if name not in known and points[0].notebook == "descent"
    ]
    return pd.concat(others, ignore_index=True) if others else pd.DataFrame()


def load_experiment(name, *, failed=False):
    """Load the runs of an experiment as a table.

    Parameters
    ----------
    name : str
        Of the experiment.
    failed : bool
        Whether runs may have failed. Such a run has no results but its status, costs
        and iteration of divergence, which are ``failed`` and None.

    Returns
    -------
    pandas.DataFrame
        One row per point, in the grid's order: its ``run``, its parameters, and what
        the run recorded (lists as NumPy arrays).

    Raises
    ------
    UserError
        If there is no such experiment, or a run of it is missing or no longer current.
    """
    import numpy as np
    import pandas as pd

    plan, rows = make_plan(name, confirmed=True), []
    for point in plan.points[name]:
        path, reason = path_of(point.run), plan.missing.get(point.run)
        if failed and not path.exists() and failed_path_of(point.run).exists():
            nothing = {"status": "failed", "costs": None, "diverged_at": None}
            rows.append({"run": point.run, **point.parameters, **nothing})
            continue
        if path.exists() and reason:
            where = path.relative_to(ROOT)
            raise UserError(f"{where} is out of date, {reason}; `make sweep` makes it")
        recorded = {
            key: np.array(value) if isinstance(value, list) else value
            for key, value in read_record(path).items()
        }
        rows.append({"run": point.run, **point.parameters, **recorded})
    return pd.DataFrame(rows, dtype=object)  # else a missing count makes floats


if __name__ == "__main__":
    run_command(main)
