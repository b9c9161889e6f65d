"""Read a YAML file, or explain in one line and in plain words what is wrong with it."""

import re
from copy import deepcopy
from functools import lru_cache

COLON = "a text that contains a colon and a space must be in quotes"
TOO_FAR = "it is indented below a line that has a value already, or lacks a colon"
# The parser's messages, and what to tell the user instead; {0} is the group's text.
REASONS = {
    r'found duplicate key "(.*)" with': "the name {0!r} is used twice",
    r"'\\t' that cannot": "a tab; indent with spaces",
    r"found character '(.)' that|alphabetic or numeric character|"
    r"undefined alias|mapping keys are not": "a text that begins with a special "
    "character such as * % @ & ? or ` must be in quotes",
    r"mapping values are not": TOO_FAR,
    r"<block end>, but found '(<scalar>)'": "a text continues after its closing quote",
    r"<block end>": "it is not indented like the lines that it belongs to",
    r"could not find expected ':'": "a name needs a colon after it, and an item of a "
    "list needs `- ` before it",
    r"expected ',' or '(.)'": "a bracket is not closed: {0} is missing",
    r"but found '<stream end>'": "a bracket is not closed, or a value is missing",
    r"unexpected end of stream": "a quote is not closed",
    r"unknown escape": r"a \ between double quotes; use single quotes",
    r"another document": "the file may contain only one part: remove the ---",
}
OPENED = ("is not closed", "needs a colon")  # reported at the line where it begins


def read_yaml(path, name):
    """Read a YAML 1.2 file, which error messages call `name`.

    FileNotFoundError if there is none; ValueError, with the line, if it cannot be read.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        # Opened even if it does not exist: a run records which files it looked for.
        with open(path, encoding="utf-8") as file:
            text = file.read()
        return deepcopy(_parsed(text))
    except FileNotFoundError:
        raise
    except MarkedYAMLError as error:
        raise ValueError(f"{name}, {_explain(error, text)}") from None
    except RecursionError:
        raise ValueError(f"{name} nests too deeply") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}, line {line}: save the file as UTF-8") from None
    except (OSError, YAMLError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"{name} cannot be read: {reason}") from None


@lru_cache(8)  # each run reads the datasheet, a report even several times
def _parsed(text):
    """Return the content of a text in YAML 1.2."""
    from ruamel.yaml import YAML

    # pure: the C parser reads YAML 1.1, in which 1e-3 is text
    return YAML(typ="safe", pure=True).load(text)


def _explain(error, text):
    """Return the number and the beginning of the wrong line, and what is wrong."""
    lines, mark = text.split("\n"), error.problem_mark
    problem = error.problem.splitlines()[0]
    for pattern, reason in REASONS.items():
        if match := re.search(pattern, problem):
            problem = reason.format(*match.groups())
            break
    if problem == TOO_FAR and ":" in lines[mark.line][: mark.column]:
        problem = COLON
    if any(word in problem for word in OPENED):
        mark = error.context_mark or mark
    number = mark.line
    while number and not lines[number].strip():  # at the end of the file
        number -= 1
    return f"line {number + 1} ({lines[number].strip()[:40]}): {problem}"
