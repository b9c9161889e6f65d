"""One side of a comparison: a commit, this checkout, a report, or recorded results."""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write, sha256
from helpers.pipeline.report.datasets import require_table
from helpers.pipeline.report.evidence import BUILD, RESULTS
from helpers.pipeline.report.paths import requested_report
from helpers.pipeline.report.revision import COMMIT, Revision, git, revision
from helpers.pipeline.report.title import TABLE, report_environment
from helpers.pipeline.verify.reader import (
    SECTION,
    read_html,
    read_pdf,
    read_results,
    text_of,
)
from helpers.pipeline.verify.rebuild import build_report
from helpers.pipeline.verify.submission import files_of

BUILDS = ROOT / "build" / "compare"
# The ways to read a side, the best first.
PAGE, PRINT, NUMBERS = KINDS = ("page", "PDF", "results")
MADE_BY = {"report/page/index.html.j2": PAGE, "helpers/pipeline/report/build.py": PRINT}
SENTENCE = re.compile(r"(?<=[.:?!])\s+")
FIGURE = re.compile(r'<figure id="([^"]+)"[^>]*>(.*?)</figure>', re.DOTALL)
SVG = re.compile(r"<svg .*</svg>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])\b.*?</\1>", re.DOTALL)
# Numbers and names that change when something is added before them, and parts that are
# compared separately from prose.
REFERENCE = re.compile(r'<a class="reference" href="#([^"]*)"[^>]*>.*?</a>', re.DOTALL)
SEPARATE = re.compile(
    r'<(svg|table|pre|button|select|label)\b.*?</\1>|<ol class="provenance">.*?</ol>'
    r'|<span class="number">.*?</span>|(?<=caption">)<b>.*?</b>'
    r'|(?<=figcaption>)<b>.*?</b>|<a class="reference" href="#from:.*?</a>',
    re.DOTALL,
)


class Side(NamedTuple):
    """One side of a comparison."""

    name: str  # as the user named it
    kind: str  # one of `KINDS`; for ``results``, most fields are empty
    results: dict  # the ``results.json``
    sources: dict[str, bytes] = {}  # files of code and data by name
    prose: Sequence[tuple] = ()  # section and text of each paragraph (PDF: sentence)
    drawings: dict = {}  # functions that return the look of a figure or PDF page
    tables: dict[str, list[list]] = {}  # the cells of each row, by label
    note: str = ""  # a remark for the user


class Place(NamedTuple):
    """Where a side is: the ways to read it, and its file or commit."""

    name: str
    kinds: tuple
    path: Path | None = None
    commit: str = ""
    files: dict = {}  # of the commit; of this checkout, only the data


def load_sides(*names):
    """Load both sides, as the same kind if possible; see `find`."""
    places = [find(name) for name in names]
    common = [kind for kind in KINDS if all(kind in place.kinds for place in places)]
    return [load(place, (*common, *place.kinds)[0]) for place in places]


