"""Describe the error of a cell on one line, with its place."""

import ast
import os
import re

from helpers import ROOT
from helpers.pipeline.kernels.audit import name_in
from helpers.pipeline.report.claims import MAGICS
from helpers.pipeline.sweep.executed import with_magic_hint

QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
FRAME = re.compile(r'^  File "(.+?)", line (\d+)', re.MULTILINE)
BEFORE, WIDTH = 20, 60  # characters shown of a line of text


def described(error, number, source):
    """Describe the error of a cell with that number, and its place.

    The place is a line of a helper that cannot be imported, of the text that the error
    quotes, or of the cell. `error` is from the reply of a `ForkedKernel`.
    """
    text = f"{error['name']}: {error['text']}" if error["name"] else error["text"]
    text = with_magic_hint(" ".join(text.split()), MAGICS)
    where = _in_helper(error["lines"])
    if not where and source.lstrip().startswith("%%"):
        where = _in_text(source, text)
    elif not where:
        where = _in_cell(error["lines"], number)
    return f"{text} ({where})" if where else text


def _in_helper(lines):
    """Return the line of the project's module that could not be imported, if any."""
    for path, number, function, code in reversed(lines):
        name = _project_name(path)
        if name and function == "<module>":  # otherwise, it was called, not imported
            return f"{name}, line {number}: {code.strip()}"
    return ""


def _project_name(path):
    """Return a file's name if it is in the project; cells have no path."""
    return name_in(str(ROOT), path) if os.path.isabs(path) else ""


def _in_cell(lines, cell):
    """Return the line of the cell that raised the error, if it is known."""
    for path, number, _, code in reversed(lines):
        if path.startswith(f"<ipython-input-{cell}-"):
            return f"line {number}: {code.strip()}"
    return ""


def _in_text(source, message):
    """Return the first line of a text that contains what a message quotes, if any."""
    for quoted in map(_unquoted, QUOTED.findall(message)):
        piece = re.escape(quoted.split("\n")[0])
        for pattern in (rf"\{{\{{ *{piece} *\}}\}}", piece):
            for number, line in enumerate(source.split("\n"), start=1):
                if quoted and (match := re.search(pattern, line)):
                    return f"line {number}: {_around(match.start(), line)}"
    return ""


def _unquoted(text):
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):  # text between two apostrophes
        return text[1:-1]


def _around(place, line):
    """Return the part of a line, which may be long, around a place."""
    begin = max(0, place - BEFORE) if len(line) > WIDTH else 0
    shown = line[begin : begin + WIDTH].strip()
    return f"{'…' * bool(begin)}{shown}{'…' * (len(line) > begin + WIDTH)}"


def place_in(printed):
    """Return the last place in the project that a printed traceback names, if any."""
    for path, line in reversed(FRAME.findall(printed)):
        if name := _project_name(path):
            return f" ({name}, line {line})"
    return ""
