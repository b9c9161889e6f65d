"""Gradient descent on the cost of linear regression."""

from itertools import chain, islice, repeat

import numpy as np

from helpers.model import initialize
from helpers.outcome import conclude, has_exploded
from helpers.threads import one_thread
from helpers.validation import check_data, check_settings, check_start, check_starts

# How many updates and samples may pass until it is seen that a descent has exploded.
UPDATES, SAMPLES = 100, 40_000


@one_thread
def gradient_descent(
    X,
    y,
    *,
    learning_rate,
    n_iterations,
    initialisation="zeros",
    start=None,
    momentum=0.0,
    nesterov=False,
    batch_size=None,
    rng=None,
):
    r"""Minimise the cost by gradient descent.

    .. math::

        v \leftarrow \eta \nabla J(\theta) + \mu v, \qquad
        \theta \leftarrow \theta - v, \qquad \theta = (w, b)

    With momentum 0 this is plain descent. Momentum is Polyak's heavy ball
    [1]_; Nesterov's variant [2]_ takes the gradient at ``theta - momentum * v``.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rate : float
        Step length eta, positive.
    n_iterations : int
        Number of updates, at least 1.
    initialisation : {"zeros", "normal", "uniform"}
        Start, see `initialize`.
    start : array_like of shape (n_features + 1,), optional
        Another start: the weights, then the offset.
    momentum : float
        Share mu of the last step that is kept, 0 <= mu < 1.
    nesterov : bool
        Whether the gradient is taken ahead, at the end of that kept share.
    batch_size : int, optional
        Samples per update, drawn without replacement until all have been
        used, then drawn anew. All samples at every update by default.
    rng : numpy.random.Generator, optional
        Source of randomness for the start and the mini-batches.

    Returns
    -------
    Descent
        Weights, offset, the cost after each update, and how it ended.

    Raises
    ------
    ValueError
        If the data or a setting cannot be meant; the message says which.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of
       iteration methods", 1964.
    .. [2] Y. Nesterov, "A method for solving the convex programming problem
       with convergence rate O(1/k^2)", 1983.
    """
    X, y = check_data(X, y)
    check_settings(learning_rate, n_iterations, momentum, batch_size, len(y))
    if batch_size is not None and rng is None:
        raise ValueError("batch_size needs rng, a numpy Generator")
    theta = np.append(*initialize(X.shape[1], method=initialisation, rng=rng))
    if start is not None:
        theta = check_start(start, X.shape[1])
    T, R = tables(X, y)
    parts = batches(T, 2 * learning_rate, batch_size, rng)
    iterates = descend(parts, np.append(theta, -1), None, momentum, nesterov)
    path, costs = follow(iterates, n_iterations, R, len(y))
    return conclude(R, path[:, None], costs[:, None])[0]


@one_thread
def gradient_descents(
    X, y, *, learning_rates, n_iterations, starts=0.0, momentum=0.0, nesterov=False
):
    """Descend many times at once, on all samples, and as `gradient_descent` does.

    Learning rates and starts are paired; one learning rate is that of all starts,
    one start that of all learning rates.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Features.
    y : ndarray of shape (n_samples,)
        Targets.
    learning_rates : float or array_like of shape (m,)
        Step lengths.
    n_iterations : int
        Number of updates of each.
    starts : array_like of shape (n_features + 1,) or (m, n_features + 1)
        The weights, then the offset, from which each starts; zero by default.
    momentum, nesterov : float, bool
        As for `gradient_descent`, the same for all.

    Returns
    -------
    list of Descent
        In their order, each with its own status.

    Raises
    ------
    ValueError
        If the data or a setting cannot be meant; the message says which.
    """
    X, y = check_data(X, y)
    rates = np.atleast_1d(learning_rates)
    if not rates.size:
        raise ValueError("there must be at least one learning rate")
    for rate in rates.tolist():
        check_settings(rate, n_iterations, momentum, None, len(y))
    starts = check_starts(starts, len(rates), X.shape[1])
    T, R = tables(X, y)
    parts = batches(T, 2, None, None)
    theta = np.column_stack([starts, np.full(len(starts), -1.0)])
    # For the same shape, a product takes half the time.
    rates = np.ones_like(theta) * rates[:, None]
    iterates = descend(parts, theta, rates, momentum, nesterov)
    return conclude(R, *follow(iterates, n_iterations, R, len(y)))


