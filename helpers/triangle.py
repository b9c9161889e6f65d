"""The R factor of a QR decomposition of rows that come piece by piece."""

import numpy as np

# How far from orthonormal columns may be, as a condition number, for a step to lose
# no more than three of sixteen digits, at the very worst.
SAFE = 1e3


class Triangle:
    r"""The triangular factor R of all rows B added so far, :math:`R^T R = B^T B`.

    Householder's reflections find it whatever the rows are, but slowly. Rows that
    resemble those before them allow for a shortcut. With R the factor of those
    before, the columns of :math:`Q = B R^{-1}` are far from dependent, so that the
    Cholesky factor of their inner products loses few digits, at most three of
    sixteen, however many that of :math:`B^T B` would:

    .. math::

        \begin{pmatrix} R \\ B \end{pmatrix} = \begin{pmatrix} I \\ Q \end{pmatrix} R,
        \qquad I + Q^T Q = L L^T, \qquad R \leftarrow L^T R .

    This is the Cholesky QR of [1]_, with the rows before as its preconditioner. It is
    taken only where both factors are well conditioned, else the reflections.

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
        self._room = np.empty((0, columns))  # for Q: new memory takes time each time
        self._replace(np.empty((0, columns)))

    @property
    def R(self):  # noqa: N802 (R is its name everywhere)
        """The factor, of as many rows as were added, at most as many as columns."""
        return np.linalg.cholesky(self._gram, upper=True) @ self._before

    def add(self, rows):
        """Take in more rows.

        Parameters
        ----------
        rows : ndarray of shape (n, columns)
            Any number of them.

        Raises
        ------
        FloatingPointError
            If a value is not finite.
        """
        if self._is_safe(rows):
            return
        self._replace(self.R)  # with all that came before, it may be
        if self._is_safe(rows):
            return
        if not np.isfinite(rows).all():
            raise FloatingPointError
        self._replace(np.linalg.qr(np.concatenate([self._before, rows]), mode="r"))

    def _is_safe(self, rows):
        """Take the shortcut, if no digits are lost on it."""
        if self._inverse is None:
            return False
        if len(self._room) < len(rows):
            self._room = np.empty(rows.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            Q = np.matmul(rows, self._inverse, out=self._room[: len(rows)])
            gram = self._gram + Q.T @ Q
        # The smallest eigenvalue is at least one, the largest at most the trace.
        if not np.trace(gram) <= SAFE * len(gram):
            return False
        self._gram = gram
        return True

    def _replace(self, R):
        """Start from a factor of all rows so far."""
        if not np.isfinite(R).all():
            raise FloatingPointError
        self._before, self._gram = R, np.eye(len(R))
        sizes = np.abs(R).max(axis=0, initial=0)
        if len(R) == R.shape[1] and sizes.all() and np.linalg.cond(R / sizes) <= SAFE:
            self._inverse = np.linalg.inv(R)
        else:
            self._inverse = None
