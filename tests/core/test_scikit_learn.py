"""Comparisons with scikit-learn, imported late since each worker reads this file."""

import numpy as np
import pytest

from helpers.data import fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.scores import cross_validate, folds, scores


@pytest.mark.parametrize(
    ("method", "oracle"),
    [("standardise", "StandardScaler"), ("min-max", "MinMaxScaler")],
)
def test_scaling(rng, method, oracle):
    from sklearn import preprocessing

    X, new = rng.normal(5, 3, size=(30, 2)), rng.normal(size=(4, 2))
    oracle = getattr(preprocessing, oracle)().fit(X)
    found = fit_scaling(X, method=method).apply(new)
    np.testing.assert_allclose(found, oracle.transform(new), rtol=1e-12)


def test_the_least_squares_solution(cars):
    from sklearn.linear_model import LinearRegression

    fit = gradient_descent(*cars, learning_rate=0.1, n_iterations=5000)
    oracle = LinearRegression().fit(*cars)
    np.testing.assert_allclose(fit.w, oracle.coef_, rtol=1e-9)
    assert fit.b == pytest.approx(oracle.intercept_, rel=1e-12)
    assert fit.costs[-1] == pytest.approx(10.847481, abs=5e-7)
    assert fit.status == "converged"


def test_scores(rng):
    from sklearn import metrics

    y, z = rng.normal(size=40), rng.normal(size=40)
    found = scores(y, z)
    assert found["MSE"] == pytest.approx(metrics.mean_squared_error(y, z))
    assert found["RMSE"] == pytest.approx(metrics.root_mean_squared_error(y, z))
    assert found["MAE"] == pytest.approx(metrics.mean_absolute_error(y, z))
    assert found["R2"] == pytest.approx(metrics.r2_score(y, z))


def test_cross_validation(rng):
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import mean_squared_error, r2_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_data("data/auto.csv", "mpg", "all")
    X, y = data.X, data.y
    parts = folds(len(y), 5, rng)
    setting = {"scaling": "standardise", "learning_rate": 0.2, "n_iterations": 2000}
    ours = cross_validate(X, y, parts, **setting)
    for test, found in zip(parts, ours, strict=True):
        train = np.setdiff1d(np.arange(len(y)), test)
        oracle = make_pipeline(StandardScaler(), LinearRegression())
        z = oracle.fit(X[train], y[train]).predict(X[test])
        assert found["MSE"] == pytest.approx(mean_squared_error(y[test], z))
        assert found["R2"] == pytest.approx(r2_score(y[test], z))
