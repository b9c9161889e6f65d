"""Convert an executed report to one HTML page, with nbconvert.

The page is self-contained: it holds the figures, mathematics, styles and the files that
the PDF has as attachments, and makes no requests.
"""

import base64
import re
from functools import cache, lru_cache
from html import escape

from nbconvert.exporters import TemplateExporter
from pygments.formatters import HtmlFormatter

from helpers import ROOT
from helpers.figures.formatting import DOLLAR
from helpers.pipeline.report.evidence import CARRIED, FILES, rounded, zipped
from helpers.pipeline.report.listing import STYLES, coloured, html_listing
from helpers.pipeline.report.markdown import markdown_to_html
from helpers.pipeline.report.numbering import Numbering
from helpers.pipeline.report.typeset import (
    bibliography_of,
    check_outputs,
    descriptions,
    descriptions_in,
    places_of_text,
    title_of,
)

# Private-use characters that stand for the start of each claim, for its end, and for a
# comma within a number, until pandoc is done.
FIRST, END, COMMA = 0xF0000, "\U000ffffd", "\U000ffffc"
BEGIN = "[\U000f0000-\U000ffff0]"
IN_TAG = re.compile(f"<[^<>]*{BEGIN}[^<>]*>")  # for example in the address of a link
IN_FORMULA = re.compile(rf"<mi[^>]*>({BEGIN}|{END})</mi>")
WITHIN_NUMBER = re.compile(rf"</mn><mi[^>]*>{COMMA}</mi><mn>")
COMMA_ALONE = re.compile(rf"<mi[^>]*>{COMMA}</mi>")
# What pandoc adds to MathML and no browser needs: a namespace, and the LaTeX source.
MATHML_EXTRAS = re.compile(
    r' xmlns="http://www.w3.org/1998/Math/MathML"|</?semantics>|<annotation.*?</annotation>',
    re.DOTALL,
)
FORMULA = re.compile(r"\$([^$]+)\$")  # in the cell of a table
COLUMN_OPTIONS = re.compile(r">?\{(?:[^{}]|\{[^{}]*\})*\}")  # in a LaTeX alignment


def to_html(notebook, attached, version, *, preview=False):
    """Return the page of an executed report; modifies the notebook.

    `attached` are the files to embed in the page, by name; `version` is the one that
    the report was made from. In a `preview`, an empty element with the identifier
    ``cell-<id>`` precedes each cell. Raises UserError if a reference or citation leads
    nowhere, or text cannot be converted.
    """
    check_outputs(notebook)
    carried = attached | {FILES: zipped(attached, version.time)}
    resources = {
        "heading": title_of(notebook),
        "preview": preview,
        "colours": {
            theme: HtmlFormatter(style=style).get_style_defs(".listing pre")
            for theme, style in STYLES.items()
        },
        "files": {
            name: f"data:{kind};base64,{base64.b64encode(carried[name]).decode()}"
            for name, kind in CARRIED.items()
        },
    }
    html, _ = exporter().from_notebook_node(notebook, resources)
    return html


@cache
def exporter():
    """Return the exporter; it is cached, so that the template is read only once."""
    return TemplateExporter(
        template_name="page",
        file_extension=".html",
        extra_template_basedirs=[str(ROOT / "report")],
        filters={f.__name__: f for f in (html_listing, html_cell, sides, inline_svg)},
        optimistic_validation=True,
        preprocessors=[set_texts],
    )


def set_texts(notebook, resources):
    """Convert all Markdown to HTML, in one call of pandoc, and number it.

    The table of contents, and what else the template needs, is added to the resources.
    """
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "raw"]
    items = descriptions(notebook)
    stated = {name: claim for d in items for name, claim in d.get("claims", {}).items()}
    # Sorted, so that marks rarely change: a preview converts only what has changed.
    marks = {name: chr(FIRST + k) for k, name in enumerate(sorted(stated))}

    def marked(name, text):
        return f"{marks[name]}{text}{END}"

    places = places_of_text(notebook, marked)
    formulas = sorted({formula for d in items for formula in formulas_in(d)})
    fragments = [*(text for _, _, text in places), *map("${}$".format, formulas)]
    fragments = [text.replace("{,}", COMMA) for text in fragments]
    parts, works = markdown_to_html(fragments, bibliography_of(notebook))
    origins = {marks[name]: origin(name, claim) for name, claim in stated.items()}
    *parts, works = (with_origins(part, origins) for part in [*parts, works])
    for (holder, key, _), part in zip(places, parts, strict=False):
        holder[key] = bare(part) if key == "caption" else part
    set_formulas = map(bare, parts[len(places) :])
    resources["formulas"] = dict(zip(formulas, set_formulas, strict=True))
    number_all(notebook, resources)
    resources["works"], *notes = re.split("(?=<section)", works, maxsplit=1)
    resources["notes"] = "".join(notes)
    for holder, key in [*((h, k) for h, k, _ in places), (resources, "notes")]:
        holder[key] = resources["numbering"].refer(holder[key])
    return notebook, resources


