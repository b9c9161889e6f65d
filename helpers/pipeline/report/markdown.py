"""The Markdown of a report, and its LaTeX and HTML.

It is what JupyterLab shows, as ``reader.lua`` has pandoc read it, with citations,
references such as ``@fig:costs`` and labelled equations such as
``$$ z = w x $$ {#eq:model}``.
"""

import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from helpers import ROOT
from helpers.pipeline.environment import NOWHERE
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.mathematics import (
    CODE,
    MATHEMATICS,
    outside_code,
    unify_mathematics,
)

KINDS = {"fig": "Figure", "tab": "Table", "lst": "Listing", "eq": ""}
KINDS |= {"sec": "Section", "app": "Appendix"}
REFERENCE = re.compile(rf"(?<![\w@\\])@({'|'.join(KINDS)}):([a-z0-9-]+)")
EQUATION = re.compile(r"\$\$((?:(?!\$\$).)+)\$\$ *\{#(eq:[a-z0-9-]+)\}", re.DOTALL)
GOES_ON = re.compile(r"(\\end\{equation\})\n\n(?=[a-z])")
LEADS_TO = re.compile(r"\n\n(?=\\begin\{equation\})")
DISPLAYED = re.compile(r"(?<=\})\\\[\s*|\s*\\\](?=\\end\{equation\})")  # with a number
# A heading with its label, which JupyterLab must not show: {#sec:a} or <!-- #sec:a -->.
HEADING = re.compile(
    r"^(#+) +(.+?) +(?:\{|<!-- *)#((?:sec|app):[a-z0-9-]+)(?:\}| *-->) *$", re.MULTILINE
)
LATEX_CODE = re.compile(
    r"\\texttt\{.*?\}(?=\W)|\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL
)
OTHERS = re.compile(r"and\s+others(?=(</\w+>)?\.)")
# Among it is mathematics that pandoc cannot read, and shows as it is typed.
HTML_CODE = re.compile(
    r'<code.*?</code>|<annotation.*?</annotation>|<span class="math .*?</span>',
    re.DOTALL,
)
# What is left of mathematics that nobody closed; and a picture.
LATEX_SIGNS = (r"\$\$", r"\textbackslash begin", r"\includegraphics")
HTML_SIGNS = ("$$", r"\begin{", "<img")
MARK = r"\[\^([^\]\s]+)\]"  # of a note
NOTED = re.compile(rf"(?<!\\){MARK}(?!\()")
# A note goes on to a blank line, and on where what follows is indented.
NOTE = re.compile(
    rf"^ {{0,3}}{MARK}:.*(\n(?! {{0,3}}{MARK}:).*\S.*|(\n[ \t]*)+\n( {{4}}|\t).*\S.*)*",
    re.MULTILINE,
)
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)
BOLD_ITALIC = re.compile(r"\\(boldsymbol|bm) *\{?[A-Za-z]")
UPRIGHT = {letter: letter - 0x68 for letter in range(0x1D468, 0x1D49C)}
READER = Path(__file__).with_name("reader.lua")
SEAM = re.compile("%%seam%%|<!--seam-->")  # which follows each fragment
AS_TYPED = re.compile(r"Could not convert TeX math (.*?), rendering as TeX", re.DOTALL)
REFUSED = re.compile(r"refused:(\d+):(.+):")
OPTIONS = ("--wrap=preserve", "--syntax-highlighting=none")
# A work, as BibTeX has it; of one in English, pandoc changes the letters of the title.
WORK = re.compile(r"^ *@\w+ *\{ *[^\s,{}]+,", re.MULTILINE)
WRONG = re.compile(r"Error reading bibliography file .*/(\S+): \((line \d+).*?\)")
CSL = ROOT / "report" / "page" / "works.csl"  # the words of plainnat
# How a work is cited depends on the others, and notes are numbered through all texts.
TOGETHER = re.compile(r"@|\[\^")
_known = {}  # the HTML of fragments that were converted, by `READER` and by fragment


