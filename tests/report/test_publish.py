"""Claims, prose and captions, and how they are typeset."""

import inspect
import os
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from pypdf import PdfReader
from traitlets.config import Config

from helpers.figures.formatting import (
    breakable,
    list_text,
    literal,
    math_text,
    number_text,
    rate_text,
)
from helpers.model import cost
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.errors import UserError
from helpers.pipeline.report import (
    drawing,
    lab,
    overview,
    paths,
    pdf,
    publish,
    typeset,
)
from helpers.pipeline.report.claims import Claims
from helpers.pipeline.report.page import sides
from helpers.pipeline.report.paths import Paths
from helpers.pipeline.report.publish import Report


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (23.9436629, ".6f", "23.943663"),
        (0.0001, ".0e", "10^{-4}"),
        (1.0, ".0e", "1"),
        (80694.0, ".2e", r"8.07 \times 10^{4}"),
        (-3.2e-7, ".1e", r"-3.2 \times 10^{-7}"),
        (128247, ",d", "128{,}247"),
        (3e-05, "g", r"3 \times 10^{-5}"),
        (4.41e10, "", r"44100000000.0"),
        (-1e16, "", "-10^{16}"),
        (0.125, ".1%", r"12.5\%"),
        (float("-inf"), "g", r"-\infty"),
        ("converged", "", "converged"),
    ],
)
def test_numbers_are_printed_for_mathematics(value, spec, text):
    assert number_text(value, spec) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        (["converged", "descending"], "The first within one percent of its optimum"),
        (["converged", "diverged"], "Diverged: one of the two."),
        (["descending", "descending"], "The lowest final cost, 1, is that of the run"),
        (["diverged", "diverged"], "No run has a final cost. Diverged: both."),
        (["diverged", "failed"], "Diverged: one of the two. Failed: one of the two."),
        (["failed"], "No run has a final cost. Failed: the only one."),
    ],
)
def test_of_an_experiment_the_same_claims_are_stated_whatever_came_out(
    monkeypatch, shown, ends, text
):
    """Otherwise a student's own text would lack claims on other data."""
    made = [
        {"run": f"run-{rate}", "parameters": {"rate": rate}, "status": status}
        | {"costs": 1 + 8 * 0.5 ** np.arange(60.0), "best": 1.0, "limit": 0.5}
        | {"iterations_measured": 9 if status == "converged" else None}
        | {"listed": ("rate",)}
        for rate, status in enumerate(ends)
    ]
    monkeypatch.setattr(overview, "load_runs", lambda name: made)
    report = Report()
    report.experiment("mine")
    stated = {name.removeprefix("experiment-mine.") for name in report.claims}
    assert stated >= {"best", "diverged", "failed"}
    assert stated <= {"best", "diverged", "failed", "shown", "most"}
    captions = [output.metadata["report"].get("caption", "") for output in shown]
    assert any(text in report.claims.fill(caption) for caption in captions)


@pytest.mark.parametrize(
    ("costs", "text"),
    [
        ([[2, np.nan], [3, np.nan]], "No run has a final cost."),
        ([[np.nan, np.nan], [2, 1]], "The lowest final cost, 1, is that of the run"),
        ([[np.nan], [np.nan]], "No run has a final cost."),
        ([[-1, -2], [-1, -3]], "The lowest final cost, $-3$, is that of the run"),
        ([[0, 0], [0, 0]], "The lowest final cost, 0, is that of the runs"),
    ],
)
def test_an_experiment_is_shown_whatever_its_costs_are(monkeypatch, shown, costs, text):
    made = [
        {"run": f"run-{rate}", "parameters": {"rate": rate}, "listed": ("rate",)}
        | {"status": "done", "costs": np.array(of, dtype=float)}
        for rate, of in enumerate(costs)
    ]
    monkeypatch.setattr(overview, "load_runs", lambda name: made)
    report = Report()
    report.experiment("mine")
    assert text in report.claims.fill(shown[-1].metadata["report"]["caption"])


def test_of_runs_without_a_descent_nothing_is_said_of_costs(monkeypatch, shown):
    made = [
        {"run": f"run-{status}", "parameters": {"how": status}, "status": status}
        | {"listed": ("how",), "score": 0.5}
        for status in ("good", "failed")
    ]
    monkeypatch.setattr(overview, "load_runs", lambda name: made)
    report = Report()
    report.experiment("mine")
    caption = report.claims.fill(shown[-1].metadata["report"]["caption"])
    assert "Failed: one of the two." in caption
    assert "cost" not in caption
    for name, options in (("a", {"rows": "how"}), ("b", {"show": "excess"})):
        with pytest.raises(ValueError, match=f"^{name} has no figure: its runs record"):
            report.experiment(name, **options)
    made.pop(0)  # all have failed: show that, whatever the options
    report.experiment("failed", rows="how")


@pytest.mark.parametrize(
    ("taken", "text"),
    [
        ([64, 64, 80], "of their optimum are the runs with `rate=0` and `rate=1`, at"),
        ([80, 64, 80], "of its optimum is the run with `rate=1`, at iteration 64."),
        (
            [0, 0, 0],
            "at iteration 0. That is the start, so there is nothing to compare.",
        ),
        ([0, 3], "is the run with `rate=0`, at iteration 0."),
        ([1] * 6, "`rate=0`, `rate=1`, `rate=2`, `rate=3` and 2 more, at iteration 1."),
        ([None, None], "5, is that of the runs with `rate=0` and `rate=1`."),
        ([7], "The run is within one percent of its optimum at iteration 7."),
    ],
)
def test_runs_of_an_experiment_that_tie_are_all_named(monkeypatch, shown, taken, text):
    costs = 5 + 8 * 0.5 ** np.arange(90.0)
    made = [
        {"run": f"run-{rate}", "parameters": {"rate": rate}, "status": "converged"}
        | {"costs": costs, "best": 1.0, "limit": 0.5, "listed": ("rate",)}
        | {"iterations_measured": count}
        for rate, count in enumerate(taken)
    ]
    monkeypatch.setattr(overview, "load_runs", lambda name: made)
    report = Report()
    report.experiment("mine")
    caption = shown[-1].metadata["report"]["caption"]
    assert text in report.claims.fill(caption)
    assert ("nothing to compare" in caption) == (set(taken) == {0})


