"""Read the notebooks of the project, and check that they can be run."""

import json
import re
from functools import cache

from helpers import ROOT
from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.kernels.audit import file_stamp

NOTEBOOKS = ROOT / "notebooks"
SAVE = "open it in JupyterLab and save it"


class DamagedError(UserError):
    """A notebook that cannot be run; only what depends on it fails."""


def read_notebook(notebook, folder=NOTEBOOKS):
    """Return a notebook of the project, named without folder and ending, as JSON.

    UserError if there is no notebook of that name; `DamagedError` if it cannot be run.
    """
    path = folder / f"{notebook}.ipynb"
    return _read_notebook(path, file_stamp(path))


@cache
def _read_notebook(path, stamp):
    name = f"notebooks/{path.name}"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        names = [other.stem for other in path.parent.glob("*.ipynb")]
        hint = did_you_mean(path.stem, names, repr)
        hint = hint or "; name a notebook without folder and ending"
        raise UserError(f"there is no {name}{hint}") from None
    except OSError as error:
        raise DamagedError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        wrong = str(error)
        if conflict := re.search(rb"^<{7} ", path.read_bytes(), re.MULTILINE):
            line = conflict.string.count(b"\n", 0, conflict.start()) + 1
            wrong = f"git left a conflict in it, line {line}: keep one of the versions"
        raise DamagedError(f"{name} is damaged: {wrong}") from None
    except RecursionError:
        raise DamagedError(f"{name} is damaged: it nests too deeply") from None
    if isinstance(notebook, dict) and "worksheets" in notebook:
        raise DamagedError(f"{name} has an old format: {SAVE}")
    if wrong := _damage(notebook):
        raise DamagedError(f"{name} is damaged: {wrong}")
    kernel = notebook["metadata"].get("kernelspec")
    if not isinstance(kernel, dict) or not kernel.get("name"):
        raise DamagedError(f"{name} names no kernel: {SAVE}, with the kernel Python 3")
    if str(kernel.get("language") or "python").lower() != "python":
        raise DamagedError(f"{name} is in {kernel['language']}, not in Python")
    return notebook


def _damage(notebook):
    """Return what is wrong with a notebook, given as parsed JSON, or nothing."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return "it has no list of cells"
    for number, cell in enumerate(cells, start=1):
        cell = cell if isinstance(cell, dict) else {}
        source, metadata = cell.get("source"), cell.get("metadata")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            return f"cell {number} has no source"
        if not isinstance(metadata, dict) or not isinstance(cell.get("cell_type"), str):
            return f"cell {number} has no metadata or type"
        if not isinstance(metadata.get("tags", []), list):
            return f"the tags of cell {number} are not a list"
    if notebook.get("nbformat") != 4 or not isinstance(notebook.get("metadata"), dict):
        return f"it is not in nbformat 4: {SAVE}"
    return ""
