"""What counts of a file: its fingerprint, and, if it is code, what it imports.

Python code counts as its syntax tree without docstrings: comments and layout do not
count. Of a notebook, only the code cells count.
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
    """Read a file once, as long as its `stamp` stays the same.

    Returns its fingerprint, empty if there is no file, and the dotted names that it
    imports, with their parents. Some name a member of a module.
    """
    if not path.is_file():
        return "", frozenset()
    content = path.read_bytes()
    if path.suffix == ".ipynb" and path.parent == NOTEBOOKS:
        try:
            return _look_at_notebook(path.stem)
        except DamagedError:  # its runs fail by themselves
            return sha256(content), frozenset()
    if path.suffix == ".py":
        try:
            tree = _without_docstring(ast.parse(content))
            package = path.relative_to(ROOT).parent.parts
            text, imported = _read_python(tree, package)
            return sha256(text.encode()), imported
        except (SyntaxError, ValueError):  # the run fails by itself if it matters
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
    """Return what counts of a code cell, and the names it imports."""
    magic, _, body = source.lstrip().partition("\n")
    if magic.startswith("%%"):  # any language may follow
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
        elif node is not tree:  # a cell's first text is no docstring
            _without_docstring(node)
    parents = (accumulate(name.split("."), "{}.{}".format) for name in names)
    return ast.dump(tree), frozenset().union(*parents)


def _without_docstring(node):
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, False) is not None:
        del node.body[0]
    return node
