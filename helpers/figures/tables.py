"""Make the report's tables: frames of texts.

`runs` is a frame with a run in each row, as
`helpers.pipeline.sweep.results.load_experiment` returns it; `run` is one of its rows;
`sheet` is the datasheet, see `helpers.data.load_datasheet`. Numbers become LaTeX
mathematics between dollars, which JupyterLab renders as well.
"""

import numpy as np
import pandas as pd

from helpers.convergence import iterations_to_within
from helpers.figures.curves import in_unit
from helpers.figures.formatting import (
    cell_text,
    distinct,
    list_text,
    math_text,
    name_of,
    plain_text,
    rate_text,
    short_text,
    shortened,
    signed_spec,
    spread_text,
    status_text,
)
from helpers.reading.datasheet import column_fact
from helpers.theory import factors

# A cost is close to the optimum if its relative excess is at most this.
CLOSE, CLOSER = 0.01, 1e-4


def data_table(data, sheet):
    """Describe the columns of a `helpers.data.Data`, the target first."""
    names = [data.target, *data.features]
    table = pd.DataFrame({"column": [*map(cell_text, distinct(names))]})
    for fact in ("meaning", "unit"):
        texts = [column_fact(sheet, name, fact) for name in names]
        if any(texts):
            table[fact] = [cell_text(text) or "–" for text in texts]
    columns = (data.y, *data.X.T)  # separately, as the text summarises them
    specs = [f",.{digits_of(column)}g" for column in columns]
    summaries = {"mean": mean_of, "std. dev.": np.std, "min": np.min, "max": np.max}
    for name, summary in summaries.items():
        formats = [",.4g"] * len(specs) if summary is np.std else specs
        table[name] = [*map(math_text, map(summary, columns), formats)]
    return table


def digits_of(values):
    """Return how many digits distinguish values, within a table's limits of 4 and 7."""
    ratio = np.abs(values).max() / (np.std(values) or np.inf)
    return min(max(4, 3 + int(np.log10(max(ratio, 1)))), 7)


def mean_of(values):
    """Return the mean; zero if it is a rounding error, as for standardised data."""
    mean = np.mean(values)
    return mean if abs(mean) > 1e-13 * np.abs(values).max() else 0.0


def rates_table(runs):
    """List how each run ended, with the measured and the predicted iterations."""
    rows = list(runs.itertuples())
    final = runs.costs.str[-1].where(runs.status != "diverged")
    return pd.DataFrame(
        {
            "model": [name_of(run.features) for run in rows],
            r"rate $\eta$": [rate_text(run.learning_rate) for run in rows],
            "limit": [short_text(run.limit, 4) for run in rows],
            "final cost": [math_text(cost, ".3f") for cost in final],
            "how it ended": [*map(status_text, runs.status, runs.diverged_at)],
            "measured": [math_text(run.iterations_measured, "d") for run in rows],
            "predicted": [math_text(run.iterations_predicted, ",d") for run in rows],
        }
    )


def best_runs(runs):
    """Select the fastest run for each scaling and model.

    It is the first to come within one percent of the optimum, or, if none does, the one
    with the lowest final cost. The result keeps the order of scalings and models in
    `runs`, whose index must be unique, and has an additional column ``final``.
    """
    stable = runs[runs.status != "diverged"].assign(
        final=lambda r: r.costs.str[-1],
        taken=lambda r: r.iterations_measured.fillna(np.inf),
    )
    kind = ["scaling", "features"]
    fastest = stable.sort_values(["taken", "final"], kind="stable").drop_duplicates(
        kind
    )
    place = runs.groupby(kind, sort=False).ngroup()
    return fastest.loc[place[fastest.index].sort_values().index]


def scaling_table(runs):
    """Compare the scalings by the best run of each model, see `best_runs`."""
    rows = list(best_runs(runs).itertuples())
    return pd.DataFrame(
        {
            "scaling": [name_of(run.scaling) for run in rows],
            "model": [name_of(run.features) for run in rows],
            r"condition $\kappa$": [short_text(run.condition, 4) for run in rows],
            "limit": [short_text(run.limit, 4) for run in rows],
            r"best $\eta$": [rate_text(run.learning_rate) for run in rows],
            "to 1 %": [math_text(run.iterations_measured, "d") for run in rows],
            "predicted": [_iterations_text(run.iterations_predicted) for run in rows],
            "final cost": [math_text(run.final, ".3f") for run in rows],
        }
    )


def _iterations_text(count):
    """Format a number of iterations, a large one with two digits."""
    return math_text(count, ".1e" if count and count >= 1e5 else ",d")


