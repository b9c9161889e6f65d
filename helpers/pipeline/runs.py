"""Runs: what one records, and the tables of many.

A run is one executed notebook, ``build/runs/<identifier>.ipynb``, and it is
its own evidence: its result stands in one of its outputs.
"""

import json
import platform
from importlib.metadata import version
from math import isfinite
from pathlib import Path

from helpers.pipeline.command import UserError
from helpers.pipeline.experiments import read_points, select
from helpers.pipeline.identity import forget_files, identify, path_of

RECORD = "application/vnd.dl4ia.record+json"
PACKAGES = ("numpy", "matplotlib", "pandas", "sympy")
PACKAGES += ("ipykernel", "papermill", "nbconvert")
VERSIONS = {"Python": platform.python_version()}
VERSIONS |= {name: version(name) for name in PACKAGES}


def record(**values):
    """Record a run's result in its own notebook.

    Parameters
    ----------
    **values
        Numbers, texts, arrays, and lists or dicts of them. A number that is not
        finite, for which JSON has no word, is written as text. The versions of
        Python and of the packages are added.
    """
    from IPython.display import display

    content = _plain({**values, "versions": VERSIONS})
    text = f"recorded: {', '.join(values)}"
    display({RECORD: content, "text/plain": text}, raw=True)


def _plain(value):
    """Return a value in Python's own types, which JSON keeps to the last bit."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def read_record(path):
    """Return what an executed notebook has recorded.

    Parameters
    ----------
    path : Path
        The executed notebook.

    Returns
    -------
    dict
        As it was given to `record`, arrays as lists.

    Raises
    ------
    UserError
        If the file is not there or holds no record.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{path} is not a finished run; `make sweep` makes it"
        ) from None
    for cell in reversed(cells):
        for output in cell.get("outputs", []):
            if RECORD in output.get("data", {}):
                return _restored(output["data"][RECORD])
    raise UserError(f"{path} recorded nothing: its notebook must call record()")


def _restored(value):
    """Return a record with the numbers that are not finite as numbers again."""
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def load_others(known):
    """Load the runs of ``descent.ipynb`` of all experiments but those that are known.

    Parameters
    ----------
    known : list of str
        Names of experiments; one that does not exist has no runs.

    Returns
    -------
    pandas.DataFrame
        As of `load_experiment`, with the name in ``experiment``; empty if there are
        no others.
    """
    import pandas as pd

    others = [
        load_experiment(name).assign(experiment=name)
        for name, points in read_points().items()
        if name not in known and points[0].notebook == "descent"
    ]
    return pd.concat(others, ignore_index=True) if others else pd.DataFrame()


def load_experiment(name):
    """Load the runs of an experiment as a table.

    Parameters
    ----------
    name : str
        As in ``experiments.yaml``.

    Returns
    -------
    pandas.DataFrame
        One row per point, in the grid's order: the run's identifier in ``run``,
        its parameters, and what it recorded (arrays as numpy arrays).

    Raises
    ------
    UserError
        If there is no such experiment, or a run of it has not been made.
    """
    import numpy as np
    import pandas as pd

    forget_files()
    rows = []
    for point in select(read_points(), name)[name]:
        identifier = identify(point)
        recorded = {
            key: np.array(value) if isinstance(value, list) else value
            for key, value in read_record(path_of(identifier)).items()
        }
        rows.append({"run": identifier, **point.parameters, **recorded})
    return pd.DataFrame(rows, dtype=object)  # else a missing count makes floats
