r"""An exact small stand-in for a data set, made in one pass over it.

The squared loss knows the data only through inner products of the columns of
[1 X y], and so does everything that is made of it: cost, gradients, Hessian, means,
variances, correlations. The factor R of a QR decomposition has the same inner
products in p + 2 rows [1]_, and so has PR for any orthogonal P. The reflection P
that maps :math:`(1, 0, \dots)` to :math:`(1, \dots, 1) / \sqrt m` makes the first
column constant again, as it was: what is left are the X and y of a data set of m rows,
on which `helpers.model`, `helpers.descent` and `helpers.theory` work as on any.

X^T X has these inner products, too, but squares the condition number: where features
nearly depend on each other it loses twice the digits that R loses.

.. [1] G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th ed., 2013, ch. 5.
"""

import sys
from typing import NamedTuple

import numpy as np

from helpers.threads import one_thread
from helpers.triangle import Triangle
from helpers.validation import check_chunk, check_finite

# Rows that are factorised at once: [1 X y] of ten features stays in a core's cache. Of
# a power of two, the columns would be in each other's place there.
ROWS = 8000
FAN = 16  # parts that Dask merges at once


class Compressed(NamedTuple):
    """A data set of few rows that stands for one of many.

    Attributes
    ----------
    X : ndarray of shape (m, n_features)
        Features; ``m = min(n_samples, n_features + 2)``.
    y : ndarray of shape (m,)
        Targets.
    n_samples : int
        How many samples it stands for.
    """

    X: np.ndarray
    y: np.ndarray
    n_samples: int


def compress(X, y=None):
    """Replace a data set by a small one with the same costs and gradients.

    Means and variances of the columns are the same as well, so that it is
    standardised like the whole (`helpers.data.fit_scaling`). Largest and smallest
    values are not, nor is one of its rows a sample: it cannot be mapped to [0, 1] or
    descended on in mini-batches.

    Parameters
    ----------
    X : array_like or dask.array.Array of shape (n_samples, n_features)
        Features; a memory-mapped array is read piece by piece, a Dask array by
        Dask's workers. Or an iterable of chunks, pairs of such arrays X and y.
    y : array_like or dask.array.Array of shape (n_samples,)
        Targets; None if X is an iterable of chunks.

    Returns
    -------
    Compressed
        The small data set: for every (w, b) its cost and gradients are those of the
        whole, also where features nearly depend on each other, up to the rounding
        of its rows: for a feature far from zero, its mean over its spread times
        2e-16. It never has more rows than there are samples.

    Raises
    ------
    ValueError
        If there are no samples, chunks do not fit together, or a value is not
        finite; the message says in which chunk and row.
    """
    if hasattr(X, "dask"):
        small = _compress_dask(X, y)
    elif y is not None:
        small = _compress([("", X, y)])
    elif hasattr(X, "shape"):
        raise ValueError("y is missing: it must come with the array X")
    else:
        small = _compress(_named(X))
    if small.n_samples == 0:
        raise ValueError("there are no samples")
    return small


@one_thread
def merge(parts):
    """Join data sets that were compressed apart, in the order given.

    Parameters
    ----------
    parts : iterable of Compressed
        Of the same features.

    Returns
    -------
    Compressed
        As if their samples had been compressed together.
    """
    parts = list(parts)
    n_samples = sum(part.n_samples for part in parts)
    stand_for = [part.n_samples / max(1, len(part.y)) for part in parts]
    weights = np.repeat(stand_for, [len(part.y) for part in parts])
    X = np.concatenate([part.X for part in parts])
    y = np.concatenate([part.y for part in parts])
    shift = np.append(X[0], y[0]) if n_samples else np.zeros(X.shape[1] + 1)
    room = np.empty((X.shape[1] + 2, len(y)))
    rows = _table(X, y, shift, room) * np.sqrt(weights)[:, None]
    return _stand_in(np.linalg.qr(rows, mode="r"), shift, n_samples)


