"""The cells of the tables, against values computed by hand."""

import numpy as np
import pandas as pd
import pytest

from helpers.data import Data
from helpers.figures import tables
from helpers.figures.formatting import math_text, short_text


def a_run(**changes):
    run = {
        "run": "descent-1",
        "features": "horsepower",
        "scaling": "standardise",
        "learning_rate": 0.1,
        "n_iterations": 10,
        "n_folds": 2,
        "limit": 1.0,
        "condition": 4.0,
        "best": 1.0,
        "costs": np.array([9.0, 2.0]),
        "status": "descending",
        "diverged_at": None,
        "iterations_measured": None,
        "iterations_predicted": 1234,
    }
    return run | changes


@pytest.fixture
def runs():
    diverged = {"learning_rate": 2.0, "status": "diverged", "diverged_at": 7}
    slower = {"learning_rate": 0.01, "costs": np.array([9.0, 5.0])}
    rows = [a_run(**slower), a_run(), a_run(**diverged, iterations_predicted=None)]
    return pd.DataFrame(rows, dtype=object)


def test_rates_are_listed_with_their_measured_and_predicted_iterations(runs):
    rows = tables.rates_table(runs).to_numpy().tolist()
    assert rows[1][:3] == ["horsepower only", "$0.1$", "$1$"]
    assert rows[1][3:] == ["$2.000$", "descending", "–", "$1{,}234$"]
    assert rows[2][3:] == ["–", "diverged at 7", "–", "–"]


def test_the_best_run_is_the_first_to_one_percent_or_else_the_lowest(runs):
    (best,) = tables.best_runs(runs).itertuples()
    assert best.learning_rate == 0.1
    (row,) = tables.scaling_table(runs).to_numpy().tolist()
    assert row[2:] == ["$4$", "$1$", "$0.1$", "–", "$1{,}234$", "$2.000$"]
    quicker = a_run(iterations_measured=5, costs=np.array([9.0, 3.0]))
    quickest = a_run(learning_rate=0.3, iterations_measured=4)
    more = pd.DataFrame([quicker, *runs.to_dict("records"), quickest], dtype=object)
    other = pd.DataFrame([a_run(scaling="none")], dtype=object)
    found = tables.best_runs(pd.concat([other, more], ignore_index=True))
    assert found.scaling.tolist() == ["none", "standardise"]
    assert found.learning_rate.tolist() == [0.1, 0.3]


def test_weights_stand_beside_their_own_feature():
    data = Data(np.array([[0.0, 0.0], [2.0, 4.0]]), np.zeros(2), ["a", "b"], "y", 0)
    sheet = {"columns": {"a": {"unit": "m"}, "b": {"unit": ""}, "y": {"unit": "s"}}}
    run = pd.Series(
        {
            "w": np.array([1.0, -3.0]),
            "b": 5.0,
            "w_original": np.array([1.0, -1.5]),
            "b_original": 7.0,
        }
    )
    rows = tables.weights_table(run, data, sheet).to_numpy().tolist()
    assert rows == [
        ["b", "–", "$2$", "$-3.00$", "$-1.50$"],
        ["a", "m", "$1$", "$+1.00$", "$+1.00$"],
        ["offset", "–", "–", "$+5.00$", "$+7.00$"],
    ]


@pytest.mark.parametrize(
    ("weights", "texts"),
    [
        ([-0.00666, 5.5], ["$+5.50$", "$-0.00666$"]),
        ([0.12, 999.1], ["$+999.10$", "$+0.12$"]),
        ([9732834.0, 5.0], [r"$+9.73 \times 10^{6}$", "$+5.00$"]),
        ([1038.4, -973.28], ["$+1{,}038$", "$-973$"]),
        ([3e-7, 2.5e9], [r"$+2.50 \times 10^{9}$", r"$+3.00 \times 10^{-7}$"]),
    ],
)
def test_no_weight_loses_its_digits(weights, texts):
    data = Data(np.array([[0.0, 0.0], [2.0, 2.0]]), np.zeros(2), ["a", "b"], "y", 0)
    run = {"w": np.array(weights), "b": 1.0, "b_original": 1.0}
    run = pd.Series(run | {"w_original": np.array(weights)})
    table = tables.weights_table(run, data, {})
    assert table["standardised"].tolist()[:2] == texts


