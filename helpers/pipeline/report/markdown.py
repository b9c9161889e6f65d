"""The Markdown of a report, and its LaTeX and HTML.

It is pandoc's Markdown, with references such as ``@fig:costs`` and labelled equations
such as ``$$ z = w x $$ {#eq:model}``.
"""

import os
import re
from pathlib import Path

from helpers import ROOT
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
OTHERS = re.compile(r"and\s+others(?=(</\w+>)?\.)")
HTML_CODE = re.compile(r"<code.*?</code>|<annotation.*?</annotation>", re.DOTALL)
# What is left of mathematics that nobody closed; and a picture.
LATEX_SIGNS = (r"\$\$", r"\textbackslash begin", r"\includegraphics")
HTML_SIGNS = ("$$", r"\begin{", "<img")
# Separates the fragments that one call of pandoc converts together.
SEAM = "\n\n```{{={}}}\n{}\n```\n\n"
OPTIONS = ("--wrap=preserve", "--syntax-highlighting=none")
CSL = ROOT / "report" / "page" / "works.csl"  # the words of plainnat


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
    seam = SEAM.format("latex", "%%seam%%")
    # A heading at the very end would be lost: pandoc takes it for that of the works.
    text = seam.join([*map(_with_latex, fragments), ""])
    latex = convert(text, "latex", "--natbib", *OPTIONS)
    # An equation stays on the page of what leads to it, and in its paragraph.
    latex = GOES_ON.sub(r"\1\n", LEADS_TO.sub("\n", latex))
    *converted, _ = [part.strip() for part in latex.split("%%seam%%")]
    for fragment, part in zip(fragments, converted, strict=False):
        _validate(fragment, LATEX_CODE.sub("", part), *LATEX_SIGNS)
    return converted


def markdown_to_html(fragments, bibliography=None):
    """Convert fragments of Markdown, all in one call of pandoc.

    A labelled equation is a ``span`` with the label; a reference is an empty link to
    its label.

    Parameters
    ----------
    fragments : list of str
        Markdown, its claims filled in.
    bibliography : Path, optional
        The BibTeX file of the works that are cited.

    Returns
    -------
    parts : list of str
        HTML of each.
    works : str
        The list of the works that are cited.

    Raises
    ------
    UserError
        If a fragment would be set as something else than was meant.
    """
    seam = SEAM.format("html", "<!--seam-->")
    text = seam.join([*map(_with_html, fragments), ""])
    cited = cited_from(bibliography) if bibliography else []
    html = convert(
        text, "html", "--mathml", "--shift-heading-level-by=1", *OPTIONS, *cited
    )
    *parts, works = [part.strip() for part in html.split("<!--seam-->")]
    for fragment, part in zip(fragments, parts, strict=False):
        _validate(fragment, HTML_CODE.sub("", part), *HTML_SIGNS)
    # BibTeX's "and others" is a name to pandoc.
    return parts, OTHERS.sub("et al", works)


def cited_from(bibliography):
    """Return pandoc's options to cite from a BibTeX file as LaTeX does in print."""
    options = ["--citeproc", "--metadata=link-citations", f"--csl={CSL}"]
    return [*options, f"--bibliography={bibliography}"]


def _validate(fragment, converted, dollars, begin, picture):
    """Raise if a fragment was set as something else than was meant.

    `converted` is without its code; `dollars`, `begin` and `picture` are what
    mathematics that nobody closed, and a picture, become in it.
    """
    if re.search(r"\{=(latex|html)\}", converted):
        raise UserError(f"a block of Markdown is left open: {fragment[:60]!r}")
    opened = dollars in converted and re.search(r"(?<!\\)\$\$", CODE.sub("", fragment))
    if opened or begin in converted:
        raise UserError(f"mathematics is left open: {fragment[:60]!r}")
    if picture in converted:
        raise UserError(f"a picture is shown by report.figure: {fragment[:60]!r}")


def _with_latex(markdown):
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


def _with_html(markdown):
    """Write labels of equations, and references, as raw HTML."""
    markdown = HEADING.sub(r"\1 \2 {#\3}", markdown)
    markdown = EQUATION.sub(
        r'`<span class="equation" id="\2">`{=html}$$\1$$`</span>`{=html}', markdown
    )
    return REFERENCE.sub(r'`<a class="reference" href="#\1:\2"></a>`{=html}', markdown)
