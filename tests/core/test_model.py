"""The equations, against loops that spell them out."""

import numpy as np
import pytest

from helpers.descent import gradient_descent
from helpers.gradient_checks import (
    finite_difference_deviation,
    symbolic_difference,
    textbook_costs,
)
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


def test_the_training_loop_has_the_costs_of_the_equations_as_written(cars, monkeypatch):
    X, y = cars
    costs = gradient_descent(X, y, learning_rate=0.1, n_iterations=300).costs
    written = textbook_costs(X, y, 0.1, 300)
    np.testing.assert_allclose(costs, written, rtol=1e-13)
    monkeypatch.setattr(
        "helpers.gradient_checks.gradients",
        lambda X, y, z: tuple(1.001 * g for g in gradients(X, y, z)),
    )
    assert abs(textbook_costs(X, y, 0.1, 300) / costs - 1).max() > 1e-6


def test_shapes_that_would_broadcast_are_refused(sample):
    X, y, w, b = sample
    z = predict(X, w, b)
    with pytest.raises(ValueError, match=r"one shape, got \(6,\) and \(6, 1\)"):
        cost(y, z[:, None])
    with pytest.raises(ValueError, match="one shape"):
        gradients(X, y[:3], z)


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
