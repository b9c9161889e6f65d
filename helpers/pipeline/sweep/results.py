"""Print the results of all finished runs as a table, or write them as CSV."""

import argparse

from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.experiments import read_points, select
from helpers.pipeline.sweep.inputs import forget_files, identify, path_of
from helpers.pipeline.sweep.plan import make_plan

FOR_EACH_FEATURE = ("names", "w", "w_original")


def main():
    """Print one row for each finished run of each experiment."""
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="", help="only this one")
    parser.add_argument("--csv", default="", help="file to write instead")
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
    """Yield a mapping for each finished run: its parameters and its numbers.

    Of what a run has recorded, the numbers and texts are taken; of a list with
    one for each feature all of them, each as `number` writes it, of any other the
    last, so the final cost.
    """
    for experiment, points in plan.points.items():
        for point in points:
            name = identify(point)
            if name not in plan.missing:
                recorded = read_record(path_of(name))
                told = {
                    key: _told(key, value, number) for key, value in recorded.items()
                }
                plain = {
                    k: v for k, v in told.items() if not isinstance(v, list | dict)
                }
                yield {"experiment": experiment, "run": name} | point.parameters | plain


def _told(key, value, number):
    """Return what a cell of the table says of a list; anything else as it is."""
    if not isinstance(value, list) or not value or isinstance(value[-1], list | dict):
        return value
    if key not in FOR_EACH_FEATURE:
        return value[-1]
    return ", ".join(v if isinstance(v, str) else number(v) for v in value)


def load_others(known):
    """Load the runs of ``descent.ipynb`` of all experiments but those that are known.

    Parameters
    ----------
    known : list of str
        Names of experiments; one that does not exist has no runs.

    Returns
    -------
    pandas.DataFrame
        As of `load_experiment`, with the name in ``experiment``; empty if there are
        no others.
    """
    import pandas as pd

    others = [
        load_experiment(name).assign(experiment=name)
        for name, points in read_points().items()
        if name not in known and points[0].notebook == "descent"
    ]
    return pd.concat(others, ignore_index=True) if others else pd.DataFrame()


def load_experiment(name):
    """Load the runs of an experiment as a table.

    Parameters
    ----------
    name : str
        As in ``experiments.yaml``.

    Returns
    -------
    pandas.DataFrame
        One row per point, in the grid's order: the run's identifier in ``run``,
        its parameters, and what it recorded (arrays as numpy arrays).

    Raises
    ------
    UserError
        If there is no such experiment, or a run of it has not been made.
    """
    import numpy as np
    import pandas as pd

    forget_files()
    rows = []
    for point in select(read_points(), name)[name]:
        identifier = identify(point)
        recorded = {
            key: np.array(value) if isinstance(value, list) else value
            for key, value in read_record(path_of(identifier)).items()
        }
        rows.append({"run": identifier, **point.parameters, **recorded})
    return pd.DataFrame(rows, dtype=object)  # else a missing count makes floats


if __name__ == "__main__":
    run_command(main)
