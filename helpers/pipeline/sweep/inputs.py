"""What a run rests on: its inputs, each with a fingerprint, and where runs are kept.

Some inputs are known before the run: the code of the notebook and of the project's
modules that it imports, the files that its parameters name, the locked packages, Python
and the kind of processor. Others show while it runs: the files of the project that it
opens. A finished run is current as long as none of them has changed.
"""

import ast
import hashlib
import json
import os
import platform
from functools import cache

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.arithmetic import processors
from helpers.pipeline.kernels.opened import name_in, read_log, stamp
from helpers.pipeline.sweep.experiments import NOTEBOOKS, read_notebook

RUNS = ROOT / "build" / "runs"
FACTS = {"Python": platform.python_version(), "processor": processors()}
ALWAYS = ("requirements.txt", *FACTS)
PLACES = (NOTEBOOKS, ROOT)  # where a run looks for modules and files
BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def path_of(run):
    """Return where a finished run is kept."""
    return RUNS / f"{run}.ipynb"


def failed_path_of(run):
    """Return where a failed run is kept, with its error on top."""
    return RUNS / f"{run}.failed.ipynb"


class Inputs:
    """The inputs of runs as they are now; each is looked at once."""

    def __init__(self):
        self._fingerprints = dict(FACTS)
        self._code, self._named = {}, {}

    def of(self, point):
        """Return the inputs that are known before a run.

        Parameters
        ----------
        point : helpers.pipeline.sweep.experiments.Point
            The notebook and its complete parameters.

        Returns
        -------
        dict of str to str
            Fingerprints by name; of a file, that is its path in the project.
        """
        if point.notebook not in self._code:
            files = code_files(point.notebook)
            names = [file.relative_to(ROOT).as_posix() for file in files]
            self._code[point.notebook] = [*names, *ALWAYS]
        names = list(self._code[point.notebook])
        for value in point.parameters.values():
            if isinstance(value, str):
                if value not in self._named:
                    self._named[value] = _files_named(value)
                names += self._named[value]
        return {name: self.fingerprint(name) for name in names}

    def changed(self, inputs):
        """Name those of a run's inputs that have another fingerprint now."""
        return [name for name in inputs if inputs[name] != self.fingerprint(name)]

    def fingerprint(self, name):
        """Return the fingerprint of an input, by its name."""
        if name not in self._fingerprints:
            path = ROOT / name
            self._fingerprints[name] = _fingerprint(path, stamp(path))
        return self._fingerprints[name]


def _files_named(value):
    """Name the files of the project that a text parameter may mean."""
    paths = [os.path.join(place, value) for place in PLACES]
    return [name_in(str(ROOT), p) for p in paths if os.path.isfile(p)]


