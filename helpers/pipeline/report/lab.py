"""Prepare text for JupyterLab: replace labels by numbers, and citation keys by names.

JupyterLab would show ``[@boyd2004]`` as typed; for print and page, pandoc cites it.
"""

import os
import re
from contextlib import suppress
from functools import cache, cached_property, partial

from helpers import ROOT
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.report.drawing import IN_BACKGROUND, call_in_background
from helpers.pipeline.report.markdown import (
    EQUATION,
    HEADING,
    KINDS,
    REFERENCE,
    WORK,
    markdown_to_html,
)
from helpers.pipeline.report.mathematics import outside_code
from helpers.pipeline.report.paths import current_cells

BIBLIOGRAPHIES = ROOT / "report"
BIBLIOGRAPHY = re.compile(r"^[^#\n]*\bbibliography\([^)]*?([\w.-]+\.bib)", re.MULTILINE)
KEY = rf"@(?!(?:{'|'.join(KINDS)}):)([\w-]*\w)"
CITATION = re.compile(rf"\[(?P<group>[^\[\]]*{KEY}[^\[\]]*)\](?!\()|(?<![\w@\\]){KEY}")
KIND = {"figure": "fig", "table": "tab", "listing": "lst"}
NUMBERED = re.compile(  # what gets a number, in the source of a notebook
    rf"^[^#\n]*\breport\.({'|'.join(KIND)})\((?:(?!\blabel=).)*\blabel=[\"']([\w-]+)[\"']"
    r"|\{#(eq:[\w-]+)\}",
    re.MULTILINE | re.DOTALL,
)
_pending = {}  # by path: a function that waits until a file has been read


class Lab:
    """The numbers of figures, tables, listings and equations in JupyterLab."""

    def __init__(self):
        if os.environ.get(IN_BACKGROUND) and self._works.exists():
            # The works are read on another core while the notebook continues.
            _pending[self._works] = call_in_background(_read, self._works)

    def text(self, text):
        """Give references and equations the numbers that LaTeX gives in print.

        Citations become names and years; references to sections become headings.
        """
        if FORMATS in os.environ:  # no one will see it
            return text
        return outside_code(self._named, HEADING.sub(r"\1 \2", text))

    def _named(self, text):
        text = CITATION.sub(self._cited, text)
        text = EQUATION.sub(
            lambda m: f"$${m[1].rstrip()} \\tag{{{self.number(m[2])[1]}}}$$", text
        )
        return REFERENCE.sub(lambda m: self.reference(m[0][1:]), text)

    def _cited(self, match):
        """Write a citation, if all works exist, as ``(Boyd and Vandenberghe 2004)``."""
        keys, names = re.findall(KEY, match[0]), {}
        with suppress(UserError):  # report.bibliography(…) will raise it
            names, _ = read_works(self._works)
        if not all(key in names for key in keys):
            return match[0]
        if match["group"] is None:
            return re.sub(KEY, lambda m: "{} ({})".format(*names[m[1]]), match[0])
        years = re.sub(f"-{KEY}", lambda m: names[m[1]][1], match["group"])
        return f"({re.sub(KEY, lambda m: ' '.join(names[m[1]]), years)})"

    @cached_property
    def _source(self):
        # Read only if needed: a preview would otherwise rerun the cell at each save.
        return "\n".join("".join(cell["source"]) for cell in current_cells())

    @cached_property
    def _numbers(self):
        """The labels of each kind, in the notebook's order; new ones come last."""
        numbers, source = {}, "" if FORMATS in os.environ else self._source
        for method, label, equation in NUMBERED.findall(source):
            label = equation or f"{KIND[method]}:{label}"
            numbers.setdefault(label.partition(":")[0], []).append(label)
        return numbers

    @cached_property
    def _works(self):
        """The path of the bibliography that the notebook shows."""
        [name] = BIBLIOGRAPHY.findall(self._source)[:1] or ["references.bib"]
        return BIBLIOGRAPHIES / name

    @cached_property
    def _headings(self):
        """The text of each labelled heading of the notebook, by its label."""
        return {label: heading for _, heading, label in HEADING.findall(self._source)}

    def reference(self, label):
        """Return a reference to a label, as a link."""
        if label.startswith(("sec:", "app:")) and label in self._headings:
            heading = self._headings[label]
            return f"[{heading}](#{heading.replace(' ', '-')})"
        kind, number = self.number(label)
        number = f"({number})" if kind == "eq" else number
        return f"[{KINDS[kind]} {number}](#{label})".replace("[ ", "[")

    def number(self, label):
        """Return a label's kind, and its number among those of its kind."""
        kind = label.partition(":")[0]
        labels = self._numbers.setdefault(kind, [])
        if label not in labels:
            labels.append(label)
        number = labels.index(label)
        return kind, chr(ord("A") + number) if kind == "app" else number + 1


@cache
def read_works(path):
    """Read the author and year of each work in a BibTeX file, by key, and its HTML."""
    if not path.exists():
        files = sorted(each.name for each in BIBLIOGRAPHIES.glob("*.bib"))
        hint = did_you_mean(path.name, files) or f"; there are {', '.join(files)}"
        raise UserError(f"there is no report/{path.name}{hint}")
    return _pending.pop(path, partial(_read, path))()


def _read(path):
    """Read a BibTeX file as `read_works` does, in one call of pandoc."""
    try:
        keys = WORK.findall(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(f"report/{path.name} must be saved as UTF-8") from None
    if repeated := [key for key in dict.fromkeys(keys) if keys.count(key) > 1]:
        raise UserError(f"report/{path.name} has two works with the key {repeated[0]}")
    citations, html = markdown_to_html([f"@{{{key}}}" for key in keys], path)
    names = {}
    for key, citation in zip(keys, citations, strict=True):
        text = " ".join(re.sub("<.*?>", "", citation, flags=re.DOTALL).split())
        authors, _, year = text.rpartition(" ")
        names[key] = authors, year.strip("()")
    return names, html
