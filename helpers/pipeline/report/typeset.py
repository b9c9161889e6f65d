"""Set an executed report in LaTeX, with nbconvert."""

import re

from nbconvert.exporters import LatexExporter
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.claims import CODE, PLACEHOLDER
from helpers.pipeline.report.listing import listing, name_colours
from helpers.pipeline.report.markdown import markdown_to_latex


def to_latex(notebook, attached=None):
    """Convert an executed report notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; its outputs are described by `helpers.pipeline.report.publish`.
    attached : dict of str to bytes, optional
        The files that the PDF will carry, by name.

    Returns
    -------
    latex : str
        The whole document.
    files : dict of str to bytes
        What it reads, by name: the figures, and the attached files under numbers.
    """
    check_provenance(notebook)
    exporter = LatexExporter(
        template_name="template",
        extra_template_basedirs=[str(ROOT / "report")],
        filters={f.__name__: f for f in (listing, name_colours, pdf_text)},
        optimistic_validation=True,  # once, not after each of twelve steps
        config=Config({"LatexPreprocessor": {"style": "friendly"}}),
    )
    exporter.register_preprocessor(Prose, enabled=True)
    named = {pdf_text(name): content for name, content in (attached or {}).items()}
    names = sorted(named)  # as PDF wants them
    latex, resources = exporter.from_notebook_node(notebook, {"attached": names})
    outputs = resources["outputs"]
    files = {name: outputs[name] for name in outputs if name.endswith(".pdf")}
    files |= {f"attached-{i}": named[name] for i, name in enumerate(names, start=1)}
    return latex, files


def pdf_text(text):
    """Return a text as PDF writes it in hexadecimal, whatever letters it has."""
    encoded = (
        text.encode() if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")
    )
    return encoded.hex()


class Prose(Preprocessor):
    """Turn all Markdown of a report into LaTeX, in one call of pandoc.

    Markdown cells become raw cells; the ``text`` and ``caption`` in the
    descriptions that `helpers.pipeline.report.publish` gave to outputs are replaced.
    """

    def preprocess(self, notebook, resources):
        """Return the notebook with LaTeX where it had Markdown."""
        cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        for cell in cells:
            # After a letter, it is an argument in mathematics.
            if re.search(rf"(?<!\w){PLACEHOLDER.pattern}", CODE.sub("", cell.source)):
                raise UserError(f"claims are for %%prose cells: {cell.source[:60]!r}")
        places = [(cell, "source") for cell in cells]
        for description in descriptions(notebook):
            places += [(description, key) for key in ("text", "caption")]
        places = [(holder, key) for holder, key in places if key in holder]
        converted = markdown_to_latex([holder[key] for holder, key in places])
        for (holder, key), latex in zip(places, converted, strict=True):
            holder[key] = latex
        for cell in cells:
            cell.cell_type = "raw"
        return notebook, resources


def descriptions(notebook):
    """Return the descriptions that `publish` gave to outputs, in order."""
    return [
        output.metadata["report"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "report" in output.get("metadata", {})
    ]


def title_of(notebook):
    """Return the title block of an executed report."""
    [title] = (d["heading"] for d in descriptions(notebook) if d["kind"] == "title")
    return title


def check_provenance(notebook):
    """Raise UserError for a figure or table whose provenance is not listed."""
    shown = descriptions(notebook)
    listed = [
        e["label"] for d in shown if d["kind"] == "provenance" for e in d["entries"]
    ]
    for description in shown:
        if description.get("traced") and description["label"] not in listed:
            raise UserError(
                f"{description['label']} is not listed by report.provenance(), which "
                "must come after all figures and tables"
            )
