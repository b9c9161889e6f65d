"""Read a YAML file; what is wrong with it is said on one line, in words of its own."""

import re
from copy import deepcopy
from functools import lru_cache

COLON = "a text that has a colon and a blank must be in quotes"
TOO_FAR = "it is indented below a line that has a value already, or no colon and blank"
# What the parser says, and what a person can do about it; {0} is what it names.
REASONS = {
    r'found duplicate key "(.*)" with': "the name {0!r} is given a second time",
    r"'\\t' that cannot": "a tab; indent with blanks",
    r"found character '(.)' that|alphabetic or numeric character|"
    r"undefined alias|mapping keys are not": "a text that begins with a sign such as "
    "* % @ & ? or ` must be in quotes",
    r"mapping values are not": TOO_FAR,
    r"<block end>, but found '(<scalar>)'": "a text goes on after its closing quote",
    r"<block end>": "it is not indented like the lines that it belongs to",
    r"could not find expected ':'": "a name must have a colon after it, and a value of "
    "a list `- ` before it",
    r"expected ',' or '(.)'": "a bracket is not closed: {0} is missing",
    r"but found '<stream end>'": "a bracket is not closed, or a value is missing",
    r"unexpected end of stream": "a quote is not closed",
    r"unknown escape": r"a \ between double quotes; use single quotes",
    r"another document": "only one list may be in the file: remove the ---",
}
OPENED = ("is not closed", "must have a colon")  # said of the line on which it begins


def read_yaml(path, name):
    """Read a YAML 1.2 file, which errors call by the name.

    FileNotFoundError if there is none; ValueError, with the line, if it cannot be read.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        # Opened even if it is not there: a run notes what it looked for.
        with open(path, encoding="utf-8") as file:
            text = file.read()
        return deepcopy(_parsed(text))
    except FileNotFoundError:
        raise
    except MarkedYAMLError as error:
        raise ValueError(f"{name}, {_said_of(error, text)}") from None
    except RecursionError:
        raise ValueError(f"{name} nests too deeply") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}, line {line}: not in UTF-8; save it so") from None
    except (OSError, YAMLError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"{name} cannot be read: {reason}") from None


@lru_cache(8)  # each run reads the datasheet, and a report often
def _parsed(text):
    """Return what a text in YAML 1.2 says."""
    from ruamel.yaml import YAML

    # pure: the C parser reads YAML 1.1, in which 1e-3 is text
    return YAML(typ="safe", pure=True).load(text)


def _said_of(error, text):
    """Return the line of a mistake, how it begins, and what is wrong there."""
    lines, mark = text.split("\n"), error.problem_mark
    problem = error.problem.splitlines()[0]
    for pattern, words in REASONS.items():
        if found := re.search(pattern, problem):
            problem = words.format(*found.groups())
            break
    if problem == TOO_FAR and ":" in lines[mark.line][: mark.column]:
        problem = COLON
    if any(word in problem for word in OPENED):
        mark = error.context_mark or mark
    number = mark.line
    while number and not lines[number].strip():  # at the end of the file
        number -= 1
    return f"line {number + 1} ({lines[number].strip()[:40]}): {problem}"
