"""Scores and cross-validation."""

import numpy as np
import pytest

from helpers.data import load_data
from helpers.scores import cross_validate, folds, learning_curves, scores


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


def test_learning_curves_end_at_the_scores_of_the_cross_validation(rng):
    data = load_data("data/auto.csv", "mpg", "all")
    parts = folds(len(data.y), 4, rng)
    setting = {"scaling": "standardise", "learning_rate": 0.2, "n_iterations": 30}
    training, held_out = learning_curves(data.X, data.y, parts, **setting)
    assert training.shape == held_out.shape == (4, 31)
    ends = cross_validate(data.X, data.y, parts, **setting)
    np.testing.assert_allclose(held_out[:, -1], [end["MSE"] for end in ends])
    at_zero = [np.mean(data.y[part] ** 2) for part in parts]
    np.testing.assert_allclose(held_out[:, 0], at_zero)
    assert (np.diff(training) < 0).all()


@pytest.mark.parametrize("n_folds", [2.5, 2.0, "3", 1, 11])
def test_folds_are_a_whole_number(n_folds, rng):
    with pytest.raises(ValueError, match="whole number from 2 to 10 .*, got"):
        folds(10, n_folds, rng)


def test_columns_and_diverging_descents_are_named(rng):
    with pytest.raises(ValueError, match=r"must be \(n_samples,\), got"):
        scores(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match="folds needs rng, a numpy Generator .* got 0"):
        folds(10, 2, 0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    how = {"scaling": "standardise", "learning_rate": 5.0, "n_iterations": 500}
    with pytest.raises(ValueError, match="diverged, .* choose a smaller learning_rate"):
        learning_curves(X, y, folds(20, 2, rng), **how)
