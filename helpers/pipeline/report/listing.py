"""Typeset Python code as a listing: colours, line numbers, formulas in docstrings."""

import re
from itertools import repeat, zip_longest

from pygments import highlight
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter, LatexFormatter
from pygments.lexers import PythonLexer
from pygments.token import String

OPTIONS = "frame=lines,framerule=0.3pt,numbersep=8pt"
STYLES = {"light": "default", "dark": "github-dark"}  # of Pygments, for the screen
SIZE, COLUMNS = 9, 94  # font size in points, and how many such letters fit in a line
LEADING = 1.08  # distance between lines, relative to the font size
INLINE = re.compile(r":math:`([^`]+)`")
# A directive with its formula, on the same line and on indented lines below.
BLOCK = re.compile(r"\n( *)\.\. math::(.*(?:(?:\n *)*\n\1 +\S.*)*)(?=\n)")
# Where a row of a formula may end: with this, or before a line that begins so.
ENDS, BEGINS = re.compile(r"\s*\\(q?quad|\\)$"), re.compile(r"^\\(q?quad\b|\\)\s*")
# Stand for a formula, and for lines that are not printed, until the code is coloured.
FORMULA, SKIPPED = "\ue000{}\ue001", "\ue002{}\ue003"
MARK = re.compile("\ue000(\\d+)\ue001"), re.compile("\ue002(\\d+)\ue003")


class Formulas(Filter):
    """Replace each formula in docstrings by a mark with its index in `formulas`."""

    def __init__(self):
        super().__init__()
        self.formulas = []

    def filter(self, lexer, stream):
        """Yield the tokens of a listing."""
        raw = False
        for kind, text in stream:
            if kind is String.Affix:
                raw = "r" in text.lower()
            if kind is String.Doc:
                self.raw, raw = raw, False
                yield kind, INLINE.sub(self._inline, BLOCK.sub(self._block, text))
            else:
                yield kind, text

    def _inline(self, match):
        formula = " ".join(match[1].split())
        return self._mark(formula) + _skipped(match[1].count("\n"))

    def _block(self, match):
        indent, body = match.groups()
        lines = [line.strip() for line in body.split("\n")]
        begin = next(i for i, line in enumerate(lines) if line)
        rows = rows_of(lines[begin:])
        formulas = [self._mark(rf"\displaystyle {formula}") for formula, _ in rows]
        skipped = [_skipped(n_lines - 1) for _, n_lines in rows]
        printed = "".join(map("\n{}{}{}".format, repeat(indent), formulas, skipped))
        return _skipped(begin) + printed

    def _mark(self, formula):
        formula = formula if self.raw else formula.replace("\\\\", "\\")
        # In a Verbatim, LaTeX would expand the short form of a prime forever.
        formula = re.sub("'+", lambda m: "^{" + len(m[0]) * r"\prime" + "}", formula)
        self.formulas.append(formula)
        return FORMULA.format(len(self.formulas) - 1)


def _skipped(n_lines):
    return SKIPPED.format(n_lines) if n_lines else ""


def rows_of(lines):
    """Join the lines of a formula into rows; return each with its number of lines."""
    rows, row = [], []
    for line, after in zip_longest(lines, lines[1:], fillvalue=r"\\"):
        row.append(line)
        formula = " ".join(row)
        if (ENDS.search(formula) or BEGINS.match(after)) and is_complete(formula):
            rows.append((BEGINS.sub("", ENDS.sub("", formula)), len(row)))
            row = []
    return [*rows, (" ".join(row), len(row))] if row else rows


def is_complete(row):
    """Tell whether a row of a formula can be set on its own."""
    pairs = (("{", "}"), (r"\left", r"\right"), (r"\begin", r"\end"))
    bare = re.sub(r"\\[{}]|\\(left|right)\w+", "", row)
    return "&" not in row and all(bare.count(a) == bare.count(b) for a, b in pairs)


def listing(code, first_line):
    """Return Python code as a highlighted LaTeX Verbatim, with the file's line numbers.

    Formulas in docstrings are set as mathematics; lines that only reStructuredText
    needs are left out, and their numbers skipped.
    """
    columns = max(map(len, code.splitlines()), default=0)
    size = SIZE * min(1, COLUMNS / max(columns, 1))
    font = rf"formatcom=\fontsize{{{size:.2f}}}{{{LEADING * size:.2f}}}\selectfont"
    formatter = LatexFormatter(
        linenos=True, linenostart=first_line, verboptions=f"{OPTIONS},{font}"
    )
    verbatim, formulas = coloured(code, formatter)
    verbatim = verbatim.replace("`", r"\textasciigrave{}")  # otherwise a quote
    formula, skipped = MARK
    verbatim = formula.sub(r"\\formula{\1}", verbatim)
    verbatim = skipped.sub(r"\\addtocounter{FancyVerbLine}{\1}", verbatim)
    definitions = (f"\\defineformula{{{n}}}{{{f}}}\n" for n, f in enumerate(formulas))
    return "".join(definitions) + verbatim


def coloured(code, formatter):
    """Return highlighted code with marks for its formulas, and the formulas."""
    lexer, extractor = PythonLexer(), Formulas()
    lexer.add_filter(extractor)
    return highlight(code, lexer, formatter), extractor.formulas


def html_listing(code, first_line, formulas):
    """Return Python code as highlighted HTML, each line with its number.

    `formulas` has the MathML of the formulas in docstrings, by their LaTeX.
    """
    text, latex = coloured(code, HtmlFormatter(nowrap=True))
    formula, skipped = MARK
    lines, number = [], first_line
    for line in text.splitlines():
        set_line = formula.sub(lambda m: formulas[latex[int(m[1])]], line)
        lines.append(f'<span data-line="{number}">{skipped.sub("", set_line)}</span>')
        number += 1 + sum(int(m[1]) for m in skipped.finditer(line))
    return "\n".join(lines)
