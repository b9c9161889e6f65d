"""Scores and cross-validation."""

import numpy as np
import pytest

from helpers.data import load_data
from helpers.scores import cross_validate, folds, scores


def test_small_types_are_scored_in_double_precision():
    y, z = np.array([0, 200, 30], "uint8"), np.array([16, 100, 20], "uint8")
    found = scores(y, z)
    assert found["R2"] == pytest.approx(0.555, abs=5e-4)
    assert found["RMSE"] == pytest.approx(58.8, abs=0.05)
    assert found["MAE"] == 42


def test_equal_targets_have_no_r2():
    assert np.isnan(scores(np.ones(3), np.zeros(3))["R2"])


def test_folds_share_out_all_samples(rng):
    parts = folds(11, 3, rng)
    assert sorted(map(len, parts)) == [3, 4, 4]
    assert sorted(np.concatenate(parts)) == list(range(11))


@pytest.mark.parametrize("n_folds", [1, 12])
def test_impossible_folds_are_named(rng, n_folds):
    with pytest.raises(ValueError, match=f"from 2 to 11 .* got {n_folds}"):
        folds(11, n_folds, rng)


def test_learning_curves_are_the_costs_of_each_update(rng):
    data = load_data("data/auto.csv", "mpg", "all")
    parts = folds(len(data.y), 4, rng)
    setting = {"learning_rate": 0.2, "n_iterations": 30}
    found = cross_validate(data.X, data.y, parts, scaling="standardise", **setting)
    for fold, test in zip(found, parts, strict=True):
        train = np.delete(np.arange(len(data.y)), test)
        mean, std = data.X[train].mean(axis=0), data.X[train].std(axis=0)
        X = (data.X - mean) / std
        w, b, curves = np.zeros(X.shape[1]), 0.0, ([], [])
        for _ in range(31):
            error = X @ w + b - data.y
            for curve, rows in zip(curves, (train, test), strict=True):
                curve.append(np.mean(error[rows] ** 2))
            w -= 0.2 * 2 * np.mean(error[train, None] * X[train], axis=0)
            b -= 0.2 * 2 * np.mean(error[train])
        np.testing.assert_allclose(fold["training costs"], curves[0])
        np.testing.assert_allclose(fold["held-out costs"], curves[1])
        assert fold["MSE"] == pytest.approx(curves[1][-1])


@pytest.mark.parametrize("n_folds", [2.5, 2.0, "3", 1, 11])
def test_folds_are_a_whole_number(n_folds, rng):
    with pytest.raises(ValueError, match="whole number from 2 to 10 .*, got"):
        folds(10, n_folds, rng)


def test_columns_and_a_generator_are_named(rng):
    with pytest.raises(ValueError, match=r"must be \(n_samples,\), got"):
        scores(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match="folds needs rng, a numpy Generator .* got 0"):
        folds(10, 2, 0)
