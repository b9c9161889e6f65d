"""Markdown is printed as JupyterLab shows it: nothing is lost, nothing leaks."""

import re
import unicodedata

import pytest

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.lab import read_works
from helpers.pipeline.report.markdown import markdown_to_html, markdown_to_latex
from helpers.pipeline.report.mathematics import unify_mathematics
from helpers.pipeline.verify.reader import text_of


def both(text):
    """Return the text as LaTeX and as HTML without the paragraph around it."""
    [latex], _ = markdown_to_latex([text])
    [[html], _] = markdown_to_html([text])
    return latex, html.removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("text", "latex", "html"),
    [
        ("10<sup>6</sup>", r"10\textsuperscript{6}", "10<sup>6</sup>"),
        ("H<sub>2</sub>O", r"H\textsubscript{2}O", "H<sub>2</sub>O"),
        ("a<br>b", "a\\\\\nb", "a<br />\nb"),
        ("<b>a <i>b</i></b>", r"\textbf{a \emph{b}}", "<strong>a <em>b</em></strong>"),
        ("<code>a_b</code>", r"\texttt{a\_b}", "<code>a_b</code>"),
        (
            "a<b and c>d",
            r"a\textless b and c\textgreater{}d",
            "a&lt;b and c&gt;d",
        ),
        ("x < y, 1<2", r"x \textless{} y, 1\textless2", "x &lt; y, 1&lt;2"),
        ("<n> of <b>", r"\textless n\textgreater{}", "&lt;n&gt; of &lt;b&gt;"),
        ("a<!-- aside -->b", "ab", "ab"),
        ("~~0.5~~", r"\st{0.5}", "<del>0.5</del>"),
        (r"C:\data", r"C:\textbackslash data", r"C:\data"),
        ("[x]{.underline}", r"{[}x{]}\{.underline\}", "[x]{.underline}"),
        ("H~2~O, x^2^", r"H\textasciitilde2\textasciitilde O", "H~2~O, x^2^"),
        ("`x`{=html} y", "x y", "x y"),
        ("```{=html}\nkept\n```", "kept", "kept"),
        ("`<sup>`", r"\texttt{\textless{}sup\textgreater{}}", "&lt;sup&gt;"),
    ],
)
def test_html_and_signs_are_converted_or_kept(text, latex, html):
    found = both(text)
    assert latex in found[0]
    assert html in found[1]


@pytest.mark.parametrize(
    "text",
    [
        'see <img src="a.png">',
        "<table><tr><td>1</td></tr></table>",
        '<div class="note">\n\nA note.\n\n</div>',
        "<center>a</center>",
        '<span style="color: red">a</span>',
    ],
)
def test_html_that_print_has_not_is_refused_by_name(text):
    name = re.search(r"<\w+", text)[0]
    with pytest.raises(UserError, match=f"HTML's {name}> cannot be printed") as caught:
        markdown_to_latex(["first", text])
    assert text[:20].splitlines()[0] in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=f"HTML's {name}>"):
        markdown_to_html([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"a `\textbf{b}`{=latex}", "{=latex} cannot be both in print and on the page"),
        ("```{=tex}\nb\n```", "{=tex} cannot be both in print and on the page"),
        ("a | b\n--|--\n1 | 2 | 3", "a row of a table has more cells"),
        ("|a|b|\n|--|\n|1|", "a row of a table has more cells"),
        ("> a | b\n> --|--\n> 1 | 2 | 3", "a row of a table has more cells"),
        (
            "A[^a].\n\n[^a]: $$ b $$ {#eq:b}",
            "an equation in a note or in a table has no",
        ),
        ("a | b\n--|--\n$$ c $$ {#eq:c} | d", "an equation in a note or in a table"),
    ],
)
def test_what_print_or_page_would_lose_is_refused(text, message):
    for convert in (markdown_to_latex, markdown_to_html):
        with pytest.raises(UserError, match=re.escape(message)) as caught:
            convert(["first", text])
        assert str(caught.value).endswith(f": {text!r}")


