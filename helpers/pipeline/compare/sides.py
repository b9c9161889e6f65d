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
from helpers.pipeline.report.title import TABLE, environment_for
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
# What a side can be read as, the best first.
PAGE, PRINT, NUMBERS = KINDS = ("page", "PDF", "results")
MADE_BY = {"report/page/index.html.j2": PAGE, "helpers/pipeline/report/build.py": PRINT}
SENTENCE = re.compile(r"(?<=[.:?!])\s+")
FIGURE = re.compile(r'<figure id="([^"]+)"[^>]*>(.*?)</figure>', re.DOTALL)
SVG = re.compile(r"<svg .*</svg>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])\b.*?</\1>", re.DOTALL)
# Numbers and names that move when something is added before them, and what is compared
# apart from prose.
REFERENCE = re.compile(r'<a class="reference" href="#([^"]*)"[^>]*>.*?</a>', re.DOTALL)
APART = re.compile(
    r'<(svg|table|pre|button|select|label)\b.*?</\1>|<ol class="provenance">.*?</ol>'
    r'|<span class="number">.*?</span>|(?<=caption">)<b>.*?</b>'
    r'|(?<=figcaption>)<b>.*?</b>|<a class="reference" href="#from:.*?</a>',
    re.DOTALL,
)


class Side(NamedTuple):
    """One side of a comparison."""

    name: str  # what was given
    kind: str  # one of `KINDS`. Of results, only they are known
    results: dict  # the ``results.json``
    sources: dict[str, bytes] = {}  # files of code and data, by name
    prose: Sequence[tuple] = ()  # section and text of each paragraph, in a PDF sentence
    drawings: dict = {}  # functions that return how a figure, or page of a PDF, looks
    tables: dict[str, list[list]] = {}  # the cells of each row, by label
    note: str = ""  # what should be known of it


class Place(NamedTuple):
    """Where a side is: the kinds that it can be read as, and its file or commit."""

    name: str
    kinds: tuple
    path: Path | None = None
    commit: str = ""
    files: dict = {}  # of the commit; of this checkout, only the data


def load_sides(*given):
    """Load both sides, as the same kind if that is possible; see `find`."""
    places = [find(text) for text in given]
    common = [kind for kind in KINDS if all(kind in place.kinds for place in places)]
    return [load(place, (*common, *place.kinds)[0]) for place in places]


def find(given):
    """Find a file, a commit, or, if nothing is given, this checkout."""
    path = Path(given)
    if not given:
        data = {
            path.relative_to(ROOT).as_posix(): path.read_bytes()
            for path in (ROOT / "data").iterdir()
            if path.is_file() and path.name[0] != "."
        }
        return Place("this checkout", (PAGE, PRINT), files=data)
    if path.is_file():
        with path.open("rb") as file:
            begin = file.read(15)
        kinds = {b"%PDF-": PRINT, b"<!DOC": PAGE}
        kind = kinds.get(begin[:5], NUMBERS)
        if kind == NUMBERS and begin.lstrip()[:1] != b"{":
            raise UserError(f"{given} is neither a PDF, a page nor results.json")
        return Place(given, (kind,), path)
    commit = git("rev-parse", "--verify", "--end-of-options", given + "^{commit}")
    if commit := commit.decode().strip():
        files = files_of(commit)
        kinds = [kind for name, kind in MADE_BY.items() if name in files]
        name = git("log", "-1", "--no-show-signature", "--format=%h %s", commit)
        return Place(name.decode().strip(), (*kinds, NUMBERS), None, commit, files)
    known = git("for-each-ref", "--format=%(refname:short)") + git("log", "--format=%h")
    near = get_close_matches(given[:40], known.decode().split(), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UserError(f"there is no file and no commit {given!r}{hint}")


def load(place, kind):
    """Read a place as a kind; a commit that cannot be built, as its results."""
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
        return load(place, NUMBERS)._replace(note=f"Its report is not shown: {error}.")
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
    """Return the report of this checkout, or of a commit, made if it must be."""
    target, paths = "html" if kind == PAGE else "report", requested_report()
    given = environment_for(paths.name)
    table = {name: text for name in TABLE if (text := given[name.upper()])}
    # Both sides would be of the table as it is now.
    require_table(paths.name)
    if not place.commit:
        path, now = (paths.html, paths.pdf)[kind == PRINT], revision()
        if path.exists() and now.commit:
            made = read_html(path) if kind == PAGE else read_pdf(path, pages=False)
            if made.is_of(now) and made.build.get("table") == table:
                return path
        _say("making the report of this checkout")
        return build_report(ROOT, given, target)
    lock = (ROOT / "requirements.txt").read_bytes()
    made_with = sha256(lock + json.dumps(given).encode())[:12]
    path = BUILDS / made_with / f"{place.commit}.{target}"
    if not path.exists():
        _say(f"making the report of {place.commit[:12]}: half a minute, once")
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            moment = int(git("log", "-1", "--format=%ct", place.commit))
            version = json.dumps(Revision(place.commit, moment, ""))
            files = place.files | {COMMIT.name: version.encode()}
            for name, content in files.items():
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, name).write_bytes(content)
            path.parent.mkdir(parents=True, exist_ok=True)
            made = build_report(Path(folder), given, target)
            with atomic_write(path) as unfinished:
                shutil.copy(made, unfinished)
    return path


def _say(text):
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
    words = REFERENCE.sub(r"@\1", APART.sub("", html))
    for part in SECTION.split("<main" + words):
        lines = [" ".join(line.split()) for line in text_of(part).split("\n")]
        lines = [line for line in lines if line]
        prose += [(lines[0], line) for line in lines]
    return prose, drawings, tables


def _of_pdf(report):
    """Return the sentences and the pictures of a PDF's pages."""
    prose = []
    for page in report.pages:
        text = re.sub(r"\s*\d+\s*$", "", page.text)  # but for its number
        text = " ".join(re.sub(r"-\s*\n\s*", "", text).split())
        place = page.name
        if prose and prose[-1][1][-1:] not in ".:?!":  # it goes on here
            place, begin = prose.pop()
            text = f"{begin} {text}"
        for sentence in filter(None, SENTENCE.split(text)):
            prose.append((place, sentence))
            place = page.name
    return prose, {page.name: page.look for page in report.pages}, {}
