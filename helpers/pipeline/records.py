"""Records: the results of runs.

A run is an executed notebook, ``build/runs/<run>.ipynb``. Its record is among its
outputs, so the notebook itself is the evidence.
"""

import json
import math
import platform
import sys
from collections import ChainMap
from importlib.metadata import version
from pathlib import Path

import numpy as np

from helpers.pipeline.errors import UserError

TOLERANCE = 1e-9  # relative, between platforms whose arithmetic differs
RECORD = "application/vnd.dl4ia.record+json"
PACKAGES = ("numpy", "matplotlib", "pandas", "sympy")
PACKAGES += ("ipykernel", "papermill", "nbconvert")
VERSIONS = {"Python": platform.python_version()}
VERSIONS |= {name: version(name) for name in PACKAGES}
RESERVED = {
    "versions",
    "experiment",
    "run",
}  # names that tables of results use themselves
NUMBER = "number"  # key of what JSON cannot represent: {"number": "nan"}


class NoRecordError(UserError):
    """A run that recorded nothing."""


def record(**values):
    """Record a run's result in its own notebook.

    Parameters
    ----------
    **values
        Numbers, texts, true, false or None, NumPy arrays of them, and lists or dicts of
        all these. Several calls add up. The versions of Python and of the packages are
        recorded too.

    Raises
    ------
    TypeError
        If a value could not be read back unchanged; then nothing is recorded.
    """
    from IPython.display import display

    for name in values.keys() & RESERVED:
        raise TypeError(f"record: {name} is reserved, choose another name")
    content = {name: _plain(value, name) for name, value in values.items()}
    text = f"recorded: {', '.join(values)}"
    content["versions"] = VERSIONS
    display({RECORD: content, "text/plain": text}, raw=True)


def _plain(value, name):
    """Convert a value to JSON types from which it can be read back unchanged."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            key = next(key for key in value if not isinstance(key, str))
            raise TypeError(f"record: a key of {name} must be a text, got {key!r}")
        return {key: _plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic) and _is_lossless(value):
        return _plain(value.tolist(), name)
    if isinstance(value, float) and not math.isfinite(value):
        return {NUMBER: str(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"record: {name} is of type {_type_of(value)}{_advice(value)}")


def _is_lossless(value):
    """Tell whether a NumPy array or scalar survives conversion to Python's types."""
    too_wide = value.dtype.kind == "f" and value.dtype.itemsize > 8
    masked = isinstance(value, np.ma.MaskedArray)
    return value.dtype.kind in "biufU" and not too_wide and not masked


def _type_of(value):
    dtype = f" of {value.dtype}" if isinstance(value, np.ndarray | np.generic) else ""
    return type(value).__name__ + dtype


def _advice(value):
    """Advise what to record instead of a value that cannot be recorded."""
    name = type(value).__name__
    if name == "DataFrame":
        return ": record its columns, as in table['a'].to_numpy(), and its index"
    if name in ("Series", "Index"):
        return ": record its to_numpy(), and its index if it matters"
    return ": record numbers, texts, arrays of them, or lists or dicts of these"


def read_record(path):
    """Return the record of an executed notebook, with arrays as lists.

    UserError if there is no such run; `NoRecordError` if it recorded nothing.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        raise UserError(f"{path} is not a finished run: run `make sweep`") from None
    record = record_in(cells)
    if record is None:
        raise NoRecordError(f"{path} recorded nothing: its notebook must call record()")
    return record


def record_in(cells):
    """Return the record in the cells of an executed notebook; None if there is none."""
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    records = [o["data"][RECORD] for o in outputs if RECORD in o.get("data", {})]
    return dict(ChainMap(*map(_restored, reversed(records)))) if records else None


def _restored(value):
    """Return a record with NaN and infinities as numbers again."""
    if isinstance(value, dict):
        if value.keys() == {NUMBER}:
            return float(value[NUMBER])
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):  # perhaps of thousands of numbers
        return [_restored(v) if isinstance(v, (dict, list)) else v for v in value]
    return value


def values_agree(stated, reproduced, tolerance):
    """Return whether values, lists or dicts agree, numbers to a relative tolerance."""
    if isinstance(stated, dict) and isinstance(reproduced, dict):
        return stated.keys() == reproduced.keys() and all(
            values_agree(stated[key], reproduced[key], tolerance) for key in stated
        )
    if isinstance(stated, list) and isinstance(reproduced, list):
        return len(stated) == len(reproduced) and all(
            values_agree(*pair, tolerance)
            for pair in zip(stated, reproduced, strict=True)
        )
    return relative_difference(stated, reproduced) <= tolerance


def relative_difference(stated, reproduced):
    """Return the relative difference of two values; nan if they are not numbers.

    It is relative to the larger one, and zero for equal values of any type. A text that
    can be read as a number counts as one.
    """
    if stated == reproduced:
        return 0.0
    try:
        a, b = float(stated), float(reproduced)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.nan
    largest = max(abs(a), abs(b), sys.float_info.min)
    return abs(a / largest - b / largest)