def test_bars_in_code_and_formulas_are_in_a_cell():
    rows = ["a | b", "--|--", "`x|y` | $|z|$", r"c \| d | $p(e|f)$", "g | h |"]
    latex, html = both("\n".join([*rows, "", "1|2|3", "", *rows[:3], "```", "a|b|c"]))
    assert html.count("<tr") == latex.count(r"\\") == 6
    assert "1|2|3" in html


@pytest.mark.parametrize(
    "around", ["**It is {} so.**", "> It is\n> {}\n> so.", "1. {}"]
)
def test_a_numbered_equation_stays_in_what_it_stands_in(around):
    equation = "$$\n> x\n> $$" if around[0] == ">" else "$$ x $$"
    latex, html = both(around.format(equation + " {#eq:a}"))
    whole = "\\begin{equation}\\label{eq:a}\nx\n\\end{equation}"
    plain_latex, plain_html = both(around.format("word"))
    assert latex.replace(whole, "word") == plain_latex
    found = re.sub("<span.*</span>", "word", html, flags=re.DOTALL)
    assert found == plain_html


def test_a_quotation_mark_of_latex_stays_in_mathematics():
    latex, html = both(r"At @eq:a, $\text{``so''} = `$ and 5`")
    assert r"\(\text{``so''} = `\) and 5`" in latex
    assert "so" in html


def test_a_reference_in_code_is_code():
    text = "`@eq:a`, \\@eq:b, 5` of @eq:c\n\n```\n@eq:d $$ x $$ {#eq:e}\n```\n\nor 6`"
    latex, html = both(f"{text}\n\n```\n@eq:f")
    assert re.findall(r"eqref\{eq:(.)\}", latex) == ["c"]
    assert re.findall('href="#eq:(.)"', html) == ["c"]
    for shown in ("@eq:a", "@eq:b, 5` of", "@eq:d $$ x $$ {#eq:e}", "or 6`", "@eq:f"):
        assert shown in html
        assert shown in latex


WORKS = r"""
@article{a, author={M{\"u}ller, K.}, title={Nets in R: The {KKT} Case}, journal={J},
  volume={3}, number={2}, pages={7}, year={2001}}
@book{b, author={{\'E}lie, K. and Boyd, S. and others}, title={Optimization for All},
  publisher={P}, address={Paris}, year={2002}}
@misc{c, title={100% & more_or #1 of 6\%}, url={http://b.org/a_b%20c}, year=2008}
@article{d, author={G, G.}, title={$L_2$ Norms}, journal={J & K}, volume=1,
  doi={10.1/x%}, year=2007}
@article{e, author={G, G.}, title={A First}, journal={J}, month={March}, year={2007}}
"""


def test_works_are_cited_and_shown_in_the_same_words_on_the_page_as_in_print(
    tmp_path, printed
):
    path = tmp_path / "works.bib"
    path.write_text(WORKS, encoding="utf-8")
    text = "@a, @b. See [@c; @d, p. 3; -@e]."
    [html], works = markdown_to_html([text], path)
    page = text_of(html + works)
    for said in ("Müller (2001)", "(100% & more_or #1 of 6% 2008; G 2007b, 3; 2007a)"):
        assert said in page
    for said in ("“Nets in R: The KKT Case.”", "Élie, K., S. Boyd, et al. 2002. Opti"):
        assert said in page
    assert 'href="http://b.org/a_b%20c"' in works
    assert 'href="https://doi.org/10.1/x%"' in works
    [latex], works = markdown_to_latex([text], path)
    body = rf"\begin{{document}}{latex}{works}\end{{document}}"
    text = printed(rf"\pagestyle{{empty}}{body}")
    page = page.replace("L2L_2", "L2")
    assert re.sub(r"\W", "", text) == re.sub(r"\W", "", page)