def compare_optimisers(runs, eigenvalues):
    """Compare how fast optimisers approach the optimum on the same samples.

    Parameters
    ----------
    eigenvalues : ndarray
        Eigenvalues of the Hessian of these samples.

    Returns
    -------
    DataFrame
        A row for each run, with the index of `runs`: ``label``; ``factor`` by which
        each update multiplies the slowest component of the error; the iterations until
        the relative excess of the cost is at most `CLOSE` (column ``close``) and
        `CLOSER` (``closer``); and the iteration from which on it ``stays`` close. What
        is not known, or was not reached, is nan.
    """
    rows = []
    for run in runs.itertuples():
        options = {} if pd.isna(run.momentum) else {"momentum": run.momentum}
        setting = (run.learning_rate, run.optimiser)
        sizes = None if run.batch_size else factors(eigenvalues, *setting, **options)
        best = run.best or np.nan  # no cost is relatively close to zero
        above = np.flatnonzero(~(run.costs <= (1 + CLOSE) * best))
        stays = above.max(initial=-1) + 1
        rows.append(
            {
                "label": optimiser_text(run),
                "factor": None if sizes is None else sizes.max(),
                "close": iterations_to_within(run.costs, best, CLOSE),
                "closer": iterations_to_within(run.costs, best, CLOSER),
                "stays": stays if stays + 1 < len(run.costs) else None,
            }
        )
    numbers = dict.fromkeys(("factor", "close", "closer", "stays"), float)
    return pd.DataFrame(rows, index=runs.index).astype(numbers)


def optimisers_table(runs, compared):
    """List the settings of optimisers and the results of `compare_optimisers`."""
    return pd.DataFrame(
        {
            "optimiser": compared.label,
            r"rate $\eta$": runs.learning_rate.map(rate_text),
            r"momentum $\mu$": runs.momentum.map(short_text),
            "factor": [math_text(factor, ".3f") for factor in compared.factor],
            "to 1 %": [math_text(count, ".0f") for count in compared.close],
            "to 0.01 %": [math_text(count, ".0f") for count in compared.closer],
            "how it ended": [*map(status_text, runs.status, runs.diverged_at)],
        }
    )


def optimiser_text(run):
    """Name a run's optimiser, and the size of its mini-batches, if any."""
    names = {"plain": "plain descent", "heavy-ball": "heavy ball"}
    names |= {"nesterov": "Nesterov", "adam": "Adam"}
    name = names.get(run.optimiser, run.optimiser)
    return f"{name}, batches of {run.batch_size}" if run.batch_size else name


def weights_table(run, data, sheet):
    """List a run's weights by size, standardised and in original units.

    `data` are the samples used for training. The offset is the last row.
    """
    order = np.argsort(-np.abs(run.w))
    names = [data.features[j] for j in order]
    units = [shortened(column_fact(sheet, name, "unit"), 12) for name in names]
    units = {"unit": [*(u or "–" for u in units), "–"]} if any(units) else {}
    deviations = [math_text(s, ",.4g") for s in data.X.std(axis=0)[order]]
    unit = shortened(column_fact(sheet, data.target, "unit"), 12)
    original = [*run.w_original[order], run.b_original]
    scaled = np.array([*run.w[order], run.b])
    plain = 0.1 <= np.abs(scaled).min() and np.abs(scaled).max() < 1e3
    per_unit = in_unit("original", unit and f"{unit} per unit")
    return pd.DataFrame(
        {
            "feature": [*map(cell_text, distinct(names)), "offset"],
            **units,
            "std. dev.": [*deviations, "–"],
            in_unit("standardised", unit): [
                math_text(w, "+.2f" if plain else signed_spec(w)) for w in scaled
            ],
            per_unit: [math_text(w, signed_spec(w)) for w in original],
        }
    )


def scores_table(scored):
    """List scores by model and data set.

    Parameters
    ----------
    scored : dict of (str, str) to dict or list of dict
        The result of `helpers.scores.scores`, or a list of those of the folds, shown as
        mean ± standard deviation; keyed by the model and the data set.
    """
    names = {"MSE": "MSE", "RMSE": "RMSE", "MAE": "MAE", "R2": "$R^2$"}
    rows, last = [], None
    for (model, data), result in scored.items():
        row = {"model": "" if model == last else model, "scored on": data}
        for key, name in names.items():
            least = 0 if key == "R2" else 0.01  # R² has no more digits near zero
            if isinstance(result, dict):
                row[name] = plain_text(result[key], 6, least)
            else:
                values = [fold[key] for fold in result]
                row[name] = spread_text(np.mean(values), np.std(values), least)
        rows, last = [*rows, row], model
    return pd.DataFrame(rows)


def runs_table(runs):
    """List the runs of each ``experiment`` and model, by their learning rates."""
    rows = []
    for (experiment, features), group in runs.groupby(
        ["experiment", "features"], sort=False
    ):
        digests = group["run"].str.removeprefix("descent-")
        rates = map(rate_text, group.learning_rate)
        pairs = zip(rates, digests, strict=True)
        rows.append(
            {
                "experiment": experiment,
                "features": features,
                "scaling": ", ".join(group.scaling.unique()),
                "iterations": ", ".join(f"{n:,d}" for n in group.n_iterations.unique()),
                r"learning rate $\eta$ and run": "; ".join(
                    f"{rate}\N{NO-BREAK SPACE}{digest}" for rate, digest in pairs
                ),
            }
        )
    return pd.DataFrame(rows)


def versions_text(runs):
    """List the recorded versions of the packages and, last, of Python.

    At the end of a paragraph, a new version of Python cannot move any other word.
    """
    pairs = {pair for versions in runs.versions for pair in versions.items()}
    pairs = sorted(pairs, key=lambda pair: (pair[0] == "Python", pair))
    return list_text(f"{name} {version}" for name, version in pairs)
