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

from helpers.pipeline.environment import NOWHERE
from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.report.mathematics import (
    DOLLARS,
    MATHEMATICS,
    outside_code,
    unify_mathematics,
)

KINDS = {"fig": "Figure", "tab": "Table", "lst": "Listing", "eq": ""}
KINDS |= {"sec": "Section", "app": "Appendix"}
REFERENCE = re.compile(rf"(?<![\w@\\])@({'|'.join(KINDS)}):([a-z0-9-]+)")
EQUATION = re.compile(r"\$\$((?:(?!\$\$).)+)\$\$ *\{#(eq:[a-z0-9-]+)\}", re.DOTALL)
# What would begin code that nobody ends; none of it is in mathematics.
LONELY = re.compile(rf"{DOLLARS}|(?<!\\)`", re.DOTALL)
# In LaTeX, with the ends of the paragraphs around it.
NUMBERED = re.compile(
    r"(?:\n(\n))?\\numbered\{(.*?)\}\\\[\s*(.*?)\s*\\\]\\numbered(?:\n(\n)(?=[a-z]))?",
    re.DOTALL,
)
# A heading with its label, which JupyterLab must not show: {#sec:a} or <!-- #sec:a -->.
HEADING = re.compile(
    r"^(#+) +(.+?) +(?:\{|<!-- *)#((?:sec|app):[a-z0-9-]+)(?:\}| *-->) *$", re.MULTILINE
)
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
OPTIONS += ("--citeproc", "--metadata=link-citations")
# In BibTeX, a work; and an address where Chicago's style would have a word.
WORK = re.compile(r"(?im)^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^\s,{}]+)\s*,")
PLACE = re.compile(r'\bhowpublished(\s*=\s*[{"])(?:\\url{)?(https?:[^{}"]*)}?(?=[}"])')
# Of its signs, those with which text would be lost: not those of addresses, of lines
# that are comments, and between texts that are joined.
SIGN = re.compile(
    r"(?ims)\b(?:url|doi)\s*=\s*(?:\{[^{}]*\}|\"[^\"]*\")|\\url\{[^{}]*\}|\\.|"
    r"^\s*%[^\n]*|=\s*\w+\s*#\s|[\"}]\s+#\s|(?P<sign>[%#])"
)
WRONG = re.compile(r"Error reading bibliography file .*/(\S+): \((line \d+).*?\)")
UNKNOWN = re.compile(r"citation (\S+) not found")
# How a work is cited depends on the others, and notes are numbered through all texts.
TOGETHER = re.compile(rf"@(?!({'|'.join(KINDS)}):)|\[\^")
_known = {}  # the HTML of fragments that were converted, by `READER` and by fragment


def _convert(fragments, bibliography, *options):
    """Convert fragments with pandoc, which adds the works last."""
    # What the package carries, even if another pandoc is installed.
    [pandoc] = Path(find_spec("pypandoc").origin).with_name("files").glob("pandoc*")
    # A person's own abbreviations and templates are not ours.
    command = [pandoc, f"--from={READER}", f"--data-dir={NOWHERE}", *OPTIONS, *options]
    works = bibliography.read_text(encoding="utf-8-sig") if bibliography else ""
    with tempfile.TemporaryDirectory() as folder:
        if bibliography:
            copy = Path(folder, bibliography.name)
            copy.write_text(_for_pandoc(works), encoding="utf-8")
            command += [f"--bibliography={copy}"]
        done = subprocess.run(
            command,
            input="\0".join(map(_with_raw, fragments)),
            capture_output=True,
            encoding="utf-8",
        )
    if refused := REFUSED.search(done.stderr):
        raise UserError(f"{refused[2]}: {_begin(fragments[int(refused[1])])}")
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        reason = WRONG.sub(r"report/\1, \2", reason)
        raise UserError(f"pandoc cannot read the report's text: {reason}")
    if unknown := UNKNOWN.search(done.stderr):
        *_, of_kind = unknown[1].partition(":")
        known = WORK.findall(works) + [f"{kind}:{of_kind}" for kind in KINDS if of_kind]
        why = "" if bibliography else ": report.bibliography(…) must show the works"
        hint = did_you_mean(unknown[1], known) or why
        raise UserError(f"Citation `{unknown[1]}' undefined{hint}")
    for formula in AS_TYPED.findall(done.stderr):
        print(f"note: the page shows as it is typed: {formula}", file=sys.stderr)
    *parts, works = [part.strip() for part in SEAM.split(done.stdout)]
    return parts[: len(fragments)], works


