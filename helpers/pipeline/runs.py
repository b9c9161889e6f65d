"""Runs: what identifies one, what it records, and where it is kept.

A run is one executed notebook, ``build/runs/<identifier>.ipynb``, and it is
its own evidence: its result stands in one of its outputs.
"""

import ast
import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from math import isfinite
from pathlib import Path

from helpers.data import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.experiments import read_notebook, read_points, select

RUNS = ROOT / "build" / "runs"
RECORD = "application/vnd.dl4ia.record+json"
PACKAGES = (
    "numpy",
    "matplotlib",
    "pandas",
    "sympy",
    "ipykernel",
    "papermill",
    "nbconvert",
)


def ingredients(point):
    """List, as digests, everything that determines the outcome of a point.

    Parameters
    ----------
    point : helpers.pipeline.experiments.Point
        The notebook and its complete parameters.

    Returns
    -------
    dict of str to str
        By name: the notebook, its parameters, every helper that it imports, the
        data file, and the lock.
    """
    files = helper_files(tuple(imports_of(point.notebook)))
    return {
        f"notebooks/{point.notebook}.ipynb": _digest_of(notebook_code(point.notebook)),
        "parameters": _digest_of(point.parameters),
        **{file.relative_to(ROOT).as_posix(): digest(file) for file in files},
        str(point.parameters.get("data", "")): digest(
            ROOT / point.parameters.get("data", "")
        ),
        "requirements.txt": digest(ROOT / "requirements.txt"),
    }


def identify(point):
    """Name a run by the content of everything that determines its outcome.

    Parameters
    ----------
    point : helpers.pipeline.experiments.Point
        The notebook and its complete parameters.

    Returns
    -------
    str
        The same for the same `ingredients`, and for no other.
    """
    return f"{point.notebook}-{_digest_of(ingredients(point))[:12]}"


def _digest_of(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def notebook_code(notebook):
    """Return the sources of a notebook's code cells."""
    cells = read_notebook(notebook)["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


@cache
def digest(path):
    """Return the SHA-256 of a file's content; empty if it is not a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def modules_behind(notebook):
    """List all that a notebook may import: itself, and through helpers.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Returns
    -------
    list of str
        Dotted names, sorted; some name a member of a module.
    """
    names = set(imports_of(notebook))
    for file in helper_files(tuple(names)):
        names.update(imported_modules(file.read_text(encoding="utf-8")))
    return sorted(names)


@cache
def helper_files(modules):
    """Return the files of `helpers` that modules consist of and import in turn.

    Parameters
    ----------
    modules : tuple of str
        Dotted names; those outside of `helpers` do not count.

    Returns
    -------
    list of Path
        Sorted.
    """
    found, pending = set(), list(modules)
    while pending:
        name = pending.pop()
        place = ROOT / name.replace(".", "/")
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if name.startswith("helpers") and file.is_file() and file not in found:
                found.add(file)
                pending += imported_modules(file.read_text(encoding="utf-8"))
    return sorted(found)


@cache
def imports_of(notebook):
    """Return the names that a notebook's own cells import, sorted."""
    names = set()
    for code in notebook_code(notebook):
        lines = ["" if line[:1] in "%!" else line for line in code.splitlines()]
        if not code.startswith("%%"):
            try:
                names.update(imported_modules("\n".join(lines)))
            except SyntaxError as error:
                raise UserError(
                    f"notebooks/{notebook}.ipynb: {error.msg} in {error.text!r}"
                ) from None
    return sorted(names)


def imported_modules(code):
    """Name all that Python code may import: modules, their parents and members."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    return [".".join(p[:end]) for p in parts for end in range(1, len(p) + 1)]


def forget_files():
    """Look at all files anew: a process that lives long may see them change."""
    for remembered in (notebook_code, digest, helper_files, imports_of):
        remembered.cache_clear()


def path_of(identifier):
    """Return where a finished run is kept."""
    return RUNS / f"{identifier}.ipynb"


def failed_path_of(identifier):
    """Return where a failed run is kept, with its error on top."""
    return RUNS / f"{identifier}.failed.ipynb"


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

    versions = {"Python": platform.python_version()}
    versions |= {name: version(name) for name in PACKAGES}
    content = _plain({**values, "versions": versions})
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
