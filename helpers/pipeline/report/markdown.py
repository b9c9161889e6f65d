"""The Markdown of a report, and its LaTeX.

It is pandoc's Markdown, with references such as ``@fig:costs`` and labelled equations
such as ``$$ z = w x $$ {#eq:model}``.
"""

import os
import re
from pathlib import Path

from helpers.pipeline.environment import NOWHERE
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.claims import CODE

KINDS = {"fig": "Figure", "tab": "Table", "lst": "Listing", "eq": ""}
KINDS |= {"sec": "Section", "app": "Appendix"}
REFERENCE = re.compile(rf"(?<![\w@])@({'|'.join(KINDS)}):([a-z0-9-]+)")
EQUATION = re.compile(r"\$\$((?:(?!\$\$).)+)\$\$ *\{#(eq:[a-z0-9-]+)\}", re.DOTALL)
GOES_ON = re.compile(r"(\\end\{equation\})\n\n(?=[a-z])")
LEADS_TO = re.compile(r"\n\n(?=\\begin\{equation\})")
# A heading with its label, which JupyterLab must not show: {#sec:a} or <!-- #sec:a -->.
HEADING = re.compile(
    r"^(#+) +(.+?) +(?:\{|<!-- *)#((?:sec|app):[a-z0-9-]+)(?:\}| *-->) *$", re.MULTILINE
)
LATEX_CODE = re.compile(
    r"\\texttt\{.*?\}(?=\W)|\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL
)
# Separates the fragments that one call of pandoc converts together.
SEAM = "\n\n```{=latex}\n%%seam%%\n```\n\n"


def convert(text, to, *options):
    """Convert pandoc's Markdown with the locked pandoc, even if another is installed.

    Parameters
    ----------
    text : str
        What to convert.
    to : str
        Name of the format.
    *options : str
        Further arguments of pandoc.

    Returns
    -------
    str
        The text in the other format.
    """
    import pypandoc

    [locked] = Path(pypandoc.__file__).with_name("files").glob("pandoc*")
    os.environ["PYPANDOC_PANDOC"] = str(locked)
    source = "markdown-auto_identifiers"
    options = (f"--data-dir={NOWHERE}", *options)  # a person's own abbreviations
    return pypandoc.convert_text(text, to, format=source, extra_args=options)


def markdown_to_latex(fragments):
    """Convert fragments of Markdown, all in one call of pandoc.

    Parameters
    ----------
    fragments : list of str
        Markdown, its claims filled in.

    Returns
    -------
    list of str
        LaTeX of each.

    Raises
    ------
    UserError
        If a fragment would be set as something else than was meant.
    """
    if not fragments:
        return []
    latex = convert(
        SEAM.join(_label(fragment) for fragment in fragments),
        "latex",
        "--natbib",
        "--wrap=preserve",
        "--syntax-highlighting=none",
    )
    # An equation stays on the page of what leads to it, and in its paragraph.
    latex = GOES_ON.sub(r"\1\n", LEADS_TO.sub("\n", latex))
    converted = [part.strip() for part in latex.split("%%seam%%")]
    for fragment, part in zip(fragments, converted, strict=False):
        _validate(fragment, part)
    return converted


def _validate(fragment, latex):
    if "{=latex}" in latex:
        raise UserError(f"a block of Markdown is left open: {fragment[:60]!r}")
    text, latex = CODE.sub("", fragment), LATEX_CODE.sub("", latex)
    opened = re.search(r"(?<!\\)\$\$", text) and r"\$\$" in latex
    if opened or r"\textbackslash begin" in latex:
        raise UserError(f"mathematics is left open: {fragment[:60]!r}")
    if r"\includegraphics" in latex:
        raise UserError(f"a picture is shown by report.figure: {fragment[:60]!r}")


def _label(markdown):
    """Write labelled equations and references as raw LaTeX."""
    markdown = HEADING.sub(r"\1 \2 {#\3}", markdown)
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
    return rf"`\hyperref[{label}]{{{KINDS[kind]}~\ref*{{{label}}}}}`{{=latex}}"