def _for_pandoc(works):
    """Return works in BibTeX of which pandoc loses no text and changes no letter."""
    # Of a work in English, it would change the letters of the title.
    works = re.sub(r"\blangid(?=\s*=)", "given", PLACE.sub(r"url\1\2", works))
    works = WORK.sub(r"\g<0> langid={latin},", works)
    return SIGN.sub(lambda m: f"\\{m[0]}" if m["sign"] else m[0], works)


def _with_raw(fragment):
    """Write labelled equations and references as raw LaTeX, and as raw HTML."""

    def written(text):
        text = LONELY.sub(lambda m: "\\`" if m[0] == "`" else m[0], text)
        begin = r'`\\numbered{\2}`{=print}`<span class="equation" id="\2">`{=page}'
        end = r"`\\numbered`{=print}`</span>`{=page}"
        return REFERENCE.sub(_raw_reference, EQUATION.sub(rf"{begin}$$\1$${end}", text))

    _validate_notes(fragment)
    try:
        text = outside_code(written, HEADING.sub(r"\1 \2 {#\3}", fragment))
        return unify_mathematics(text)
    except ValueError as error:
        raise UserError(f"{error}: {_begin(fragment)}") from None


def _raw_reference(match):
    kind, label = match[1], match[0][1:]
    latex = rf"\hyperref[{label}]{{{KINDS[kind]}~\ref*{{{label}}}}}"
    latex = rf"\eqref{{{label}}}" if kind == "eq" else latex
    return f'`{latex}`{{=print}}`<a class="reference" href="#{label}"></a>`{{=page}}'


def markdown_to_latex(fragments, bibliography=None):
    """Return fragments of Markdown as LaTeX, and the works that are cited.

    Claims are filled in already. The works are those of a BibTeX file; all, if none is
    cited. UserError if a fragment would be set as something else than was meant.
    """
    parts, works = _convert(fragments, bibliography, "--to=latex")
    # An equation stays on the page of what leads to it, and in its paragraph.
    equation = r"\1\\begin{equation}\\label{\2}\n\3\n\\end{equation}\4"
    return [NUMBERED.sub(equation, part) for part in parts], works


def markdown_to_html(fragments, bibliography=None):
    """Return fragments of Markdown as HTML, and the works that are cited, and notes.

    A labelled equation becomes a ``span`` with the label, a reference an empty link to
    its label. See also `markdown_to_latex`.
    """
    known = _known.setdefault(READER.read_bytes(), {})
    texts = enumerate(fragments)
    new = [k for k, text in texts if text not in known or TOGETHER.search(text)]
    options = ["--to=html", "--mathml", "--shift-heading-level-by=1"]
    made, works = _convert([fragments[k] for k in new], bibliography, *options)
    parts = [*map(known.get, fragments)]
    for k, part in zip(new, made, strict=True):
        parts[k] = known[fragments[k]] = MATHML.sub(_as_in_print, part)
    return parts, MATHML.sub(_as_in_print, works)


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


def _validate_notes(fragment):
    """Raise if a note would be lost, or printed as it is typed."""
    text = MATHEMATICS.sub("", fragment)
    named, beside = NOTED.findall(text), NOTED.findall(NOTE.sub("", text))
    for note in named:
        if not named.count(note) == beside.count(note) + 1 > 1:
            how = f"one line that begins with [^{note}]: and text with [^{note}] beside"
            raise UserError(rf"Note `{note}' needs {how}; \[^ is no note")