def _convert(fragments, to, *options):
    """Convert fragments with pandoc; what it adds, such as the works, comes last."""
    # What the package carries, even if another pandoc is installed.
    [pandoc] = Path(find_spec("pypandoc").origin).with_name("files").glob("pandoc*")
    # A person's own abbreviations and templates are not ours.
    command = [pandoc, f"--from={READER}", f"--to={to}", f"--data-dir={NOWHERE}"]
    done = subprocess.run(
        [*command, *options],
        input="\0".join(map(_unified, fragments)),
        capture_output=True,
        encoding="utf-8",
    )
    if refused := REFUSED.search(done.stderr):
        raise UserError(f"{refused[2]}: {_begin(fragments[int(refused[1])])}")
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        reason = WRONG.sub(r"report/\1, \2", reason)
        raise UserError(f"pandoc cannot read the report's text: {reason}")
    for formula in AS_TYPED.findall(done.stderr):
        print(f"note: the page shows as it is typed: {formula}", file=sys.stderr)
    return [part.strip() for part in SEAM.split(done.stdout)]


def _unified(fragment):
    try:
        return unify_mathematics(fragment)
    except ValueError as error:
        raise UserError(f"{error}: {_begin(fragment)}") from None


def markdown_to_latex(fragments):
    """Convert fragments of Markdown, their claims filled in, in one call of pandoc.

    UserError if a fragment would be set as something else than was meant.
    """
    if not fragments:
        return []
    parts = _convert([*map(_with_latex, fragments)], "latex", "--natbib", *OPTIONS)
    for fragment, part in zip(fragments, parts, strict=False):
        _validate(fragment, LATEX_CODE.sub("", part), *LATEX_SIGNS)
    # An equation stays on the page of what leads to it, and in its paragraph.
    parts = [LEADS_TO.sub("\n", DISPLAYED.sub("\n", part)) for part in parts[:-1]]
    return [GOES_ON.sub(r"\1\n", part) for part in parts]


def markdown_to_html(fragments, bibliography=None):
    """Return fragments of Markdown as HTML, and the works that are cited, and notes.

    Claims are filled in already. A labelled equation becomes a ``span`` with the label,
    a reference an empty link to its label. The works are those of a BibTeX file.
    UserError if a fragment would be set as something else than was meant.
    """
    known = _known.setdefault(READER.read_bytes(), {})
    texts = [*map(_with_html, fragments)]
    new = [k for k, t in enumerate(texts) if t not in known or TOGETHER.search(t)]
    options = ["--mathml", "--shift-heading-level-by=1", *OPTIONS]
    if bibliography:  # cited as LaTeX does in print
        options += ["--citeproc", "--metadata=link-citations", f"--csl={CSL}"]
    with tempfile.TemporaryDirectory() as folder:
        if bibliography:
            copy = Path(folder, bibliography.name)
            works = bibliography.read_text(encoding="utf-8")
            copy.write_text(WORK.sub(r"\g<0> langid={latin},", works), encoding="utf-8")
            options += [f"--bibliography={copy}"]
        *made, works = _convert([texts[k] for k in new], "html", *options)
    parts = [*map(known.get, texts)]
    for k, part in zip(new, made, strict=False):
        _validate(fragments[k], HTML_CODE.sub("", part), *HTML_SIGNS)
        parts[k] = known[texts[k]] = MATHML.sub(_as_in_print, part)
    # BibTeX's "and others" is a name to pandoc.
    return parts, MATHML.sub(_as_in_print, OTHERS.sub("et al", works))


