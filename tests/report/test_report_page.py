"""The report as a page: like the PDF, self-contained, and accessible to all."""

import json
import re
import unicodedata

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import resize

from helpers.model import gradients
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import read_record
from helpers.pipeline.report.page import to_html
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.report.publish import Report
from helpers.pipeline.report.revision import Revision
from helpers.pipeline.verify.reader import read_html, read_pdf, text_of

EXECUTED = ASSIGNMENT.executed
HTML = ASSIGNMENT.html
PDF = ASSIGNMENT.pdf

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
LIVE = """<section id="live" aria-label="Live"><p id="state">none</p><script>
const show = () => document.getElementById("state").textContent = location.hash;
addEventListener("hashchange", show);
</script></section>"""


@pytest.fixture
def report(shown):
    made = Report()
    made.title(course="A & B", title="<Title>", student="Łucja", date="today")
    return made


def as_html(outputs):
    cells = [nbformat.v4.new_code_cell(outputs=outputs)]
    carried = {"results.json": b"{}", "build.json": b'{"commit": "c", "changes": ""}'}
    notebook = nbformat.v4.new_notebook(cells=cells)
    return to_html(notebook, carried, Revision("c", 1_000_000_000, ""))


def main_of(html):
    return html[html.index("<main") : html.index("</main>")]


def a_figure(report, label="a", **options):
    figure, axes = plt.subplots()
    axes.plot([1, 2], label="$x^2$")
    axes.legend()
    report.figure(figure, label=label, caption="Of @eq:b.", **{"alt": "A"} | options)


def test_sections_equations_and_figures_have_the_numbers_of_latex(shown, report):
    report.prose("# One\n\n## Within {#sec:in}\n\n$$ x $$ {#eq:a}\n\n$$ y $$ {#eq:b}")
    report.prose("# Two\n\n## Again\n\nSee @fig:a, @sec:in, @app:c, @eq:b, @tab:t.")
    a_figure(report)
    report.table(pd.DataFrame({"n": ["1"]}), label="t", caption="It.")
    report.appendix()
    report.prose("# Code {#app:c}\n\n## Part")
    html = main_of(as_html(shown))
    headings = [text_of(found[0]) for found in re.findall(r"(<h(\d).*?</h\2>)", html)]
    named = ["1 One", "1.1 Within", "2 Two", "2.1 Again", "A Code", "A.1 Part"]
    assert headings[1:] == named
    assert "See Figure 1, Section 1.1, Appendix A, (2), Table 1." in " ".join(
        text_of(html).split()
    )
    assert re.search(r'id="eq:b"[^<]*>.*?\(2\)', html, re.DOTALL)
    assert "<b>Figure 1.</b> Of" in html


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@fig:b", "Reference `fig:b' undefined; did you mean fig:a?"),
        ("[@boyd2005]", "Citation `boyd2005' undefined; did you mean boyd2004?"),
        ("@figure:a", "Citation `figure:a' undefined; did you mean fig:a?"),
        ("# A {#sec:a}\n\n# B {#sec:a}", "Label `sec:a' multiply defined"),
        ("![x](y.png)", "publish pictures with report.figure: '![x](y.png)'"),
        ("{{c}}: <img>", "HTML's <img> cannot be printed, only b, br, code, del, em, "
         "i, s, strong, sub, sup and u: ': <img>'"),
        ("$$ x", "mathematics is left open: "),
    ],
)  # fmt: skip
def test_what_leads_nowhere_or_cannot_be_set_is_named(shown, report, text, message):
    report.claims.state("c", 1)
    report.prose("@boyd2004, $$ x $$ {#eq:b}")
    report.prose(text)
    a_figure(report)
    report.bibliography("report/references.bib")
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        as_html(shown)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("formula", [r"\tfrc1n", r"\begin{cases} a \end{case}"])
def test_a_formula_that_cannot_be_read_is_shown_as_typed(shown, report, formula, capfd):
    report.prose(f"$$ {formula} $$ {{#eq:a}}\n\n$$ y $$ {{#eq:b}}\n\nSee @eq:b.")
    html = main_of(as_html(shown))
    assert "the page shows this formula as typed: " in capfd.readouterr().err
    assert f"$$ {formula} $$(1)" in re.sub("<.*?>", "", html)
    assert "See (2)." in text_of(html)


