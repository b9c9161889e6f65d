"""What a report refers to: every figure, equation and work that it names must be there.

LaTeX would notice, too, but knows neither the cell nor what may have been meant.
"""

import re
from collections import Counter
from difflib import get_close_matches

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.publish import EQUATION, REFERENCE

HEADING = re.compile(r"\{#([a-z]+:[a-z0-9-]+)\}")
CITED = re.compile(r"(?<![\w@])@([a-zA-Z]\w*[\w-]*)(?![\w:-])")
ENTRY = re.compile(r"^@\w+\{(.+?),", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def check_references(told, headings, bibliography=ROOT / "report" / "references.bib"):
    """Raise UserError for what is named but is not there, or is there twice.

    Parameters
    ----------
    told : list of dict
        What `helpers.pipeline.publish` said of each output.
    headings : list of str
        Markdown cells.
    bibliography : Path
        BibTeX file.
    """
    texts = [d[key] for d in told for key in ("text", "caption") if key in d]
    texts = [CODE.sub("", text) for text in texts + headings]
    labels = [d["label"] for d in told if "label" in d]
    labels += [match[2] for text in texts for match in EQUATION.finditer(text)]
    labels += [label for text in headings for label in HEADING.findall(text)]
    for label, times in Counter(labels).items():
        if times > 1:
            raise UserError(f"the label {label!r} is given {times} times: rename one")
    works = ENTRY.findall(bibliography.read_text(encoding="utf-8"))
    for text in texts:
        for match in REFERENCE.finditer(text):
            _require(match[0][1:], labels, "is labelled", text)
        for name in CITED.findall(text):
            _require(name, works, f"of {bibliography.name} is called", text)


def _require(name, names, what, text):
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        line = next(line for line in text.splitlines() if f"@{name}" in line)
        place = line.index(f"@{name}")
        around = line[max(0, place - 30) : place + 30].strip()
        raise UserError(f"nothing {what} {name!r}{hint} (in {around!r})")