ODD_WORKS = r"""@string{jan = "a,b"} @comment{not, a work}
@STRING{of = "J of"}
%@book{old,
%  title={x}
%}
@Article {a ,
  % a comment
  author={A, A.}, title={A Title In English}, langid={english}, journal=of # { X},
  year=2001}
  @misc{o'neil+x., author={B, B.}, title={Do It}, howpublished={\url{https://b.org/a%20b_c}}}
@misc{
  c, author={C, C. and others}, title={As 1 %}, howpublished="https://b.org/#c"}
"""


def test_whatever_bibtex_has_is_read_and_titles_are_shown_as_typed(tmp_path):
    path = tmp_path / "works.bib"
    path.write_text(ODD_WORKS, encoding="utf-8-sig")
    names, works = read_works(path)
    assert names == {
        "a": ("A", "2001"),
        "o'neil+x.": ("B", "n.d."),
        "c": ("C et al.", "n.d."),
    }
    page = text_of(works)
    assert "A, A. 2001. “A Title In English.” J of X." in page
    assert "B, B. n.d. Do It. https://b.org/a%20b_c." in page
    assert "C, C. et al. n.d. As 1 %. https://b.org/#c." in page
    path.write_text("@misc{ü}", encoding="latin-1")
    read_works.cache_clear()
    with pytest.raises(UserError, match="works.bib must be saved as UTF-8"):
        read_works(path)


def test_where_no_work_is_cited_all_are_shown():
    path = ROOT / "report" / "references.bib"
    for convert in (markdown_to_html, markdown_to_latex):
        _, works = convert(["A text."], path)
        assert works.count("ref-") == path.read_text().count("\n@") + 1
        _, works = convert(["A text [@boyd2004]."], path)
        assert works.count("ref-") == 1


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("text\n- a\n- b", r"\begin{itemize}"),
        ("text\n1. a\n2. b", r"\begin{enumerate}"),
        ("text\n# A", r"\section{A}"),
        ("text\n> said", r"\begin{quote}"),
        ("text\n| a | b |\n|---|---|\n| 1 | 2 |", r"\begin{longtable}"),
        ("text\na | b\n--|--\n1 | 2", r"\begin{longtable}"),
        ("see https://example.org/a", r"\url{https://example.org/a}"),
        ("---\na: b\n\nmore", "a: b"),
        ("text\n\n---\n\nmore", r"\rule"),
    ],
)
def test_blocks_need_no_blank_line(text, latex):
    printed = both(text)[0]
    assert latex in printed
    for word in re.findall(r"[a-z]+", re.sub("https.*", "", text)):
        assert word in printed


def test_a_list_may_have_parentheses_where_jupyterlab_shows_one():
    text = "in\n1984) see (part\n2) of\n1) one\n\n   more\n2) two\n\n- a\n  1) deep"
    latex, html = both(f"{text}\n\n`1) a`\n\n    1) code")
    assert html.startswith("in\n1984) see (part\n2) of</p>\n<ol>\n<li><p>one</p>")
    assert latex.count("enumerate") == 2 * html.count("<ol>") == 4
    assert "<code>1) code" in html


def test_only_the_address_of_a_link_is_not_shown():
    text = (
        "[Note]: it is said\n\n- [This]: as well\n\n> [Ah]: oh no\n\n    [b]: in code"
    )
    text += "\n\n[Now]:\non\n\n[One]: word\n\n[So]: it (goes)\n\n- [Or]:\n  'not'"
    links = '\n\n[a] and [b]\n\n[a]: https://a.org "all of it"\n[b]: <https://b.org>'
    latex, html = both(f"{text}{links}\n\n[//]: # (hidden)\n[//]: <> (hidden)")
    latex = latex.replace("{[}", "[").replace("{]}", "]")
    for shown in ("[Note]: it is said", "[This]: as well", "[Ah]: oh no"):
        assert shown in html
        assert shown in latex
    for shown in ("[Now]:\non", "[One]: word", "[So]: it (goes)", "[Or]:\n‘not"):
        assert shown in html
        assert shown.replace("‘", "`") in latex.replace("\n  ", "\n")
    assert "hidden" not in latex + html
    assert "<code>[b]: in code" in html
    assert 'href="https://a.org" title="all of it">a<' in html
    assert r"\href{https://b.org}{b}" in latex


