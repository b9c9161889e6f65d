"""An experiment at a glance: a table of its runs, see `helpers.figures.overview`."""

import numpy as np
import pandas as pd

from helpers.figures.formatting import math_text, rate_text, short_text, status_text
from helpers.figures.overview import by_quality, costs_of, final_cost, varying

LISTED = 40  # rows of a table; of more, the best and the worst
FEW = 4  # numbers in the table of runs of another notebook


def experiment_table(runs):
    """List what varies in an experiment, and what came of it, with a row for each run.

    That is how it ended, the iterations to one percent, the final cost, the limit of
    the learning rate and the R² on the folds held out, as far as these are known; of
    another notebook than a descent, the first numbers that the runs recorded. Of many
    runs only the best and the worst have a row.
    """
    if len(runs) > LISTED:
        sorted_runs = by_quality(runs)
        runs = sorted_runs[: LISTED // 2] + sorted_runs[-LISTED // 2 :]
    columns = {
        name.replace("_", " "): [
            _value_text(run["parameters"].get(name)) for run in runs
        ]
        for name in varying(runs)
    }
    columns["how it ended"] = [
        status_text(run["status"], run.get("diverged_at")) for run in runs
    ]
    descents = any("iterations_measured" in run for run in runs)
    if descents:
        columns["to 1 %"] = [
            math_text(run.get("iterations_measured"), ",d") for run in runs
        ]
    if any(len(costs_of(run)) for run in runs):
        columns["final cost"] = [_cost_text(final_cost(run)) for run in runs]
        columns["limit"] = [short_text(run.get("limit"), 4) for run in runs]
        columns["$R^2$ held out"] = [_score_text(run.get("held_out")) for run in runs]
    if not descents:
        for name in _numbers(runs)[:FEW]:
            columns[name.replace("_", " ")] = [
                short_text(run.get(name), 6) for run in runs
            ]
    optional = ("limit", "$R^2$ held out")
    return pd.DataFrame(
        {n: of for n, of in columns.items() if n not in optional or {*of} != {"–"}}
    )


def _value_text(value):
    return rate_text(value) if isinstance(value, float) else str(value)


def _cost_text(cost):
    return "–" if cost == np.inf else math_text(cost, ".6g")


def _score_text(folds):
    """Print the mean R² of folds, as `helpers.scores.cross_validate` returns them."""
    if folds is None or not len(folds):
        return "–"
    return math_text(np.mean([fold["R2"] for fold in folds]), ".4f")


def _numbers(runs):
    """Return the names under which runs recorded single numbers."""
    kinds = (int, float)
    known = ("parameters", "diverged_at")
    return [
        name
        for name in dict.fromkeys(name for run in runs for name in run)
        if name not in known and any(type(run.get(name)) in kinds for run in runs)
    ]
