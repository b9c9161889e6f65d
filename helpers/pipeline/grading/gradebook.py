"""What came of grading: a table of all submissions, and the details of each."""

import csv
from collections import Counter
from html import escape
from math import isnan
from typing import NamedTuple

from helpers.pipeline.verify.compare import DIFFERS, HOLDS, MISSING, NOTED

FAILED = "cannot be graded"
ELSEWHERE = "holds, drawings not compared"  # as it was made on another platform
FINE = (HOLDS, ELSEWHERE)
HEADER = ("submission", "verdict", HOLDS, DIFFERS, MISSING, "time", "why")
LONGEST = 300  # letters of what a submission says
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
    lines : list of helpers.pipeline.verify.compare.Line
        Everything that was checked.
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
    def tally(self):
        """How many lines have each verdict."""
        return Counter(line.verdict for line in self.lines)

    @property
    def verdict(self):
        """Holds, differs, or cannot be graded."""
        if self.problem:
            return FAILED
        if self.tally.keys() - {HOLDS, NOTED}:
            return DIFFERS
        return ELSEWHERE if NOTED in self.tally else HOLDS

    @property
    def why(self):
        """What went wrong first."""
        wrong = [n.what for n in ranked(self.lines) if n.verdict in (DIFFERS, MISSING)]
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return readable(self.problem or ", ".join(wrong[:3]) + more)

    @property
    def cells(self):
        """Its row of the table."""
        counted = [str(self.tally[it]) for it in (HOLDS, DIFFERS, MISSING)]
        counted = [""] * 3 if self.problem else counted
        took = f"{self.seconds:.1f} s"
        return (readable(self.name), self.verdict, *counted, took, self.why)


def write_gradebook(folder, grades):
    """Write the table as ``index.html`` and ``grades.csv``, with a page for each.

    Parameters
    ----------
    folder : Path
        Where; pages of another time are removed.
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
        rows.append(_row(cells, grade.verdict, page))
    with (folder / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    title = f"{sum(g.verdict in FINE for g in grades)} of {len(grades)} hold"
    page = PAGE.format(title=title, body=_table(HEADER, rows))
    (folder / "index.html").write_text(page, encoding="utf-8")


def ranked(lines):
    """Return lines with what does not hold first, the largest difference on top."""
    return sorted(lines, key=lambda line: (line.verdict == HOLDS, -_gap(line)))


def _gap(line):
    """Return a difference; zero where there is none, or none of numbers."""
    return 0.0 if line.difference is None or isnan(line.difference) else line.difference


def readable(text):
    """Return a text of a submission on one line, short, without control characters."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _details(grade):
    """Return the page of one submission: first what does not hold."""
    rows = []
    for line in ranked(grade.lines):
        what, stated, reproduced, _, verdict = line
        gap = _gap(line)
        cells = (what, stated, reproduced, f"{gap:.1e}" if gap else "")
        rows.append(_row([readable(cell) for cell in (*cells, verdict)], verdict))
    header = ("claim", "stated", "reproduced", "difference", "verdict")
    body = f"<p>{escape(grade.verdict)}: {escape(grade.why) or 'everything'}</p>\n"
    body += _table(header, rows) if rows else ""
    body += '<p><a href="index.html">all submissions</a></p>'
    return PAGE.format(title=escape(readable(grade.name)), body=body)


def _table(header, rows):
    heads = "".join(f"<th>{escape(head)}</th>" for head in header)
    return "\n".join(["<table>", f"<tr>{heads}</tr>", *rows, "</table>"])


def _row(cells, verdict, link=""):
    """Return a row; texts of submissions stay texts."""
    first, *others = map(escape, cells)
    shown = [f'<a href="{link}">{first}</a>' if link else first, *others]
    wrong = "" if verdict in (*FINE, NOTED) else ' class="wrong"'
    shown = [
        f"<td{wrong if text == escape(verdict) else ''}>{text}</td>" for text in shown
    ]
    return f"<tr>{''.join(shown)}</tr>"


def _harmless(text):
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@") else text
