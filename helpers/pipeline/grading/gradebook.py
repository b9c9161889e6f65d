"""What came of grading: a table of all submissions, and the details of each."""

import base64
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
SUSPICIOUS = "holds, but see what is suspicious"
FINE = (HOLDS, NUMBERS_HOLD)
HEADER = ("submission", "student", "verdict", "changed", "suspicious", HOLDS, DIFFERS)
HEADER += (MISSING, "time", "why")
NAMED = 3  # of what is wrong in a row, and of its pictures
MORE = 6  # of what changed or is suspicious in a row
WIDE = 600  # letters of these
LINES = 1000  # of the differences of a file, in the details
FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet may take for the beginning of one
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:{policy}">
<title>{title}</title>
<style>
body {{ font: 16px/1.4 sans-serif; margin: 2rem auto; max-width: 90rem;
  padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }}
td {{ overflow-wrap: anywhere; vertical-align: top; }}
th button {{ all: unset; cursor: pointer; }}
pre {{ overflow-x: auto; background: #f7f7f7; padding: .5rem; font-size: 13px; }}
ins {{ background: #d9f2d9; text-decoration: none; }}
del {{ background: #f9dada; text-decoration: none; }}
figure {{ display: inline-block; margin: 0 1rem 1rem 0; }}
img {{ border: 1px solid #ccc; max-width: 40rem; }}
td img {{ height: 5rem; }}
td:nth-child(n + 6):nth-child(-n + 9) {{ white-space: nowrap; }}
.wrong {{ color: #b00020; font-weight: bold; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
SORT = """\
<script>
document.querySelectorAll("th button").forEach((button, column) => {
  let down = 1;
  button.onclick = () => {
    const body = button.closest("table").tBodies[0];
    const value = (row) => row.cells[column].textContent;
    [...body.rows].slice(1)
      .sort((a, b) => down * value(a).localeCompare(value(b), "en", {numeric: true}))
      .forEach((row) => body.append(row));
    down = -down;
  };
});
</script>
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
    student : str
        Who hands it in, as the report says.
    changed : list of helpers.pipeline.verify.files.Changed
        The files that differ from the grader's.
    suspicious : list of str
        What may not come from the data or the grader's helpers.
    notes : list of str
        What is no fault, but should be known.
    pictures : list of (int, bytes or None, bytes or None)
        Of pages that differ, as PNG: handed in, and made again.
    pdf : bytes
        The report that was handed in.
    """

    name: str
    lines: list = ()
    problem: str = ""
    seconds: float = 0.0
    student: str = ""
    changed: list = ()
    suspicious: list = ()
    notes: list = ()
    pictures: list = ()
    pdf: bytes = b""

    @property
    def verdict(self):
        """Whether it holds, differs, or cannot be graded."""
        if self.problem:
            return FAILED
        if any(line.wrong for line in self.lines):
            return DIFFERS
        if self.suspicious:
            return SUSPICIOUS
        noted = {line.what for line in self.lines if line.verdict == NOTED}
        return NUMBERS_HOLD if "platform" in noted else HOLDS

    @property
    def why(self):
        """What went wrong, the largest difference first; else what should be known."""
        wrong = [line.what for line in ranked(self.lines) if line.wrong]
        return readable(self.problem or _some(wrong, NAMED) or "; ".join(self.notes))

    @property
    def cells(self):
        """Its row of the table."""
        tally = Counter(line.verdict for line in self.lines)
        counts = [str(tally[verdict]) for verdict in (HOLDS, DIFFERS, MISSING)]
        counts = [""] * 3 if self.problem else counts
        return (
            readable(self.name),
            readable(self.student),
            self.verdict,
            readable(_some(list(map(str, self.changed)), MORE), WIDE),
            readable(_some(self.suspicious, MORE), WIDE),
            *counts,
            f"{self.seconds:.1f} s",
            self.why,
        )


def _some(texts, most):
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def write_gradebook(folder, grades):
    """Write the table as ``index.html`` and ``grades.csv``, with a page for each.

    Parameters
    ----------
    folder : Path
        Where; pages and reports that are there already are removed.
    grades : list of Grade
        In the order of the table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.html"), *folder.glob("*.pdf")]:
        old.unlink()
    table, rows = [(*HEADER, "details")], []
    for number, grade in enumerate(grades, 1):
        page, report, cells = f"{number}.html", f"{number}.pdf", grade.cells
        if grade.pdf:
            (folder / report).write_bytes(grade.pdf)
        (folder / page).write_text(_details(grade, report), encoding="utf-8")
        table.append((*map(_harmless, cells), page))
        wrong = grade.verdict not in FINE
        pictures = "".join(map(_pair, grade.pictures[:NAMED]))
        rows.append(_row(cells, grade.verdict, wrong, page, pictures))
    with (folder / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    title = f"{sum(g.verdict in FINE for g in grades)} of {len(grades)} hold"
    body = _table((*HEADER, "pages: handed in, made again"), rows, sortable=True)
    policy = "; script-src 'unsafe-inline'"
    page = PAGE.format(title=title, body=body + SORT, policy=policy)
    (folder / "index.html").write_text(page, encoding="utf-8")


def ranked(lines):
    """Return lines with what does not hold first, the largest difference on top."""
    return sorted(
        lines, key=lambda line: (line.verdict == HOLDS, -(line.difference or 0.0))
    )


def _details(grade, report):
    """Return the page of one submission; `report` is the name of its PDF."""
    links = '<a href="index.html">all submissions</a>'
    links += f' · <a href="{report}">the report</a>' if grade.pdf else ""
    verdict = escape(": ".join(filter(None, [grade.verdict, grade.why])))
    body = [f"<p>{links}</p>", f"<p>{verdict}</p>"]
    for head, texts in (
        ("Suspicious", grade.suspicious),
        ("Notes", grade.notes),
    ):
        items = "".join(f"<li>{escape(readable(text))}</li>" for text in texts)
        body += [f"<h2>{head}</h2><ul>{items}</ul>"] if texts else []
    if grade.pictures:
        body += ["<h2>Pages that differ</h2>", *map(_pair, grade.pictures)]
    body += ["<h2>Changed files</h2>"] if grade.changed else []
    for file in grade.changed:
        body.append(f"<h3>{escape(str(file))}</h3>\n{_difference(file.lines)}")
    rows = [
        _row(line.cells(), line.verdict, line.wrong) for line in ranked(grade.lines)
    ]
    body += ["<h2>What was compared</h2>", _table(DETAILS, rows)] if rows else []
    title = escape(readable(f"{grade.name} {grade.student}"))
    return PAGE.format(title=title, body="\n".join(body), policy="")


def _difference(lines):
    shown = []
    for line in lines[:LINES]:
        text = escape(readable_line(line))
        kind = {"+": "ins", "-": "del"}.get(line[:1])
        shown.append(f"<{kind}>{text}</{kind}>" if kind else text)
    if len(lines) > LINES:
        shown.append(f"… and {len(lines) - LINES:,} more lines")
    return "<pre>" + "\n".join(shown) + "</pre>"


def readable_line(line):
    """Return a line of a file with its blanks, without control characters, and cut."""
    text = "".join(c if c.isprintable() else " " for c in line[:500])
    return text + "…" * (len(line) > 500)


def _pair(drawn):
    number, *pictures = drawn
    parts = []
    for title, picture in zip(("handed in", "made again"), pictures, strict=True):
        data = base64.b64encode(picture or b"").decode()
        text = f"page {number}, {title}"
        image = f'<img alt="{text}" src="data:image/png;base64,{data}">'
        parts.append(image if picture else f"{text}: missing")
    return f"<figure>{' '.join(parts)}<figcaption>page {number}</figcaption></figure>"


def _table(header, rows, *, sortable=False):
    heads = [escape(head) for head in header]
    heads = [f"<button>{head}</button>" for head in heads] if sortable else heads
    heads = "".join(f"<th>{head}</th>" for head in heads)
    return "\n".join(["<table>", f"<tr>{heads}</tr>", *rows, "</table>"])


def _row(cells, verdict, wrong, link="", pictures=None):
    """Return a row, its verdict red if it is wrong, and all texts escaped."""
    shown = []
    for text in cells:
        kind = ' class="wrong"' if wrong and text == verdict else ""
        text = escape(text)
        text = text if shown or not link else f'<a href="{link}">{text}</a>'
        shown.append(f"<td{kind}>{text}</td>")
    shown += [f"<td>{pictures}</td>"] if pictures is not None else []
    return f"<tr>{''.join(shown)}</tr>"


def _harmless(text):
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text
