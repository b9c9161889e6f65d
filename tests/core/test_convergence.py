"""The parts of a cost, and the fastest settings, against what theory says of them."""

import numpy as np
import pytest

from helpers import convergence, theory


@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_components_add_up_to_the_predicted_excess(cars, rate):
    iterations = np.array([0, 3, 200])
    eigenvalues, components = convergence.excess_components(*cars, rate, iterations)
    excess = theory.predicted_costs(*cars, rate, iterations) - theory.optimum(*cars).J
    np.testing.assert_allclose(components.sum(axis=1), excess, rtol=1e-9)
    shrinks = components[1] / components[0]
    np.testing.assert_allclose(shrinks, (1 - rate * eigenvalues) ** 6, rtol=1e-9)


def test_the_best_rate_shrinks_the_slowest_component_most(cars):
    eigenvalues = np.linalg.eigvalsh(theory.hessian(cars[0]))
    rate, kappa = convergence.best_rate(cars[0]), theory.condition_number(cars[0])
    best = theory.factors(eigenvalues, rate).max()
    assert best == pytest.approx((kappa - 1) / (kappa + 1))
    for other in (0.99 * rate, 1.005 * rate):
        assert theory.factors(eigenvalues, other).max() > best


def test_the_best_heavy_ball_pays_the_root_of_the_condition_number(cars):
    eigenvalues = np.linalg.eigvalsh(theory.hessian(cars[0]))
    rate, momentum = convergence.best_heavy_ball(cars[0])
    root = theory.condition_number(cars[0]) ** 0.5
    best = theory.factors(eigenvalues, rate, "heavy-ball", momentum=momentum).max()
    assert best == pytest.approx((root - 1) / (root + 1), rel=1e-6)
    for changed in ((0.9 * rate, momentum), (rate, 0.95 * momentum)):
        other = theory.factors(
            eigenvalues, changed[0], "heavy-ball", momentum=changed[1]
        )
        assert other.max() > best
