"""What is wrong with a cell, in one line that says where it is."""

import ast
import os
import re
import traceback

from helpers import ROOT
from helpers.pipeline.kernels.opened import name_in
from helpers.pipeline.sweep.executed import with_nearest_magic

QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
FRAME = re.compile(r'^  File "(.+?)", line (\d+)', re.MULTILINE)
BEFORE, WIDTH = 20, 60  # letters of a line of text that are shown


def described(error, number, source, magics):
    """Describe the error of a cell of that number, and say where it is.

    That is the line of a helper that cannot be imported, of the text which the error
    quotes, or of the cell, which may begin with one of the `magics`.
    """
    name = "" if hasattr(error, "_render_traceback_") else f"{type(error).__name__}: "
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = " ".join(f"{name}{text}".split())
    text = with_nearest_magic(text, [f"%%{magic}" for magic in magics])
    if source.lstrip().startswith("%%"):
        where = _in_helper(error) or _in_text(source, text)
    else:
        where = _in_helper(error) or _in_cell(error, number)
    return f"{text} ({where})" if where else text


def _in_helper(error):
    """Return the line of the project's module that could not be imported, if any."""
    if isinstance(error, SyntaxError):
        name = _own_name(error.filename or "")
        return name and f"{name}, line {error.lineno}: {(error.text or '').strip()}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        name = _own_name(frame.filename)
        if name and frame.name == "<module>":  # else it is called, not imported
            return f"{name}, line {frame.lineno}: {frame.line}"
    return ""


def _own_name(path):
    """Return the name of a file if it is of the project; cells have no path."""
    return name_in(str(ROOT), path) if os.path.isabs(path) else ""


def _in_cell(error, number):
    """Return the line of the code of a cell that raised an error, if it is known."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {(error.text or '').strip()}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename.startswith(f"<ipython-input-{number}-")]
    return f"line {own[-1].lineno}: {own[-1].line}" if own else ""


def _in_text(source, message):
    """Return the line of a text that has what a message quotes, if it has any."""
    for quoted in map(_unquoted, QUOTED.findall(message)):
        piece = re.escape(quoted.split("\n")[0])
        for pattern in (rf"\{{\{{ *{piece} *\}}\}}", piece):
            for number, line in enumerate(source.split("\n"), start=1):
                if quoted and (found := re.search(pattern, line)):
                    return f"line {number}: {_around(found.start(), line)}"
    return ""


def _unquoted(text):
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):  # what is between two apostrophes
        return text[1:-1]


def _around(place, line):
    """Return what stands around a place of a line, which may be long."""
    begin = max(0, place - BEFORE) if len(line) > WIDTH else 0
    shown = line[begin : begin + WIDTH].strip()
    return f"{'…' * bool(begin)}{shown}{'…' * (len(line) > begin + WIDTH)}"


def place_in(printed):
    """Return the project's last line that a printed traceback names, or nothing."""
    for path, line in reversed(FRAME.findall(printed)):
        if name := _own_name(path):
            return f" ({name}, line {line})"
    return ""
