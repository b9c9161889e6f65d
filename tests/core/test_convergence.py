"""How the cost falls: predictions against real descents."""

import numpy as np
import pytest

from helpers import convergence, theory
from helpers.descent import gradient_descent


@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_components_add_up_to_the_excess_of_the_descent(cars, rate):
    iterations = np.array([0, 3, 200])
    eigenvalues, components = convergence.excess_components(*cars, rate, iterations)
    fit = gradient_descent(*cars, learning_rate=rate, n_iterations=200)
    excess = fit.costs[iterations] - theory.optimum(*cars).J
    np.testing.assert_allclose(components.sum(axis=1), excess, rtol=1e-9)
    shrinks = components[1] / components[0]
    np.testing.assert_allclose(shrinks, (1 - rate * eigenvalues) ** 6, rtol=1e-9)


@pytest.mark.parametrize("rate", [1e-3, 0.1, 0.2168, 0.25])
def test_predicted_costs_are_those_of_the_descent(cars, rate):
    fit = gradient_descent(*cars, learning_rate=rate, n_iterations=300)
    predicted = convergence.predicted_costs(*cars, rate, np.arange(len(fit.costs)))
    np.testing.assert_allclose(predicted, fit.costs, rtol=1e-10)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.2])
def test_predicted_iterations_are_those_counted(cars, rate):
    fit = gradient_descent(*cars, learning_rate=rate, n_iterations=3000)
    counted = convergence.iterations_to_within(fit.costs, theory.optimum(*cars).J)
    assert convergence.predicted_iterations_to_within(*cars, rate) == counted


def test_what_is_never_reached_is_none(cars):
    assert convergence.iterations_to_within(np.array([5.0, 3.0]), 1.0) is None
    assert convergence.predicted_iterations_to_within(*cars, 0.3) is None


def test_a_start_at_the_optimum_needs_no_iterations():
    X, y = np.array([[1.0], [-1.0]]), np.array([1.0, 1.0])
    assert convergence.predicted_iterations_to_within(X, y * 0, 0.1) == 0


def test_another_start_is_predicted_too(cars):
    start = np.arange(8.0)
    fit = gradient_descent(*cars, learning_rate=0.1, n_iterations=500, start=start)
    counted = convergence.iterations_to_within(fit.costs, theory.optimum(*cars).J)
    found = convergence.predicted_iterations_to_within(*cars, 0.1, start=start)
    assert found == counted