@pytest.mark.parametrize(
    "info", ['python title="a.py"', "{python}", " {r, echo=FALSE}"]
)
def test_whatever_follows_a_fence_code_is_code(info):
    latex, html = both(f"In:\n```{info}\none\n  two\n```\n```so``` *it* is")
    assert "\\begin{verbatim}\none\n  two\n\\end{verbatim}" in latex
    assert latex.endswith("\\texttt{so} \\emph{it} is")
    assert "<code>one\n  two</code></pre>" in html


def test_a_table_in_code_stays_as_it_is():
    code = "```\ntext\n| a | b |\n|---|---|\n```"
    assert "text\n| a | b |\n|---|---|" in both(code)[0]


@pytest.mark.parametrize(
    "text",
    [
        "A[^a].\n\n[^a]: kept\n\n[^b]: lost",
        "A.\n\n  [^b]: lost\n",
        "A.\n\n[^b]: see [^b]",
        "A.\n\n[^b]: one,\nof [^b]\n\n    two,\n\n    of [^b]",
        "[^b]: a\n\n[^b]: b\n\nA[^b].",
        "A[^a], B[^b].\n\n[^a]: see [^b]\n[^b]: see A",
        "A[^b].",
    ],
)
def test_no_note_is_lost_or_printed_as_it_is_typed(text):
    for convert in (markdown_to_latex, markdown_to_html):
        with pytest.raises(UserError, match=r"^Note `b' needs one line that begins "):
            convert([text])


def test_what_looks_like_a_note_may_be_text_code_or_mathematics():
    signs = r"\[^b-z] and [^c](https://one.org), `[^b]: c` and $x[^2]$"
    note = "A[^a]\n\n[^a]: one\n\n    two\n\nB"
    latex, html = both(f"{signs}\n\n```\n[^b]: code\n```\n\n{note}")
    assert re.search(r"A\\footnote\{one\s+two\}\s+B$", latex)
    assert html.count("footnote") == 1
    assert "[^b-z] and" in html


def test_a_note_needs_no_blank_line_and_has_a_name_without_blanks():
    latex, html = both("A[^a]\n[^a]: one $5\\%$\n[^b]: two\n\nB[^b]")
    assert re.search(r"A\\footnote\{one .*\}\s+B\\footnote\{two\}$", latex)
    assert html.count("footnote-ref") == 2
    for text in both("A[^a b]\n\n[^a b]: one"):
        assert len(re.findall(r"\[\}?(\\\^\{\}|\^)a b", text)) == 2
        assert ": one" in text


def test_footnotes_links_and_metadata_stay_in_their_cell():
    parts = ["a[^1] [b][r]\n\n[^1]: one\n\n[r]: https://one.org"]
    parts += ["c[^1] [d][r]\n\n[^1]: two\n\n[r]: https://two.org", "[f][r]"]
    [one, two, three], _ = markdown_to_latex(parts)
    assert r"\footnote{one}" in one
    assert r"\href{https://one.org}{b}" in one
    assert r"\footnote{two}" in two
    assert r"\href{https://two.org}{d}" in two
    assert "href" not in three


