r"""A small data set with the same costs as a large one, made in one pass over it.

The squared loss knows the data only through inner products of the columns of
[1 X y], and so does everything that is made of it: cost, gradients, Hessian, means,
variances, correlations. The factor R of a QR decomposition has the same inner
products in p + 2 rows [1]_, and so has PR for any orthogonal P. The reflection P
that maps :math:`(1, 0, \dots)` to :math:`(1, \dots, 1) / \sqrt m` makes the first
column constant again, as it was. What is left are the X and y of a data set of m rows,
on which `helpers.model`, `helpers.descent` and `helpers.theory` work as on any.

The product X^T X has these inner products, too, but squares the condition number: where
features nearly depend on each other, it loses twice the digits that R loses.

.. [1] G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th ed., 2013, ch. 5.
"""

import sys
from typing import NamedTuple

import numpy as np

from helpers.threads import one_thread
from helpers.validation import validate_chunk, validate_finite

ROWS = 10_000  # of a block: with ten features, it stays in a core's cache
FAN = 16  # parts that Dask merges at once
SAFE = 1e3  # condition up to which a Cholesky factor loses few digits


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

    Means and variances of the columns stay, so that it is standardised like the whole
    (`helpers.data.fit_scaling`). Its rows are no samples: their extremes are others, so
    it cannot be mapped to [0, 1] or descended on in mini-batches.

    Parameters
    ----------
    X : array_like or dask.array.Array of shape (n_samples, n_features)
        Features. A memory-mapped array is read block by block, a Dask array by Dask's
        workers. Or an iterable of chunks, pairs of such arrays X and y.
    y : array_like or dask.array.Array of shape (n_samples,)
        Targets; None if X is an iterable of chunks.

    Returns
    -------
    Compressed
        For every (w, b) its cost and gradients are those of the whole, also where
        features nearly depend on each other, up to the rounding of its rows: for a
        feature far from zero, its mean over its spread times 2e-16.

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
    X = np.concatenate([part.X for part in parts])
    y = np.concatenate([part.y for part in parts])
    n_samples = sum(part.n_samples for part in parts)
    shift = np.append(X[0], y[0]) if n_samples else np.zeros(X.shape[1] + 1)
    stand_for = [part.n_samples / max(1, len(part.y)) for part in parts]
    weights = np.repeat(stand_for, [len(part.y) for part in parts])
    rows = _table(X, y, shift) * np.sqrt(weights)[:, None]
    return _stand_in(np.linalg.qr(rows, mode="r"), shift, n_samples)


@one_thread
def _compress(chunks):
    """Compress chunks, each with its name to begin a message with, in one pass."""
    factor, width, n_samples = None, None, 0
    for where, X, y in chunks:
        X, y = validate_chunk(X, y, width, where)
        if factor is None:
            width = X.shape[1]
            factor, shift = Factor(width + 2), np.zeros(width + 1)
        if n_samples == 0 < len(y):
            validate_finite(X[:1], y[:1], where=where)
            # Numbers near the data keep the digits of their differences.
            shift = np.append(X[0], y[0]).astype(float)
        for first in range(0, len(y), ROWS):
            block = X[first : first + ROWS], y[first : first + ROWS]
            try:
                factor.add(_table(*block, shift))
            except FloatingPointError:
                validate_finite(*block, first, where)
                raise ValueError(
                    f"{where}the values are too large: scale the data"
                ) from None
        n_samples += len(y)
    if factor is None:
        raise ValueError("there are no chunks")
    return _stand_in(factor.R, shift, n_samples)


