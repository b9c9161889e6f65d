"""The data of the live figure: a few rows that stand for all, and what is known.

What is here is enough to descend on any choice of the features, scaled in any way
(`helpers.compression`), and small enough to be part of a page.
"""

import numpy as np

from helpers.compression import compress
from helpers.data import load_data, load_datasheet
from helpers.reading.datasheet import column_fact

MOST_SHOWN = 1000  # points of a scatter: more would hide each other
MOST_NUMBERS = 100_000  # of them in a page, where there are hundreds of features


def make_problem(data, target):
    """Return the data of a file as the live figure needs them.

    Parameters
    ----------
    data : str or Path
        A table in text, relative to the project's folder.
    target : str
        The column to predict.

    Returns
    -------
    dict
        Ready for JSON: ``data``, ``target``, ``unit`` (of the target, or empty if it
        is not known), ``features`` (names), ``n_samples``; ``rows`` of features and
        target with the same means, costs and gradients as all; ``minima`` and
        ``maxima`` of the features; and a ``sample`` of the real rows, in their order.

    Raises
    ------
    ValueError
        If the file or the target is not right; the message names it.
    """
    table = load_data(data, target)
    few, n = compress(table.X, table.y), len(table.y)
    shown = min(n, MOST_SHOWN, max(100, MOST_NUMBERS // len(table.features)))
    chosen = np.linspace(0, n - 1, shown).round().astype(int)
    return {
        "data": str(data),
        "target": table.target,
        "unit": column_fact(load_datasheet(data), table.target, "unit"),
        "features": table.features,
        "n_samples": n,
        "rows": np.column_stack([few.X, few.y]).tolist(),
        "minima": table.X.min(axis=0).tolist(),
        "maxima": table.X.max(axis=0).tolist(),
        "sample": np.column_stack([table.X, table.y])[chosen].tolist(),
    }
