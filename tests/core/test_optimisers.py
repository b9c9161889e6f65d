"""Each optimiser, against its published update."""

import numpy as np
import pytest

from helpers.descent import gradient_descent
from helpers.optimisers import OPTIMISERS, make_optimiser, options_of


def trace(cars, update, n_iterations=40):
    """Return the path from zero that an update of theta, given its gradient, makes."""
    X, y = cars
    A = np.column_stack([X, np.ones(len(y))])
    theta, path = np.zeros(8), []
    for _ in range(n_iterations + 1):
        path.append(theta)
        theta = update(theta, 2 / len(y) * A.T @ (A @ theta - y))
    return path


def descend(cars, **settings):
    return gradient_descent(*cars, learning_rate=0.1, n_iterations=40, **settings)


def test_plain_descent_steps_against_the_gradient(cars):
    expected = trace(cars, lambda theta, gradient: theta - 0.1 * gradient)
    np.testing.assert_allclose(descend(cars).path, expected, atol=1e-12)


def test_the_heavy_ball_keeps_a_share_of_its_last_step(cars):
    """Polyak's form, in points: x' = x - eta g + mu (x - x_before)."""
    before = [np.zeros(8)]

    def update(theta, gradient):
        new = theta - 0.1 * gradient + 0.8 * (theta - before[0])
        before[0] = theta
        return new

    found = descend(cars, optimiser="heavy-ball", momentum=0.8).path
    np.testing.assert_allclose(found, trace(cars, update), atol=1e-11)


def test_nesterov_takes_the_gradient_ahead(cars):
    """Nesterov's form, in two sequences: x' = y - eta g(y), y' = x' + mu (x' - x)."""
    before = [np.zeros(8)]

    def update(theta, gradient):
        new = theta - 0.1 * gradient
        ahead = new + 0.8 * (new - before[0])
        before[0] = new
        return ahead

    found = descend(cars, optimiser="nesterov", momentum=0.8).path
    np.testing.assert_allclose(found, trace(cars, update), atol=1e-11)


def test_adam_follows_algorithm_1_of_its_paper(cars):
    state = {"t": 0, "m": np.zeros(8), "v": np.zeros(8)}

    def update(theta, g):
        state["t"] += 1
        state["m"] = 0.9 * state["m"] + 0.1 * g
        state["v"] = 0.999 * state["v"] + 0.001 * g * g
        m_hat = state["m"] / (1 - 0.9 ** state["t"])
        v_hat = state["v"] / (1 - 0.999 ** state["t"])
        return theta - 0.1 * m_hat / (np.sqrt(v_hat) + 1e-8)

    found = descend(cars, optimiser="adam").path
    np.testing.assert_allclose(found, trace(cars, update), rtol=1e-10, atol=1e-12)


def test_rmsprop_divides_by_the_running_root_mean_square(cars):
    state = {"v": np.zeros(8)}

    def update(theta, g):
        state["v"] = 0.9 * state["v"] + 0.1 * g * g
        return theta - 0.1 * g / (np.sqrt(state["v"]) + 1e-8)

    found = descend(cars, optimiser="rmsprop").path
    np.testing.assert_allclose(found, trace(cars, update), rtol=1e-9, atol=1e-11)


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(cars):
    step = np.diff(descend(cars, optimiser="adam").path[:2], axis=0)
    np.testing.assert_allclose(np.abs(step), 0.1, rtol=1e-8)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_comes_close_to_the_optimum(cars, optimiser):
    """Optimisers need different learning rates; one of these suits each of them."""
    fits = gradient_descent(
        *cars, learning_rate=[0.01, 0.1, 1], n_iterations=4000, optimiser=optimiser
    )
    lowest = min(fit.costs[-1] for fit in fits)
    assert lowest == pytest.approx(10.847481, rel=0.01)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_steps_are_remembered_by_each_descent_alone(optimiser):
    first, second = (make_optimiser(optimiser, 0.5) for _ in range(2))
    steps = [first(np.array([1.0, -2.0])).tolist() for _ in range(2)]
    assert [second(np.array([1.0, -2.0])).tolist() for _ in range(2)] == steps


def test_options_have_their_published_defaults():
    assert options_of("plain") == {}
    assert options_of("heavy-ball") == options_of("nesterov") == {"momentum": 0.9}
    assert options_of("adam") == {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    assert options_of("rmsprop") == {"decay": 0.9, "epsilon": 1e-8}


@pytest.mark.parametrize(
    ("optimiser", "options", "message"),
    [
        ("heavy-ball", {"momentum": 1}, r"momentum must be in \[0, 1\), got 1"),
        ("nesterov", {"momentum": -0.1}, "got -0.1"),
        ("heavy-ball", {"momentum": True}, "got True"),
        ("heavy-ball", {"momentum": "0.9"}, "got '0.9'"),
        ("adam", {"beta_2": float("nan")}, "beta_2 must be in .* got nan"),
        (
            "adam",
            {"momentum": 0.9},
            "no option 'momentum', it has beta_1, .*; heavy-ball, nesterov",
        ),
        ("plain", {"mometum": 0.9}, "'plain' has no option 'mometum', it has none"),
        ("heavyball", {}, "got 'heavyball'; did you mean 'heavy-ball'?"),
        (None, {}, "must be one of plain, heavy-ball, nesterov, .*, got None"),
    ],
)
def test_wrong_optimisers_and_options_are_named(optimiser, options, message):
    with pytest.raises(ValueError, match=message):
        make_optimiser(optimiser, 0.1, **options)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("optimizer", "optimiser"), ("learningrate", "learning_rate")],
)
def test_a_misspelt_setting_is_not_blamed_on_the_optimiser_alone(name, meant):
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        make_optimiser("plain", 0.1, **{name: 1})
    with pytest.raises(ValueError, match="optimiser must be one of"):
        make_optimiser(["plain"], 0.1)
