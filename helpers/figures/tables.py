"""The report's tables: runs in, frames of ready-made texts out.

Numbers become LaTeX mathematics between dollars, which LaTeX and JupyterLab
set alike.
"""

import numpy as np
import pandas as pd

from helpers.figures.formatting import (
    final_cost,
    math_text,
    name_of,
    outcome_text,
    rate_text,
)


def data_table(data, sheet):
    """Describe the target and the features.

    Parameters
    ----------
    data : helpers.data.Data
        The samples.
    sheet : dict
        The datasheet, see `helpers.data.load_datasheet`.

    Returns
    -------
    pandas.DataFrame
        One row per column, the target first.
    """
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
    """Tell how each learning rate fared, and what was predicted.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `helpers.pipeline.records.load_experiment`.

    Returns
    -------
    pandas.DataFrame
        One row per run.
    """
    rows = list(runs.itertuples())
    return pd.DataFrame(
        {
            "model": [name_of(run.features) for run in rows],
            r"rate $\eta$": [rate_text(run.learning_rate) for run in rows],
            "limit": [math_text(run.limit, ".4f") for run in rows],
            "final cost": [math_text(final_cost(run), ".6f") for run in rows],
            "how it ended": [outcome_text(run) for run in rows],
            "reached": [math_text(run.reached, "d") for run in rows],
            "predicted": [math_text(run.needed, ",d") for run in rows],
        }
    )


def best_runs(runs):
    """Pick, for each scaling and model, the run with the lowest final cost.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `helpers.pipeline.records.load_experiment`.

    Returns
    -------
    pandas.DataFrame
        One row per scaling and model, in order of appearance.
    """
    stable = runs[runs.status != "diverged"].assign(final=lambda r: r.costs.str[-1])
    lowest = stable.sort_values("final", kind="stable").drop_duplicates(
        ["scaling", "features"]
    )
    return lowest.loc[lowest.index.sort_values()]


def scaling_table(runs):
    """Compare the scalings by their best runs.

    Parameters
    ----------
    runs : pandas.DataFrame
        All runs of the comparison, with a unique index.

    Returns
    -------
    pandas.DataFrame
        One row per scaling and model.
    """
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
    """List a run's weights by size, in standardised and in original units.

    Parameters
    ----------
    run : pandas.Series
        One row of `helpers.pipeline.records.load_experiment`.
    data : helpers.data.Data
        The samples it was trained on.
    sheet : dict
        The datasheet.

    Returns
    -------
    pandas.DataFrame
        One row per feature, and one for the offset.
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
    """Set training, closed-form and held-out scores of each run side by side.

    Parameters
    ----------
    runs : pandas.DataFrame
        Runs with cross-validation.

    Returns
    -------
    pandas.DataFrame
        Three rows per run; the held-out scores are mean ± standard deviation
        over the folds.
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
    """List runs with their identifier, setting and outcome.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `helpers.pipeline.records.load_experiment`.

    Returns
    -------
    pandas.DataFrame
        One row per run.
    """
    rows = list(runs.itertuples(name="Row"))
    return pd.DataFrame(
        {
            "run": runs["run"].tolist(),
            "features": [run.features for run in rows],
            "scaling": [run.scaling for run in rows],
            r"$\eta$": [rate_text(run.learning_rate) for run in rows],
            "iterations": [math_text(run.n_iterations, "d") for run in rows],
            "folds": [math_text(run.n_folds, "d") for run in rows],
            "outcome": [outcome_text(run) for run in rows],
            "final cost": [math_text(final_cost(run), ".6f") for run in rows],
        }
    )


def further_table(runs):
    """List runs of any setting, with all of it that is not the notebook's default.

    Parameters
    ----------
    runs : pandas.DataFrame
        See `helpers.pipeline.records.load_others`.

    Returns
    -------
    pandas.DataFrame
        One row per run.
    """
    rows = list(runs.itertuples(name="Row"))
    return pd.DataFrame(
        {
            "experiment": runs["experiment"].tolist(),
            "run": runs["run"].tolist(),
            "setting": [_setting_text(run) for run in rows],
            "outcome": [outcome_text(run) for run in rows],
            "final cost": [math_text(final_cost(run), ".6g") for run in rows],
        }
    )


def _setting_text(run):
    """Return a run's setting in words."""
    said = [f"{run.target} from {run.features}", f"scaling {run.scaling}"]
    said += [rf"$\eta$ = {rate_text(run.learning_rate)}"]
    said += [f"{run.n_iterations} iterations"]
    said += [f"momentum {run.momentum:g}"] if run.momentum else []
    said += ["Nesterov"] if run.momentum and run.nesterov else []
    said += [f"batches of {run.batch_size}"] if run.batch_size else []
    said += [f"{run.initialisation} start"] if run.initialisation != "zeros" else []
    said += ["a start of its own"] if run.start else []
    said += [f"data {run.data}"]
    return "; ".join(said)


def versions_table(runs):
    """List the versions of the software, as every run has recorded them."""
    found = {tuple(versions.items()) for versions in runs.versions}
    pairs = sorted({pair for versions in found for pair in versions})
    return pd.DataFrame(pairs, columns=["software", "version"])
