"""The report's tables: runs in, frames of texts out.

`runs` is a frame with a run in each row, as
`helpers.pipeline.sweep.results.load_experiment` returns it; `run` is one of its rows;
`sheet` is the datasheet, see `helpers.data.load_datasheet`. Numbers become LaTeX
mathematics between dollars, which JupyterLab sets as well.
"""

import numpy as np
import pandas as pd

from helpers.figures.formatting import (
    final_cost,
    math_text,
    name_of,
    rate_text,
    status_text,
)


def data_table(data, sheet):
    """Describe the columns of a `helpers.data.Data`, the target first."""
    names = [data.target, *data.features]
    known = [sheet["columns"][name] for name in names]
    table = pd.DataFrame(
        {
            "column": names,
            "meaning": [column["meaning"] for column in known],
            "unit": [column["unit"] or "–" for column in known],
        }
    )
    values = np.column_stack([data.y, data.X])
    summaries = {"mean": np.mean, "std. dev.": np.std, "min": np.min, "max": np.max}
    for name, summary in summaries.items():
        table[name] = [math_text(value, ".4g") for value in summary(values, axis=0)]
    return table


def rates_table(runs):
    """List how each run ended, with the iterations it took and those predicted."""
    rows = list(runs.itertuples())
    return pd.DataFrame(
        {
            "model": [name_of(run.features) for run in rows],
            r"rate $\eta$": [rate_text(run.learning_rate) for run in rows],
            "limit": [math_text(run.limit, ".4f") for run in rows],
            "final cost": [math_text(final_cost(run), ".6f") for run in rows],
            "how it ended": [status_text(run) for run in rows],
            "measured": [math_text(run.iterations_measured, "d") for run in rows],
            "predicted": [math_text(run.iterations_predicted, ",d") for run in rows],
        }
    )


def best_runs(runs):
    """Pick, for each scaling and model, the run with the lowest final cost.

    The runs keep their order and get a column ``final``. The index must be unique.
    """
    stable = runs[runs.status != "diverged"].assign(final=lambda r: r.costs.str[-1])
    lowest = stable.sort_values("final", kind="stable").drop_duplicates(
        ["scaling", "features"]
    )
    return lowest.loc[lowest.index.sort_values()]


def scaling_table(runs):
    """Compare the scalings by the best run of each model, see `best_runs`."""
    rows = list(best_runs(runs).itertuples())
    return pd.DataFrame(
        {
            "scaling": [name_of(run.scaling) for run in rows],
            "model": [name_of(run.features) for run in rows],
            r"condition $\kappa$": [
                math_text(run.condition, ".4g" if run.condition < 1e4 else ".3e")
                for run in rows
            ],
            "limit": [
                math_text(run.limit, ".4f" if run.limit > 1e-3 else ".3e")
                for run in rows
            ],
            r"best $\eta$": [rate_text(run.learning_rate) for run in rows],
            "final cost": [math_text(run.final, ".6f") for run in rows],
            "optimum": [math_text(run.best, ".6f") for run in rows],
        }
    )


def weights_table(run, data, sheet):
    """List a run's weights by size, standardised and in original units.

    `data` are the samples that it was trained on. The offset is the last row.
    """
    order = np.argsort(-np.abs(run.w))
    names = [data.features[j] for j in order]
    units = [sheet["columns"][name]["unit"] for name in names]
    deviations = [math_text(s, ".4g") for s in data.X.std(axis=0)[order]]
    unit = sheet["columns"][data.target]["unit"]
    original = [*run.w_original[order], run.b_original]
    return pd.DataFrame(
        {
            "feature": [*names, "offset"],
            "unit": [*(u or "–" for u in units), "–"],
            "std. dev.": [*deviations, "–"],
            f"standardised ({unit})": [
                math_text(w, "+.4f") for w in (*run.w[order], run.b)
            ],
            f"original ({unit} per unit)": [math_text(w, "+.6f") for w in original],
        }
    )


def scores_table(runs):
    """List the training, closed-form and held-out scores of cross-validated runs.

    The held-out scores are the mean ± the standard deviation over the folds.
    """
    names = {"MSE": "MSE", "RMSE": "RMSE", "MAE": "MAE", "R2": "$R^2$"}
    rows = []
    for run in runs.itertuples():
        folds = pd.DataFrame(list(run.held_out))
        scored = {
            "descent, training": run.training,
            "closed form, training": run.closed_form,
        }
        texts = {
            where: {key: math_text(found[key], ".6f") for key in names}
            for where, found in scored.items()
        }
        texts["descent, held out"] = {
            key: rf"${folds[key].mean():.3f} \pm {folds[key].std(ddof=0):.3f}$"
            for key in names
        }
        for where, cells in texts.items():
            row = {"model": name_of(run.features), "scored on": where}
            rows.append(row | {names[key]: text for key, text in cells.items()})
    return pd.DataFrame(rows)


def runs_table(runs):
    """List runs with their name, setting and status."""
    rows = list(runs.itertuples(name="Row"))
    return pd.DataFrame(
        {
            "run": runs["run"].tolist(),
            "features": [run.features for run in rows],
            "scaling": [run.scaling for run in rows],
            r"$\eta$": [rate_text(run.learning_rate) for run in rows],
            "iterations": [math_text(run.n_iterations, "d") for run in rows],
            "folds": [math_text(run.n_folds, "d") for run in rows],
            "status": [status_text(run) for run in rows],
            "final cost": [math_text(final_cost(run), ".6f") for run in rows],
        }
    )


def further_table(runs):
    """List runs of any setting, see `helpers.pipeline.sweep.results.load_others`."""
    rows = list(runs.itertuples(name="Row"))
    return pd.DataFrame(
        {
            "experiment": runs["experiment"].tolist(),
            "run": runs["run"].tolist(),
            "setting": [_setting_text(run) for run in rows],
            "status": [status_text(run) for run in rows],
            "final cost": [math_text(final_cost(run), ".6g") for run in rows],
        }
    )


def _setting_text(run):
    """Describe a run's setting; of the rarer parameters, what is not the default."""
    parts = [f"{run.target} from {run.features}", f"scaling {run.scaling}"]
    parts += [rf"$\eta$ = {rate_text(run.learning_rate)}"]
    parts += [f"{run.n_iterations} iterations"]
    parts += [run.optimiser] if run.optimiser != "plain" else []
    parts += [f"momentum {run.momentum:g}"] if pd.notna(run.momentum) else []
    parts += [f"batches of {run.batch_size}"] if run.batch_size else []
    parts += [f"{run.initialisation} start"] if run.initialisation != "zeros" else []
    parts += ["a start of its own"] if run.start else []
    parts += [f"data {run.data}"]
    return "; ".join(parts)


def versions_table(runs):
    """List the versions of Python and of the packages that the runs recorded."""
    found = {tuple(versions.items()) for versions in runs.versions}
    pairs = sorted({pair for versions in found for pair in versions})
    return pd.DataFrame(pairs, columns=["software", "version"])