def _as_in_print(match):
    """Set mathbf upright, and functions such as log apart from what is beside them."""
    text = match[0]
    if r"\mathbf" in text and not BOLD_ITALIC.search(text):
        text = text.translate(UPRIGHT)  # pandoc's are italic too
    if not re.search(r'<mi mathvariant="normal">\w\w', text):
        return text  # it has no functions
    math = ElementTree.fromstring(re.sub(' xmlns=".*?"', "", text, count=1))
    for row in [*math.iter("mrow"), *math.iter("mtd")]:
        for left, right in pairwise([*row]):
            before, after = _base(left), _base(right)
            # Beside other signs, such as that of a sum, the browser leaves the space.
            applied = _is_function(before) and _sign(after, 0) is None
            closed = _sign(before, -1) in (None, "postfix")
            if applied or (closed and _is_function(after)):
                space = ElementTree.Element("mspace", width="0.167em")
                row.insert([*row].index(right), space)
    return ElementTree.tostring(math, encoding="unicode", short_empty_elements=False)


def _base(element):
    """Return what the scripts and accents of an element of MathML are at."""
    has_scripts = re.match("m(sub|sup|under|over)", element.tag)
    return _base(element[0]) if has_scripts else element


def _is_function(element):
    """Tell whether an element of MathML is the name of a function."""
    name, *sign = [each.text for each in element] or [element.text]
    return sign == ["\u2061"] or (element.tag == "mi" and len(name or "") > 1)


def _sign(element, end):
    """Return the form of the sign at one end of an element; None if it is no sign."""
    leaf = [each for each in element.iter() if not len(each)][end]
    return leaf.get("form", "") if leaf.tag in ("mo", "mspace") else None


def _begin(fragment):
    """Quote what a fragment begins with, without the marks of claims."""
    return repr(max(re.split("[\U000f0000-\U0010ffff]", fragment[:99]), key=len)[:60])


def _validate(fragment, converted, dollars, begin, picture):
    """Raise if a fragment was set as something else than was meant."""
    # `converted` is without its code; `dollars`, `begin` and `picture` are what
    # mathematics that nobody closed, and a picture, become in it.
    if re.search(r"\{=(print|page)\}", converted):
        raise UserError(f"a block of Markdown is left open: {_begin(fragment)}")
    text = CODE.sub("", fragment)
    opened = dollars in converted and re.search(r"(?<!\\)\$\$", text)
    if opened or begin in converted:
        raise UserError(f"mathematics is left open: {_begin(fragment)}")
    if picture in converted:
        raise UserError(f"a picture is shown by report.figure: {_begin(fragment)}")
    text = MATHEMATICS.sub("", fragment)
    if any("{#eq:" in note[0] for note in NOTE.finditer(text)):
        raise UserError(f"an equation in a note has no number: {_begin(fragment)}")
    named, beside = NOTED.findall(text), NOTED.findall(NOTE.sub("", text))
    for note in named:
        if not named.count(note) == beside.count(note) + 1 > 1:
            how = f"one line that begins with [^{note}]: and text with [^{note}] beside"
            raise UserError(rf"Note `{note}' needs {how}; \[^ is no note")


def _with_latex(markdown):
    """Write labelled equations and references as raw LaTeX."""
    begin, end = r"`\\begin{equation}\\label{\2}`{=print}", r"`\\end{equation}`{=print}"
    return _with_raw(markdown, rf"{begin}$$\1$${end}", _raw_reference)


def _raw_reference(match):
    kind, label = match[1], match[0][1:]
    if kind == "eq":
        return rf"`\eqref{{{label}}}`{{=print}}"
    return rf"`\hyperref[{label}]{{{KINDS[kind]}~\ref*{{{label}}}}}`{{=print}}"


def _with_html(markdown):
    """Write labels of equations, and references, as raw HTML."""
    equation = r'`<span class="equation" id="\2">`{=page}$$\1$$`</span>`{=page}'
    reference = r'`<a class="reference" href="#\1:\2"></a>`{=page}'
    return _with_raw(markdown, equation, reference)


def _with_raw(markdown, equation, reference):
    def written(text):
        text = re.sub(r"(?<!\\)`", r"\`", text)  # it would be the end of what follows
        return REFERENCE.sub(reference, EQUATION.sub(equation, text))

    return outside_code(written, HEADING.sub(r"\1 \2 {#\3}", markdown))
