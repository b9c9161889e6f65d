r"""Compress a large data set, in one pass, into a small one with the same costs.

The squared loss depends on the data only through the inner products of the columns of
[1 X y], and so does everything derived from it: cost, gradients, Hessian, means,
variances, correlations. The factor R of a QR decomposition has the same inner
products in p + 2 rows [1]_, and so has PR for any orthogonal P. The reflection P
that maps :math:`(1, 0, \dots)` to :math:`(1, \dots, 1) / \sqrt m` makes the first
column constant again. The other columns are the X and y of a data set of m rows,
on which `helpers.model`, `helpers.descent` and `helpers.theory` work as on any other.

The product X^T X holds these inner products, too, but squares the condition number: if
features nearly depend on each other, it loses twice as many digits as R.

.. [1] G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th ed., 2013, ch. 5.
"""

import sys
from typing import NamedTuple

import numpy as np

from helpers.threads import one_thread
from helpers.validation import validate_chunk, validate_finite

ROWS = 10_000  # in a block: with ten features, it fits into a core's cache
FAN_IN = 16  # parts that Dask merges at once
SAFE = 1e3  # condition number up to which a Cholesky factor loses few digits


class Compressed(NamedTuple):
    """A data set of few rows that replaces one of many.

    Attributes
    ----------
    X : ndarray of shape (m, n_features)
        Features; ``m = min(n_samples, n_features + 2)``.
    y : ndarray of shape (m,)
        Targets.
    n_samples : int
        Number of samples in the original data set.
    """

    X: np.ndarray
    y: np.ndarray
    n_samples: int


def compress(X, y=None):
    """Replace a data set by a small one with the same costs and gradients.

    The columns keep their means and variances, so standardising the small data set is
    the same as standardising the original (`helpers.data.fit_scaling`). But its rows
    are not samples, and the extremes differ: do not scale them to [0, 1] or draw
    mini-batches.

    Parameters
    ----------
    X : array_like or dask.array.Array of shape (n_samples, n_features)
        Features. A memory-mapped array is read block by block, a Dask array by Dask's
        workers. Alternatively an iterable of chunks: pairs of such arrays X and y.
    y : array_like or dask.array.Array of shape (n_samples,)
        Targets; None if X is an iterable of chunks.

    Returns
    -------
    Compressed
        For every (w, b) it has the cost and gradients of the original, even if features
        nearly depend on each other. The rows are rounded, however: for a feature far
        from zero the relative error is 2e-16 times its mean over its spread.

    Raises
    ------
    ValueError
        If there are no samples, chunks do not fit together, or a value is not
        finite; the message names the chunk and the row.
    """
    if hasattr(X, "dask"):
        small = _compress_dask(X, y)
    elif y is not None:
        small = _compress([("", X, y)])
    elif hasattr(X, "shape"):
        raise ValueError("y is missing: it must come with the array X")
    else:
        small = _compress(_labelled(X))
    if small.n_samples == 0:
        raise ValueError("there are no samples")
    return small


@one_thread
def merge(parts):
    """Merge data sets that were compressed separately, in the given order.

    Parameters
    ----------
    parts : iterable of Compressed
        With the same features.

    Returns
    -------
    Compressed
        The result of compressing all their samples together.
    """
    parts = list(parts)
    X = np.concatenate([part.X for part in parts])
    y = np.concatenate([part.y for part in parts])
    n_samples = sum(part.n_samples for part in parts)
    shift = np.append(X[0], y[0]) if n_samples else np.zeros(X.shape[1] + 1)
    samples_per_row = [part.n_samples / max(1, len(part.y)) for part in parts]
    weights = np.repeat(samples_per_row, [len(part.y) for part in parts])
    rows = _augmented(X, y, shift) * np.sqrt(weights)[:, None]
    return _data_from(np.linalg.qr(rows, mode="r"), shift, n_samples)


@one_thread
def _compress(chunks):
    """Compress chunks (label, X, y) in one pass; errors begin with the label."""
    factor, n_features, n_samples = None, None, 0
    for label, X, y in chunks:
        X, y = validate_chunk(X, y, n_features, label)
        if factor is None:
            n_features = X.shape[1]
            factor, shift = Factor(n_features + 2), np.zeros(n_features + 1)
        if n_samples == 0 < len(y):
            validate_finite(X[:1], y[:1], where=label)
            # Subtracting a sample keeps the digits of the differences between samples.
            shift = np.append(X[0], y[0]).astype(float)
        for first in range(0, len(y), ROWS):
            block = X[first : first + ROWS], y[first : first + ROWS]
            try:
                factor.add(_augmented(*block, shift))
            except FloatingPointError:
                validate_finite(*block, first, label)
                raise ValueError(
                    f"{label}the values are too large: scale the data"
                ) from None
        n_samples += len(y)
    if factor is None:
        raise ValueError("there are no chunks")
    return _data_from(factor.R, shift, n_samples)


