"""Records: what a run reports.

A run is one executed notebook, ``build/runs/<run>.ipynb``. Its record is one of its
outputs, so the notebook is the evidence.
"""

import json
import math
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from helpers.pipeline.errors import UserError

TOLERANCE = 1e-9  # relative, between platforms with other arithmetic
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
        Numbers, texts, arrays, and lists or dicts of them. NaN and infinities are
        written as text, as they are not valid JSON. The versions of Python and the
        packages are added.
    """
    from IPython.display import display

    content = _plain({**values, "versions": VERSIONS})
    text = f"recorded: {', '.join(values)}"
    display({RECORD: content, "text/plain": text}, raw=True)


def _plain(value):
    """Return a value in Python's own types; JSON keeps their numbers exactly."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


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
    """Return a record in which NaN and infinities are numbers again."""
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def alike(stated, reproduced, tolerance):
    """Return whether values, lists or dicts agree, numbers to a relative tolerance."""
    if isinstance(stated, dict) and isinstance(reproduced, dict):
        return stated.keys() == reproduced.keys() and all(
            alike(stated[key], reproduced[key], tolerance) for key in stated
        )
    if isinstance(stated, list) and isinstance(reproduced, list):
        return len(stated) == len(reproduced) and all(
            alike(*pair, tolerance) for pair in zip(stated, reproduced, strict=True)
        )
    return relative(stated, reproduced) <= tolerance


def relative(stated, reproduced):
    """Return the relative difference of two values; nan if they are not numbers.

    Parameters
    ----------
    stated, reproduced : float, int or str
        Text that reads as a number counts as one.

    Returns
    -------
    float
        Zero for equal values of any kind; relative to the larger one.
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