def find(name):
    """Find a file or a commit by name; an empty name means this checkout."""
    path = Path(name)
    if not name:
        data = {
            path.relative_to(ROOT).as_posix(): path.read_bytes()
            for path in (ROOT / "data").iterdir()
            if path.is_file() and path.name[0] != "."
        }
        return Place("this checkout", (PAGE, PRINT), files=data)
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(15)
        kinds = {b"%PDF-": PRINT, b"<!DOC": PAGE}
        kind = kinds.get(start[:5], NUMBERS)
        if kind == NUMBERS and start.lstrip()[:1] != b"{":
            raise UserError(f"{name} is neither a PDF, a page nor results.json")
        return Place(name, (kind,), path)
    commit = git("rev-parse", "--verify", "--end-of-options", name + "^{commit}")
    if commit := commit.decode().strip():
        files = files_of(commit)
        kinds = [kind for source, kind in MADE_BY.items() if source in files]
        title = git("log", "-1", "--no-show-signature", "--format=%h %s", commit)
        return Place(title.decode().strip(), (*kinds, NUMBERS), None, commit, files)
    names = git("for-each-ref", "--format=%(refname:short)") + git("log", "--format=%h")
    near = get_close_matches(name[:40], names.decode().split(), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UserError(f"there is no file and no commit {name!r}{hint}")


def load(place, kind):
    """Read a side as a kind; if a commit cannot be built, read its results."""
    recorded = requested_report().results.relative_to(ROOT).as_posix()
    if kind == NUMBERS:
        content = place.path.read_bytes() if place.path else place.files.get(recorded)
        return Side(place.name, kind, read_results(content, place.name))
    read = read_html if kind == PAGE else read_pdf
    try:
        report = read(place.path or _built(place, kind))
    except UserError as error:
        if recorded not in place.files:
            raise
        return load(place, NUMBERS)._replace(
            note=f"Only its results are compared: {error}."
        )
    sources = {
        name: content
        for name, content in report.files.items()
        if name not in (RESULTS, BUILD)
    }
    data = (name for name in place.files if name.startswith("data/"))
    sources |= {name: place.files[name] for name in data}
    parts = _of_page if kind == PAGE else _of_pdf
    return Side(place.name, kind, report.results, sources, *parts(report))


def _built(place, kind):
    """Return the report of this checkout or of a commit; make it if necessary."""
    target, paths = "html" if kind == PAGE else "report", requested_report()
    given = report_environment(paths.name)
    table = {name: text for name in TABLE if (text := given[name.upper()])}
    # Otherwise both sides would use the table as it is now.
    require_table(paths.name)
    if not place.commit:
        path, now = (paths.html, paths.pdf)[kind == PRINT], revision()
        if path.exists() and now.commit:
            report = read_html(path) if kind == PAGE else read_pdf(path, pages=False)
            if report.is_of(now) and report.build.get("table") == table:
                return path
        _note("making the report of this checkout")
        return build_report(ROOT, given, target)
    lock = (ROOT / "requirements.txt").read_bytes()
    digest = sha256(lock + json.dumps(given).encode())[:12]
    path = BUILDS / digest / f"{place.commit}.{target}"
    if not path.exists():
        _note(f"making the report of {place.commit[:12]}: half a minute, once")
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            time = int(git("log", "-1", "--format=%ct", place.commit))
            version = json.dumps(Revision(place.commit, time, ""))
            files = place.files | {COMMIT.name: version.encode()}
            for name, content in files.items():
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, name).write_bytes(content)
            path.parent.mkdir(parents=True, exist_ok=True)
            report = build_report(Path(folder), given, target)
            with atomic_write(path) as unfinished:
                shutil.copy(report, unfinished)
    return path


def _note(text):
    print(text, file=sys.stderr, flush=True)


def _of_page(report):
    """Return the prose, drawings and tables of a page."""
    html = "".join(page.look() for page in report.pages)
    html = html.partition("<main")[2].partition("</main>")[0]
    drawings, tables = {}, {}
    for label, body in FIGURE.findall(html):
        if svg := SVG.search(body):
            drawings[label] = svg[0].__str__
        if rows := ROW.findall(body):
            tables[label] = [
                [text_of(cell[0]) for cell in CELL.finditer(row)] for row in rows
            ]
    prose = []
    words = REFERENCE.sub(r"@\1", SEPARATE.sub("", html))
    for part in SECTION.split("<main" + words):
        lines = [" ".join(line.split()) for line in text_of(part).split("\n")]
        lines = [line for line in lines if line]
        prose += [(lines[0], line) for line in lines]
    return prose, drawings, tables


def _of_pdf(report):
    """Return the sentences of a PDF, the pictures of its pages, and no tables."""
    prose = []
    for page in report.pages:
        text = re.sub(r"\s*\d+\s*$", "", page.text)  # without the page number
        text = " ".join(re.sub(r"-\s*\n\s*", "", text).split())
        place = page.name
        if prose and prose[-1][1][-1:] not in ".:?!":  # the sentence continues here
            place, start = prose.pop()
            text = f"{start} {text}"
        for sentence in filter(None, SENTENCE.split(text)):
            prose.append((place, sentence))
            place = page.name
    return prose, {page.name: page.look for page in report.pages}, {}