def test_a_place_in_a_work_is_cited_as_in_print(shown, report):
    report.prose("See [@boyd2004, p. 3] and @boyd2004 [ch. 2]; [@boyd2004, pp. 4-6].")
    report.bibliography("report/references.bib")
    text = text_of(main_of(as_html(shown)))
    assert "See (Boyd and Vandenberghe 2004, 3)" in text
    assert "(Boyd and Vandenberghe 2004, 4–6)" in text


def test_notes_are_below_all_with_their_claims_references_and_formulas(shown, report):
    report.claims.state("n", 1234, ",d")
    report.prose("$$ x $$ {#eq:b}\n\nA[^a].\n\n[^a]: The {{n}} of @eq:b: $\\log x$.")
    a_figure(report)
    html = main_of(as_html(shown))
    note = html[html.rindex("</figure>") :]
    assert '>1,234</span> of <a class="reference" href="#eq:b">(1)</a>' in note
    assert '<mspace width="0.167em">' in note
    assert re.search("[\U000f0000-\U0010ffff]|<annotation", html) is None
    report.prose("B[^b].\n\n[^b]: As @nobody says.")
    report.bibliography("references.bib")
    with pytest.raises(UserError, match="^Citation `nobody' undefined"):
        as_html(shown)


def test_a_claim_in_an_address_is_a_part_of_it(shown, report):
    report.claims.state("n", 1234, ",d")
    report.claims.state("year", 2004)
    report.prose(
        '[a](https://a.org/{{year}} "Of {{n}}"), [b] {{n}}.\n\n[b]: b/{{year}}'
    )
    html = main_of(as_html(shown))
    assert '<a href="https://a.org/2004" title="Of 1,234">a</a>' in html
    assert '<a href="b/2004">b</a> <span class="claim"' in html


def test_that_no_works_are_shown_is_said_where_one_is_cited(shown, report):
    report.prose("[@boyd2004]")
    message = r"`boyd2004' undefined: report\.bibliography\(…\) must show the works"
    with pytest.raises(UserError, match=message):
        as_html(shown)


def test_that_no_works_are_shown_is_not_said_where_they_are(shown, report):
    report.prose("[@boid2004]")
    report.bibliography("report/references.bib")
    with pytest.raises(UserError, match="`boid2004' undefined; did you mean boyd2004"):
        as_html(shown)


@pytest.mark.parametrize(
    ("inches", "style"), [(3.15, 'style="--share: 0.5"'), (9, None)]
)
def test_a_small_figure_stays_small(shown, report, inches, style):
    figure, _ = plt.subplots(figsize=(inches, 2))
    report.figure(figure, label="a", caption="A.", alt="axes")
    [svg] = re.findall('<svg role="img".*?>', main_of(as_html(shown)))
    assert ("--share" in svg) == (style is not None)
    assert style is None or style in svg


@pytest.mark.parametrize("alt", ["", "  "])
def test_a_figure_without_alternative_text_is_named(shown, report, alt):
    with pytest.raises(ValueError, match="fig:a has no alternative text"):
        a_figure(report, alt=alt)


def test_a_claim_says_where_it_comes_from_in_text_and_in_formulas(shown, report):
    report.claims.begin_cell("one", 7)
    report.claims.state("a", 23.94366293812, ".3f", unit="(mi/gal)²", run="run-1")
    report.claims.state("b", -1e-9, ".0e")
    report.claims.state("n", 128247, ",d")
    report.prose("It is {{a}}, {{b}}, $x^{{{b}}} = {{n}}$, `{,}` and $x_{{{a}}}^2$.")
    html = main_of(as_html(shown))
    claims = re.findall(r'<(span|mrow) class="claim".*?title="(.*?)">', html, re.DOTALL)
    origin = "a: 23.94366294 (mi/gal)²\nrun: run-1\ncell: In [7]"
    assert [text for _, text in claims if text.startswith("a")] == [origin] * 2
    assert [tag for tag, _ in claims] == ["span", "span", "mrow", "mrow", "mrow"]
    assert html.count("<mn>128,247</mn>") == 1
    assert "<code>{,}</code>" in html
    assert re.search(r'<mrow class="claim"[^>]*><m[io]>−</m[io]><msup>', html)
    assert not re.search("[\ue000-\uf8ff\U000f0000-\U0010ffff]", html)


