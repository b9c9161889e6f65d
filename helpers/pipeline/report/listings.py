"""Source code on the page: what is shown of it, and how it is set."""

import ast
import re

COLOUR = re.compile(r"\\textcolor\[rgb\]\{([\d.,]+)\}")


def sections(code):
    """Find the sections of a docstring: parameters, results, and so on.

    Parameters
    ----------
    code : str
        A function or class.

    Returns
    -------
    list of int
        The first and the last line, from zero; empty if there are none. The empty
        line before them is the first, the one before the closing quotes the last.
    """
    [defined] = ast.parse(code).body
    if not ast.get_docstring(defined):
        return []
    docstring, lines = defined.body[0], code.split("\n")
    for k in range(docstring.lineno + 1, docstring.end_lineno):
        if re.fullmatch(r"\s*-{3,}", lines[k]):
            return [k - 2, docstring.end_lineno - 2]
    return []


def without(left_out, lines, mark):
    """Return lines, with a mark for those from the first left out to the last."""
    if not left_out:
        return lines
    first, last = left_out
    return [*lines[:first], mark, *lines[last + 1 :]]


def listing(code, first_line, left_out):
    """Return Python code as a highlighted LaTeX Verbatim with line numbers.

    Parameters
    ----------
    code : str
        All of it: what is left out decides on the colours of what follows.
    first_line : int
        Number of its first line.
    left_out : list of int
        The first and the last line that are not shown; empty if all are.
    """
    from pygments import highlight
    from pygments.formatters import LatexFormatter
    from pygments.lexers import PythonLexer

    options = r"fontsize=\footnotesize,frame=lines,framerule=0.3pt,numbersep=8pt"
    formatter = LatexFormatter(
        linenos=True, linenostart=first_line, verboptions=options
    )
    verbatim = highlight(code, PythonLexer(), formatter)
    if left_out:
        begin, *lines = verbatim.split("\n")
        next_number = rf"\setcounter{{FancyVerbLine}}{{{first_line + left_out[1]}}}"
        lines = without(left_out, lines, f"    ...{next_number}")
        verbatim = "\n".join([begin, *lines])
    return verbatim.replace("`", r"\textasciigrave{}")  # else it is set as a quote


def name_colours(definitions):
    """Give names to the colours in Pygments' definitions of LaTeX commands.

    LaTeX would read the three numbers of a colour at every word that has it, in a
    sixth of its time.
    """
    for number, rgb in enumerate(sorted(set(COLOUR.findall(definitions)))):
        name = f"listing{number}"
        numbers, named = rf"\textcolor[rgb]{{{rgb}}}", rf"\textcolor{{{name}}}"
        defined = rf"\definecolor{{{name}}}{{rgb}}{{{rgb}}}" + "\n"
        definitions = defined + definitions.replace(numbers, named)
    return definitions