class Factor:
    r"""The triangular factor R of all rows B added so far, :math:`R^T R = B^T B`.

    Householder reflections always find it, but slowly. It is also the Cholesky factor
    of :math:`B^T B`, which loses few digits, at most three of sixteen, if the columns
    are far from linearly dependent. If they are not, but new rows B resemble earlier
    ones, whose factor is R, then the columns of :math:`Q = B R^{-1}` are far from
    dependent, and

    .. math::

        \begin{pmatrix} R \\ B \end{pmatrix} = \begin{pmatrix} I \\ Q \end{pmatrix} R,
        \qquad I + Q^T Q = L L^T, \qquad R \leftarrow L^T R .

    This is the Cholesky QR of [1]_, preconditioned by the earlier rows.

    Parameters
    ----------
    columns : int
        Number of columns.

    References
    ----------
    .. [1] Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa and T. Fukaya, "Roundoff error
       analysis of the CholeskyQR2 algorithm", 2015.
    """

    def __init__(self, columns):
        self._restart(np.empty((0, columns)))

    @property
    def R(self):  # noqa: N802 (R is the usual name)
        """The factor, which has at most as many rows as columns."""
        if self._gram is None:
            return self._earlier
        R = np.linalg.cholesky(self._gram, upper=True)
        return R if self._inverse is None else R @ self._earlier

    @np.errstate(over="ignore", invalid="ignore")
    def add(self, rows):
        """Add rows of shape (n, columns); FloatingPointError if one is not finite."""
        if self._add_fast(rows):
            return
        if not np.isfinite(rows).all():
            raise FloatingPointError
        R = np.linalg.qr(np.concatenate([self.R, rows]), mode="r")
        if not np.isfinite(R).all():
            raise FloatingPointError
        self._restart(R)

    def _restart(self, R):
        """Start from the factor R, and choose a Cholesky method for further rows."""
        self._earlier, self._gram, self._inverse = R, None, None
        sizes = np.abs(R).max(axis=0, initial=0)
        if len(R) < len(sizes) or not sizes.all():
            return
        condition = np.linalg.cond(R / sizes)
        squares_fit = 1e-100 < sizes.min() and sizes.max() < 1e100
        if condition**2 <= SAFE and squares_fit:
            self._gram = R.T @ R
        elif condition <= SAFE:
            self._gram, self._inverse = np.eye(len(R)), np.linalg.inv(R)

    def _add_fast(self, rows):
        """Add rows by Cholesky unless that would lose digits; tell whether it did."""
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


def _labelled(chunks):
    """Yield chunks with a label, with which error messages begin."""
    for number, chunk in enumerate(chunks):
        if not isinstance(chunk, tuple | list) or len(chunk) != 2:
            raise ValueError(
                f"chunk {number}: it must be a pair of features and targets, "
                f"got {type(chunk).__name__}"
            )
        yield f"chunk {number}: ", *chunk


@np.errstate(over="ignore", invalid="ignore")  # Factor.add checks the values
def _augmented(X, y, shift):
    """Return the matrix [1 X y], with X and y shifted, in column-major order."""
    columns = np.empty((X.shape[1] + 2, len(y)))
    columns[0] = 1
    np.subtract(X.T, shift[:-1, None], out=columns[1:-1])
    np.subtract(y, shift[-1], out=columns[-1])
    return columns.T


def _data_from(R, shift, n_samples):
    """Return the data set whose shifted columns have the factor R."""
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
    """Compress each block of Dask arrays on its worker, and merge the results."""
    # X is Dask's, so Dask is imported. An import above would slow down every kernel.
    dask = sys.modules["dask"]
    y = dask.array.asarray(y if y is not None else [])
    if X.ndim != 2 or y.ndim != 1:
        raise ValueError(
            "X must be (n_samples, n_features) and y (n_samples,), "
            f"got {X.shape} and {y.shape}"
        )
    if np.isnan([*X.shape, *y.shape]).any():
        raise ValueError("the blocks' sizes are unknown: call compute_chunk_sizes()")
    if len(y) != len(X):
        raise ValueError(f"X has {len(X)} rows, y has {len(y)}")
    X = X.rechunk({1: -1})
    y = y.rechunk(X.chunks[:1])
    blocks = zip(X.to_delayed().ravel(), y.to_delayed(), strict=True)
    # Separate arguments, as lists would make the client slower by half.
    compress_block = dask.delayed(lambda label, X, y: _compress([(label, X, y)]))
    merge_parts = dask.delayed(lambda *parts: merge(parts))
    parts = [
        compress_block(f"chunk {number}: ", *block)
        for number, block in enumerate(blocks)
    ]
    while len(parts) > 1:
        groups = (parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN))
        parts = [merge_parts(*group) for group in groups]
    return parts[0].compute()