def test_scores_are_in_their_own_columns():
    score = {"MSE": 1.0, "RMSE": 2.0, "MAE": 3.0, "R2": 4.0}
    other = {key: value + 2 for key, value in score.items()}
    scored = {("all", "training"): score, ("all", "closed form"): other}
    table = tables.scores_table(scored | {("all", "held out"): [score, other]})
    assert table["model"].tolist() == ["all", "", ""]
    assert table["MAE"].tolist() == ["$3.000000$", "$5.000000$", r"$4.000 \pm 1.000$"]
    assert table["$R^2$"][0] == "$4.000000$"
    large = [dict.fromkeys(score, value) for value in (2984.25, 3143.5)]
    table = tables.scores_table({("all", "held out"): large})
    assert table["MAE"].tolist() == [r"$3{,}064 \pm 80$"]  # to the same precision


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((4.42e-4, 5.82e-4), r"$(5.12 \pm 0.70) \times 10^{-4}$"),
        ((0.0149, 0.0151), r"$0.01500 \pm 0.00010$"),
        ((-3e15, 1e15), r"$(-1.00 \pm 2.00) \times 10^{15}$"),
        ((9.999e-5, 9.999e-5), r"$(1.00 \pm 0.00) \times 10^{-4}$"),
        ((9e8, -9e8), r"$(0.00 \pm 9.00) \times 10^{8}$"),
        ((0.0, 0.0), r"$0.000 \pm 0.000$"),
        ((1.0, float("nan")), "–"),
    ],
)
def test_a_mean_and_its_spread_share_one_power_of_ten(values, text):
    folds = [dict.fromkeys(("MSE", "RMSE", "MAE", "R2"), value) for value in values]
    assert tables.scores_table({("all", "held out"): folds})["RMSE"].tolist() == [text]


def test_a_score_that_rounds_to_zero_has_no_sign():
    folds = [dict.fromkeys(("MSE", "RMSE", "MAE"), 1) | {"R2": -3e-5}] * 5
    table = tables.scores_table({("mean", "held out"): folds})
    assert table["$R^2$"].tolist() == [r"$0.000 \pm 0.000$"]


def test_a_small_score_keeps_its_digits():
    score = dict.fromkeys(("MSE", "RMSE", "MAE", "R2"), 1e-4)
    (row,) = tables.scores_table({("all", "training"): score}).to_numpy().tolist()
    assert row[2:] == [*[r"$1.00 \times 10^{-4}$"] * 3, "$0.000100$"]


def test_numbers_that_are_not_finite_are_printed_as_such():
    assert math_text(float("nan"), ".3f") == "–"
    assert math_text(float("inf"), ".1e") == r"$\infty$"


def test_optimisers_are_compared_by_how_soon_they_come_how_close():
    ball = a_run(optimiser="heavy-ball", momentum=0.25, batch_size=0, best=1.0)
    ball |= {"learning_rate": 0.1, "costs": np.array([9.0, 1.005, 1.2, 1.0001, 1.0])}
    noisy = a_run(optimiser="plain", momentum=None, batch_size=49, best=1.0)
    noisy |= {"costs": np.array([9.0, 1.005, 1.2, 1.005])}
    runs = pd.DataFrame([ball, noisy], dtype=object, index=[4, 2])
    compared = tables.compare_optimisers(runs, np.array([4.0, 5.0]))
    # Both roots of x² - (1 + 0.25 - 0.1 λ) x + 0.25 have the size √0.25 here.
    np.testing.assert_allclose(compared.factor, [0.5, np.nan])
    assert compared.label[2] == "plain descent, batches of 49"
    counts = compared[["close", "closer", "stays"]].to_numpy()
    np.testing.assert_array_equal(counts, [[1, 3, 3], [1, np.nan, np.nan]])
    table = tables.optimisers_table(runs, compared)
    assert table.columns[3:6].tolist() == ["factor", "to 1 %", "to 0.01 %"]
    assert table.to_numpy().tolist() == [
        ["heavy ball", "$0.1$", "$0.25$", "$0.500$", "$1$", "$3$", "descending"],
        ["plain descent, batches of 49", "$0.1$", "–", "–", "$1$", "–", "descending"],
    ]


def test_an_optimum_of_zero_has_no_shares():
    run = a_run(optimiser="plain", momentum=None, batch_size=0, best=0.0)
    runs = pd.DataFrame([run | {"costs": np.array([9.0, 0.0, 0.0])}], dtype=object)
    compared = tables.compare_optimisers(runs, np.array([4.0]))
    assert compared[["close", "closer", "stays"]].isna().all(axis=None)


def test_runs_are_listed_by_experiment_and_model(runs):
    (row,) = tables.runs_table(runs.assign(experiment="mine")).to_numpy().tolist()
    assert row[:4] == ["mine", "horsepower", "standardise", "10"]
    assert row[4] == "$0.01$\xa01; $0.1$\xa01; $2$\xa01"


def test_all_versions_are_listed():
    runs = pd.DataFrame({"versions": [{"a": "1", "b": "2"}, {"a": "1", "b": "3"}]})
    assert tables.versions_text(runs) == "a 1, b 2 and b 3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "$1$"),
        (0.9999999999999998, "$1$"),
        (0.216823, "$0.2168$"),
        (8.0694e-5, r"$8.069 \times 10^{-5}$"),
        (1356.4, r"$1{,}356$"),
        (12345.6, r"$12{,}346$"),
        (None, "–"),
    ],
)
def test_exact_numbers_are_printed_without_zeros(value, text):
    assert short_text(value, 4) == text
