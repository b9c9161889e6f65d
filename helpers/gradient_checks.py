"""Check that the derivation and the code agree."""

import numpy as np

from helpers.model import cost, gradients, predict
from helpers.validation import as_floats


def symbolic_difference(n_samples=4, n_features=3):
    """Compare the code's gradients with sympy's derivatives of the cost.

    The functions `predict`, `cost` and `gradients` themselves are called with arrays
    of symbols; sympy differentiates the cost and simplifies the differences.

    Parameters
    ----------
    n_samples, n_features : int
        Size of the symbolic data set.

    Returns
    -------
    list of sympy.Expr
        Sympy's derivative minus the code's, for each weight and for the offset.
    """
    import sympy  # here, since it takes half a second to import

    def symbols(names):
        # Real, since the inner product in the cost takes complex conjugates.
        return np.array(sympy.symbols(names, real=True))

    X = symbols(f"x:{n_samples}:{n_features}").reshape(n_samples, n_features)
    y, w = symbols(f"y:{n_samples}"), symbols(f"w:{n_features}")
    b = sympy.Symbol("b", real=True)
    z = predict(X, w, b)
    derived = [sympy.diff(cost(y, z), parameter) for parameter in (*w, b)]
    dJ_dw, dJ_db = gradients(X, y, z)
    coded = (*dJ_dw, dJ_db)
    return [sympy.expand(d - c) for d, c in zip(derived, coded, strict=True)]


def finite_difference_deviation(X, y, w, b, step=1e-4):
    """Compare the code's gradients with central differences of the cost.

    For a quadratic cost a central difference has no truncation error, so the
    deviation is due to rounding alone.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    w : ndarray of shape (n_features,)
        Weights at which to compare.
    b : float
        Offset at which to compare.
    step : float
        Half the distance between the two costs.

    Returns
    -------
    float
        The largest absolute deviation of a derivative, relative to the largest
        derivative.
    """
    theta = np.append(as_floats(w, "w"), as_floats(b, "b"))
    numeric = np.empty_like(theta)
    for j, unit in enumerate(step * np.eye(len(theta))):
        above, below = theta + unit, theta - unit
        rise = cost(y, predict(X, above[:-1], above[-1])) - cost(
            y, predict(X, below[:-1], below[-1])
        )
        numeric[j] = rise / (2 * step)
    dJ_dw, dJ_db = gradients(X, y, predict(X, w, b))
    coded = np.append(dJ_dw, dJ_db)
    return float(np.abs(numeric - coded).max() / np.abs(coded).max())