def test_a_claim_of_a_caption_or_an_alternative_text_is_filled_in_or_named(shown):
    report = Report()
    report.claims.state("best", 10.847, ".2f")
    given = {"label": "f", "caption": "It is {{best}}.", "alt": "Falls to {{best}}"}
    report.figure(plt.subplots()[0], **given)
    described = shown[0].metadata["report"]
    assert described["alt"] == "Falls to 10.85"
    for name in ("caption", "alt"):
        wrong = given | {"label": name, name: "It is {{bset}}."}
        with pytest.raises(ValueError, match="named 'bset'; did you mean 'best'"):
            report.figure(plt.subplots()[0], **wrong)
    with pytest.raises(ValueError, match="'worst' is 'abc', which cannot be printed"):
        report.claims.state("worst", "abc", ".6f")
    plt.close("all")


@pytest.mark.parametrize("text", ["It costs 5$ or 6$.", "See $$ x^2 $ here."])
def test_dollars_that_are_no_mathematics_are_refused(text):
    with pytest.raises(ValueError, match=r"would be mathematics; write \\\$ for the"):
        Claims().fill(text)
    assert Claims().fill("from $2$ to $ 3 $") == "from $2$ to $3$"


def test_rates_that_are_powers_of_ten_are_printed_as_such():
    printed = [rate_text(rate) for rate in (1.0, 0.1, 1e-8, 0.85)]
    assert printed == ["$1$", "$0.1$", "$10^{-8}$", "$0.85$"]
    assert math_text(None) == "–"


def test_claims_fill_text_and_name_what_is_wrong():
    claims = Claims()
    claims.state("one.cost", 23.943662938, ".6f", unit="(mi/gal)²", run="run-1")
    assert claims.fill("a cost of {{one.cost}}") == "a cost of 23.943663"
    assert claims.fill("{{ one.cost }} or $x^{2}}$") == "23.943663 or $x^{2}}$"
    with pytest.raises(ValueError, match="'{{one.cost} here' is not a claim"):
        claims.fill("a cost of {{one.cost} here")
    with pytest.raises(ValueError, match="'{{b.cost} and ' is not a claim"):  # as typed
        claims.fill("a cost of {{b.cost} and {{one.cost}}")
    with pytest.raises(ValueError, match="'{one.cost}' is not a claim"):
        claims.fill("a cost of {one.cost}")
    meant = r"$x_{one.cost}$, `{one.cost}`, \{one.cost\} and the set {a, b} or {x}"
    assert claims.fill(meant) == meant
    in_code = "Write `{{ a | b }}` or\n```\n{{x\n```"
    assert claims.fill(in_code) == in_code
    with pytest.raises(ValueError, match="'one.cots'; did you mean 'one.cost'"):
        claims.fill("{{one.cots}}")
    with pytest.raises(ValueError, match="stated twice"):
        claims.state("one.cost", 1)
    with pytest.raises(ValueError, match="has only letters, digits"):
        claims.state("one cost", 1)


SPECS = (
    "",
    "d",
    ",d",
    ".3f",
    "+.2f",
    ".2e",
    ".0e",
    "g",
    ".3g",
    "+.3g",
    ",.1f",
    ".0%",
    ".1%",
)


@given(
    value=st.one_of(st.integers(), st.floats(-1e300, 1e300)),
    spec=st.sampled_from(SPECS),
)
def test_a_number_is_the_same_inside_and_outside_of_mathematics(value, spec):
    value = int(value) if spec.endswith("d") else value
    claims = Claims()
    claims.state("a", value, spec)
    inside = claims.fill("$x = {{a}}$").removeprefix("$x = ").removesuffix("$")
    outside = claims.fill("x = {{a}}").removeprefix("x = ")
    for text in (inside, outside.strip("$")):
        plain = text.replace("{,}", ",").replace(r"\%", "%").replace("10^", "1e10^")
        plain = plain.replace(r" \times 1e10^", "e").replace("e10^", "e")
        plain = re.sub(r"\{(-?\d+)\}", r"\1", plain)
        assert read_number(plain) == read_number(format(value, spec))
    # Text outside mathematics has nothing that needs mathematics.
    assert outside[0] == "$" or re.fullmatch(r"[+\d.,%]+", outside)
    assert not re.search(r"(?<!\\)%|e|(?<!\{),(?!\})", inside.replace(r"\times", ""))


def read_number(text):
    """Return the number that a text stands for."""
    number = float(text.replace(",", "").removesuffix("%"))
    return number / 100 if text.endswith("%") else number


def test_a_claim_that_is_no_number_is_refused():
    claims = Claims()
    with pytest.raises(ValueError, match="the claim 'a' is nan, which is not a number"):
        claims.state("a", float("nan"), ".3f")
    for several in (pd.Series([1, 2]), np.array([1.5]), [1, 2]):
        with pytest.raises(ValueError, match="'a' must be one number or text, not "):
            claims.state("a", several, ".3f")
    claims.state("a", float("inf"))
    claims.state("b", np.array(1.5), ".3f")  # an array without axes is one number
    assert claims.fill("{{b}}") == "1.500"


@pytest.mark.parametrize("text", ["the cost $J^* of", "$\\eta is small", "a $(x) b"])
def test_mathematics_that_does_not_end_is_named(text):
    with pytest.raises(ValueError, match="mathematics is left open: ") as caught:
        Claims().fill(text)
    assert r"write \$ for the currency" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["costs $5 or $6", r"a \$x", "`$HOME`", "$x$ and $y$, $5", "```\n$a\n```"]
)
def test_a_dollar_that_is_no_mathematics_is_taken(text):
    assert Claims().fill(text) == text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{a}} or ${{a}}$ or $x_{{{a}}}$", "$A$ or $A$ or $x_{A}$"),
        ("$$ {{a}} $$ {#eq:x} {{a}}", "$$ A $$ {#eq:x} $A$"),
        (r"\$5, {{p}}, and \$6 or ${{p}}$", r"\$5, 12%, and \$6 or $12\%$"),
        ("it costs $5 or {{p}} of $6", "it costs $5 or 12% of $6"),
        ("`$x` {{p}} `$`", "`$x` 12% `$`"),
        ("$a\nb = {{n}}$ {{n}}", "$a\nb = 1{,}234$ 1,234"),
        (
            r"\begin{align} x &= {{p}} \end{align}",
            r"$$\begin{aligned}x &= 12\%\end{aligned}$$",
        ),
        ("${{w}}$ {{w}}", r"$\text{none at all}$ none at all"),
        ("{{t}}", "$x$ and $y$"),
    ],
)
def test_a_claim_is_set_by_where_it_stands(text, filled):
    claims = Claims()
    claims.state("a", "$A$")
    claims.state("p", 0.12, ".0%")
    claims.state("n", 1234, ",d")
    claims.state("w", "none at all")
    claims.state("t", "$x$ and $y$")
    assert claims.fill(text) == filled
    with pytest.raises(
        ValueError, match=r"'\$x\$ and \$y\$' has mathematics of its own"
    ):
        claims.fill("$z = {{t}}$")


