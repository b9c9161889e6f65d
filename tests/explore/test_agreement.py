"""The browser computes what the helpers compute."""

from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from helpers import theory
from helpers.compression import compress
from helpers.convergence import predicted_costs
from helpers.data import SCALINGS, fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.explore.page import module
from helpers.explore.problem import make_problem
from helpers.optimisers import OPTIMISERS, options_of

SOLVE = """
window.compute = (problem, typed) => {
  const setting = numbers({ ...DEFAULTS, ...typed }, problem);
  const wrong = mistakesIn(setting, problem);
  if (Object.keys(wrong).length) return { wrong };
  const data = analyse(problem, setting.features, setting.scaling);
  const fit = descend(data, setting);
  const limit = limitOf(data, setting);
  const random = generator(setting.seed), orders = [];
  for (let seen = 0; setting.batch && seen < setting.iterations * setting.batch; ) {
    orders.push(shuffled(data.sample.length, random));
    // The last batch of a pass holds what is left.
    seen += Math.ceil(data.sample.length / setting.batch) * setting.batch;
  }
  const { status, divergedAt } = fit;
  return {
    costs: fit.costs, w: Array.from(fit.path.at(-1)), status,
    divergedAt, limit, orders, best: Array.from(data.best), lowest: data.lowest,
    factors: limit === null ? null : factorsOf(data, setting),
    predicted: predictedCosts(data, setting, fit.path[0], fit.updates),
  };
};
"""
COLUMNS = load_data("data/auto.csv", "mpg").features
PROBLEM = make_problem("data/auto.csv", "mpg")
AGREE, SAME = 1e-9, 1e-12


class Replay:
    """A generator that shuffles as the page did."""

    def __init__(self, orders):
        self.orders = iter(orders)

    def permutation(self, n):
        return np.array(next(self.orders))


@pytest.fixture(scope="module")
def compute(new_page):
    """Return a function that computes a typed setting in the browser."""
    page = new_page()
    page.set_content(f'<script type="module">{module()}{SOLVE}</script>')
    page.wait_for_function("!!window.compute")
    page.evaluate("problem => { window.problem = problem }", PROBLEM)

    def computed(typed, problem=None):
        if problem is None:
            return page.evaluate("typed => compute(problem, typed)", typed)
        both = {"problem": problem, "typed": typed}
        return page.evaluate("it => compute(it.problem, it.typed)", both)

    return computed


@cache
def scaled(features, scaling):
    sample = load_data("data/auto.csv", "mpg", features)
    return fit_scaling(sample.X, method=scaling).apply(sample.X), sample.y


@st.composite
def all_controls(draw):
    """Return texts for all controls, with learning rates on both sides of the limit."""
    size = draw(st.integers(1, len(COLUMNS)))
    features = draw(st.permutations(COLUMNS))[:size]
    scaling, optimiser = draw(st.sampled_from(SCALINGS)), draw(st.sampled_from(NAMES))
    momentum = draw(st.floats(0, 0.99))
    X, _ = scaled(", ".join(features), scaling)
    options = {"momentum": momentum} if "momentum" in options_of(optimiser) else {}
    limit = theory.stability_limit(X, optimiser, **options)
    power = draw(st.floats(-3, 0.5))
    rate = (limit if limit else 1.0) * 10**power
    spread = 0.01 if scaling == "none" else 20
    number = st.floats(-spread, spread)
    batch = draw(st.just(0) | st.integers(1, 392))
    start = draw(st.none() | st.lists(number, min_size=size + 1, max_size=size + 1))
    return {
        "features": ", ".join(features),
        "scaling": scaling,
        "optimiser": optimiser,
        "rate": repr(rate),
        "iterations": str(draw(st.integers(1, 30 if batch else 300))),
        "momentum": repr(momentum),
        "start": ",".join(map(repr, start)) if start else "",
        "batch": str(batch),
        "seed": str(draw(st.integers(0, 2**31 - 1))),
    }


NAMES = list(OPTIMISERS)