def origin(name, claim):
    """Return where a claim comes from, one fact per line; a script adds the commit."""
    value = f"{rounded(claim['value'])} {claim['unit']}".strip()
    run = claim["run"] or "more than one, or none"
    return escape(f"{name}: {value}\nrun: {run}\ncell: In [{claim['cell']}]")


def formulas_in(description):
    """Return the formulas in a table or in the docstrings of a listing."""
    if "rows" in description:
        cells = [*description["columns"], *sum(description["rows"], [])]
        return [formula for cell in cells for formula in FORMULA.findall(cell)]
    if "code" in description:
        return coloured(description["code"], HtmlFormatter())[1]
    return []


def with_origins(html, origins):
    """Return HTML in which each claim is an element that says where it comes from."""
    # Restore the characters that pandoc escapes in MathML.
    html = re.sub(r"&#(98\d{4}|10\d{5});", lambda m: chr(int(m[1])), html)
    html = WITHIN_NUMBER.sub(",", MATHML_EXTRAS.sub("", html))
    # What then remains is in code, where the source reads {,}.
    html = COMMA_ALONE.sub("<mi>,</mi>", html).replace(COMMA, "{,}")
    html = IN_TAG.sub(lambda m: re.sub(f"{BEGIN}|{END}", "", m[0]), html)
    begin, end = '<{} class="claim" tabindex="0" title="{}">', "</{}>"

    def element(match, tag):
        mark = match[match.re.groups]
        return end.format(tag) if mark == END else begin.format(tag, origins[mark])

    html = IN_FORMULA.sub(lambda m: element(m, "mrow"), html)
    return re.sub(f"({BEGIN}|{END})", lambda m: element(m, "span"), html)


def bare(html):
    """Return a paragraph of HTML without its tags."""
    return html.removeprefix("<p>").removesuffix("</p>")


def number_all(notebook, resources):
    """Assign numbers to everything that is published; add them to the resources."""
    numbering = resources["numbering"] = Numbering()
    for cell in notebook.cells:
        if cell.cell_type == "raw":
            cell.source = numbering.number(cell.source)
        for description in descriptions_in(cell):
            if description["kind"] == "appendix":
                numbering.begin_appendix()
            elif description["kind"] == "bibliography":
                numbering.contents.append((2, "references", "", "References"))
            elif "text" in description:
                description["text"] = numbering.number(description["text"])
            elif "label" in description:
                numbering.next(description["label"])
    listed = (d["entries"] for d in descriptions(notebook) if "entries" in d)
    entries = [entry["label"] for entries in listed for entry in entries]
    resources["marks"] = {label: f"P{k}" for k, label in enumerate(entries, start=1)}


def html_cell(text, formulas):
    """Return the HTML of a table cell: text with mathematics between dollars."""
    parts = FORMULA.split(text)  # texts and formulas alternate
    parts[::2] = map(escape, parts[::2])
    parts[1::2] = map(formulas.get, parts[1::2])
    return "".join(parts).replace(DOLLAR, "$")


def sides(align):
    """Return the CSS classes of each column of a table, from its LaTeX alignment."""
    classes = {"r": "right", "p": "left broken"}
    align = align.replace(r">{\raggedleft\arraybackslash}p", "r")
    return [classes.get(letter, "left") for letter in COLUMN_OPTIONS.sub("", align)]


@lru_cache(256)
def inline_svg(svg, label, alt, share=""):
    """Return a matplotlib figure as an element of the page.

    It takes up a `share` of the text width, by default all of it. Its identifiers are
    numbered under its label, its colours become variables of the style sheet, and its
    coordinates are cut to two decimals.
    """
    prefix = label.partition(":")[2]
    body = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg, flags=re.DOTALL)
    body = re.sub(r"<svg .*?>", "", body[body.index("<svg") :], count=1)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    used = dict.fromkeys(re.findall(r'(?:href="|url\()#([^")]+)', body))
    # Matplotlib's own identifiers depend on the last bits of what is drawn.
    names = {name: f"{prefix}-{number}" for number, name in enumerate(used, start=1)}
    body = re.sub(
        r' id="(.*?)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", body
    )
    body = re.sub(r'(href="|url\()#([^")]+)', lambda m: f"{m[1]}#{names[m[2]]}", body)
    body = re.sub(r"(: )#([0-9a-f]{6})\b", r"\1var(--c\2, #\2)", body)
    body = re.sub(
        r'( (?:d|x|y)=")([^"]+)"',
        lambda m: m[1] + re.sub(r"(\.\d\d)\d+", r"\1", m[2]) + '"',
        body,
    )
    box = re.search(r'viewBox="(.*?)"', svg)[1]
    style = f' style="--share: {share}"' if share else ""
    begin = f'<svg role="img" aria-label="{escape(alt)}" viewBox="{box}"{style}>'
    return begin + re.sub(r"\s*\n\s*", " ", body)