def test_numbers_are_printed_as_numbers_by_pandoc_and_latex(shown, printed):
    report, expected = Report(), []
    values = (
        (3e-05, "g", "3×10−5"),
        (4.41e10, ".3g", "4.41×1010"),
        (-0.5, "+.2f", "−0.50"),
        (0.5, "+.2f", "+0.50"),
        (398.4, "+#.3g", "+398"),
        (-0.0004, ".3f", "0.000"),
        (0.125, ".1%", "12.5%"),
        (128247, ",d", "128,247"),
        (-1234567.8, ",.1f", "−1,234,567.8"),
        (1e-10, ".0e", "10−10"),
        (float("inf"), "g", "∞"),
        ("none", "", "none"),
    )
    for number, (value, spec, text) in enumerate(values):
        report.claims.state(f"c{number}", value, spec)
        report.prose(f"A{number}: {{{{c{number}}}}}; ${{{{c{number}}}}}$.")
        expected.append(f"A{number}:{text};{text}.")
    page = printed(*as_latex(shown))
    assert page.startswith("".join(expected))


def test_a_cell_that_is_executed_again_states_its_claims_anew(monkeypatch):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    monkeypatch.setattr(publish, "get_ipython", lambda: shell)
    shell.user_ns["claims"] = claims = Report().claims

    def execute(code, cell):
        shell.run_cell(code, cell_id=cell).raise_error()

    execute("claims.state('a', 1); claims.state('gone', 1)", "one")
    execute("claims.state('a', 2)", "one")
    assert {name: claim.value for name, claim in claims.items()} == {"a": 2}
    with pytest.raises(ValueError, match="'a' is stated twice"):
        execute("claims.state('a', 3)", "another")
    nested = "get_ipython().run_cell('1 + 1'); claims.state('b', 1)"
    shell.user_ns["get_ipython"] = lambda: shell
    for _ in range(2):
        execute(nested, "third")
    assert claims["b"].value == 1


def test_where_cells_have_no_names_a_claim_is_made_once():
    claims = Claims()
    claims.state("a", 1)
    with pytest.raises(ValueError, match="'a' is stated twice"):
        claims.state("a", 1)


@pytest.mark.parametrize(
    ("error", "bound", "text"),
    [
        (4.8e-12, 1e-10, "$10^{-10}$"),
        (3e-12, 1e-11, "$10^{-11}$"),
        (3e-13, 1e-12, "$10^{-12}$"),
        (3e-16, 1e-12, "$10^{-12}$"),
        (0.0, 1e-12, "$10^{-12}$"),
        (0.4, 10.0, "$10^{1}$"),
    ],
)
def test_a_rounding_error_is_claimed_as_a_power_of_ten_above_it(error, bound, text):
    claims = Claims()
    claims.state_below("error", error, 1e-12)
    assert claims["error"][:2] == (bound, text)


def test_a_file_of_any_name_is_attached(to_pdf):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("It.")])
    names = ("a/b.py", "(a %#_.ipynb", "é\\.py", "王 (1).py", "b")
    carried = {name: name.encode() for name in names} | {"Z": b""}
    latex, files = typeset.to_latex(notebook, carried)
    reader = PdfReader(to_pdf(latex, files))
    found = {name: content for name, [content] in reader.attachments.items()}
    assert found == carried


def as_latex(outputs):
    cell = nbformat.v4.new_code_cell(outputs=outputs)
    return typeset.to_latex(nbformat.v4.new_notebook(cells=[cell]))


