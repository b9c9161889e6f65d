"""The report's tables: runs in, frames of texts out.

`runs` is a frame with a run in each row, as
`helpers.pipeline.sweep.results.load_experiment` returns it; `run` is one of its rows;
`sheet` is the datasheet, see `helpers.data.load_datasheet`. Numbers become LaTeX
mathematics between dollars, which JupyterLab sets as well.
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

# Shares of the optimum by which a cost may be above it.
CLOSE, CLOSER = 0.01, 1e-4


def data_table(data, sheet):
    """Describe the columns of a `helpers.data.Data`, the target first."""
    names = [data.target, *data.features]
    table = pd.DataFrame({"column": [*map(cell_text, distinct(names))]})
    for fact in ("meaning", "unit"):
        known = [column_fact(sheet, name, fact) for name in names]
        if any(known):
            table[fact] = [cell_text(text) or "–" for text in known]
    columns = (data.y, *data.X.T)  # one by one, so that prose can say the same
    specs = [f",.{digits_of(column)}g" for column in columns]
    summaries = {"mean": mean_of, "std. dev.": np.std, "min": np.min, "max": np.max}
    for name, summary in summaries.items():
        used = [",.4g"] * len(specs) if summary is np.std else specs
        table[name] = [*map(math_text, map(summary, columns), used)]
    return table


def digits_of(values):
    """Return how many digits tell values apart, as far as a table has room: 4 to 7."""
    times = np.abs(values).max() / (np.std(values) or np.inf)
    return min(max(4, 3 + int(np.log10(max(times, 1)))), 7)


def mean_of(values):
    """Return the mean; zero if it is rounding, as of data that are standardised."""
    mean = np.mean(values)
    return mean if abs(mean) > 1e-13 * np.abs(values).max() else 0.0


def rates_table(runs):
    """List how each run ended, with the iterations it took and those predicted."""
    rows = list(runs.itertuples())
    ended = runs.costs.str[-1].where(runs.status != "diverged")
    return pd.DataFrame(
        {
            "model": [name_of(run.features) for run in rows],
            r"rate $\eta$": [rate_text(run.learning_rate) for run in rows],
            "limit": [short_text(run.limit, 4) for run in rows],
            "final cost": [math_text(cost, ".3f") for cost in ended],
            "how it ended": [*map(status_text, runs.status, runs.diverged_at)],
            "measured": [math_text(run.iterations_measured, "d") for run in rows],
            "predicted": [math_text(run.iterations_predicted, ",d") for run in rows],
        }
    )


def best_runs(runs):
    """Pick, for each scaling and model, the fastest run.

    It is the first to come within one percent of the optimum; where none has, the one
    with the lowest final cost. They are in the order in which `runs` has their kinds,
    and get a column ``final``. The index must be unique.
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
    """Print a number of iterations, a large one with two digits."""
    return math_text(count, ".1e" if count and count >= 1e5 else ",d")


def compare_optimisers(runs, eigenvalues):
    """Compare optimisers on the same samples by how soon they come how close.

    Parameters
    ----------
    eigenvalues : ndarray
        Of the Hessian of these samples.

    Returns
    -------
    DataFrame
        A row for each run, with its index: ``label``; ``factor`` of the slowest
        component of the error at each update; the iterations until the cost is
        ``close`` to and ``closer`` to the optimum, by the shares `CLOSE` and `CLOSER`
        of it; and from which one on it ``stays`` close. What is not known, or was not
        reached, is nan.
    """
    rows = []
    for run in runs.itertuples():
        options = {} if pd.isna(run.momentum) else {"momentum": run.momentum}
        setting = (run.learning_rate, run.optimiser)
        found = None if run.batch_size else factors(eigenvalues, *setting, **options)
        best = run.best or np.nan  # zero has no shares
        above = np.flatnonzero(~(run.costs <= (1 + CLOSE) * best))
        stays = above.max(initial=-1) + 1
        rows.append(
            {
                "label": optimiser_text(run),
                "factor": None if found is None else found.max(),
                "close": iterations_to_within(run.costs, best, CLOSE),
                "closer": iterations_to_within(run.costs, best, CLOSER),
                "stays": stays if stays + 1 < len(run.costs) else None,
            }
        )
    numbers = dict.fromkeys(("factor", "close", "closer", "stays"), float)
    return pd.DataFrame(rows, index=runs.index).astype(numbers)


def optimisers_table(runs, compared):
    """List the settings of optimisers, and what `compare_optimisers` found."""
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
    """Name a run's optimiser, and its mini-batches if it has them."""
    names = {"plain": "plain descent", "heavy-ball": "heavy ball"}
    names |= {"nesterov": "Nesterov", "adam": "Adam"}
    name = names.get(run.optimiser, run.optimiser)
    return f"{name}, batches of {run.batch_size}" if run.batch_size else name


def weights_table(run, data, sheet):
    """List a run's weights by size, standardised and in original units.

    `data` are the samples that it was trained on. The offset is the last row.
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
    """List scores by model and by what was scored.

    Parameters
    ----------
    scored : dict of (str, str) to dict or list of dict
        By the model and what was scored: `helpers.scores.scores`, or those of each
        fold, of which the mean ± the standard deviation is shown.
    """
    names = {"MSE": "MSE", "RMSE": "RMSE", "MAE": "MAE", "R2": "$R^2$"}
    rows, last = [], None
    for (model, where), found in scored.items():
        row = {"model": "" if model == last else model, "scored on": where}
        for key, name in names.items():
            least = 0 if key == "R2" else 0.01  # near zero, R² is no more exact
            if isinstance(found, dict):
                row[name] = plain_text(found[key], 6, least)
            else:
                of = [fold[key] for fold in found]
                row[name] = spread_text(np.mean(of), np.std(of), least)
        rows, last = [*rows, row], model
    return pd.DataFrame(rows)


def runs_table(runs):
    """List the runs of each ``experiment`` and model, by their learning rates."""
    rows = []
    for (experiment, features), of in runs.groupby(
        ["experiment", "features"], sort=False
    ):
        digests = of["run"].str.removeprefix("descent-")
        rates = map(rate_text, of.learning_rate)
        pairs = zip(rates, digests, strict=True)
        rows.append(
            {
                "experiment": experiment,
                "features": features,
                "scaling": ", ".join(of.scaling.unique()),
                "iterations": ", ".join(f"{n:,d}" for n in of.n_iterations.unique()),
                r"learning rate $\eta$ and run": "; ".join(
                    f"{rate}\N{NO-BREAK SPACE}{digest}" for rate, digest in pairs
                ),
            }
        )
    return pd.DataFrame(rows)


def versions_text(runs):
    """List the versions of the packages and, last, of Python that the runs recorded.

    At the end of a paragraph, another version of Python moves no other word.
    """
    found = {pair for versions in runs.versions for pair in versions.items()}
    found = sorted(found, key=lambda pair: (pair[0] == "Python", pair))
    return list_text(f"{name} {version}" for name, version in found)
