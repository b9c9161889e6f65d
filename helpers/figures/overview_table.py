"""Show any experiment in one table of its runs, see `helpers.figures.overview`."""

import numpy as np
import pandas as pd

from helpers.figures.formatting import math_text, rate_text, short_text, status_text
from helpers.figures.overview import by_quality, costs_of, final_cost, varying

LISTED = 40  # rows; of more runs, the best and the worst are listed
MOST_NUMBERS = 4  # columns for runs that are not descents


def experiment_table(runs):
    """List the runs of an experiment: the parameters that vary, and the results.

    The results of a descent are how it ended, the iterations to one percent, the final
    cost, the limit of the learning rate and the R² on held-out folds, as far as these
    are known; of another notebook, the first numbers that the runs recorded. If there
    are many runs, only the best and the worst have a row.
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
        for name in _numbers(runs)[:MOST_NUMBERS]:
            columns[name.replace("_", " ")] = [
                short_text(run.get(name), 6) for run in runs
            ]
    optional = ("limit", "$R^2$ held out")
    return pd.DataFrame(
        {n: c for n, c in columns.items() if n not in optional or {*c} != {"–"}}
    )


def _value_text(value):
    return rate_text(value) if isinstance(value, float) else str(value)


def _cost_text(cost):
    return "–" if cost == np.inf else math_text(cost, ".6g")


def _score_text(folds):
    """Format the mean R² of folds, as `helpers.scores.cross_validate` returns them."""
    if folds is None or not len(folds):
        return "–"
    return math_text(np.mean([fold["R2"] for fold in folds]), ".4f")


def _numbers(runs):
    """Return the names under which runs recorded single numbers."""
    types = (int, float)
    excluded = ("parameters", "diverged_at")
    return [
        name
        for name in dict.fromkeys(name for run in runs for name in run)
        if name not in excluded and any(type(run.get(name)) in types for run in runs)
    ]
