"""Convert an executed report to LaTeX, with nbconvert."""

import re
from ast import literal_eval

from nbconvert.exporters import LatexExporter
from traitlets.config import Config

from helpers import ROOT
from helpers.data import join_names
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import RECORD
from helpers.pipeline.report.claims import PLACEHOLDER, PROSE, Claim, Claims
from helpers.pipeline.report.fonts import declarations, require_letters
from helpers.pipeline.report.lab import BIBLIOGRAPHIES
from helpers.pipeline.report.listing import listing
from helpers.pipeline.report.markdown import markdown_to_latex
from helpers.pipeline.report.mathematics import CODE
from helpers.pipeline.report.pdf import BEGIN
from helpers.reading.content import composed

# The parts of a description that are printed as text.
PRINTED = ("heading", "text", "caption", "claims", "latex", "code")
# Outputs that JupyterLab shows but the report would omit, and how to publish them.
UNPUBLISHED = {
    "image/png": ("a figure shown by plt.show()", "figure"),
    "text/html": ("a table that is only displayed", "table"),
}


def to_latex(notebook, attached=None):
    """Convert an executed report, whose outputs `publish` has described.

    Returns the document and the files that it reads, by name: the figures, and, under
    numbered names, the files to attach to the PDF (`attached`).
    """
    check_outputs(notebook)
    check_letters(notebook)
    exporter = LatexExporter(
        template_name="template",
        extra_template_basedirs=[str(ROOT / "report")],
        filters={f.__name__: f for f in (listing, pdf_text)},
        optimistic_validation=True,  # only once, not after each of twelve steps
        config=Config({"LatexPreprocessor": {"style": "friendly"}}),
        preprocessors=[set_texts],
    )
    named = {pdf_text(name): content for name, content in (attached or {}).items()}
    names = sorted(named)  # as PDF requires
    latex, resources = exporter.from_notebook_node(notebook, {"attached": names})
    outputs = resources["outputs"]
    files = {name: outputs[name] for name in outputs if name.endswith(".pdf")}
    files |= {f"attached-{i}": named[name] for i, name in enumerate(names, start=1)}
    latex = composed(latex)
    preamble, fonts = declarations(latex)
    if preamble:
        latex = latex.replace(BEGIN, f"{preamble}\n{BEGIN}", 1)
    return latex, files | fonts


def pdf_text(text):
    """Return any text as a PDF string in hexadecimal."""
    encoded = (
        text.encode() if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")
    )
    return encoded.hex()


def set_texts(notebook, resources):
    """Turn all Markdown of a report into LaTeX, in one call of pandoc."""
    places = places_of_text(notebook)
    texts = [text for _, _, text in places]
    parts, resources["works"] = markdown_to_latex(texts, bibliography_of(notebook))
    for (holder, key, _), latex in zip(places, parts, strict=True):
        holder[key] = latex
    return notebook, resources


def places_of_text(notebook, mark=None):
    """Return the places of a report's Markdown; its Markdown cells become raw cells.

    Each place is a tuple: the holder of the text, a cell or a description by `publish`;
    the key of the text there; and the text with its claims filled in (`Claims.fill`).
    Raises UserError if a Markdown cell names a claim, or is meant as ``%%prose``.
    """
    places = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if cell.source.startswith(PROSE):
                begin = repr(cell.source[:60])
                raise UserError(f"{PROSE} needs a code cell, not Markdown: {begin}")
            # After a letter, double braces are an argument in mathematics.
            if re.search(rf"(?<!\w){PLACEHOLDER.pattern}", CODE.sub("", cell.source)):
                raise UserError(f"claims are for %%prose cells: {cell.source[:60]!r}")
            cell.cell_type = "raw"
            places.append((cell, "source", cell.source))
        for item in descriptions_in(cell):
            named = item.get("claims", {}).items()
            claims = Claims({name: Claim(**claim) for name, claim in named})
            for key in {"text", "caption"} & item.keys():  # it has one at most
                text = claims.fill(item[key], mark) if claims else item[key]
                if key == "caption":  # indented lines are not code here
                    text = " ".join(text.split())
                places.append((item, key, text))
    return places


def descriptions(notebook):
    """Return the descriptions that `publish` gave to outputs, in order."""
    return [item for cell in notebook.cells for item in descriptions_in(cell)]


