"""What theory predicts, against closed forms and real descents."""

import numpy as np
import pytest

from helpers import theory
from helpers.data import fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.model import cost, predict


@pytest.mark.parametrize(
    ("features", "scaling", "limit", "condition"),
    [
        ("horsepower", "standardise", 1.0, 1.0),
        ("all", "standardise", 0.216823, 136.8352),
        ("horsepower", "none", 8.0694e-5, 1.0392e5),
        ("all", "none", 1.0364e-7, 7.3703e9),
    ],
)
def test_limits_and_condition_numbers_of_the_cars(features, scaling, limit, condition):
    data = load_data("data/auto.csv", "mpg", features)
    X = fit_scaling(data.X, method=scaling).apply(data.X)
    assert theory.stability_limit(X) == pytest.approx(limit, rel=1e-5)
    assert theory.condition_number(X) == pytest.approx(condition, rel=1e-4)


def test_hessian_is_the_second_difference_of_the_cost(rng):
    X, y = rng.normal(size=(9, 2)), rng.normal(size=9)

    def at(theta):
        return cost(y, predict(X, theta[:2], theta[2]))

    unit = np.eye(3)
    second = [
        [at(u + v) - at(u - v) - at(v - u) + at(-u - v) for v in unit] for u in unit
    ]
    np.testing.assert_allclose(theory.hessian(X), np.array(second) / 4, atol=1e-12)


def test_condition_number_is_infinite_where_features_repeat(rng):
    x = rng.normal(size=(9, 1))
    assert theory.condition_number(np.hstack([x, 2 * x])) == float("inf")


def test_optimum_is_that_of_the_findings():
    for features, best in (("horsepower", 23.943663), ("all", 10.847481)):
        data = load_data("data/auto.csv", "mpg", features)
        assert theory.optimum(data.X, data.y).J == pytest.approx(best, abs=5e-7)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimiser": "heavy-ball", "momentum": 0.8},
        {"optimiser": "heavy-ball"},
        {"optimiser": "nesterov", "momentum": 0.8},
        {"optimiser": "nesterov", "momentum": 0},
    ],
)
def test_the_limit_is_that_of_the_optimiser_that_runs(cars, options):
    """Just below the limit every error shrinks, just above it one grows."""
    limit = theory.stability_limit(cars[0], **options)
    eigenvalues = np.linalg.eigvalsh(theory.hessian(cars[0]))
    assert theory.factors(eigenvalues, limit, **options).max() == pytest.approx(1)
    for share, diverges in ((0.99, False), (1.01, True)):
        rate = share * limit
        fit = gradient_descent(*cars, learning_rate=rate, n_iterations=3000, **options)
        assert (fit.status == "diverged") == diverges
        assert (theory.factors(eigenvalues, rate, **options).max() > 1) == diverges


@pytest.mark.parametrize("momentum", [0.5, 0.95])
@pytest.mark.parametrize("optimiser", ["heavy-ball", "nesterov"])
def test_factors_are_the_roots_of_the_recurrence(optimiser, momentum):
    eigenvalues = np.array([0.01, 0.4, 3.0])
    found = theory.factors(eigenvalues, 0.3, optimiser, momentum=momentum)
    for eigenvalue, factor in zip(eigenvalues, found, strict=True):
        a = 1 - 0.3 * eigenvalue
        polynomial = {
            "heavy-ball": [1, -(a + momentum), momentum],
            "nesterov": [1, -a * (1 + momentum), a * momentum],
        }[optimiser]
        assert factor == pytest.approx(np.abs(np.roots(polynomial)).max())


def test_where_theory_has_no_limit_it_says_none(cars):
    assert theory.stability_limit(cars[0], "adam") is None
    assert theory.factors(np.ones(2), 0.1, "adam", beta_1=0.5) is None


def test_the_best_rate_shrinks_the_slowest_component_most(cars):
    eigenvalues = np.linalg.eigvalsh(theory.hessian(cars[0]))
    rate, kappa = theory.best_rate(cars[0]), theory.condition_number(cars[0])
    best = theory.factors(eigenvalues, rate).max()
    assert best == pytest.approx((kappa - 1) / (kappa + 1))
    for other in (0.99 * rate, 1.005 * rate):
        assert theory.factors(eigenvalues, other).max() > best


def test_the_best_heavy_ball_on_dependent_features_keeps_all_of_its_steps(cars):
    X, _ = cars
    rate, momentum = theory.best_heavy_ball(np.repeat(X, 2, axis=1))
    assert rate > 0
    assert momentum == pytest.approx(1)


def test_the_best_heavy_ball_pays_the_root_of_the_condition_number(cars):
    eigenvalues = np.linalg.eigvalsh(theory.hessian(cars[0]))
    rate, momentum = theory.best_heavy_ball(cars[0])
    root = theory.condition_number(cars[0]) ** 0.5
    best = theory.factors(eigenvalues, rate, "heavy-ball", momentum=momentum).max()
    assert best == pytest.approx((root - 1) / (root + 1), rel=1e-6)
    for changed in ((0.9 * rate, momentum), (rate, 0.95 * momentum)):
        other = theory.factors(
            eigenvalues, changed[0], "heavy-ball", momentum=changed[1]
        )
        assert other.max() > best


@pytest.mark.parametrize(
    ("optimiser", "options", "message"),
    [
        ("heavyball", {}, "did you mean 'heavy-ball'"),
        ("nesterov", {"mu": 0.5}, "no option 'mu', it has momentum"),
        ("plain", {"momentum": 0.9}, "no option 'momentum'"),
        ("nesterov", {"momentum": 1.5}, "momentum must be in"),
        ("nesterov", {"momentum": "a"}, "momentum must be in"),
    ],
)
def test_theory_refuses_what_a_descent_refuses(optimiser, options, message):
    X = np.arange(6.0).reshape(3, 2) ** 2
    with pytest.raises(ValueError, match=message):
        theory.stability_limit(X, optimiser, **options)
    with pytest.raises(ValueError, match=message):
        theory.factors([1.0], 0.1, optimiser, **options)


def test_theory_takes_lists_and_names_what_is_no_table():
    X, y = [[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]
    assert theory.condition_number(X) == theory.condition_number(np.array(X))
    assert theory.optimum(X, y).J == theory.optimum(np.array(X), np.array(y)).J
    for wrong, message in (
        (([1.0, 2.0], y), "X must be"),
        ((X, [[1.0], [2.0], [3.0]]), "y .n_samples,., got"),
        (([[1.0], [np.nan], [4.0]], y), "X must be finite, got nan at index"),
        (([[np.inf]] * 3, y), "X must be finite, got inf"),
        (([[1.0], [2.0, 3.0], [4.0]], y), "X must have rows of equal length"),
    ):
        with pytest.raises(ValueError, match=message):
            theory.optimum(*wrong)
    with pytest.raises(ValueError, match="X must be .n_samples, n_features., got"):
        theory.hessian(np.ones(3))


def test_what_is_left_of_an_exact_linear_function_is_rounding_and_noise_is_not(rng):
    X = rng.normal(size=(40, 3))
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-3 * X[:, 1]])
    for features, w in ((X, [3, -2, 0]), (near, [2 - 1e6, 1e6]), (X, [1e15, 0, 1e14])):
        exact = features @ w + 7
        for noise, found in ((0, True), (1e-6, False)):
            y = exact + noise * exact.std() * rng.normal(size=40)
            best = theory.optimum(features, y)
            rounding = theory.rounding_error(features, y, best)
            assert (best.J**0.5 <= rounding) == found