def recorded_inputs(path):
    """Return the inputs that an executed notebook says it had; None if it has none.

    They stand in the first line of the file, so that thousands are read at once.
    """
    try:
        with open(path, encoding="utf-8") as file:
            metadata = json.loads(file.readline().rstrip(",\n") + "}")["metadata"]
        return metadata["run"]["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def with_opened(inputs, log):
    """Add what a run has opened to its inputs, and name what changed meanwhile.

    Parameters
    ----------
    inputs : dict of str to str
        Those known before the run.
    log : str
        See `helpers.pipeline.kernels.opened.watch`.

    Returns
    -------
    inputs : dict of str to str
        All of them.
    changed : list of str
        Those that are not as they were when the run began, or read them.
    """
    read, written = read_log(log)
    now, found = Inputs(), [name for name in read if name not in inputs]
    changed = now.changed(inputs)
    changed += [
        name
        for name in found
        if name not in written and read[name] != stamp(ROOT / name)
    ]
    return inputs | {name: now.fingerprint(name) for name in found}, changed


def modules_behind(notebook):
    """List what a notebook imports, itself and through the project's modules.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Returns
    -------
    list of str
        Dotted names, sorted, but those of modules beside the notebook: each run is
        seen to open these. Some name a member of a module.
    """
    names = {name for file in code_files(notebook) for name in _imports_of(file)}
    local = _local_packages() - {"helpers"}
    return sorted(name for name in names if name.partition(".")[0] not in local)


def code_files(notebook):
    """List a notebook and the project's modules that it imports, in turn.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.

    Returns
    -------
    list of Path
        Sorted.
    """
    start, local = NOTEBOOKS / f"{notebook}.ipynb", _local_packages()
    found, pending, seen = {start}, set(_imports_of(start)), set()
    while pending:
        name = pending.pop()
        seen.add(name)
        if name.partition(".")[0] in local:
            for file in _files_of(name) - found:
                found.add(file)
                pending |= _imports_of(file) - seen
    return sorted(found)


def _local_packages():
    """Name what may be a module or a package of the project."""
    return {name.partition(".")[0] for place in PLACES for name in os.listdir(place)}


def _files_of(module):
    """Return the files of the project that a module may consist of."""
    names = (module.replace(".", "/") + end for end in (".py", "/__init__.py"))
    paths = [place / name for name in names for place in PLACES]
    return {path for path in paths if path.is_file()}


def _imports_of(path):
    """Name all that a notebook or module imports."""
    return _read_code(path, stamp(path))[1]


@cache
def _fingerprint(path, stamp):
    """Return the fingerprint of a file, which had this stamp."""
    is_code = path.suffix == ".py" or (path.suffix, path.parent) == (
        ".ipynb",
        NOTEBOOKS,
    )
    return _read_code(path, stamp)[0] if stamp and is_code else digest(path)


def digest(path):
    """Return the SHA-256 of a file's content; empty if it is not a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


@cache
def _read_code(path, stamp):
    """Return the fingerprint of a module or a notebook, and the names it imports.

    Of Python code counts the syntax tree without docstrings, so neither comments nor
    layout. What is no Python counts as it stands.
    """
    if path.suffix == ".ipynb":
        cells = read_notebook(path.stem)["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        parts = [_read_cell(source, path.name) for source in sources]
    else:
        source = path.read_bytes()
        try:
            parts = [_read_python(source, path.relative_to(ROOT).parent.parts)]
        except (SyntaxError, ValueError):  # the notebook's own error, if it matters
            parts = [(repr(source), frozenset())]
    text = json.dumps([text for text, _ in parts])
    names = frozenset().union(*(names for _, names in parts))
    return hashlib.sha256(text.encode()).hexdigest(), names


def _read_cell(source, notebook):
    """Return what counts of a code cell, and the names it imports."""
    if source.startswith("%%"):
        try:
            body = source.partition("\n")[2]
            return source, _read_python(body)[1]
        except SyntaxError:
            return source, frozenset()
    try:
        return _read_python(source)
    except SyntaxError:
        lines = source.splitlines()  # magics, where Python wants an expression
        lines = [_quoted(t) if t.lstrip()[:1] in ("%", "!") else t for t in lines]
    try:
        return _read_python("\n".join(lines))
    except SyntaxError as error:
        raise UserError(
            f"notebooks/{notebook}: {error.msg} in {error.text!r}"
        ) from None


def _quoted(line):
    return f"{line[: len(line) - len(line.lstrip())]}({line!r})"


def _read_python(source, package=None):
    """Return the syntax tree of Python code as text, and the names it imports.

    Parameters
    ----------
    source : str or bytes
        A module or a cell.
    package : tuple of str, optional
        Where a module is. A cell's first text is no docstring.
    """
    tree, names = ast.parse(source), set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = (package or ())[: len(package or ()) - node.level + 1]
            parts = [*(above if node.level else ()), *filter(None, [node.module])]
            names |= {".".join([*parts, alias.name]) for alias in node.names}
        elif _has_docstring(node) and (package is not None or node is not tree):
            del node.body[0]
    split = [name.split(".") for name in names]
    names = {
        ".".join(parts[:end]) for parts in split for end in range(1, len(parts) + 1)
    }
    return ast.dump(tree), frozenset(names)


def _has_docstring(node):
    return (
        isinstance(node, DOCUMENTED)
        and ast.get_docstring(node, clean=False) is not None
    )


def _statements(node):
    """Yield the statements in a node of Python code; expressions import nothing."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        for block in BLOCKS:
            pending += getattr(node, block, ())