def test_references_are_numbered_in_the_order_they_are_named(shown):
    report = Report()
    report.prose("By @eq:b and @fig:later, $$ x $$ {#eq:a} see @fig:now, @app:code.")
    text = shown[0].data["text/markdown"]
    assert r"$$ x \tag{1}$$" in text
    assert "[(2)](#eq:b)" in text
    assert "[Figure 1](#fig:later)" in text
    assert "[Figure 2](#fig:now)" in text
    assert "[Appendix A](#app:code)" in text


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Return a function that gives the report a notebook with cells of Markdown."""

    def write(*sources):
        cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "it.ipynb")
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "it.ipynb").rename(tmp_path / "notebooks" / "report.ipynb")
        own = Paths(root=tmp_path)
        monkeypatch.setattr(paths, "current_report", lambda: own)
        return cells

    return write


def test_a_section_has_its_number_in_print_and_its_name_in_the_notebook(
    shown, notebook, printed
):
    sources = ("# The first", "# Its scale <!-- #sec:scale -->", "# The code {#app:it}")
    first, second, appended = notebook(*sources)
    report = Report()
    report.prose(
        "See @sec:scale, @sec:rates and @app:it.\n\n## Rates {#sec:rates}\n\nIt."
    )
    report.appendix()
    text = shown[0].data["text/markdown"]
    assert "See [Its scale](#Its-scale), [" in text
    assert "[The code](#The-code)" in text
    assert "## Rates\n" in text
    cells = [first, nbformat.v4.new_code_cell(outputs=shown[:1]), second]
    cells += [nbformat.v4.new_code_cell(outputs=shown[1:]), appended]
    page = printed(*typeset.to_latex(nbformat.v4.new_notebook(cells=cells)))
    assert "SeeSection2,Section1.1andAppendixA." in page
    assert "2Itsscale" in page
    assert "#" not in page


def test_numbers_in_the_notebook_are_those_in_print(shown, monkeypatch):
    cells = [
        "report.prose(text)",
        'report.figure(fig, xlabel="x", label="a", caption="A.")\n'
        'report.table(frame, label="b", caption="B.")',
        'ax.plot(x, label="b")\n# report.figure(fig, label="old", caption="A.")',
        "%%prose\n$$ x $$ {#eq:a}\n\n$$ y $$ {#eq:b}",
        'report.figure(fig, label="b", caption="C.")',
    ]
    monkeypatch.setattr(lab, "current_cells", lambda: [{"source": c} for c in cells])
    report = Report()
    report.prose("In @fig:b, @tab:b, @eq:b and, of a loop, @fig:c.")
    assert shown[0].data["text/markdown"] == (
        "In [Figure 2](#fig:b), [Table 1](#tab:b), [(2)](#eq:b) and, of a loop, "
        "[Figure 3](#fig:c)."
    )
    report.table(pd.DataFrame({"x": ["1"]}), label="b", caption="B.")
    assert "**Table 1.** B." in str(shown)


def test_works_are_cited_by_name_in_the_notebook(shown):
    Report().prose("As @boyd2004 say [@polyak1964; @boyd2004, p. 3]; `@boyd2004`, @no.")
    assert shown[0].data["text/markdown"] == (
        "As Boyd and Vandenberghe (2004) say (Polyak 1964; Boyd and Vandenberghe "
        "2004, p. 3); `@boyd2004`, @no."
    )


def test_the_works_of_a_file_of_its_own_are_cited_by_name(shown, monkeypatch, tmp_path):
    works = "@book{woods2018, author={Woods, R.}, title={Images}, year=2018}"
    (tmp_path / "mine.bib").write_text(works, encoding="utf-8")
    cells = [
        "%%prose\nOf `report/references.bib`: @woods2018.",
        '# report.bibliography("other.bib")',
        'report.bibliography(ROOT / "report" / "mine.bib")',
    ]
    monkeypatch.setattr(lab, "BIBLIOGRAPHIES", tmp_path)
    monkeypatch.setattr(publish, "BIBLIOGRAPHIES", tmp_path)
    monkeypatch.setattr(lab, "current_cells", lambda: [{"source": c} for c in cells])
    report = Report()
    report.prose("As in [@woods2018].")
    assert shown[0].data["text/markdown"] == "As in (Woods 2018)."
    report.bibliography("mine.bib")
    assert "Images" in shown[1].data["text/html"]
    for wrong, message in (
        (f"\n{works}\n@book{{b, title={{B}} year=1}}", "report/bad.bib, line 3: une"),
        (
            f"{works}\n{works}",
            "^report/bad.bib has two works with the key woods2018$",
        ),
    ):
        (tmp_path / "bad.bib").write_text(wrong, encoding="utf-8")
        cells[2] = 'report.bibliography("bad.bib")'
        report = Report()
        report.prose("As in [@woods2018].")  # the cell with the works raises the error
        assert shown[-1].data["text/markdown"] == "As in [@woods2018]."
        with pytest.raises(UserError, match=message):
            report.bibliography("bad.bib")
    with pytest.raises(UserError, match=r"^there is no report/mein.bib; did you mea"):
        report.bibliography("mein.bib")
    with pytest.raises(UserError, match=r"^there is no report/works.bib; there are "):
        report.bibliography(tmp_path / "works.bib")


def test_the_text_that_leads_to_an_equation_stays_with_it(shown):
    Report().prose("It is:\n\n$$ a $$ {#eq:x}\n\nThen.")
    latex, _ = as_latex(shown)
    assert "It is:\n\\begin{equation}" in latex


def test_a_figure_has_its_words_for_the_blind_in_print(shown, to_pdf):
    figure, _ = plt.subplots()
    Report().figure(figure, label="a", caption="It.", alt="A (flat) line, é.")
    latex, files = as_latex(shown)
    reader = PdfReader(to_pdf(latex, files))
    content = reader.pages[0].get_contents().get_data()
    text = b"\xfe\xff" + "A (flat) line, é.".encode("utf-16-be")
    assert b"/Span << /Alt <" + text.hex().encode() + b"> >> BDC" in content
    assert content.count(b"BDC") == content.count(b"EMC")
    assert reader.root_object["/Lang"] == "en-GB"


def test_prose_is_set_with_its_numbers_references_and_citations(shown):
    report = Report()
    report.claims.state("n", 392, "d")
    report.table(pd.DataFrame({"x": ["1"]}), label="cars", caption="Cars.")
    report.prose("All {{n}} cars & 5 % in @tab:cars [@quinlan1993]: $x_i$ {{n}}.")
    report.bibliography("references.bib")
    report.prose("$$ z = w x $$ {#eq:model}")
    latex, _ = as_latex(shown)
    reference = r"\hyperref[tab:cars]{Table~\ref*{tab:cars}}"
    assert (
        rf"All 392 cars \& 5 \% in {reference} (\citeproc{{ref-quinlan1993}}" in latex
    )
    assert r"\begin{equation}\label{eq:model}" in latex


def test_what_follows_an_equation_in_small_letters_is_no_new_paragraph(shown):
    Report().prose("It is\n\n$$ a $$ {#eq:x}\n\nwith a.\n\n$$ b $$ {#eq:y}\n\nThen b.")
    latex, _ = as_latex(shown)
    assert "\\end{equation}\nwith a." in latex
    assert "\\end{equation}\n\nThen b." in latex


def test_only_the_labelled_equation_is_numbered(shown):
    Report().prose("$$ a $$ and $$ b $$ {#eq:x}")
    assert shown[0].data["text/markdown"] == r"$$ a $$ and $$ b \tag{1}$$"


def test_a_block_left_open_ends_with_its_cell(shown):
    report = Report()
    report.prose("```\nnever closed")
    report.prose("*Next.*")
    latex, _ = as_latex(shown)
    assert "never closed\n\\end{verbatim}" in latex
    assert r"\emph{Next.}" in latex


def test_a_table_that_the_list_of_provenance_lacks_is_named(shown, shell):
    report, frame = Report(), pd.DataFrame({"x": ["1"]})
    report.table(frame, label="listed", caption="One.")
    report.provenance()
    as_latex(shown)
    report.table(frame, label="late", caption="Another.")
    with pytest.raises(UserError, match=r"^tab:late is not listed by report\.prov"):
        as_latex(shown)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It is $$ a = 1\n\nand so on.", "mathematics is left open: 'It is "),
        (r"It is \begin{align} a.", "mathematics is left open: 'It is "),
        ("![A picture](some.png)", r"publish pictures with report\.figure: '!\[A"),
    ],
)
def test_markdown_that_would_come_out_as_something_else_is_named(shown, text, message):
    Report().prose(text)
    with pytest.raises(UserError, match=message):
        as_latex(shown)


def test_markdown_is_set_as_it_is_meant(shown, to_pdf):
    report = Report()
    report.prose("| a | b |\n|---|---|\n| 1 | 2 |")
    report.prose("Code: `$$ a`, and\n\n```\n\\includegraphics{x}\n\\begin{y}\n```")
    report.prose("It costs \\$\\$ or [less](https://example.org/@ada).")
    latex, _ = as_latex(shown)
    assert r"\begin{longtable}" in latex
    assert to_pdf(latex).exists()


def test_mathematics_in_a_plain_markdown_cell_may_have_double_braces():
    cells = [nbformat.v4.new_markdown_cell(r"It is $\hat{{x}}$.")]
    latex, _ = typeset.to_latex(nbformat.v4.new_notebook(cells=cells))
    assert r"\hat{{x}}" in latex


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It is {{n}}.", "claims are for %%prose cells: 'It is {{n}}"),
        (
            "%%prose\nHello",
            r"%%prose needs a code cell, not Markdown: '%%prose\\nHello'",
        ),
        ("It costs 5$ or 6$.", r"for the currency: 'It costs 5\$ or 6\$\.'"),
    ],
)
def test_what_a_plain_markdown_cell_cannot_have_is_named(text, message):
    cells = [nbformat.v4.new_markdown_cell(text)]
    with pytest.raises(UserError, match=message):
        typeset.to_latex(nbformat.v4.new_notebook(cells=cells))


def test_a_figure_is_set_with_caption_and_label_and_shown_in_the_notebook(shown):
    figure, axes = plt.subplots()
    axes.set(xlabel="x", ylabel="y")
    Report().figure(figure, label="costs", caption="The *cost*.", alt="A line.")
    latex, files = as_latex(shown)
    (name,) = files
    assert files[name].startswith(b"%PDF")
    assert rf"{{{name}}}" in latex
    assert r"\caption{The \emph{cost}.}\label{fig:costs}" in latex
    assert shown[1].data["text/markdown"] == "**Figure 1.** The *cost*."
    assert shown[0].data["text/plain"] == "A line."
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("inches", "printed"), [(3.15, r"0.5\linewidth"), (9, r"\linewidth")]
)
def test_a_figure_is_as_wide_as_it_is_at_most_as_the_text(shown, inches, printed):
    figure, _ = plt.subplots(figsize=(inches, 2))
    Report().figure(figure, label="it", caption="It.", alt="axes")
    latex, _ = as_latex(shown)
    assert rf"\includegraphics[width={printed}]" in latex


def test_the_same_figure_is_the_same_bytes(shown):
    for _ in range(2):
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        Report().figure(figure, label="a", caption="b", alt="c")
    assert shown[0].data == shown[2].data


@pytest.mark.parametrize("layout", [None, "constrained", "compressed", "tight"])
def test_a_format_is_the_same_bytes_whichever_others_are_drawn(layout, monkeypatch):
    def drawn(formats):
        monkeypatch.setenv(FORMATS, formats)
        figure, axes = plt.subplots(1, 2, sharey=True, layout=layout)
        for ax in axes:
            ax.plot([0, 100], [500, 10], label="a line with a name")
            ax.set(title="features", xlabel="iteration", ylabel="cost")
        place = "outside right upper" if layout == "constrained" else "upper right"
        figure.legend(*ax.get_legend_handles_labels(), loc=place)
        made = drawing.draw(figure, "it")
        plt.close(figure)
        return made

    assert drawn("svg pdf") == drawn("svg") | drawn("pdf")


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_a_colour_bar_is_drawn_beside_its_image(layout, monkeypatch):
    monkeypatch.setenv(FORMATS, "svg")
    figure, ax = plt.subplots(layout=layout)
    bar = figure.colorbar(ax.imshow(np.eye(3)), label="images")
    assert "image/svg+xml" in drawing.draw(figure, "it")
    left, right = (a.get_window_extent() for a in (ax, bar.ax))
    assert left.x1 < right.x0
    assert bar.ax.get_tightbbox().x1 <= figure.bbox.x1
    plt.close(figure)


def test_the_lines_of_a_grid_are_behind_an_image(monkeypatch):
    monkeypatch.setenv(FORMATS, "svg")
    figure, ax = plt.subplots()
    ax.grid(True)
    ax.set_axisbelow(True)
    image = ax.imshow(np.eye(3))
    drawing.draw(figure, "it")
    assert image.get_zorder() > ax.xaxis.get_zorder()
    plt.close(figure)


def test_a_figure_drawn_beside_the_notebook_is_the_same_once_it_is_finished(
    shown, monkeypatch
):
    def publish_one(report):
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        report.figure(figure, label="a", caption="B.", alt="c")
        assert not plt.get_fignums()

    publish_one(Report())
    alone = shown[0]
    monkeypatch.setenv(drawing.IN_BACKGROUND, "1")
    report = Report()
    publish_one(report)
    assert shown[2].data == {"text/plain": "c"}
    report.provenance()
    assert shown[2] == alone
    assert "image/svg+xml" in alone.data


def test_what_cannot_be_drawn_beside_the_notebook_is_named(shown, monkeypatch):
    monkeypatch.setenv(drawing.IN_BACKGROUND, "1")
    report = Report()
    report.claims.begin_cell("it", 7)
    figure, axes = plt.subplots()
    axes.set(title="速")
    report.figure(figure, label="it", caption="It.", alt="a title")
    named = r"In \[7\], fig:it: its font has no letter '速'"
    with pytest.raises(ValueError, match=named):
        report.provenance()
    figure, axes = plt.subplots()
    axes.set(title=r"$\fracc{1}$")
    report.figure(figure, label="formula", caption="It.", alt="a title")
    with pytest.raises(ValueError, match=r"^In \[7\], fig:formula: \s*\\fracc"):
        report.provenance()
    with pytest.raises(RuntimeError, match="that drew a figure has died"):
        drawing.call_in_background(os._exit, 1)()


def test_a_table_escapes_text_and_keeps_mathematics(shown):
    frame = pd.DataFrame({"a_b": ["50 % & more", "$x_1$"], r"$\eta$": ["$1$", "–"]})
    Report().table(frame, label="t", caption="C.")
    latex, _ = as_latex(shown)
    assert r"a\_b & $\eta$ \\" in latex
    assert r"50 \% \& more & $1$ \\" in latex
    assert "$x_1$ & –" in latex
    assert r"\toprule" in latex
    assert "50 % &amp; more" in shown[1].data["text/html"]


def cells_of(frame, shown):
    """Publish a frame; return its column names and cells."""
    Report().table(frame, label=f"it-{len(shown)}", caption="It.")
    found = shown[-1].metadata["report"]
    return found["columns"], found["rows"]


def test_a_table_has_all_that_pandas_shows(shown):
    frame = pd.DataFrame({"a": [1, 2, 2], "b": [1e-12, 2.345678912, None]})
    assert cells_of(frame, shown) == (
        ["a", "b"],
        [["$1$", "$10^{-12}$"], ["$2$", "$2.34568$"], ["$2$", "–"]],
    )
    columns, rows = cells_of(frame.describe(), shown)
    assert columns == ["", "a", "b"]
    assert [row[0] for row in rows][:3] == ["count", "mean", "std"]
    columns, rows = cells_of(frame.groupby("a").agg(["min", "max"]), shown)
    assert columns == ["a", "b min", "b max"]
    assert rows[1] == ["$2$", "$2.34568$", "$2.34568$"]
    columns, rows = cells_of(frame[["a", "b"]].corr().round(2), shown)
    assert columns == ["", "a", "b"]
    columns, rows = cells_of(frame["b"].round(2), shown)
    assert (columns, rows[1]) == (["b"], ["$2.35$"])
    named = pd.Series([0.5, 1234], index=pd.Index(["x", "y"], name="feature"), name="w")
    assert cells_of(named, shown) == (
        ["feature", "w"],
        [["x", "$0.5$"], ["y", "$1234$"]],
    )
    true, predicted = pd.Series([0, 1, 1], name="true"), pd.Series([0, 0, 1], name="as")
    confusion = pd.crosstab(true, predicted)
    counted = [["$0$", "$1$", "$0$"], ["$1$", "$1$", "$1$"]]
    assert cells_of(confusion, shown) == (["true \\ as", "0", "1"], counted)
    columns, rows = cells_of(confusion.rename_axis(index=None).reset_index(), shown)
    assert columns == ["index", "0", "1"]


@pytest.mark.parametrize("table", [{"a": [1]}, np.eye(2)])
def test_a_table_that_is_no_frame_is_refused(shown, table):
    with pytest.raises(TypeError, match="must be a pandas DataFrame or Series, not "):
        Report().table(table, label="it", caption="It.")


def test_a_table_of_many_rows_runs_over_pages(shown):
    Report().table(pd.DataFrame({"a": range(70)}), label="it", caption="It.")
    assert shown[-1].metadata["report"]["kind"] == "longtable"


def test_the_last_rows_of_a_long_table_stay_together(shown, to_pdf):
    def rows_of_pages(count):
        shown.clear()
        rows = [f"row{n}" for n in range(count)]
        Report().table(pd.DataFrame({"a": rows}), label="it", caption="It.", long=True)
        pages = PdfReader(to_pdf(*as_latex(shown))).pages
        return [page.extract_text().count("row") for page in pages]

    [first, *_] = rows_of_pages(100)
    assert rows_of_pages(first + 1) == [first - 2, 3]
    assert rows_of_pages(first + 2) == [first - 1, 3]
    assert rows_of_pages(2) == [2]


def test_a_caption_may_be_set_in(shown, printed):
    report = Report()
    report.claims.state("n", 5)
    report.table(
        pd.DataFrame({"a": ["x"]}), label="it", caption="\n    Of {{n}}:\n\t`a`."
    )
    cell = nbformat.v4.new_code_cell(outputs=shown)
    latex, _ = typeset.to_latex(nbformat.v4.new_notebook(cells=[cell]))
    assert r"\caption{Of 5: \texttt{a}.}" in latex


def test_signs_of_a_cell_are_not_joined(shown, printed):
    signs = ["a--b---c", "<<x>>", ",,y", "$i--j$"]
    Report().table(pd.DataFrame({"a": signs}), label="it", caption="It.")
    cell = nbformat.v4.new_code_cell(outputs=shown)
    text = printed(typeset.to_latex(nbformat.v4.new_notebook(cells=[cell]))[0])
    assert "".join(signs[:3]) in text


@pytest.mark.parametrize("long", [False, True])
def test_cells_may_begin_with_any_sign(shown, printed, long):
    signs = ["[CO2]", "*mass", "[1pt]", "[", "]", "*", " [a", "&", "%b", "\\\\[c]"]
    frame = pd.DataFrame({"[name]": signs, "*n": range(len(signs))})
    Report().table(frame, label="it", caption="It.", align="ll", long=long)
    [cell] = (s for s in shown if s.metadata["report"]["kind"] != "lab")
    page = printed(*as_latex([cell]))
    rows = "".join(f"{sign}{k}".replace(" ", "") for k, sign in enumerate(signs))
    assert f"[name]*n{rows}" in page


def test_long_names_of_columns_of_numbers_are_broken_into_lines(shown, printed):
    name = "squared error on the training set, in (mi/gal) squared"
    frame = pd.DataFrame({f"{name} {k}": [1.5, 1234.5] for k in range(4)})
    Report().table(frame, label="it", caption="It.")
    [cell] = (s for s in shown if s.metadata["report"]["kind"] != "lab")
    page = printed(*as_latex([cell])).replace("-\n", "").replace("\n", "")
    assert page.count("squarederror") == page.count("1234.5") == 4
    assert sides(cell.metadata["report"]["align"]) == ["right"] * 4


def test_a_table_that_is_a_little_too_wide_is_set_smaller(shown, printed):
    for length in (85, 100, 120):
        shown.clear()
        report = Report()
        report.table(
            pd.DataFrame({"a": ["x" * length]}), label="it", caption="It.", align="l"
        )
        [cell] = (s for s in shown if s.metadata["report"]["kind"] != "lab")
        if length < 120:
            assert "x" * length in printed(*as_latex([cell]))
        else:
            with pytest.raises(UserError, match="tab:it is .* in too wide"):
                printed(*as_latex([cell]))


@pytest.mark.parametrize("label", ["mine_2", "My-Fig", "a b", "", "fig:a"])
def test_a_label_that_references_could_not_name_is_refused(shown, label):
    with pytest.raises(ValueError, match="must consist of lowercase letters, digits"):
        Report().table(pd.DataFrame({"a": [1]}), label=label, caption="It.")


@pytest.mark.parametrize(
    "caption", ["One.\n\nTwo.", "- one\n- two", "It.\n1. one", "$$ x $$"]
)
def test_a_caption_is_one_paragraph(shown, caption):
    with pytest.raises(ValueError, match="tab:it: the caption must be one paragraph"):
        Report().table(pd.DataFrame({"a": [1]}), label="it", caption=caption)


def test_a_label_given_twice_says_both_cells(shown):
    report, frame = Report(), pd.DataFrame({"a": [1]})
    report.claims.begin_cell("first", 3)
    report.table(frame, label="it", caption="It.")
    report.claims.begin_cell("first", 4)  # the same cell again
    report.table(frame, label="it", caption="It.")
    report.claims.begin_cell("second", 7)
    with pytest.raises(ValueError, match=r"tab:it is used twice: In \[3\] and In"):
        report.table(frame, label="it", caption="It.")


def test_a_claim_that_is_stated_further_down_is_named_with_its_cell(
    monkeypatch, tmp_path
):
    (tmp_path / "notebooks").mkdir()
    cell = nbformat.v4.new_code_cell('claims.state("late", 1, "d")', id="further-down")
    path = tmp_path / "notebooks" / "report.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    own = Paths(root=tmp_path)
    monkeypatch.setattr(paths, "current_report", lambda: own)
    with pytest.raises(ValueError, match="'late' yet: the cell 'further-down' states"):
        Claims().fill("{{late}}")
    with pytest.raises(ValueError, match="named 'lte'; did you mean 'late'"):
        Claims().fill("{{lte}}")


@pytest.mark.parametrize("title", ["速度", "$x$ in 速度", r"$\mathtt{速}$"])
def test_a_letter_that_a_figure_has_not_is_named(shown, title):
    figure, axes = plt.subplots()
    axes.set(title=title, xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match="fig:it: its font has no letter '.'"):
        Report().figure(figure, label="it", caption="It.", alt="a title")
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("image/png", r"plt\.show\(\) .* report\.figure\(\) in In \[5\]"),
        ("text/html", r"a table .* report\.table\(\) in In \[5\]"),
    ],
)
def test_what_is_only_shown_is_named(shown, kind, message):
    output = nbformat.v4.new_output("display_data", {kind: "", "text/plain": ""})
    cell = nbformat.v4.new_code_cell(outputs=[output], execution_count=5)
    with pytest.raises(UserError, match=message):
        typeset.to_latex(nbformat.v4.new_notebook(cells=[cell]))


def test_a_listing_is_the_source_on_disk_with_its_line_numbers(shown):
    Report().listing(cost, label="cost", caption="`cost`.")
    latex, _ = as_latex(shown)
    first, code = cost.__code__.co_firstlineno, inspect.getsource(cost)
    folded = shown[1].data["text/markdown"]
    lines = len(code.splitlines())
    assert folded.startswith(
        f"<details><summary>{lines} lines</summary>\n\n```python\n"
    )
    assert f"```python\n{code}```" in folded
    verbatim = latex.partition(r"\begin{Verbatim}")[2].partition(r"\end{Verbatim}")[0]
    assert f"firstnumber={first}," in verbatim
    assert r"\PY{k}{def}" in verbatim
    assert len(verbatim.splitlines()) == 1 + len(code.splitlines())


@pytest.mark.parametrize("it", [plt, "costs.png", [1], Report])
def test_what_is_no_figure_is_refused(shown, it):
    message = f"^fig:it must be a figure, such as ax.figure, not {type(it).__name__}$"
    with pytest.raises(TypeError, match=message):
        Report().figure(it, label="it", caption="One.", alt="One.")


def test_a_text_in_mathematics_is_printed_as_it_is(shown, printed):
    report = Report()
    name = r"50 % of a_b #1 & {x^2}* C:\tmp~"
    report.claims.state("a", name)
    report.claims.state("b", literal(name))
    report.prose("For $p = {{a}}$ and $q = {{b}}$.")
    text = printed(*as_latex(shown)).replace("ˆ", "^").replace("˜", "~")
    as_it_is = name.replace(" ", "")
    assert f"Forp={as_it_is}andq={as_it_is}." in text


@pytest.mark.parametrize("word", ["WWW." * 30, "data/" + "a.2" * 40, "Ab" * 70])
def test_a_very_long_name_is_broken_into_lines(shown, printed, word):
    report = Report()
    report.claims.state("a", literal(word))
    report.claims.state("b", breakable(word))
    report.prose("The column *{{a}}* of the file `{{b}}` is good.")
    text = printed(*as_latex(shown)).replace("\N{SOFT HYPHEN}", "")
    assert f"Thecolumn{word}ofthefile{word}isgood." in text


def test_a_report_without_figures_has_no_provenance(shown, shell, printed):
    report = Report()
    report.prose("Only text.")
    report.provenance()
    assert printed(*as_latex(shown)) == "Onlytext.1"


def test_a_note_may_be_anywhere_and_have_code(shown, printed):
    text = "# One[^1]\n\n- **two[^2]**\n\n| a |\n|---|\n| three[^3] |\n\n> four[^4]\n"
    notes = "".join(f"\n[^{k}]: note {k}" for k in (1, 2, 3, 4))
    Report().prose(f'{text}{notes}\n\n    ```\n    x_1 = "a\\n"\n    ```\n\n    end')
    text = printed(*as_latex(shown))
    assert all(f"{k}note{k}" in text for k in (1, 2, 3, 4))
    assert r'x_1="a\n"end' in text


def test_the_title_block_survives_special_characters(shown):
    heading = {"course": "C & D", "title": "50 %_#", "student": "Łukasz {Żółć} ~^\\"}
    Report().title(**heading, date="$1")
    latex, _ = as_latex(shown)
    assert r"C \& D" in latex
    assert r"50 \%\_\#" in latex
    assert r"Łukasz \{Żółć\} \textasciitilde" in latex
    assert r"\$1" in latex


@pytest.mark.parametrize(
    ("error", "where"),
    [
        ("Label `eq:a' multiply defined", "In [2] and In [3]"),
        ("Reference `eq:a' undefined", "In [1]"),
        ("Citation `a/b:c' undefined", "In [5]"),
        ("Reference `eq:ab' undefined", "In [4]"),
        (r"Undefined control sequence. At: \(\wrong (see a.log)", "In [4]"),
        (r"Undefined control sequence. At: it: \(\wrong (see a.log)", "In [4]"),
        (r"Undefined control sequence. At: ...b, $\wrong (see a.log)", "In [4]"),
        ("Label `sec:a' multiply defined", "the cell that begins with '# A {#sec:a}'"),
        (r"mathematics is left open: '@eq:ab, $\\wr'", "In [4]"),
        ('mathematics is left open: "it\'s $$ x"', "In [5]"),
        ("something else: 'else'", ""),
        ("something else: 'eq' or 'See'", ""),
    ],
)
def test_an_error_of_a_text_names_the_cells_that_it_is_about(shown, error, where):
    cells = [nbformat.v4.new_markdown_cell("# A {#sec:a}")]
    texts = ("See @eq:a.", "$$ x $$ {#eq:a}", "$$ y $$ {#eq:a}", r"@eq:ab, $\wrong$")
    texts += ("""He said "it's $$ x" [@a/b:c].""",)
    for number, text in enumerate(texts, start=1):
        Report().prose(text)
        source = f"%%prose\n{text}"
        cell = nbformat.v4.new_code_cell(
            source, outputs=[*shown], execution_count=number
        )
        cells.append(cell)
        shown.clear()
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert typeset.cell_of(error, notebook) == where


@pytest.mark.parametrize("titles", [0, 2])
def test_a_report_without_one_title_block_says_so(shown, titles):
    for _ in range(titles):
        Report().title(course="a", title="b", student="c", date="d")
    cell = nbformat.v4.new_code_cell(outputs=shown)
    with pytest.raises(UserError, match=rf"one title block, not {titles}"):
        typeset.title_of(nbformat.v4.new_notebook(cells=[cell]))


def test_a_report_with_two_bibliographies_says_so(shown):
    for _ in range(2):
        Report().bibliography("references.bib")
    with pytest.raises(UserError, match=r"must be called once, not 2 times"):
        as_latex(shown)


def test_provenance_names_an_experiment_and_leaves_out_what_there_is_none_of(
    shown, shell, monkeypatch
):
    loaded = {"rates": pd.DataFrame({"run": ["a-1", "a-2"]})}
    monkeypatch.setattr(publish, "loaded_experiments", lambda: loaded)
    report, frame = Report(), pd.DataFrame({"x": ["1"]})
    source = [], ["a-1", "a-2", "b-3"]
    report.table(frame, label="it", caption="One.", source=source)
    report.provenance({})  # as earlier notebooks do
    latex, _ = as_latex(shown)
    [said] = re.findall(r"cell .*Runs: .*", latex)
    bare = said.replace(r"\allowbreak", "")
    assert bare == r"cell \texttt{In~[0]}. Runs: \texttt{rates}, \texttt{b-3}."


def test_the_nearest_known_name_is_suggested():
    source = r"\label{from:fig:cost}\label{fig:costs}"
    log = "LaTeX Warning: Reference `fig:cost' on page 3 undefined on input line 7."
    found = pdf.first_problem(log, failed=False, source=source)
    assert found.endswith("`fig:cost' on page 3 undefined; did you mean fig:costs?")


@pytest.mark.parametrize(
    ("log", "failed", "wrong"),
    [
        ("", False, ""),
        (
            "LaTeX Warning: Reference `fig:x' on page 1 undefined on input",
            False,
            "fig:x",
        ),
        ("LaTeX Warning: Label `a' multiply defined.", False, "multiply defined"),
        (
            "! Undefined control sequence.\nl.5 It is \\foo\n           {1}",
            True,
            "Undefined control sequence. At: It is \\foo",
        ),
        (
            "Runaway argument?\n{1 and \n! File ended while scanning.\n<inserted text>",
            True,
            "File ended while scanning. At: {1 and",
        ),
        (
            "! LaTeX Error: Unicode character 王 (U+738B)",
            True,
            "no font has the character 王",
        ),
        ("", True, "it failed"),
    ],
)
def test_errors_and_broken_references_are_found_in_the_log(log, failed, wrong):
    found = pdf.first_problem(log, failed=failed)
    assert wrong in found
    assert bool(found) == bool(wrong)


def in_float(kind, label, body):
    body = rf"\caption{{C}}\label{{{label}}}" + "\n" + body
    return f"\\begin{{{kind}}}\n{body}\n\\end{{{kind}}}"


WORDS = r"\begin{tabular}{l}" + "word " * 60 + r"\end{tabular}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            rf"and then \texttt{{{'long' * 30}}} it is.",
            r"the text that ends with '\w*(long)+' is [\d.]+ in too wide for the page",
        ),
        (
            in_float("table", "tab:a", WORDS),
            r"tab:a is [\d.]+ in too wide for the page",
        ),
        (
            in_float("figure", "fig:b", r"\rule{900pt}{9pt}"),
            r"fig:b is [\d.]+ in too wide for the page",
        ),
        (
            in_float("figure", "fig:b", r"\rule{9pt}{900pt}"),
            r"fig:b is [\d.]+ in too high for a page: make it smaller",
        ),
        (r"a\clearpage b\par\rule{9pt}{900pt}", r"page 3 is [\d.]+ in too high"),
    ],
)
def test_what_is_too_large_for_a_page_is_named(to_pdf, body, message):
    document = f"\\begin{{document}}\n{body}\n\\end{{document}}"
    with pytest.raises(UserError, match=message) as caught:
        to_pdf(document)
    assert "\n" not in str(caught.value)


def test_a_long_name_goes_on_in_the_next_line_after_an_underscore(to_pdf):
    name = r"\texttt{" + r"long\_" * 30 + "}"
    body = rf"\section{{a\_b}} and then {name} it is, $x\_y$, \emph{{{name}}}."
    to_pdf(f"\\begin{{document}}\n{body}\n\\end{{document}}")


@pytest.mark.parametrize(
    ("points", "found"), [("0.99", ""), ("1.01", "line 2 of the document is 0.014 in")]
)
def test_what_nobody_sees_is_no_complaint(points, found):
    log = f"Overfull \\hbox ({points}pt too wide) in paragraph at lines 2--3\n[][]\n"
    assert pdf.first_problem(log, failed=False, source="a\nb\nc").startswith(found)
    assert bool(found) == bool(pdf.first_problem(log, failed=False))


def test_latex_errors_end_on_one_line_and_the_next_build_works(to_pdf):
    document = r"\begin{document}%s\end{document}"
    with pytest.raises(UserError, match="Undefined control sequence") as caught:
        to_pdf(document % r"\nonsense")
    assert "\n" not in str(caught.value)
    assert to_pdf(document % "fine").exists()


def test_shell_escape_is_off(to_pdf, tmp_path):
    to_pdf(r"\begin{document}x\write18{touch x}\end{document}")
    assert not (tmp_path / "x").exists()
    assert "runsystem(touch x)...disabled" in (tmp_path / "report.log").read_text()


def test_lists_end_with_and():
    printed = [list_text(items) for items in ("", "a", "ab", "abc")]
    assert printed == ["no", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize("caption", ["", "  \n"])
def test_a_caption_that_says_nothing_is_refused(shown, caption):
    with pytest.raises(ValueError, match="tab:a has no caption: say what it shows"):
        Report().table(pd.DataFrame({"a": [1]}), label="a", caption=caption)
