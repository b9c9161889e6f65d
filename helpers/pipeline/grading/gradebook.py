"""What came of grading: a table of all submissions, and the details of each."""

import csv
from collections import Counter
from html import escape
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, readable
from helpers.pipeline.verify.verdicts import HEADER as DETAILS

GRADES = ROOT / "build" / "grades"
FAILED = "cannot be graded"
NUMBERS_HOLD = "holds, drawings not compared"  # as it was made on another platform
FINE = (HOLDS, NUMBERS_HOLD)
HEADER = ("submission", "verdict", HOLDS, DIFFERS, MISSING, "time", "why")
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.4 sans-serif; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }}
td {{ overflow-wrap: anywhere; vertical-align: top; }}
.wrong {{ color: #b00020; font-weight: bold; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


class Grade(NamedTuple):
    """What came of one submission.

    Attributes
    ----------
    name : str
        Of the zip or folder.
    lines : list of helpers.pipeline.verify.verdicts.Line
        Everything that was compared.
    problem : str
        Why it could not be graded; empty if it could.
    seconds : float
        How long it took.
    """

    name: str
    lines: list
    problem: str
    seconds: float

    @property
    def verdict(self):
        """Whether it holds, differs, or cannot be graded."""
        if self.problem:
            return FAILED
        if any(line.wrong for line in self.lines):
            return DIFFERS
        noted = {line.what for line in self.lines if line.verdict == NOTED}
        return NUMBERS_HOLD if "platform" in noted else HOLDS

    @property
    def why(self):
        """What went wrong, the largest difference first."""
        wrong = [line.what for line in ranked(self.lines) if line.wrong]
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return readable(self.problem or ", ".join(wrong[:3]) + more)

    @property
    def cells(self):
        """Its row of the table."""
        tally = Counter(line.verdict for line in self.lines)
        counts = [str(tally[verdict]) for verdict in (HOLDS, DIFFERS, MISSING)]
        counts = [""] * 3 if self.problem else counts
        took = f"{self.seconds:.1f} s"
        return (readable(self.name), self.verdict, *counts, took, self.why)


def write_gradebook(folder, grades):
    """Write the table as ``index.html`` and ``grades.csv``, with a page for each.

    Parameters
    ----------
    folder : Path
        Where; pages that are there already are removed.
    grades : list of Grade
        In the order of the table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.html"):
        old.unlink()
    table, rows = [(*HEADER, "details")], []
    for number, grade in enumerate(grades, 1):
        page, cells = f"{number}.html", grade.cells
        (folder / page).write_text(_details(grade), encoding="utf-8")
        table.append((*map(_harmless, cells), page))
        rows.append(_row(cells, grade.verdict, grade.verdict not in FINE, page))
    with (folder / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    title = f"{sum(g.verdict in FINE for g in grades)} of {len(grades)} hold"
    page = PAGE.format(title=title, body=_table(HEADER, rows))
    (folder / "index.html").write_text(page, encoding="utf-8")


def ranked(lines):
    """Return lines with what does not hold first, the largest difference on top."""
    return sorted(
        lines, key=lambda line: (line.verdict == HOLDS, -(line.difference or 0.0))
    )


def _details(grade):
    """Return the page of one submission."""
    body = f"<p>{escape(grade.verdict)}: {escape(grade.why) or 'everything'}</p>\n"
    rows = [
        _row(line.cells(), line.verdict, line.wrong) for line in ranked(grade.lines)
    ]
    body += _table(DETAILS, rows) if rows else ""
    body += '<p><a href="index.html">all submissions</a></p>'
    return PAGE.format(title=escape(readable(grade.name)), body=body)


def _table(header, rows):
    heads = "".join(f"<th>{escape(head)}</th>" for head in header)
    return "\n".join(["<table>", f"<tr>{heads}</tr>", *rows, "</table>"])


def _row(cells, verdict, wrong, link=""):
    """Return a row, its verdict red if it is wrong, and all texts escaped."""
    shown = []
    for text in cells:
        kind = ' class="wrong"' if wrong and text == verdict else ""
        text = escape(text)
        text = text if shown or not link else f'<a href="{link}">{text}</a>'
        shown.append(f"<td{kind}>{text}</td>")
    return f"<tr>{''.join(shown)}</tr>"


def _harmless(text):
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@") else text
