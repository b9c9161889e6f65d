"""Convert a report's Markdown to LaTeX and HTML.

Its dialect is that of JupyterLab, which ``reader.lua`` teaches pandoc, with citations,
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
# A backtick that would begin code without an end; mathematics is matched to skip it.
LONE_BACKTICK = re.compile(rf"{DOLLARS}|(?<!\\)`", re.DOTALL)
# A numbered equation in LaTeX, with the paragraph breaks around it.
NUMBERED = re.compile(
    r"(?:\n(\n))?\\numbered\{(.*?)\}\\\[\s*(.*?)\s*\\\]\\numbered(?:\n(\n)(?=[a-z]))?",
    re.DOTALL,
)
# A heading with a label, {#sec:a} or <!-- #sec:a -->, which JupyterLab must not show.
HEADING = re.compile(
    r"^(#+) +(.+?) +(?:\{|<!-- *)#((?:sec|app):[a-z0-9-]+)(?:\}| *-->) *$", re.MULTILINE
)
MARK = r"\[\^([^\]\s]+)\]"  # the mark of a note
NOTED = re.compile(rf"(?<!\\){MARK}(?!\()")
# A note ends at a blank line, unless indented text follows.
NOTE = re.compile(
    rf"^ {{0,3}}{MARK}:.*(\n(?! {{0,3}}{MARK}:).*\S.*|(\n[ \t]*)+\n( {{4}}|\t).*\S.*)*",
    re.MULTILINE,
)
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)
BOLD_ITALIC = re.compile(r"\\(boldsymbol|bm) *\{?[A-Za-z]")
UPRIGHT = {letter: letter - 0x68 for letter in range(0x1D468, 0x1D49C)}
READER = Path(__file__).with_name("reader.lua")
SEAM = re.compile("%%seam%%|<!--seam-->")  # follows each fragment
AS_TYPED = re.compile(r"Could not convert TeX math (.*?), rendering as TeX", re.DOTALL)
REFUSED = re.compile(r"refused:(\d+):(.+):")
OPTIONS = ("--wrap=preserve", "--syntax-highlighting=none")
OPTIONS += ("--citeproc", "--metadata=link-citations")
# A work in BibTeX; and an address in a field where Chicago's style expects words.
WORK = re.compile(r"(?im)^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^\s,{}]+)\s*,")
BIBURL = re.compile(r'\bhowpublished(\s*=\s*[{"])(?:\\url{)?(https?:[^{}"]*)}?(?=[}"])')
# The signs % and # where pandoc would drop text: not in an address, at the start of a
# comment line, or where strings are concatenated.
SIGN = re.compile(
    r"(?ims)\b(?:url|doi)\s*=\s*(?:\{[^{}]*\}|\"[^\"]*\")|\\url\{[^{}]*\}|\\.|"
    r"^\s*%[^\n]*|=\s*\w+\s*#\s|[\"}]\s+#\s|(?P<sign>[%#])"
)
BAD_BIBTEX = re.compile(r"Error reading bibliography file .*/(\S+): \((line \d+).*?\)")
NOT_FOUND = re.compile(r"citation (\S+) not found")
# Not cached: a citation depends on the others, and notes are numbered across all texts.
UNCACHED = re.compile(rf"@(?!({'|'.join(KINDS)}):)|\[\^")
_cache = {}  # the HTML of converted fragments, by the content of `READER` and fragment


def _convert(fragments, bibliography, *options):
    """Convert fragments with pandoc; return them and the list of works."""
    # Use the pandoc of the Python package, even if another one is installed.
    [pandoc] = Path(find_spec("pypandoc").origin).with_name("files").glob("pandoc*")
    # Ignore the user's own abbreviations and templates.
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
        reason = BAD_BIBTEX.sub(r"report/\1, \2", reason)
        raise UserError(f"pandoc cannot read the report's text: {reason}")
    if unknown := NOT_FOUND.search(done.stderr):
        *_, label = unknown[1].partition(":")
        keys = WORK.findall(works) + [f"{kind}:{label}" for kind in KINDS if label]
        why = "" if bibliography else ": report.bibliography(…) must show the works"
        hint = did_you_mean(unknown[1], keys) or why
        raise UserError(f"Citation `{unknown[1]}' undefined{hint}")
    for formula in AS_TYPED.findall(done.stderr):
        print(f"note: the page shows this formula as typed: {formula}", file=sys.stderr)
    *parts, works = [part.strip() for part in SEAM.split(done.stdout)]
    return parts[: len(fragments)], works


def _for_pandoc(works):
    """Return BibTeX changed so that pandoc keeps all of its text as typed."""
    # In a work whose language is English, it would change the case of the title.
    works = re.sub(r"\blangid(?=\s*=)", "given", BIBURL.sub(r"url\1\2", works))
    works = WORK.sub(r"\g<0> langid={latin},", works)
    return SIGN.sub(lambda m: f"\\{m[0]}" if m["sign"] else m[0], works)


def _with_raw(fragment):
    """Replace labelled equations and references by raw LaTeX and raw HTML."""

    def with_raw(text):
        text = LONE_BACKTICK.sub(lambda m: "\\`" if m[0] == "`" else m[0], text)
        begin = r'`\\numbered{\2}`{=print}`<span class="equation" id="\2">`{=page}'
        end = r"`\\numbered`{=print}`</span>`{=page}"
        return REFERENCE.sub(_raw_reference, EQUATION.sub(rf"{begin}$$\1$${end}", text))

    _validate_notes(fragment)
    try:
        text = outside_code(with_raw, HEADING.sub(r"\1 \2 {#\3}", fragment))
        return unify_mathematics(text)
    except ValueError as error:
        raise UserError(f"{error}: {_begin(fragment)}") from None


def _raw_reference(match):
    kind, label = match[1], match[0][1:]
    latex = rf"\hyperref[{label}]{{{KINDS[kind]}~\ref*{{{label}}}}}"
    latex = rf"\eqref{{{label}}}" if kind == "eq" else latex
    return f'`{latex}`{{=print}}`<a class="reference" href="#{label}"></a>`{{=page}}'


def markdown_to_latex(fragments, bibliography=None):
    """Return fragments of Markdown, with claims filled in, as LaTeX, and the works.

    The works are those of a BibTeX file that are cited, or all if none is. Raises
    UserError if a fragment would come out as something other than was meant.
    """
    parts, works = _convert(fragments, bibliography, "--to=latex")
    # Keep an equation on the page of the text before it, and in its paragraph.
    equation = r"\1\\begin{equation}\\label{\2}\n\3\n\\end{equation}\4"
    return [NUMBERED.sub(equation, part) for part in parts], works


def markdown_to_html(fragments, bibliography=None):
    """Return fragments of Markdown as HTML, and the works followed by the notes.

    A labelled equation becomes a ``span`` with the label, and a reference an empty link
    to its label. See also `markdown_to_latex`.
    """
    cached = _cache.setdefault(READER.read_bytes(), {})
    texts = enumerate(fragments)
    new = [k for k, text in texts if text not in cached or UNCACHED.search(text)]
    options = ["--to=html", "--mathml", "--shift-heading-level-by=1"]
    converted, works = _convert([fragments[k] for k in new], bibliography, *options)
    parts = [*map(cached.get, fragments)]
    for k, part in zip(new, converted, strict=True):
        parts[k] = cached[fragments[k]] = MATHML.sub(_as_in_print, part)
    return parts, MATHML.sub(_as_in_print, works)


def _as_in_print(match):
    r"""Set ``\mathbf`` upright, and put space around functions such as ``\log``."""
    text = match[0]
    if r"\mathbf" in text and not BOLD_ITALIC.search(text):
        text = text.translate(UPRIGHT)  # pandoc also makes it italic
    if not re.search(r'<mi mathvariant="normal">\w\w', text):
        return text  # it has no functions
    math = ElementTree.fromstring(re.sub(' xmlns=".*?"', "", text, count=1))
    for row in [*math.iter("mrow"), *math.iter("mtd")]:
        for left, right in pairwise([*row]):
            before, after = _base(left), _base(right)
            # Next to other signs, such as a sum, the browser itself leaves space.
            applied = _is_function(before) and _sign(after, 0) is None
            closed = _sign(before, -1) in (None, "postfix")
            if applied or (closed and _is_function(after)):
                space = ElementTree.Element("mspace", width="0.167em")
                row.insert([*row].index(right), space)
    return ElementTree.tostring(math, encoding="unicode", short_empty_elements=False)


def _base(element):
    """Return a MathML element without its scripts and accents."""
    has_scripts = re.match("m(sub|sup|under|over)", element.tag)
    return _base(element[0]) if has_scripts else element


def _is_function(element):
    """Tell whether a MathML element is the name of a function."""
    name, *sign = [each.text for each in element] or [element.text]
    return sign == ["\u2061"] or (element.tag == "mi" and len(name or "") > 1)


def _sign(element, end):
    """Return the form of the operator at one end of an element; None if it is none."""
    leaf = [each for each in element.iter() if not len(each)][end]
    return leaf.get("form", "") if leaf.tag in ("mo", "mspace") else None


def _begin(fragment):
    """Quote the beginning of a fragment, without the marks of claims."""
    return repr(max(re.split("[\U000f0000-\U0010ffff]", fragment[:99]), key=len)[:60])


def _validate_notes(fragment):
    """Raise UserError if a note would be lost, or printed as typed."""
    text = MATHEMATICS.sub("", fragment)
    marks, references = NOTED.findall(text), NOTED.findall(NOTE.sub("", text))
    for note in marks:
        if not marks.count(note) == references.count(note) + 1 > 1:
            lines = f"one line that begins with [^{note}]: and a mark [^{note}] in text"
            raise UserError(rf"Note `{note}' needs {lines}; write \[^ if it is no note")