@one_thread
def _compress(chunks):
    """Compress chunks, see `_named`, in one pass."""
    width, n_samples = None, 0
    for where, X, y in chunks:
        X, y = check_chunk(X, y, width, where)
        if width is None:
            width = X.shape[1]
            triangle, shift = Triangle(width + 2), np.zeros(width + 1)
        if n_samples == 0 < len(y):
            check_finite(X[:1], y[:1], where=where)
            # Whatever is near the data keeps the digits of their differences.
            shift = np.append(X[0], y[0]).astype(float)
        _take_in(triangle, X, y, shift, where)
        n_samples += len(y)
    if width is None:
        raise ValueError("there are no chunks")
    return _stand_in(triangle.R, shift, n_samples)


def _take_in(triangle, X, y, shift, where):
    """Have a triangle take in a chunk, piece by piece."""
    room = np.empty((X.shape[1] + 2, min(len(y), ROWS)))
    for first in range(0, len(y), ROWS):
        part = X[first : first + ROWS], y[first : first + ROWS]
        try:
            triangle.add(_table(*part, shift, room[:, : len(part[1])]))
        except FloatingPointError:
            check_finite(*part, first, where)
            raise ValueError(
                f"{where}the values are too large: scale the data"
            ) from None


def _named(chunks):
    """Yield chunks, each with its name to begin a message with."""
    for number, chunk in enumerate(chunks):
        if not isinstance(chunk, tuple | list) or len(chunk) != 2:
            raise ValueError(
                f"chunk {number}: it must be a pair of features and targets, no more, "
                f"got {type(chunk).__name__}"
            )
        yield f"chunk {number}: ", *chunk


def _table(X, y, shift, room):
    """Write [1 X y], less the shift of X and y, into the columns that there are."""
    room[0] = 1
    with np.errstate(over="ignore", invalid="ignore"):  # found by who takes them in
        np.subtract(X.T, shift[:-1, None], out=room[1:-1])
        np.subtract(y, shift[-1], out=room[-1])
    return room.T


def _stand_in(R, shift, n_samples):
    """Return the data set that has the factor R, and means so far from the shift."""
    m = len(R)
    if m == 0:
        return Compressed(np.empty((0, R.shape[1] - 2)), np.empty(0), 0)
    # The reflection along v maps (1, 0, ...) to -(1, ..., 1) / sqrt(m).
    v = np.full(m, m**-0.5)
    v[0] += 1
    rows = R - np.outer(v, v @ R) * (2 / (v @ v))
    rows *= -np.sqrt(m) / R[0, 0]  # the first column is ones now
    return Compressed(rows[:, 1:-1] + shift[:-1], rows[:, -1] + shift[-1], n_samples)


def _compress_dask(X, y):
    """Compress each block of Dask arrays where it is, and merge what comes of it."""
    # It is there, with X; to import it would have every kernel do so on its way up.
    dask = sys.modules["dask"]
    y = dask.array.asarray(y if y is not None else [])
    if X.ndim != 2 or y.ndim != 1:
        raise ValueError(
            "X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )
    if np.isnan([*X.shape, *y.shape]).any():
        raise ValueError("the blocks' sizes are not known: compute_chunk_sizes() first")
    X = X.rechunk({1: -1})
    if len(y) != len(X):
        raise ValueError(f"X has {len(X)} rows, y has {len(y)}")
    y = y.rechunk(X.chunks[:1])
    blocks = zip(X.to_delayed().ravel(), y.to_delayed(), strict=True)
    # All are arguments of their own: with lists, the client takes half as long again.
    compress_block, merge_some = dask.delayed(_compress_block), dask.delayed(_merge)
    parts = [
        compress_block(f"chunk {number}: ", *block)
        for number, block in enumerate(blocks)
    ]
    while len(parts) > 1:
        parts = [merge_some(*parts[i : i + FAN]) for i in range(0, len(parts), FAN)]
    return parts[0].compute()


def _compress_block(where, X, y):
    return _compress([(where, X, y)])


def _merge(*parts):
    return merge(parts)