@pytest.mark.parametrize(
    ("text", "unified"),
    [
        ("$ x_i $ and $x$", "$x_i$ and $x$"),
        (r"\(a\) or \\(b\\)", "$a$ or $b$"),
        ("\\[\nc\n\\]", "$$\nc\n$$"),
        (r"see \[1\] there", r"see \[1\] there"),
        ("\\begin{equation*}\na\n\\end{equation*}", "$$a$$"),
        (
            "\\begin{align}\na &= b \\\\[2pt]\nc &= d\n\\end{align}",
            "$$\\begin{aligned}a &= b \\\\[2pt]\nc &= d\\end{aligned}$$",
        ),
        (
            r"$\left[ a \right]$ and $$\begin{align} a \end{align}$$",
            r"$\left[ a \right]$ and $$\begin{align} a \end{align}$$",
        ),
        (r"`$ a $` and \$ 5 and \$ 6", r"`$ a $` and \$ 5 and \$ 6"),
    ],
)
def test_mathematics_is_written_between_dollars(text, unified):
    assert unify_mathematics(text) == unified
    assert unify_mathematics(unified) == unified


def test_mathematics_in_every_way_is_set_as_such():
    latex, html = both("$ x $, \\(y\\), and\n\n\\[ z \\]")
    assert latex.count(r"\(") == 2
    assert r"\[" in latex
    assert html.count("<math") == 3


@pytest.mark.parametrize(
    ("formula", "apart"),
    [
        (r"\log p_i", 1),
        (r"y_i \log p_i + (1 - y_i)\log(1 - p)", 3),
        (r"e^{\log p} + \log\frac12", 2),
        (r"\arg\max_{x_i} f", 2),
        (r"\sin^2 x - \sin^2(x) - \exp\left(x\right)", 1),
        (r"\begin{aligned} a &= \exp x \\ &= \infty \end{aligned}", 1),
        (r"\lambda_{\max}^2 x_\min^k - \ln|x|", 0),
        (r"\log\,{n}", 1),
        (r"\max\limits_x f - \max_{n \to \infty}{5}", 2),
        (r"\overline{y} \log \hat{y} + a \mathrm{MSE} b", 2),
        (r"\lambda_\max x - \frac{\log x}{2} y", 1),
        (r"\eta\exp x - \left(x\right)^2\log(y)", 3),
        (r"\max_{x_{i_j}} f - \max \le \log\langle x \rangle", 1),
        (r"\log\sum_i \log {{a}}", 1),  # the browser adds space next to the sum
    ],
)
def test_a_function_stands_apart_from_what_is_beside_it_as_in_print(formula, apart):
    for dollars in ("$", "$$"):
        [html], _ = markdown_to_html([f"{dollars}{formula}{dollars} and `\\log p`"])
        assert html.count("<mspace") == apart
    assert r"<code>\log p</code>" in html


@pytest.mark.parametrize(
    ("formula", "letters"),
    [
        (r"\mathbf{w}^\top \mathbf{X}", "𝐰𝐗"),
        (r"\mathbf{w} + \boldsymbol{\theta}", "𝐰𝜽"),
        (r"\boldsymbol{w}", "𝒘"),
    ],
)
def test_bold_letters_are_upright_where_they_are_in_print(formula, letters):
    [html], _ = markdown_to_html([f"Of ${formula}$; $x$."])
    kept = [letter for letter in html if unicodedata.name(letter, "")[:4] == "MATH"]
    assert "".join(kept) == letters


def test_what_was_converted_before_does_not_show():
    path = ROOT / "report" / "references.bib"
    first, last = "Cited: [@boyd2004].", "Of @golub2013."
    noted = "A note.[^1]\n\n[^1]: Below."
    expected = markdown_to_html([first, last], path)
    both_notes = markdown_to_html([noted, noted], path)
    assert markdown_to_html([first, last], path) == expected
    markdown_to_html([noted, first, last], path)
    assert markdown_to_html([first, last], path) == expected
    assert markdown_to_html([noted, noted], path) == both_notes
    assert len(set(both_notes[0])) == 2
    markdown_to_html([first, "Other.", last], path)
    assert markdown_to_html([last, first], path)[0] == expected[0][::-1]
    assert "golub" not in markdown_to_html([first], path)[1]
