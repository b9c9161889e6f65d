"""The results of grading: a table of all submissions, with details of each."""

import csv
from collections import Counter
from dataclasses import dataclass, field

from helpers import ROOT
from helpers.pipeline.command import first_few
from helpers.pipeline.compare.pages import to_page
from helpers.pipeline.verify.file_diffs import Changed
from helpers.pipeline.verify.verdicts import (
    DIFFERS,
    HOLDS,
    MISSING,
    NOTED,
    Line,
    readable,
)
from helpers.pipeline.verify.verdicts import HEADER as DETAILS

GRADES = ROOT / "build" / "grades"
FAILED = "cannot be graded"
NUMBERS_HOLD = "holds, drawings not compared"  # it was made on another platform
SUSPICIOUS = "holds, but see what is suspicious"
FINE = (HOLDS, NUMBERS_HOLD)
HEADER = ("submission", "student", "verdict", "changed", "suspicious", HOLDS, DIFFERS)
HEADER += (MISSING, "time", "why")
NAMED = 3  # reasons, or pictures, in a row
MORE_NAMED = 6  # changed files, or suspicions, in a row
WIDEST = 600  # characters of these
FORMULA = tuple("=+-@＝＋－＠")  # how a formula may begin in a spreadsheet


@dataclass
class Grade:
    """The result of grading one submission."""

    name: str  # of the zip or folder
    lines: list[Line] = ()  # everything that was compared
    problem: str = ""  # why it could not be graded, or empty
    seconds: float = 0.0  # how long grading took
    student: str = ""  # as stated in the report
    changed: list[Changed] = ()  # files that differ from the grader's
    suspicious: list[str] = ()  # what may not come from the data or the helpers
    notes: list[str] = field(default_factory=list)  # worth knowing, but no fault
    pictures: list[tuple] = ()  # page number, PNG handed in, PNG made again
    pdf: bytes = b""  # the report as handed in

    @property
    def verdict(self):
        """Whether the report holds, differs, or cannot be graded."""
        if self.problem:
            return FAILED
        if any(line.wrong for line in self.lines):
            return DIFFERS
        if self.suspicious:
            return SUSPICIOUS
        noted = {line.what for line in self.lines if line.verdict == NOTED}
        return NUMBERS_HOLD if "platform" in noted else HOLDS

    @property
    def fine(self):
        """Whether the grader need not look at it."""
        return self.verdict in FINE

    @property
    def why(self):
        """What is wrong, the cause first; if nothing is, the notes."""
        wrong = [*dict.fromkeys(it.what for it in ranked(self.lines) if it.wrong)]
        return readable(
            self.problem or first_few(wrong, NAMED) or "; ".join(self.notes)
        )

    @property
    def cells(self):
        """The row of the table."""
        tally = Counter(line.verdict for line in self.lines)
        counts = [str(tally[verdict]) for verdict in (HOLDS, DIFFERS, MISSING)]
        counts = [""] * 3 if self.problem else counts
        return (
            readable(self.name),
            readable(self.student),
            self.verdict,
            readable(first_few(list(map(str, self.changed)), MORE_NAMED), WIDEST),
            readable(first_few(self.suspicious, MORE_NAMED), WIDEST),
            *counts,
            f"{self.seconds:.1f} s",
            self.why,
        )


def write_gradebook(folder, grades):
    """Write ``index.html`` and ``grades.csv``, and a page for each submission.

    Pages and reports of an earlier grading are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.html"), *folder.glob("*.pdf")]:
        old.unlink()
    table = [(*HEADER, "details")]
    for number, grade in enumerate(grades, 1):
        page, report = f"{number}.html", f"{number}.pdf"
        if grade.pdf:
            (folder / report).write_bytes(grade.pdf)
        (folder / page).write_text(_details(grade, report), encoding="utf-8")
        table.append((*map(_escaped, grade.cells), page))
    with (folder / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    page = to_page(
        "grading/index.html.j2",
        title=f"{sum(grade.fine for grade in grades)} of {len(grades)} hold",
        header=(*HEADER, "pages: handed in, made again"),
        grades=grades,
        named=NAMED,
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def ranked(lines):
    """Sort lines: what does not hold comes first, and there the cause on top."""

    def rank(line):
        good = not line.wrong, line.verdict == HOLDS
        return *good, line.depth, -(line.difference or 0.0)

    return sorted(lines, key=rank)


def _details(grade, report):
    """Return the page of one submission; `report` is the name of its PDF."""
    return to_page(
        "grading/details.html.j2",
        title=readable(f"{grade.name} {grade.student}"),
        report=report if grade.pdf else "",
        grade=grade,
        header=DETAILS,
        lines=ranked(grade.lines),
    )


def _escaped(text):
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text
