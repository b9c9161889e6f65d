"""Listings: the code as it is on disk, with the formulas of its docstrings."""

import re

import nbformat
import pypdfium2
import pytest

from helpers import ROOT
from helpers.pipeline.report import typeset
from helpers.pipeline.report.listing import listing, rows_of


def document_of(code, first_line=1):
    """Return a document with a listing, and the files it reads."""
    shown = {"kind": "listing", "label": "lst:a", "caption": "It.", "code": code}
    shown |= {"first_line": first_line, "breakable": True}
    output = nbformat.v4.new_output("display_data", metadata={"report": shown})
    cell = nbformat.v4.new_code_cell(outputs=[output])
    return typeset.to_latex(nbformat.v4.new_notebook(cells=[cell]))


def formulas(code):
    return re.findall(r"\\defineformula\{\d+\}\{(.*)\}", listing(code, 1))


def numbers(code, first_line=1):
    """Return the number printed next to each line of a listing."""
    latex = listing(code, first_line).partition("\\begin{Verbatim}")[2]
    number, found = first_line, []
    for line in latex.splitlines()[1:-1]:
        found.append(number)
        skipped = re.search(r"\\addtocounter\{FancyVerbLine\}\{(\d+)\}", line)
        number += 1 + int(skipped[1] if skipped else 0)
    return found


def test_formulas_within_a_sentence_are_set_and_all_else_is_kept():
    code = 'def f(x):\n    r"""Step by :math:`\\eta g`, not ``$x_1``.\n    """\n'
    assert formulas(code) == [r"\eta g"]
    latex = listing(code, 7)
    assert (
        r"Step by \formula{0}, not \textasciigrave{}\textasciigrave{}\PYZdl{}x" in latex
    )
    assert numbers(code, 7) == [7, 8, 9]


def test_a_formula_that_is_broken_in_a_sentence_is_set_whole():
    code = 'r"""The step :math:`\\eta\n+ g` is\nshort."""\n'
    assert formulas(code) == [r"\eta + g"]
    assert numbers(code) == [1, 3]


@pytest.mark.parametrize(
    ("lines", "rows", "numbered"),
    [
        ([r"    .. math:: a"], ["a"], [1, 2, 3, 4, 5]),
        (["    .. math::", "", "        a"], ["a"], [1, 2, 5, 6, 7]),
        (["    .. math::", "        a,", "        b"], ["a, b"], [1, 2, 4, 6, 7]),
        ([r"    .. math:: a \qquad", "        b"], ["a", "b"], [1, 2, 3, 4, 5, 6]),
        (
            ["    .. math::", "", r"        a \qquad c \\", r"        \quad b"],
            [r"a \qquad c", "b"],
            [1, 2, 5, 6, 7, 8],
        ),
        (
            ["    .. math::", "", r"        \frac{a \quad", "        }{b}"],
            [r"\frac{a \quad }{b}"],
            [1, 2, 5, 7, 8],
        ),
    ],
)
def test_a_displayed_formula_has_rows_and_the_lines_keep_their_numbers(
    lines, rows, numbered
):
    code = "\n".join(['r"""Sum.', "", *lines, "", '"""', ""])
    assert formulas(code) == [rf"\displaystyle {row}" for row in rows]
    assert numbers(code) == numbered


def test_a_table_in_a_formula_is_not_torn():
    lines = [
        r"\begin{matrix} a & b \\",
        r"c & d \end{matrix}",
        r"\left( x \quad",
        r"\right)",
    ]
    assert rows_of(lines) == [(" ".join(lines), 4)]


def test_only_raw_docstrings_have_single_backslashes():
    assert formulas('"""Of :math:`\\\\eta` and."""\n') == [r"\eta"]
    assert formulas("x = r':math:`a`'\n") == []


def test_the_docstrings_of_the_project_are_readable_in_print(printed):
    modules = ("model", "descent", "theory", "optimisers", "compression", "scores")
    code = "".join((ROOT / f"helpers/{name}.py").read_text() for name in modules)
    assert r"\frac" in code
    text = printed(*document_of(code))
    assert not re.search(r"\\(frac|sum|lambda|eta|theta|left)|:math:|math::", text)
    assert "n_samples" in text


def test_mathematics_that_a_listing_treats_otherwise_is_set(printed):
    code = 'r"""Of :math:`x\'\' - y_1^2`, :math:`\\left(\\begin{smallmatrix} a & b '
    code += '\\end{smallmatrix}\\right)`.\n\n.. math:: \\text{50 \\% of } x\n"""\n'
    assert "50%of" in printed(*document_of(code))


def test_long_lines_are_set_smaller(to_pdf):
    for columns in (80, 130):
        path = to_pdf(*document_of(f"x = '{'w' * (columns - 6)}'\n"))
        with pypdfium2.PdfDocument(path) as document:
            page = document[0].get_textpage()
            edges = [page.get_charbox(i)[2] for i in range(page.count_chars())]
        assert 300 < max(edges) < (210 - 25) / 25.4 * 72 + 1
