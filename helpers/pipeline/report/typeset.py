"""Set an executed report in LaTeX, with nbconvert."""

import re

from nbconvert.exporters import LatexExporter
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.report.claims import CODE, PLACEHOLDER
from helpers.pipeline.report.listings import listing, name_colours
from helpers.pipeline.report.pandoc import convert
from helpers.pipeline.report.publish import EQUATION, REFERENCE, WORDS

GOES_ON = re.compile(r"(\\end\{equation\})\n\n(?=[a-z])")
SET_CODE = re.compile(
    r"\\texttt\{.*?\}(?=\W)|\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL
)
# Separates the fragments that one call of pandoc converts together.
SEAM = "\n\n```{=latex}\n%%seam%%\n```\n\n"


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
    """Return what `publish` said of each output, in order."""
    return [
        output.metadata["report"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "report" in output.get("metadata", {})
    ]


def markdown_to_latex(fragments):
    """Convert fragments of Markdown, with references and labelled equations.

    Parameters
    ----------
    fragments : list of str
        Markdown as `publish` takes it.

    Returns
    -------
    list of str
        LaTeX of each.
    """
    if not fragments:
        return []
    latex = convert(
        SEAM.join(_label(fragment) for fragment in fragments),
        "latex",
        "markdown-auto_identifiers",
        "--natbib",
        "--wrap=preserve",
        "--syntax-highlighting=none",
    )
    # What goes on after an equation is no new paragraph.
    latex = GOES_ON.sub(r"\1\n", latex)
    converted = [part.strip() for part in latex.split("%%seam%%")]
    for fragment, part in zip(fragments, converted, strict=False):
        _check_set(fragment, part)
    return converted


def _check_set(fragment, latex):
    """Raise UserError for Markdown that comes out as something else than was meant."""
    if "{=latex}" in latex:
        raise UserError(f"a block of Markdown is left open: {fragment[:60]!r}")
    text, latex = CODE.sub("", fragment), SET_CODE.sub("", latex)
    opened = re.search(r"(?<!\\)\$\$", text) and r"\$\$" in latex
    if opened or r"\textbackslash begin" in latex:
        raise UserError(f"mathematics is left open: {fragment[:60]!r}")
    if r"\includegraphics" in latex:
        raise UserError(f"a picture is shown by report.figure: {fragment[:60]!r}")


def _label(markdown):
    """Write labelled equations and references as raw LaTeX."""
    markdown = EQUATION.sub(
        lambda m: (
            f"\n```{{=latex}}\n\\begin{{equation}}\\label{{{m[2]}}}\n"
            f"{m[1].strip()}\n\\end{{equation}}\n```\n"
        ),
        markdown,
    )
    return REFERENCE.sub(_raw_reference, markdown)


def _raw_reference(match):
    kind, label = match[1], match[0][1:]
    if kind == "eq":
        return rf"`\eqref{{{label}}}`{{=latex}}"
    return rf"`\hyperref[{label}]{{{WORDS[kind]}~\ref*{{{label}}}}}`{{=latex}}"


def check_provenance(notebook):
    """Raise UserError if the list of what made figures and tables lacks one."""
    told = descriptions(notebook)
    listed = [
        e["label"] for d in told if d["kind"] == "provenance" for e in d["entries"]
    ]
    for description in told:
        if description.get("traced") and description["label"] not in listed:
            raise UserError(
                f"{description['label']} is not listed by report.provenance(), which "
                "must come after all figures and tables"
            )


def title_of(notebook):
    """Return the title block of an executed report, as it is printed."""
    [title] = (d["heading"] for d in descriptions(notebook) if d["kind"] == "title")
    return title


def to_latex(notebook, attached=()):
    """Convert an executed report notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; its outputs are described by `helpers.pipeline.report.publish`.
    attached : sequence of str
        Names of the files that the PDF will carry, sorted.

    Returns
    -------
    latex : str
        The whole document.
    figures : dict of str to bytes
        The figures' files, by name.
    """
    check_provenance(notebook)
    exporter = LatexExporter(
        template_name="template",
        extra_template_basedirs=[str(ROOT / "report")],
        filters={"listing": listing, "name_colours": name_colours},
        optimistic_validation=True,  # once, not after each of twelve steps
        config=Config({"LatexPreprocessor": {"style": "friendly"}}),
    )
    exporter.register_preprocessor(Prose, enabled=True)
    carried = {"attached": list(attached)}
    latex, resources = exporter.from_notebook_node(notebook, carried)
    files = resources["outputs"]
    return latex, {name: files[name] for name in files if name.endswith(".pdf")}