def test_the_cells_of_a_table_are_text_and_mathematics(shown, report):
    frame = pd.DataFrame(
        {"<a>": ["*x* & y", ""], r"$\eta$": ["$10^{-1}$", "$1{,}000$"]}
    )
    report.table(
        frame, label="t", caption="It.", align=r"l>{\raggedright\arraybackslash}p{7cm}"
    )
    html = main_of(as_html(shown))
    assert '<th scope="col" class="left">&lt;a&gt;</th>' in html
    assert '<th scope="row" class="left">*x* &amp; y</th>' in html
    assert '<td class="left"></td>' in html  # as a heading, it would be empty
    assert re.search(r'<td class="left broken"><math [^/]*<mn>1,000</mn>', html)


def test_a_listing_has_its_line_numbers_and_its_formulas(shown, report):
    report.listing(gradients, label="l", caption="It.")
    html = main_of(as_html(shown))
    first = gradients.__code__.co_firstlineno
    numbers = [int(number) for number in re.findall(r'data-line="(\d+)"', html)]
    assert numbers[0] == first
    assert numbers == sorted({*numbers})
    assert "<mfrac>" in html[html.index("<pre>") :]
    assert "math::" not in html


def test_figures_share_no_identifiers_and_follow_the_theme(shown, report):
    report.prose("$$ x $$ {#eq:b}")
    a_figure(report)
    a_figure(report, label="b")
    html = as_html(shown)
    identifiers = re.findall(r' id="(.*?)"', html)
    assert len(identifiers) == len({*identifiers})
    used = {*re.findall(r'(?:href="|url\()#([^")]+)', main_of(html))}
    assert used <= {*identifiers}
    assert "fill: var(--cffffff, #ffffff)" in html
    assert not re.search(r"(fill|stroke): #", main_of(html))
    assert html == as_html(shown)
    # Matplotlib's own identifiers depend on the last bits of what is drawn.
    own = {i for i in used if i.startswith("b-")}
    assert own == {f"b-{number}" for number in range(1, len(own) + 1)}


def test_aligned_equations_are_as_large_as_others(shown, report, browser):
    report.prose(
        r"$$ \sum_{i=1}^{n} \frac{1}{n} $$ {#eq:a}"
        "\n\n"
        r"$$ \begin{aligned} a &= \sum_{i=1}^{n} \frac{1}{n} \end{aligned} $$ {#eq:b}"
    )
    page = browser.new_page()
    page.set_content(as_html(shown))
    alone, aligned = (f.bounding_box() for f in page.locator("mfrac").all())
    assert aligned["height"] == pytest.approx(alone["height"], rel=0.05)
    page.close()


@pytest.fixture(scope="module")
def open_page(browser):
    """Return a function that opens a page from disk, without a network.

    Any other request by the page, and any error, fails the test.
    """
    contexts, wrong = [], []

    def opened(path=HTML, **options):
        options.setdefault("viewport", DESK)
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url))
        page.goto(path.as_uri())
        asked = [url for url in wrong if not url.startswith(("data:", "blob:"))]
        assert asked == [path.as_uri()]
        wrong.clear()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def opened(open_page):
    """Return the page of the report."""
    return open_page()


@pytest.fixture
def page(opened):
    """Return the page of the report in the state of a page just opened."""
    opened.emulate_media(media="screen", color_scheme="light")
    resize(opened, DESK)
    opened.keyboard.press("Escape")
    opened.mouse.move(0, 0)
    return opened


