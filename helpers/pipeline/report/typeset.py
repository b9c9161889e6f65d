"""Set an executed report in LaTeX, with nbconvert."""

import re
from ast import literal_eval

from nbconvert.exporters import LatexExporter
from traitlets.config import Config

from helpers import ROOT
from helpers.data import join_names
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import RECORD
from helpers.pipeline.report.claims import PLACEHOLDER, Claim, Claims
from helpers.pipeline.report.fonts import declarations, require_letters
from helpers.pipeline.report.lab import BIBLIOGRAPHIES
from helpers.pipeline.report.listing import listing
from helpers.pipeline.report.markdown import markdown_to_latex
from helpers.pipeline.report.mathematics import CODE
from helpers.pipeline.report.pdf import BEGIN
from helpers.reading.content import composed

# What of a description is set in letters.
PRINTED = ("heading", "text", "caption", "claims", "latex", "code")
# What JupyterLab shows of a cell and the report would not, and how it is published.
PUBLISHED = {
    "image/png": ("a figure that plt.show() shows", "figure"),
    "text/html": ("a table that is only shown", "table"),
}


def to_latex(notebook, attached=None):
    """Convert an executed report, whose outputs `publish` has described.

    Returns the document and the files that it reads, by name: the figures, and those
    that the PDF will carry (`attached`) under numbers.
    """
    check_outputs(notebook)
    check_letters(notebook)
    exporter = LatexExporter(
        template_name="template",
        extra_template_basedirs=[str(ROOT / "report")],
        filters={f.__name__: f for f in (listing, pdf_text)},
        optimistic_validation=True,  # once, not after each of twelve steps
        config=Config({"LatexPreprocessor": {"style": "friendly"}}),
        preprocessors=[set_texts],
    )
    named = {pdf_text(name): content for name, content in (attached or {}).items()}
    names = sorted(named)  # as PDF wants them
    latex, resources = exporter.from_notebook_node(notebook, {"attached": names})
    outputs = resources["outputs"]
    files = {name: outputs[name] for name in outputs if name.endswith(".pdf")}
    files |= {f"attached-{i}": named[name] for i, name in enumerate(names, start=1)}
    latex = composed(latex)
    declared, fonts = declarations(latex)
    if declared:
        latex = latex.replace(BEGIN, f"{declared}\n{BEGIN}", 1)
    return latex, files | fonts


def pdf_text(text):
    """Return a text as PDF writes it in hexadecimal, whatever letters it has."""
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
    """Return where a report has Markdown; its Markdown cells become raw cells.

    Each place is what holds a text, a cell or a description that `publish` gave; its
    key there; and the text with its claims filled in, see `Claims.fill`. UserError if a
    Markdown cell names a claim, which only ``%%prose`` fills in.
    """
    places = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # After a letter, it is an argument in mathematics.
            if re.search(rf"(?<!\w){PLACEHOLDER.pattern}", CODE.sub("", cell.source)):
                raise UserError(f"claims are for %%prose cells: {cell.source[:60]!r}")
            cell.cell_type = "raw"
            places.append((cell, "source", cell.source))
        for shown in descriptions_in(cell):
            named = shown.get("claims", {}).items()
            claims = Claims({name: Claim(**claim) for name, claim in named})
            for key in {"text", "caption"} & shown.keys():  # it has one of them
                text = claims.fill(shown[key], mark) if claims else shown[key]
                if key == "caption":  # in which lines that are set in are no code
                    text = " ".join(text.split())
                places.append((shown, key, text))
    return places


def descriptions(notebook):
    """Return the descriptions that `publish` gave to outputs, in order."""
    return [found for cell in notebook.cells for found in descriptions_in(cell)]


def descriptions_in(cell):
    """Return the descriptions that `publish` gave to the outputs of a cell."""
    return [
        output.metadata["report"]
        for output in cell.get("outputs", [])
        if "report" in output.get("metadata", {})
    ]


def cell_of(error, notebook):
    """Return the cells that an error speaks of, as in ``In [7]``."""
    return " and ".join(map(_name_of, cells_behind(error, notebook)))


def _name_of(cell):
    if cell.cell_type == "markdown":
        return f"the cell that begins with {cell.source.strip()[:40]!r}"
    return f"In [{cell.get('execution_count') or ' '}]"


def cells_behind(error, notebook):
    """List the cells that an error speaks of: of a label, a citation or a formula."""
    cited = re.search(r"`(\S+?)'", error)
    published = re.search(r"\b((?:fig|tab|lst):[a-z0-9-]+) is", error)
    formula = re.search(r"At: (?:.*\\[(\[]|\.\.\.)?(.{3,}) \(see ", error)
    quoted = re.search(r""": ('(?:[^'\\]|\\.){3,}'|"(?:[^"\\]|\\.){3,}")$""", error)
    label = text = None  # of what a cell publishes; a pattern of what its texts say
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
    """Tell whether a cell publishes what has a label, or a text of it a pattern."""
    described = descriptions_in(cell)
    if label and label in [d.get("label") for d in described]:
        return True
    texts = [d.get("text") or d.get("caption", "") for d in described]
    return bool(text) and any(re.search(text, each) for each in [cell.source, *texts])


def title_of(notebook):
    """Return the title block of an executed report."""
    titles = [d["heading"] for d in descriptions(notebook) if d["kind"] == "title"]
    if len(titles) != 1:
        raise UserError(f"report.title(…) must make one title block, not {len(titles)}")
    return titles[0]


def bibliography_of(notebook):
    """Return the path of the BibTeX file whose works a report shows, or None."""
    shown = [d["path"] for d in descriptions(notebook) if "path" in d]
    if len(shown) > 1:
        times = f"once, not {len(shown)} times"
        raise UserError(f"report.bibliography(…) must be called {times}")
    return BIBLIOGRAPHIES / f"{shown[0]}.bib" if shown else None


def check_letters(notebook):
    """Raise UserError for the cells that print letters which no font has."""
    texts = {}
    for cell in notebook.cells:
        shown = descriptions_in(cell)
        printed = [str(d.get(key, "")) for d in shown for key in PRINTED]
        if cell.cell_type == "markdown":
            printed.append(cell.source)
        where = _name_of(cell)
        texts[where] = " ".join([texts.get(where, ""), *printed])
    require_letters(texts)


def lost_outputs(notebook):
    """Return the outputs that a report leaves out, each with its cell."""
    return [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "report" not in output.get("metadata", {})
        and RECORD not in output.get("data", {})
    ]


def note_of_printed(notebook):
    """Return a line about cells whose text JupyterLab shows and the report does not."""
    cells = {
        _name_of(cell): None
        for cell, output in lost_outputs(notebook)
        if output.get("name") == "stdout" or "text/plain" in output.get("data", {})
    }
    note = f"note: what {join_names(cells)} printed is not in the report"
    return f"{note}; a %%prose cell can state it" if cells else ""


def check_outputs(notebook):
    """Raise UserError for a figure or table that would be lost, or is not traced."""
    shown = descriptions(notebook)
    for cell, output in lost_outputs(notebook):
        for kind, (what, how) in PUBLISHED.items():
            if kind in output.get("data", {}):
                raise UserError(
                    f"{what} is not in the report: publish it by report.{how}() "
                    f"in {_name_of(cell)}"
                )
    listed = [
        e["label"] for d in shown if d["kind"] == "provenance" for e in d["entries"]
    ]
    for description in shown:
        if description.get("traced") and description["label"] not in listed:
            raise UserError(
                f"{description['label']} is not listed by report.provenance(), which "
                "must come after all figures and tables"
            )
