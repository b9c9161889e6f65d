"""Prepare the data of the live figure: a few rows that replace all.

They suffice for a descent on any choice of features, scaled in any way (see
`helpers.compression`), and are small enough to be part of a page.
"""

import numpy as np

from helpers.compression import compress
from helpers.data import load_data, load_datasheet
from helpers.reading.datasheet import column_fact

MOST_POINTS = 1000  # of a scatter plot: more would hide each other
MOST_NUMBERS = 100_000  # in a page, if there are hundreds of features


def make_problem(data, target):
    """Prepare the data of a file for the live figure.

    Parameters
    ----------
    data : str or Path
        A table in a text file, relative to the project's folder.
    target : str
        The column to predict.

    Returns
    -------
    dict
        Ready for JSON: ``data``, ``target``, ``unit`` (of the target; empty if it is
        not known), ``features`` (names), ``n_samples``; ``rows`` of features and target
        with the same means, costs and gradients as all; ``minima`` and ``maxima`` of
        the features; and a ``sample`` of the real rows, in their order.

    Raises
    ------
    ValueError
        If the file or the target is not valid; the message names it.
    """
    table = load_data(data, target)
    few, n = compress(table.X, table.y), len(table.y)
    size = min(n, MOST_POINTS, max(100, MOST_NUMBERS // len(table.features)))
    chosen = np.linspace(0, n - 1, size).round().astype(int)
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
