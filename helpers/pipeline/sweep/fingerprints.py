"""Fingerprints of files and, of code, the names it imports.

The fingerprint of Python code is that of its syntax tree without docstrings, so
comments and layout do not count. Of a notebook, only the code cells count.
"""

import ast
import json
from functools import cache
from itertools import accumulate

from helpers import ROOT
from helpers.pipeline.files import sha256
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, DamagedError, read_notebook

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def look_at(path, stamp):
    """Return a file's fingerprint, and the names that it imports, cached by `stamp`.

    The fingerprint is empty if there is no file. The names are dotted, include their
    parents, and may be of a member of a module.
    """
    if not path.is_file():
        return "", frozenset()
    content = path.read_bytes()
    if path.suffix == ".ipynb" and path.parent == NOTEBOOKS:
        try:
            return _look_at_notebook(path.stem)
        except DamagedError:  # its runs will fail anyway
            return sha256(content), frozenset()
    if path.suffix == ".py":
        try:
            tree = _without_docstring(ast.parse(content))
            package = path.relative_to(ROOT).parent.parts
            text, imported = _read_python(tree, package)
            return sha256(text.encode()), imported
        except (SyntaxError, ValueError):  # if it matters, the run will fail anyway
            pass
    return sha256(content), frozenset()


def _look_at_notebook(name):
    cells = read_notebook(name, NOTEBOOKS)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    try:
        parts = [_read_cell(source) for source in code]
    except SyntaxError as error:
        reason = f"{error.msg} in {(error.text or '').strip()!r}"
        raise DamagedError(f"notebooks/{name}.ipynb: {reason}") from None
    texts, imported = zip(*parts, strict=True) if parts else ((), ())
    return sha256(json.dumps(texts).encode()), frozenset().union(*imported)


def _read_cell(source):
    """Return the text of a code cell to fingerprint, and the names it imports."""
    magic, _, body = source.lstrip().partition("\n")
    if magic.startswith("%%"):  # the rest may be in any language
        try:
            return source, _read_python(ast.parse(body))[1]
        except SyntaxError:
            return source, frozenset()
    try:
        return _read_python(ast.parse(source))
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        python = TransformerManager().transform_cell(source)
        return _read_python(ast.parse(python))


def _read_python(tree, package=()):
    """Return a syntax tree without docstrings as text, and the names it imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            parts = [*above, *filter(None, [node.module])]
            names |= {".".join([*parts, alias.name]) for alias in node.names}
        elif node is not tree:  # a text at the start of a cell is not a docstring
            _without_docstring(node)
    parents = (accumulate(name.split("."), "{}.{}".format) for name in names)
    return ast.dump(tree), frozenset().union(*parents)


def _without_docstring(node):
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, False) is not None:
        del node.body[0]
    return node
