"""The equations, against explicit loops."""

import numpy as np
import pandas as pd
import pytest

from helpers.gradient_checks import finite_difference_deviation, symbolic_difference
from helpers.model import cost, gradients, initialize, predict


@pytest.fixture
def sample(rng):
    return rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=3), 0.7


def test_predict_sums_weighted_features_and_offset(sample):
    X, _, w, b = sample
    spelled_out = [sum(w[j] * X[i, j] for j in range(3)) + b for i in range(6)]
    np.testing.assert_allclose(predict(X, w, b), spelled_out, rtol=1e-14)


def test_cost_is_the_mean_of_the_squared_errors(sample):
    X, y, w, b = sample
    z = predict(X, w, b)
    spelled_out = sum((y[i] - z[i]) ** 2 for i in range(6)) / 6
    assert cost(y, z) == pytest.approx(spelled_out, rel=1e-14)


def test_gradients_are_the_sums_of_the_chain_rule(sample):
    X, y, w, b = sample
    z = predict(X, w, b)
    dJ_dw, dJ_db = gradients(X, y, z)
    spelled_out = [
        sum(2 / 6 * (z[i] - y[i]) * X[i, j] for i in range(6)) for j in range(3)
    ]
    np.testing.assert_allclose(dJ_dw, spelled_out, rtol=1e-13)
    assert dJ_db == pytest.approx(sum(2 / 6 * (z[i] - y[i]) for i in range(6)))


def test_gradients_agree_with_sympy_exactly():
    assert symbolic_difference() == [0, 0, 0, 0]


def test_symbolic_check_notices_the_factor_that_the_draft_had_too_many(monkeypatch):
    def with_another_factor(X, y, z):
        dJ_dw, dJ_db = gradients(X, y, z)
        return dJ_dw / len(y), dJ_db / len(y)

    monkeypatch.setattr("helpers.gradient_checks.gradients", with_another_factor)
    assert all(difference != 0 for difference in symbolic_difference())


def test_gradients_agree_with_finite_differences_on_the_cars(cars, rng):
    X, y = cars
    assert finite_difference_deviation(X, y, rng.normal(size=7), 1.0) < 1e-9


def test_finite_differences_notice_a_wrong_gradient(cars, monkeypatch):
    X, y = cars
    monkeypatch.setattr(
        "helpers.gradient_checks.gradients",
        lambda X, y, z: tuple(1.001 * g for g in gradients(X, y, z)),
    )
    assert finite_difference_deviation(X, y, np.ones(7), 1.0) > 1e-4


def test_each_column_of_weights_is_a_model_of_its_own(sample, rng):
    X, y, *_ = sample
    w, b = rng.normal(size=(3, 4)), rng.normal(size=4)
    z = predict(X, w, b)
    assert z.shape == (6, 4)
    J, (dJ_dw, dJ_db) = cost(y, z), gradients(X, y, z)
    for k in range(4):
        alone = predict(X, w[:, k], b[k])
        np.testing.assert_allclose(z[:, k], alone, rtol=1e-14)
        assert J[k] == pytest.approx(cost(y, alone), rel=1e-14)
        one_w, one_b = gradients(X, y, alone)
        np.testing.assert_allclose(dJ_dw[:, k], one_w, rtol=1e-13)
        assert dJ_db[k] == pytest.approx(one_b, rel=1e-13)


def test_samples_that_do_not_match_are_refused(sample):
    X, y, w, b = sample
    z = predict(X, w, b)
    with pytest.raises(ValueError, match=r"got \(6, 1\) and \(6,\)"):
        cost(y[:, None], z)
    with pytest.raises(ValueError, match=r"got \(6,\) and \(1, 6\)"):
        cost(y, z[None])
    with pytest.raises(ValueError, match=r"got \(3,\) and \(6,\)"):
        gradients(X, y[:3], z)


@pytest.mark.parametrize("kind", ["int16", "uint16", "float16", "float32", "int64"])
def test_small_types_do_not_wrap_around(kind):
    y, z = np.array([0, 300], dtype=kind), np.array([200, 0], dtype=kind)
    assert cost(y, z) == 65_000
    X = np.array([[100, 3], [200, 7]], dtype=kind)
    dJ_dw, dJ_db = gradients(X, y, z)
    assert dJ_dw.tolist() == [200 * 100 - 300 * 200, 200 * 3 - 300 * 7]
    assert dJ_db == -100
    w = np.array([300, 2], dtype=kind)
    assert predict(X, w, kind == "int16").tolist() == [
        30_006 + (kind == "int16"),
        60_014 + (kind == "int16"),
    ]


def test_frames_and_series_are_taken_by_position():
    X = pd.DataFrame({"a": [1, 2], "b": [3, 5]}, index=[7, 8])
    y = pd.Series([1, 2], index=[8, 7])
    z = predict(X, pd.Series([1, 1], index=["b", "a"]), 0)
    assert z.tolist() == [4, 7]
    assert cost(y, z) == 17
    assert gradients(X, y, z)[0].tolist() == [13, 34]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ma.masked_greater([1.0, 9], 5), "y is a masked array"),
        (np.array([1j, 2]), "y must hold real numbers, got complex128"),
        (["1", "2"], "y must hold real numbers, got <U1"),
        (np.array(["1", 2], dtype=object), "y must hold real numbers"),
        ([1, None], "y must hold real numbers"),
    ],
)
def test_what_is_not_real_numbers_is_named(values, message):
    with pytest.raises(ValueError, match=message):
        cost(values, np.ones(2))


def test_zeros_need_no_generator():
    w, b = initialize(4)
    assert w.tolist() == [0, 0, 0, 0]
    assert b == 0


@pytest.mark.parametrize("method", ["normal", "uniform"])
def test_random_starts_repeat_with_their_seed_and_differ_without(method):
    first, again, other = (
        initialize(3, method=method, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert first[0].tolist() == again[0].tolist()
    assert first[1] == again[1]
    assert first[0].tolist() != other[0].tolist()


def test_uniform_starts_stay_in_their_interval(rng):
    w, b = initialize(1000, method="uniform", rng=rng)
    assert -1 <= w.min() < -0.9
    assert 0.9 < w.max() < 1
    assert -1 <= b < 1


def test_initialize_names_what_is_wrong():
    with pytest.raises(ValueError, match="zeros, normal, uniform, got 'ones'"):
        initialize(2, method="ones")
    with pytest.raises(ValueError, match="needs rng"):
        initialize(2, method="normal")


def test_whole_numbers_are_checked_like_others(rng):
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    assert finite_difference_deviation(X, y, [1, 2], 3) < 1e-9
    assert finite_difference_deviation(X, y, np.array([1, 1]), 2) < 1e-9