def tables(X, y):
    r"""Return the data in one table T, and the factor R that has the same costs.

    With the weight -1 for the targets, the errors of all samples are one product,
    and the cost is the square of another, of p + 2 rows:

    .. math::

        T = [X\ 1\ y], \quad \theta = (w, b, -1), \qquad z - y = T \theta, \qquad
        J = \frac1n \lVert T \theta \rVert^2 = \lVert R \theta \rVert^2, \quad
        \tfrac1{\sqrt n} T = Q R

    Returns
    -------
    T : ndarray of shape (n_samples, n_features + 2)
        Column by column, as products of few columns are quickest.
    R : ndarray of shape (n_features + 2, n_features + 2)
        Upper triangular.
    """
    T = np.empty((len(y), X.shape[1] + 2), order="F")
    T[:, :-2], T[:, -2], T[:, -1] = X, 1, y
    return T, np.linalg.qr(T, mode="r") / np.sqrt(len(y))


def batches(T, factor, batch_size, rng):
    r"""Return the tables of the samples that each update uses, for ever.

    .. math::

        E = [X\ 1\ y]^T, \quad G = \frac fn [X\ 1\ 0], \qquad
        (z - y)^T = \theta E, \quad \frac f2 \nabla J = (z - y)^T G

    With the factor f = 2 that is the gradient; with 2 eta, eta times the gradient.

    Parameters
    ----------
    T : ndarray of shape (n_samples, n_features + 2)
        See `tables`.
    factor : float
        The factor f.
    batch_size : int or None
        Samples per update; None, or all of them, is the full batch.
    rng : numpy.random.Generator or None
        Shuffles the samples anew once all have been used.

    Returns
    -------
    iterator of (ndarray, ndarray)
        E and G; the last batch of a pass holds what is left.
    """
    n_samples = len(T)
    weight = np.full(T.shape[1], float(factor))
    weight[-1] = 0  # the -1 of the targets is not to be moved
    if batch_size in (None, n_samples):
        return repeat((T.T, T * (weight / n_samples)))
    samples = np.ascontiguousarray(T)  # single rows are quicker to find
    passes = (rng.permutation(n_samples) for _ in repeat(None))
    firsts = range(0, n_samples, batch_size)
    drawn = (samples[order[k : k + batch_size]] for order in passes for k in firsts)
    return ((part.T, part * (weight / len(part))) for part in drawn)


def descend(parts, theta, learning_rate, momentum, nesterov):
    r"""Yield theta before each update, for ever: the training loop.

    .. math::

        (z - y)^T = \theta E, \quad \nabla J = (z - y)^T G, \qquad
        v \leftarrow \eta \nabla J + \mu v, \quad \theta \leftarrow \theta - v

    Where eta is part of G, the second product is eta times the gradient.

    Parameters
    ----------
    parts : iterator of (ndarray, ndarray)
        E and G for each update, see `batches`.
    theta : ndarray of shape (n_features + 2,) or (m, n_features + 2)
        The start: weights, offset, -1; each row is a descent of its own.
    learning_rate : ndarray, shaped like theta, or None
        Step length eta; None if it is part of G.
    momentum, nesterov : float, bool
        See `gradient_descent`.

    Yields
    ------
    theta : ndarray
        Shaped like the start.
    """
    step = np.zeros_like(theta)
    for E, G in parts:
        yield theta
        ahead = theta - momentum * step if nesterov else theta
        error = ahead.dot(E)
        down = error.dot(G)
        if learning_rate is not None:
            down = learning_rate * down
        step = down + momentum * step if momentum else down
        theta = theta - step


def follow(iterates, n_iterations, R, n_samples):
    """Collect the iterates of descents, until they are done or all have exploded.

    Parameters
    ----------
    iterates : iterator
        See `descend`.
    n_iterations : int
        Number of updates.
    R : ndarray of shape (n_features + 2, n_features + 2)
        See `tables`.
    n_samples : int
        The more there are, the more often the costs are looked at.

    Returns
    -------
    path : ndarray of shape (k + 1, ...)
        Each theta, after 0 to k updates.
    costs : ndarray of shape (k + 1,) or (k + 1, m)
        Its cost on all samples.
    """
    first = next(iterates)
    path = np.empty((n_iterations + 1, *first.shape))
    costs = np.empty(path.shape[:-1])
    iterates, seen = chain([first], iterates), 0
    stride = min(UPDATES, 1 + SAMPLES // n_samples)
    with np.errstate(over="ignore", invalid="ignore"):
        while seen <= n_iterations:
            latest = slice(seen, min(seen + stride, n_iterations + 1))
            thetas = list(islice(iterates, latest.stop - seen))
            np.concatenate(thetas, out=path[latest].reshape(-1, *first.shape[1:]))
            error = path[latest] @ R.T
            costs[latest] = np.vecdot(error, error)
            seen = latest.stop
            if has_exploded(costs[seen - 1], costs[0]).all():
                break
    return path[:seen], costs[:seen]