class Factor:
    r"""The triangular factor R of all rows B added so far, :math:`R^T R = B^T B`.

    Householder's reflections find it whatever the rows are, but slowly. The Cholesky
    factor of :math:`B^T B` is it, too, and loses few digits, at most three of sixteen,
    if the columns are far from dependent. Where they are not, rows that resemble those
    before them allow for it: with R the factor of those before, the columns of
    :math:`Q = B R^{-1}` are far from dependent, and

    .. math::

        \begin{pmatrix} R \\ B \end{pmatrix} = \begin{pmatrix} I \\ Q \end{pmatrix} R,
        \qquad I + Q^T Q = L L^T, \qquad R \leftarrow L^T R .

    This is the Cholesky QR of [1]_, with the rows before as its preconditioner.

    Parameters
    ----------
    columns : int
        Number of columns of the rows.

    References
    ----------
    .. [1] Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa and T. Fukaya, "Roundoff error
       analysis of the CholeskyQR2 algorithm", 2015.
    """

    def __init__(self, columns):
        self._replace(np.empty((0, columns)))

    @property
    def R(self):  # noqa: N802 (R is its name everywhere)
        """The factor: at most as many rows as columns."""
        if self._gram is None:
            return self._before
        R = np.linalg.cholesky(self._gram, upper=True)
        return R if self._inverse is None else R @ self._before

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, rows):
        """Add rows, of shape (n, columns); FloatingPointError if any is not finite."""
        if self._take_shortcut(rows):
            return
        if not np.isfinite(rows).all():
            raise FloatingPointError
        R = np.linalg.qr(np.concatenate([self.R, rows]), mode="r")
        if not np.isfinite(R).all():
            raise FloatingPointError
        self._replace(R)

    def _replace(self, R):
        """Begin with the rows of R, and choose the shortcut for those that follow."""
        self._before, self._gram, self._inverse = R, None, None
        sizes = np.abs(R).max(axis=0, initial=0)
        if len(R) < len(sizes) or not sizes.all():
            return
        condition = np.linalg.cond(R / sizes)
        squares_fit = 1e-100 < sizes.min() and sizes.max() < 1e100
        if condition**2 <= SAFE and squares_fit:
            self._gram = R.T @ R
        elif condition <= SAFE:
            self._gram, self._inverse = np.eye(len(R)), np.linalg.inv(R)

    def _take_shortcut(self, rows):
        """Add rows by the shortcut unless it would lose digits; tell whether it did."""
        if self._gram is None:
            return False
        if self._inverse is not None:
            rows = rows @ self._inverse
        gram = self._gram + rows.T @ rows
        sizes = np.sqrt(gram.diagonal())
        scaled = gram / sizes / sizes[:, None]
        if not np.isfinite(scaled).all():
            return False
        lowest, *_, highest = np.linalg.eigvalsh(scaled)
        if not highest <= SAFE * lowest:
            return False
        self._gram = gram
        return True


def _named(chunks):
    """Yield chunks, each with its name to begin a message with."""
    for number, chunk in enumerate(chunks):
        if not isinstance(chunk, tuple | list) or len(chunk) != 2:
            raise ValueError(
                f"chunk {number}: it must be a pair of features and targets, no more, "
                f"got {type(chunk).__name__}"
            )
        yield f"chunk {number}: ", *chunk


@np.errstate(over="ignore", invalid="ignore")  # found by who takes them in
def _table(X, y, shift):
    """Return [1 X y], less the shift of X and y, one column after the other."""
    table = np.empty((X.shape[1] + 2, len(y)))
    table[0] = 1
    np.subtract(X.T, shift[:-1, None], out=table[1:-1])
    np.subtract(y, shift[-1], out=table[-1])
    return table.T


def _stand_in(R, shift, n_samples):
    """Return the data set that has the factor R, of columns less the shift."""
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
    """Compress each block of Dask arrays where it is, and merge the results."""
    # Dask is there, with X. Every kernel would import it, were it imported above.
    dask = sys.modules["dask"]
    y = dask.array.asarray(y if y is not None else [])
    if X.ndim != 2 or y.ndim != 1:
        raise ValueError(
            "X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )
    if np.isnan([*X.shape, *y.shape]).any():
        raise ValueError("the blocks' sizes are not known: compute_chunk_sizes() first")
    if len(y) != len(X):
        raise ValueError(f"X has {len(X)} rows, y has {len(y)}")
    X = X.rechunk({1: -1})
    y = y.rechunk(X.chunks[:1])
    blocks = zip(X.to_delayed().ravel(), y.to_delayed(), strict=True)
    # Each block is an argument of its own: with lists, the client takes half as long
    # again.
    compress_block = dask.delayed(lambda where, X, y: _compress([(where, X, y)]))
    merge_some = dask.delayed(lambda *parts: merge(parts))
    parts = [
        compress_block(f"chunk {number}: ", *block)
        for number, block in enumerate(blocks)
    ]
    while len(parts) > 1:
        parts = [merge_some(*parts[i : i + FAN]) for i in range(0, len(parts), FAN)]
    return parts[0].compute()
