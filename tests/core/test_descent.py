"""Gradient descent, against closed forms and textbook loops."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.compression import compress
from helpers.descent import draw_batches, gradient_descent
from helpers.model import cost, gradients, predict
from helpers.theory import optimum, stability_limit


def descend(cars, **settings):
    return gradient_descent(
        *cars, **{"learning_rate": 0.1, "n_iterations": 50} | settings
    )


def same(one, other):
    """Tell whether two descents are equal to the last bit."""
    return (
        one.w.tobytes() == other.w.tobytes()
        and one.b == other.b
        and one.costs.tobytes() == other.costs.tobytes()
        and one.status == other.status
    )


def test_follows_the_textbook_loop_step_by_step(cars):
    X, y = cars
    w, b, costs = np.zeros(7), 0.0, []
    for _ in range(51):
        error = X @ w + b - y
        costs.append(np.mean(error**2))
        w, b = w - 0.1 * 2 / len(y) * X.T @ error, b - 0.1 * 2 * error.mean()
    np.testing.assert_allclose(descend(cars).costs, costs, rtol=1e-12)


def test_costs_start_before_the_first_update(cars):
    fit = descend(cars, n_iterations=7)
    assert len(fit.costs) == 8
    assert fit.costs[0] == pytest.approx(np.mean(cars[1] ** 2))


@pytest.mark.parametrize(
    "neutral",
    [
        {"optimiser": "heavy-ball", "momentum": 0.0},
        {"optimiser": "nesterov", "momentum": 0},
        {"batch_size": 392, "rng": np.random.default_rng(3)},
        {"rng": np.random.default_rng(4)},
    ],
)
def test_neutral_options_are_plain_descent_to_the_last_bit(cars, neutral):
    assert same(descend(cars, **neutral), descend(cars))


def test_momentum_is_faster_on_an_ill_conditioned_problem(cars):
    ball = descend(cars, optimiser="heavy-ball", momentum=0.8)
    assert ball.costs[-1] < descend(cars).costs[-1]


def test_a_pass_of_mini_batches_uses_every_sample_once(rng):
    drawn = draw_batches(np.arange(10.0)[:, None], np.arange(10.0), 4, rng)
    first, second = ([next(drawn)[1] for _ in range(3)] for _ in range(2))
    assert [len(rows) for rows in first] == [4, 4, 2]
    assert sorted(np.concatenate(first)) == list(range(10))
    assert sorted(np.concatenate(second)) == list(range(10))
    assert np.concatenate(first).tolist() != np.concatenate(second).tolist()


def test_mini_batches_repeat_with_their_seed(cars):
    one, again, other = (
        descend(cars, batch_size=32, rng=np.random.default_rng(s)) for s in (1, 1, 2)
    )
    assert same(one, again)
    assert not same(one, other)
    assert one.costs[-1] < 20


def test_mini_batches_step_against_the_gradient_of_their_own_samples(cars):
    X, y = cars
    fit = descend(cars, n_iterations=1, batch_size=5, rng=np.random.default_rng(8))
    rows = np.random.default_rng(8).permutation(392)[:5]
    dJ_dw, dJ_db = gradients(X[rows], y[rows], np.zeros(5))
    np.testing.assert_allclose(fit.w, -0.1 * dJ_dw, rtol=1e-12)
    assert fit.b == pytest.approx(-0.1 * dJ_db, rel=1e-12)


def test_each_update_is_a_step_against_the_gradients_that_the_report_derives(cars):
    X, y = cars
    fit = descend(cars, n_iterations=5)
    assert fit.path[0].tolist() == [0] * 8
    for before, after, J in zip(fit.path, fit.path[1:], fit.costs, strict=False):
        z = predict(X, before[:-1], before[-1])
        assert pytest.approx(cost(y, z), rel=1e-13) == J
        step = 0.1 * np.append(*gradients(X, y, z))
        np.testing.assert_allclose(after, before - step, rtol=1e-12)
    assert fit.path[-1].tolist() == [*fit.w, fit.b]


@pytest.mark.parametrize("size", [1, 7, 391])
def test_costs_of_mini_batches_are_those_on_all_samples(cars, size):
    X, y = cars
    fit = descend(cars, batch_size=size, rng=np.random.default_rng(1))
    on_all = [cost(y, predict(X, place[:-1], place[-1])) for place in fit.path]
    np.testing.assert_allclose(fit.costs, on_all, rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimiser": "heavy-ball", "momentum": 0.9},
        {"optimiser": "nesterov", "momentum": 0.9},
        {"optimiser": "adam"},
    ],
)
def test_many_descents_side_by_side_are_those_one_by_one(cars, options):
    rates, starts = np.geomspace(1e-4, 1, 9), np.arange(72.0).reshape(8, 9) - 36
    settings = {"n_iterations": 900, **options}
    many = descend(cars, learning_rate=rates, start=starts, **settings)
    for rate, start, fit in zip(rates, starts.T, many, strict=True):
        alone = descend(cars, learning_rate=rate, start=start, **settings)
        assert (fit.status, fit.diverged_at) == (alone.status, alone.diverged_at)
        np.testing.assert_allclose(fit.costs, alone.costs, rtol=1e-10)
        assert fit.path.shape == alone.path.shape
        np.testing.assert_allclose([*fit.w, fit.b], fit.path[-1], rtol=0)
    if options.get("optimiser") != "adam":  # whose steps are no longer than its rate
        assert {fit.status for fit in many} >= {"descending", "diverged"}


def test_mini_batches_of_many_descents_are_the_same_for_all(cars):
    settings = {"batch_size": 32, "rng": np.random.default_rng(5)}
    many = descend(cars, learning_rate=[0.1, 0.01], **settings)
    for rate, fit in zip([0.1, 0.01], many, strict=True):
        settings["rng"] = np.random.default_rng(5)
        alone = descend(cars, learning_rate=rate, **settings)
        np.testing.assert_allclose(fit.costs, alone.costs, rtol=1e-10)


def test_one_rate_serves_all_starts_and_one_start_all_rates(cars):
    starts = np.eye(8)[:, :3]
    by_start = descend(cars, start=starts, n_iterations=2)
    assert [fit.path[0].tolist() for fit in by_start] == starts.T.tolist()
    by_rate = descend(cars, learning_rate=[0.1, 0.2], n_iterations=2)
    assert [fit.path[0].any() for fit in by_rate] == [False, False]
    np.testing.assert_allclose(by_rate[1].path[1], 2 * by_rate[0].path[1], rtol=1e-12)
    (single,) = descend(cars, learning_rate=[0.1])
    assert same(single, descend(cars))


@pytest.mark.parametrize("optimiser", ["plain", "heavy-ball", "nesterov", "adam"])
def test_the_compressed_data_descend_like_all(cars, optimiser):
    few = compress(*cars)
    whole, small = (
        descend(data, optimiser=optimiser, n_iterations=300) for data in (cars, few[:2])
    )
    np.testing.assert_allclose(small.costs, whole.costs, rtol=1e-9)


def test_divergence_ends_the_costs_without_warnings_and_says_where(cars):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rate in (1.0, 1e3, 1e200):
            fit = descend(cars, learning_rate=rate, n_iterations=1000)
            assert fit.status == "diverged"
            assert fit.diverged_at == len(fit.costs) < 1000
            assert np.isfinite(fit.costs).all()
            assert np.isfinite(fit.w).all()


def test_slow_divergence_is_seen_before_it_explodes(cars):
    limit = stability_limit(cars[0])
    fit = descend(cars, learning_rate=limit * 1.001, n_iterations=1500)
    assert fit.diverged_at is None
    assert fit.status == "diverged"


def test_on_the_limit_the_cost_stands_still(cars):
    X, y = cars[0][:, [2]], cars[1]
    fit = gradient_descent(X, y, learning_rate=1, n_iterations=1000)
    assert fit.status == "oscillating"
    np.testing.assert_allclose(fit.costs, fit.costs[0], rtol=1e-9)


@pytest.mark.parametrize(("rate", "status"), [(0.2, "converged"), (1e-9, "descending")])
def test_below_the_limit_the_descent_gets_there_or_is_on_its_way(cars, rate, status):
    assert descend(cars, learning_rate=rate, n_iterations=1000).status == status


def test_mini_batches_at_a_constant_rate_end_up_oscillating(cars):
    noisy = {"batch_size": 8, "learning_rate": 0.05, "n_iterations": 4000}
    assert descend(cars, **noisy, rng=np.random.default_rng(0)).status == "oscillating"


def test_a_descent_that_ends_above_its_start_has_not_descended(cars):
    noisy = {"batch_size": 1, "learning_rate": 0.1, "n_iterations": 1000}
    fit = descend(cars, **noisy, rng=np.random.default_rng(0))
    before, after = fit.costs[-500:-250].mean(), fit.costs[-250:].mean()
    assert fit.costs[0] < after < before  # the cost falls, but is above its start
    assert fit.status == "oscillating"


def test_a_start_at_the_optimum_has_converged():
    X = np.arange(1.0, 6)[:, None]
    settings = {"learning_rate": 0.01, "n_iterations": 50, "start": [2, 1]}
    assert gradient_descent(X, 2 * X[:, 0] + 1, **settings).status == "converged"


def test_costs_are_finite_even_if_the_first_is_as_large_as_can_be():
    X, y = np.array([[1.0], [2], [4]]), np.array([1, 2, 9]) * 1e147
    fit = gradient_descent(X, y, learning_rate=5, n_iterations=500)
    assert fit.status == "diverged"
    assert np.isfinite(fit.costs).all()


def test_a_perfect_fit_converges(rng):
    X = rng.normal(size=(20, 2))
    fit = gradient_descent(X, X @ [1, 2] + 3, learning_rate=0.2, n_iterations=500)
    assert fit.status == "converged"
    np.testing.assert_allclose([*fit.w, fit.b], [1, 2, 3], rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.05, 0.95))
def test_below_the_limit_the_cost_never_rises(seed, n_features, share):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(12, n_features)), rng.normal(size=12)
    rate = share * stability_limit(X)
    fit = gradient_descent(X, y, learning_rate=rate, n_iterations=200)
    assert (np.diff(fit.costs) <= 1e-12 * fit.costs[0]).all()
    assert fit.costs[-1] >= optimum(X, y).J - 1e-12


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"learning_rate": 0}, "learning_rate must be a positive number, got 0.0"),
        ({"learning_rate": -0.1}, "got -0.1"),
        ({"learning_rate": float("nan")}, "got nan"),
        ({"learning_rate": float("inf")}, "got inf"),
        ({"learning_rate": "fast"}, "got 'fast'"),
        ({"learning_rate": True}, "a positive number, got True"),
        ({"learning_rate": None}, "learning_rate must hold real numbers"),
        ({"learning_rate": []}, r"a list of at least one, got the shape \(0,\)"),
        ({"learning_rate": [[0.1]]}, r"got the shape \(1, 1\)"),
        ({"learning_rate": [0.1, 0.2, -1]}, "got -1.0 at index 2"),
        ({"learning_rate": [0.1, np.nan]}, "got nan at index 1"),
        (
            {"n_iterations": 0},
            "n_iterations must be a whole number from 1 to 100,000,000 .*, got 0",
        ),
        ({"n_iterations": 10**9}, "got 1000000000"),
        ({"n_iterations": -3}, "got -3"),
        ({"n_iterations": 1.5}, "got 1.5"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 392"),
        ({"batch_size": 393}, "got 393"),
        ({"batch_size": 32}, "batch_size needs rng"),
        ({"initialisation": "ones"}, "zeros, normal, uniform, got 'ones'"),
        ({"initialisation": "norml"}, "got 'norml'; did you mean 'normal'?"),
        ({"start": [1, 2]}, r"start must be 8 numbers .* got the shape \(2,\)"),
        ({"start": [np.nan] * 8}, "start must be finite numbers"),
        ({"start": "a, b"}, "start must be numbers separated by .*, got 'a, b'"),
        (
            {"start": np.zeros((8, 3)), "learning_rate": [1, 2]},
            "each of the 2 learning rates, got 3",
        ),
        ({"optimiser": "adm"}, "got 'adm'; did you mean 'adam'?"),
        ({"optimiser": "adam", "momentum": 0.9}, "'adam' has no option 'momentum'"),
        (
            {"momentum": 0.9},
            "'plain' has no option 'momentum', it has none; heavy",
        ),
    ],
)
def test_wrong_settings_are_named(cars, setting, message):
    with pytest.raises(ValueError, match=message):
        descend(cars, **setting)


def test_data_that_cannot_be_fitted_is_named():
    fit = {"learning_rate": 0.1, "n_iterations": 1}
    with pytest.raises(ValueError, match=r"2 samples cannot determine 3 parameters"):
        gradient_descent(np.ones((2, 2)), np.ones(2), **fit)
    with pytest.raises(
        ValueError, match=r"X must be finite, got nan at index \(1, 0\)"
    ):
        gradient_descent([[1], [np.nan], [2]], [1, 2, 3], **fit)
    with pytest.raises(ValueError, match=r"y must be finite, got inf at index \(2,\)"):
        gradient_descent([[1], [2], [3]], [1, 2, np.inf], **fit)
    with pytest.raises(ValueError, match=r"got \(3,\) and \(3,\)"):
        gradient_descent([1, 2, 3], [1, 2, 3], **fit)
    masked = np.ma.masked_greater([1.0, 2, 3], 2)
    with pytest.raises(ValueError, match="y is a masked array: drop or fill"):
        gradient_descent([[1], [2], [4]], masked, **fit)
    with pytest.raises(ValueError, match="too large a number: scale the data"):
        gradient_descent([[1.0], [2], [4]], np.array([1, 2, 9]) * 1e200, **fit)


def test_numbers_of_any_type_descend_in_double_precision(rng):
    X, y = rng.integers(0, 100, size=(20, 2)), rng.integers(0, 200, size=20)
    settings = {"learning_rate": 1e-5, "n_iterations": 30}
    expected = gradient_descent(X.astype(float), y.astype(float), **settings)
    for kind in ("uint8", "int16", "float16", "float32", "object"):
        fit = gradient_descent(X.astype(kind), y.astype(kind), **settings)
        assert same(fit, expected), kind
    by_columns = gradient_descent(np.asfortranarray(X, float), y, **settings)
    assert same(by_columns, expected)
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}, index=range(40, 60))
    series = pd.Series(y, index=range(20))  # by position, not by label
    assert same(gradient_descent(table, series, **settings), expected)
    flags = X > 50
    as_floats = gradient_descent(flags.astype(float), y, **settings)
    assert same(gradient_descent(flags, y, **settings), as_floats)