def letters(text):
    """Return the letters and digits of a text, without their formatting."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).lower())


def test_it_says_what_the_pdf_says():
    """Compare all sentences outside tables and formulas, except across page breaks."""
    pages = [re.sub(r"\s\d+\s*$", "", p.text) for p in read_pdf(PDF).pages]
    printed = letters("".join(pages))
    html = main_of(HTML.read_text(encoding="utf-8"))
    html = re.sub(r"<pre>.*?</pre>|<table.*?</table>", "\n", html, flags=re.DOTALL)
    html = re.sub(r'<div class="wide">.*?</div>|<a class="set".*?</a>', "\n", html)
    text = text_of(re.sub(r"<math.*?</math>", "\n", html, flags=re.DOTALL))
    said = [part for part in re.split(r"\n|(?<=[.:;]) ", text) if len(part) > 12]
    missing = [part for part in said if letters(part) not in printed]
    assert len(said) > 300
    assert len(missing) < len(pages), missing


def test_it_is_whole_in_one_small_file(open_page):
    page = open_page(java_script_enabled=False)
    assert HTML.stat().st_size < 3_000_000
    assert page.locator("html").get_attribute("lang") == "en-GB"
    published = [
        output["metadata"]["report"]
        for cell in json.loads(EXECUTED.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if "report" in output.get("metadata", {})
    ]
    labels = [d["label"] for d in published if "label" in d]
    assert [f.get_attribute("id") for f in page.locator("figure").all()] == labels
    pictures = page.locator("figure svg[role=img]")
    alts = [d["alt"] for d in published if d["kind"] == "figure"]
    assert [p.get_attribute("aria-label") for p in pictures.all()] == alts
    assert page.locator("nav a").first.is_visible()
    assert page.locator("#refs [role=listitem]").last.is_visible()
    assert not page.locator("a.set:visible").count()
    with page.expect_download() as download:
        page.locator('a[download="results.json"]').click()
    recorded = HTML.parent / "results.json"
    assert download.value.path().read_bytes() == recorded.read_bytes()


def test_all_links_lead_somewhere_and_headings_are_in_order(page):
    lost = page.eval_on_selector_all(
        "a[href^='#']:not(.set)",
        "links => links.map(a => decodeURIComponent(a.hash.slice(1)))"
        ".filter(id => !document.getElementById(id))",
    )
    assert lost == []
    levels = page.eval_on_selector_all(
        "h1, h2, h3, h4, h5, h6", "found => found.map(h => Number(h.tagName[1]))"
    )
    assert levels.count(1) == 1
    pairs = zip(levels, levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in pairs)


@pytest.fixture(scope="module")
def bare(open_page):
    """Return a page without the many elements that axe need not check.

    Figures contain only drawings, and formulas have the colour of their text.
    """
    page = open_page()
    page.evaluate(
        """for (const it of document.querySelectorAll("svg, math"))
          it.replaceChildren(it.localName === "svg" ? "" : it.textContent)"""
    )
    return page


@pytest.mark.parametrize(
    ("theme", "size", "rules"),
    [
        ("light", DESK, {}),
        ("dark", DESK, {"runOnly": ["color-contrast"]}),
        ("light", PHONE, {"rules": {"color-contrast": {"enabled": False}}}),
    ],
)
def test_axe_finds_nothing_wrong(bare, theme, size, rules):
    bare.emulate_media(color_scheme=theme)
    resize(bare, size)
    # Do not report what passes, which would take twice as long.
    options = {"resultTypes": ["violations"], "preload": False} | rules
    found = Axe().run(bare, options=options).response
    assert found["passes"]
    wrong = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]
    assert wrong == []


def test_figures_and_text_change_with_the_theme(page):
    seen = set()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        seen.add(
            page.evaluate(
                "[getComputedStyle(document.body).color, ...["
                "...document.querySelectorAll('#fig\\\\:costs path[style]')]"
                ".slice(0, 2).map(path => getComputedStyle(path).fill)].join()"
            )
        )
    assert len(seen) == 2


def test_a_number_shows_where_it_comes_from_on_hover_and_on_focus(page):
    claim = page.locator("span.claim", has_text="10.847").first
    preview = page.get_by_role("tooltip")
    stated = read_record(EXECUTED)["claims"]["all.cost"]
    build = read_html(HTML).build
    for act in (claim.hover, claim.focus):
        act()
        value, run, cell, commit = preview.inner_text().splitlines()
        assert value == f"all.cost: {stated['value']:.10g} (mi/gal)²"
        assert run == f"run: {stated['run']}"
        assert cell == f"cell: In [{stated['cell']}]"
        assert build["commit"][:12] in commit
        page.keyboard.press("Escape")
        page.mouse.move(0, 0)
        assert preview.is_hidden()
    in_formula = page.locator("mrow.claim").first
    in_formula.focus()
    assert "run:" in preview.inner_text()


def test_references_and_citations_show_what_they_lead_to(page):
    preview = page.get_by_role("tooltip")
    page.locator("a.reference", has_text="Figure 2").first.focus()
    assert preview.locator("svg").is_visible()
    page.locator("a[role=doc-biblioref]", has_text="Boyd").first.hover()
    assert "Convex Optimization" in preview.inner_text()
    page.locator("a.reference", has_text="(2)").first.hover()
    assert preview.locator("math").is_visible()
    box = preview.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440


def test_a_preview_can_be_read_to_its_end(open_page):
    page = open_page()
    page.clock.install()
    preview = page.get_by_role("tooltip")
    page.locator("a.reference", has_text="Listing 7").first.hover()
    scrolls = "e => e.scrollHeight > e.clientHeight && getComputedStyle(e).overflowY"
    assert preview.evaluate(scrolls) == "auto"
    box = preview.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50, steps=5)
    page.clock.run_for(5000)
    assert preview.is_visible()
    page.mouse.move(box["x"] + box["width"] + 50, 5)
    page.clock.run_for(5000)
    assert preview.is_hidden()


def test_a_preview_is_as_wide_as_what_it_shows(page):
    preview = page.get_by_role("tooltip")
    links = page.locator("a[role=doc-biblioref]")
    widths = []
    for other in ("Boyd", "Kluyver"):
        links.filter(has_text=other).first.focus()
        links.filter(has_text="Nesterov").first.focus()
        widths.append(preview.bounding_box()["width"])
    assert widths[0] == widths[1]


def test_going_back_leads_to_where_one_was(open_page):
    page = open_page()
    link = page.locator("main a.reference", has_text="Table 4").last
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.click()
    page.wait_for_function("location.hash !== ''")
    page.go_back()
    page.wait_for_function(f"Math.abs(scrollY - {before}) < 2")
    figure = page.get_by_role("link", name="Set the live figure to this").last
    figure.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    figure.click()
    page.wait_for_function(f"Math.abs(scrollY - {before}) > 100")
    page.go_back()
    page.wait_for_function(f"Math.abs(scrollY - {before}) < 2")


def test_the_contents_are_open_where_there_is_room_for_them(page):
    contents = page.locator("nav details")
    resize(page, {"width": 800, "height": 900})
    assert contents.get_attribute("open") is None
    resize(page, DESK)
    assert contents.get_attribute("open") is not None


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_nothing_is_wider_than_the_screen(page, width):
    resize(page, {"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = page.eval_on_selector_all(
        ".scroll, .equation",
        "found => found.map(e => [e.scrollWidth > e.clientWidth, "
        "getComputedStyle(e).overflowX])",
    )
    assert all(overflow == "auto" for wider, overflow in sizes if wider)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_tab_key_stops_only_at_what_can_be_scrolled(page, width):
    for width_before in (1920, 360, width):
        resize(page, {"width": width_before, "height": 800})
    found = page.eval_on_selector_all(
        ".scroll, .equation",
        "found => found.map(e => [e.scrollWidth > e.clientWidth, e.tabIndex])",
    )
    assert {(wider, stop) for wider, stop in found} <= {(True, 0), (False, -1)}
    assert any(wider for wider, _ in found) == (width == 360)


def test_print_has_no_contents_and_all_figures(page):
    page.locator("span.claim").first.focus()
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.get_by_role("tooltip").is_hidden()
    assert page.locator("figure svg").last.is_visible()


def test_a_figure_sets_the_live_one(open_page, shown, report, tmp_path):
    report.prose("$$ x $$ {#eq:b}")
    report.live(LIVE)
    a_figure(report, live="features=all&rate=0.3")
    path = tmp_path / "page.html"
    path.write_text(as_html(shown), encoding="utf-8")
    page = open_page(path)
    page.get_by_role("link", name="Set the live figure to this").click()
    page.wait_for_function("document.getElementById('state').textContent !== 'none'")
    assert page.locator("#state").inner_text() == "#features=all&rate=0.3"
    assert page.locator("#live").is_visible()
