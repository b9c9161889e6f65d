"""The report as JupyterLab shows it: numbers and names in the place of labels."""

import os
from functools import cached_property

from helpers import ROOT
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.report.drawing import BESIDE
from helpers.pipeline.report.markdown import EQUATION, HEADING, KINDS, REFERENCE
from helpers.pipeline.report.paths import opened_cells
from helpers.pipeline.report.works import begin_to_read, cite_by_name

BIBLIOGRAPHY = ROOT / "report" / "references.bib"


class Lab:
    """The numbers given so far."""

    def __init__(self):
        self._numbers = {}
        if os.environ.get(BESIDE):
            begin_to_read(BIBLIOGRAPHY)

    def text(self, text):
        """Give references and equations the numbers that LaTeX gives in print.

        Works are cited and sections are named by their names, without their labels.
        """
        if FORMATS in os.environ:  # nobody will see it
            return text
        text = cite_by_name(HEADING.sub(r"\1 \2", text), BIBLIOGRAPHY)
        text = EQUATION.sub(
            lambda m: f"$${m[1].rstrip()} \\tag{{{self.number(m[2])[1]}}}$$", text
        )
        return REFERENCE.sub(lambda m: self.reference(m[0][1:]), text)

    @cached_property
    def _headings(self):
        """The text of each labelled heading of the notebook, by its label."""
        text = "\n".join("".join(cell["source"]) for cell in opened_cells())
        return {label: heading for _, heading, label in HEADING.findall(text)}

    def reference(self, label):
        """Return what a reference to a label says, as a link."""
        if label.startswith(("sec:", "app:")) and label in self._headings:
            heading = self._headings[label]
            return f"[{heading}](#{heading.replace(' ', '-')})"
        kind, number = self.number(label)
        number = f"({number})" if kind == "eq" else number
        return f"[{KINDS[kind]} {number}](#{label})".replace("[ ", "[")

    def number(self, label):
        """Return a label's kind, and its place among those of its kind so far."""
        kind = label.partition(":")[0]
        labels = self._numbers.setdefault(kind, [])
        if label not in labels:
            labels.append(label)
        number = labels.index(label)
        return kind, "ABCDEFGH"[number] if kind == "app" else number + 1