def descriptions_in(cell):
    """Return the descriptions that `publish` gave to the outputs of a cell."""
    return [
        output.metadata["report"]
        for output in cell.get("outputs", [])
        if "report" in output.get("metadata", {})
    ]


def cell_of(error, notebook):
    """Name the cells that an error is about, as in ``In [7]``."""
    return " and ".join(map(_name_of, cells_of_error(error, notebook)))


def _name_of(cell):
    if cell.cell_type == "markdown":
        return f"the cell that begins with {cell.source.strip()[:40]!r}"
    return f"In [{cell.get('execution_count') or ' '}]"


def cells_of_error(error, notebook):
    """Return the cells that an error is about: of a label, a citation or a formula."""
    cited = re.search(r"`(\S+?)'", error)
    published = re.search(r"\b((?:fig|tab|lst):[a-z0-9-]+) is", error)
    formula = re.search(r"At: (?:.*\\[(\[]|\.\.\.)?(.{3,}) \(see ", error)
    quoted = re.search(r""": ('(?:[^'\\]|\\.){3,}'|"(?:[^"\\]|\\.){3,}")$""", error)
    label = text = None  # the label of an item, and a pattern in the text of its cell
    if cited:
        label, sign = cited[1], "#" if "multiply" in error else "@"
        sign = r"\[\^" if error.startswith("Note") else sign
        text = rf"{sign}{re.escape(label)}(?![\w-])"
    elif published:
        label = published[1]
    elif formula:
        text = re.escape(formula[1])
    elif quoted:
        text = re.escape(literal_eval(quoted[1]))
    return [cell for cell in notebook.cells if _has(cell, label, text)]


def _has(cell, label, text):
    """Tell whether a cell publishes an item of this label, or its text matches."""
    items = descriptions_in(cell)
    if label and label in [item.get("label") for item in items]:
        return True
    texts = [item.get("text") or item.get("caption", "") for item in items]
    return bool(text) and any(re.search(text, each) for each in [cell.source, *texts])


def title_of(notebook):
    """Return the title block of an executed report."""
    titles = [d["heading"] for d in descriptions(notebook) if d["kind"] == "title"]
    if len(titles) != 1:
        raise UserError(f"report.title(…) must make one title block, not {len(titles)}")
    return titles[0]


def bibliography_of(notebook):
    """Return the path of the BibTeX file whose works a report lists, or None."""
    names = [d["path"] for d in descriptions(notebook) if "path" in d]
    if len(names) > 1:
        times = f"once, not {len(names)} times"
        raise UserError(f"report.bibliography(…) must be called {times}")
    return BIBLIOGRAPHIES / f"{names[0]}.bib" if names else None


def check_letters(notebook):
    """Raise UserError for the cells that print letters which no font has."""
    texts = {}
    for cell in notebook.cells:
        items = descriptions_in(cell)
        printed = [str(item.get(key, "")) for item in items for key in PRINTED]
        if cell.cell_type == "markdown":
            printed.append(cell.source)
        where = _name_of(cell)
        texts[where] = " ".join([texts.get(where, ""), *printed])
    require_letters(texts)


def unpublished_outputs(notebook):
    """Return the outputs that the report omits, each with its cell."""
    return [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "report" not in output.get("metadata", {})
        and RECORD not in output.get("data", {})
    ]


def unpublished_text_note(notebook):
    """Return a note on cells whose printed text is not in the report; empty if none."""
    cells = {
        _name_of(cell): None
        for cell, output in unpublished_outputs(notebook)
        if output.get("name") == "stdout" or "text/plain" in output.get("data", {})
    }
    note = f"note: what {join_names(cells)} printed is not in the report"
    return f"{note}; a %%prose cell can state it" if cells else ""


def check_outputs(notebook):
    """Raise UserError if the report lacks a figure or table, or its provenance."""
    items = descriptions(notebook)
    for cell, output in unpublished_outputs(notebook):
        for kind, (what, method) in UNPUBLISHED.items():
            if kind in output.get("data", {}):
                raise UserError(
                    f"{what} is not in the report: publish it with report.{method}() "
                    f"in {_name_of(cell)}"
                )
    listed = [
        e["label"] for d in items if d["kind"] == "provenance" for e in d["entries"]
    ]
    for item in items:
        if item.get("traced") and item["label"] not in listed:
            raise UserError(
                f"{item['label']} is not listed by report.provenance(), which must "
                "come after all figures and tables"
            )