def described(typed, orders):
    """Return the data and the arguments of `gradient_descent` for a setting."""
    X, y = scaled(typed["features"], typed["scaling"])
    start = [float(number) for number in typed["start"].split(",") if number]
    how = {
        "learning_rate": float(typed["rate"]),
        "n_iterations": int(typed["iterations"]),
        "start": start or None,
        "optimiser": typed["optimiser"],
        "batch_size": int(typed["batch"]) or None,
        "rng": Replay(orders),
    }
    if "momentum" in options_of(typed["optimiser"]):
        how["momentum"] = float(typed["momentum"])
    return X, y, how


def horizon(one, other):
    """Return up to which update two descents have the same costs."""
    n = min(len(one.costs), len(other.costs))
    apart = np.abs(one.costs[:n] - other.costs[:n]) > SAME * one.costs[:n]
    return int(apart.argmax()) if apart.any() else n


def size(fit):
    """Return the largest final parameter of a descent, in absolute value."""
    return np.abs(fit.path[-1]).max()


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(typed=all_controls())
def test_costs_weights_limit_and_verdict_are_those_of_the_helpers(compute, typed):
    """Compare them as far as rounding errors do not matter.

    Adam and RMSProp may divide by rounding errors, and momentum close to the limit
    magnifies small differences. So Python descends twice: on all rows, and on a few
    with the same costs, from starts that differ in the last place. The browser must
    agree to 1e-9 as long as these two agree to 1e-12, and have the same status if they
    agree to the end.
    """
    found = compute(typed)
    X, y, how = described(typed, found["orders"])
    fit = gradient_descent(X, y, **how)
    start = fit.path[0] * (1 + 4e-16) + 1e-16 * size(fit)
    rows = compress(X, y)[:2] if how["batch_size"] is None else (X, y)
    how |= {"start": start, "rng": Replay(found["orders"])}
    again = gradient_descent(*rows, **how)
    sure = horizon(fit, again)
    np.testing.assert_allclose(found["costs"][:sure], fit.costs[:sure], rtol=AGREE)
    options = {"momentum": how["momentum"]} if "momentum" in how else {}
    on_all = how["batch_size"] in (None, len(y))
    limit = theory.stability_limit(X, how["optimiser"], **options) if on_all else None
    assert (found["limit"] is None) == (limit is None)
    if limit:
        assert found["limit"] == pytest.approx(limit, rel=AGREE)
    best = theory.optimum(X, y)
    assert found["lowest"] == pytest.approx(best.J, rel=AGREE)
    apart = np.abs(fit.path[-1] - again.path[-1]).max()
    if sure < len(fit.costs) or apart > SAME * size(fit):
        event("rounding decides in the end")
        return
    event(fit.status)
    assert (found["status"], found["divergedAt"]) == (fit.status, fit.diverged_at)
    close = AGREE * size(fit)
    np.testing.assert_allclose(found["w"], fit.path[-1], rtol=0, atol=close)
    if how["optimiser"] == "plain" and on_all:
        np.testing.assert_allclose(found["predicted"], fit.costs, rtol=AGREE)
        if typed["scaling"] != "none":  # there Python's own eigenvalues lose digits
            theory_says = predicted_costs(
                X, y, how["learning_rate"], range(len(fit.costs)), fit.path[0]
            )
            np.testing.assert_allclose(found["predicted"], theory_says, rtol=AGREE)


def test_a_descent_that_ends_above_its_start_is_told_as_the_helpers_tell_it(compute):
    """Random settings hardly ever do: here Adam overshoots an optimum close by."""
    X, y = scaled("horsepower", "standardise")
    best = theory.optimum(X, y)
    typed = {"features": "horsepower", "scaling": "standardise", "optimiser": "adam"}
    typed |= {"rate": "1", "iterations": "40", "batch": "0", "momentum": "0"}
    typed |= {"start": f"{best.w[0] + 0.01},{best.b + 0.01}", "seed": "0"}
    *data, how = described(typed, [])
    fit = gradient_descent(*data, **how)
    quarter = len(fit.costs) // 4
    assert fit.costs[0] < fit.costs[-quarter:].mean()
    assert compute(typed)["status"] == fit.status
