"""What identifies a run, the content of all that determines it, and where it is."""

import ast
import hashlib
import json
import platform
from functools import cache

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.kernels.arithmetic import processors
from helpers.pipeline.sweep.experiments import read_notebook

RUNS = ROOT / "build" / "runs"
BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
PROCESSORS = processors()
ALWAYS = ("report/figures.mplstyle", "requirements.txt")


def ingredients(point):
    """List, as digests, everything that determines the outcome of a point.

    Parameters
    ----------
    point : helpers.pipeline.sweep.experiments.Point
        The notebook and its complete parameters.

    Returns
    -------
    dict of str to str
        By name: the notebook, its parameters, every helper that it imports, the
        data file, the look of figures, the lock, the version of Python, and the
        processors that give the same bits.
    """
    files = helper_files(tuple(imports_of(point.notebook)))
    return {
        f"notebooks/{point.notebook}.ipynb": _digest_of(notebook_code(point.notebook)),
        "parameters": _digest_of(point.parameters),
        **{file.relative_to(ROOT).as_posix(): digest(file) for file in files},
        str(point.parameters.get("data", "")): digest(
            ROOT / point.parameters.get("data", "")
        ),
        **{name: digest(ROOT / name) for name in ALWAYS},
        "Python": platform.python_version(),
        "processors": PROCESSORS,
    }


def identify(point):
    """Name a run by the content of everything that determines its outcome.

    Parameters
    ----------
    point : helpers.pipeline.sweep.experiments.Point
        The notebook and its complete parameters.

    Returns
    -------
    str
        The same for the same `ingredients`, and for no other.
    """
    return f"{point.notebook}-{_digest_of(ingredients(point))[:12]}"


def path_of(identifier):
    """Return where a finished run is kept."""
    return RUNS / f"{identifier}.ipynb"


def failed_path_of(identifier):
    """Return where a failed run is kept, with its error on top."""
    return RUNS / f"{identifier}.failed.ipynb"


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
    found, seen, pending = [], set(), set(modules)
    while pending:
        name = pending.pop()
        seen.add(name)
        if name.partition(".")[0] != "helpers":
            continue
        place = ROOT / name.replace(".", "/")
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                found.append(file)
                pending |= imported_modules(file.read_text(encoding="utf-8")) - seen
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


@cache
def imported_modules(code):
    """Name all that Python code may import: modules, their parents and members."""
    names = set()
    for node in _statements(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    return {".".join(p[:end]) for p in parts for end in range(1, len(p) + 1)}


def _statements(node):
    """Yield the statements in a node of Python code; expressions import nothing."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        for block in BLOCKS:
            pending += getattr(node, block, ())


def forget_files():
    """Look at all files anew: a process that lives long may see them change."""
    for remembered in (notebook_code, digest, helper_files, imports_of):
        remembered.cache_clear()
