"""Read a report: the evidence that it carries, and what its pages say and show.

Run as a script, it prints the ``build.json`` of the PDF that it is given.
"""

import base64
import contextlib
import io
import json
import logging
import re
import sys
import zipfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import bs4

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import sha256
from helpers.pipeline.report.evidence import (
    BUILD,
    CARRIED,
    FILES,
    HEAD,
    LAYOUT,
    RESULTS,
)
from helpers.pipeline.report.title import LONGEST, TABLE, TITLE_BLOCK
from helpers.pipeline.verify.structure import attached, describe
from helpers.pipeline.verify.verdicts import readable

PDF, DOCTYPE = b"%PDF-", b"<!DOCTYPE html>"  # how the files begin
LARGEST = 100_000_000  # bytes of all files that a page carries
ZOOM = 3  # pixels to a point
QPDF = b"%\xbf\xf7\xa2\xfe"  # the second line of what this program writes
# In JSON: surrogates, and control characters but for the end of a line.
CONTROL = re.compile(r"[\x7f-\x9f\ud800-\udfff]|\\[bfrtu]")
SECTION = re.compile(r"(?=<h[23][ >])")
BLOCKS = ("p", "li", "td", "th", "h1", "h2", "h3", "h4", "div", "figcaption", "pre")


class Page(NamedTuple):
    """A page of a PDF, or a section of HTML."""

    name: str  # what to call it
    text: str
    look: Callable  # returns its picture in grey, an ndarray, or the HTML itself
    things: dict[str, str] = {}  # of a PDF, a description of each kind of thing


class ReadReport(NamedTuple):
    """A report as it was read."""

    results: dict  # its ``results.json``
    build: dict = {}  # its ``build.json``
    files: dict[str, bytes] = {}  # all its attachments
    pages: Sequence[Page] = ()
    digest: str = ""  # SHA-256 of the whole file
    document: dict[str, str] = {}  # a description of what belongs to no page
    saver: str = ""  # the program that wrote the file

    def is_of(self, version):
        """Tell whether it was made from that version, a `Revision`."""
        made_from = self.build["commit"], self.build["changes"]
        return made_from == (version.commit, version.changes)


def main():
    """Print the version and the title block that the report states."""
    print(json.dumps(read_pdf(Path(sys.argv[1]), pages=False).build))


def reader_of(path):
    """Return what reads a file: `read_pdf` or `read_html`; else raise UserError."""
    begin = _content(path)[: len(DOCTYPE)]
    if begin.startswith(PDF) or begin == DOCTYPE:
        return read_pdf if begin.startswith(PDF) else read_html
    raise UserError(f"{path} is neither a PDF nor a page that `make report` wrote")


def read_pdf(path, *, pages=True):
    """Read a report in PDF, or raise UserError; without its pages, that is quick."""
    import pypdf
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong is raised
    content = _content(path)
    if not content.startswith(PDF):
        raise UserError(f"{path} is not a PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise FileNotDecryptedError
        files = attached(reader)
        things, document = describe(reader) if pages else ([], {})
        pages = _printed(content, things) if pages else []
        saver = str((reader.metadata or {}).get("/Producer", ""))
    except (FileNotDecryptedError, DependencyError):
        raise UserError(f"{path} is encrypted: save a copy that is not") from None
    except Exception as error:  # the library raises many kinds on a damaged file
        reason = readable(str(error)) or type(error).__name__
        raise UserError(f"{path} is damaged: {reason}") from None
    build = read_build(files.get(BUILD), f"{path}: {BUILD}")
    results = read_results(files.get(RESULTS), f"{path}: {RESULTS}")
    saver = "qpdf" if QPDF in content[:40] else saver
    read = results, build, files, pages, sha256(content)
    return ReadReport(*read, document, saver)


def read_html(path):
    """Read a report in HTML, as `read_pdf` does."""
    content = _content(path)
    if not content.startswith(DOCTYPE):
        raise UserError(f"{path} is not a page that `make html` wrote")
    text = content.decode(errors="replace")
    try:
        text, carried = _taken_out(text)
        files = _unzipped(carried[FILES])
        parts = SECTION.split(text)
        texts = [text_of(part) for part in parts]
    except Exception as error:  # as with a PDF
        raise UserError(f"{path} is damaged: {readable(str(error))}") from None
    build = read_build(files.get(BUILD), f"{path}: {BUILD}")
    results = read_results(carried[RESULTS], f"{path}: {RESULTS}")
    for name in (RESULTS, BUILD):
        if carried[name] != files.get(name):
            raise UserError(f"{path}: {name} and that in {FILES} differ")
    names = [f"section {said.partition(chr(10))[0]}" for said in texts]
    names[0] = "section before the first"
    looks = [partial(str, part) for part in parts]  # they hold its things, too
    pages = [*map(Page, names, texts, looks)]
    return ReadReport(results, build, files, pages, sha256(content))


def _content(path):
    try:
        if path.exists() and not path.is_file():  # it may never end, or never begin
            raise UserError(f"{path} is no file")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _taken_out(text):
    """Return a page without the content of its links, and that content by name.

    The links themselves stay: where they are, and that they are alone, is compared.
    """
    carried = {}
    for name, kind in reversed(CARRIED.items()):  # all files first, then single ones
        begin = f'<a download="{name}" href="data:{kind};base64,'
        found = re.findall(f'{re.escape(begin)}([A-Za-z0-9+/=]*)"', text)
        if len(found) != 1:
            raise ValueError(f"{name} is {'there twice' if found else 'missing'}")
        carried[name] = base64.b64decode(found[0], validate=True)
        text = text.replace(f'{begin}{found[0]}"', f'{begin}"')
    return text, carried


def _unzipped(content):
    """Return the files of a zip, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len({*archive.namelist()}) < len(archive.namelist()):
            raise ValueError(f"{FILES} has a name twice")
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError(f"its files have more than {LARGEST} bytes")
        return {name: archive.read(name) for name in archive.namelist()}


def text_of(html):
    """Return what HTML says, without scripts and styles; blocks begin a line."""
    page = bs4.BeautifulSoup(html, "html.parser")
    for block in page(BLOCKS):
        block.insert_before("\n")
        block.append("\n")
    return page.get_text().strip()


def read_results(content, name):
    """Read recorded results, from bytes or None; an error calls them by the name.

    UserError if the file is missing, damaged, or of another layout.
    """
    results = _parse(content, name)
    whole = all(isinstance(results.get(kind), dict) for kind in ("claims", "runs"))
    whole = whole and all(isinstance(run, dict) for run in results["runs"].values())
    if not whole or {*results} != {*HEAD, "claims", "runs"}:
        raise _damaged(name)
    return results


def read_build(content, name):
    """Read a ``build.json`` as `read_results` does.

    It holds the version, the title block and what the report is about.
    """
    build = _parse(content, name)
    title, table = build.get("title"), build.get("table", {})
    whole = isinstance(title, dict) and {*title} == {*TITLE_BLOCK}
    whole = whole and isinstance(table, dict) and {*table} <= {*TABLE}
    texts = [build.get("commit"), build.get("changes"), build.get("report", "")]
    texts.append(str(build.get("time")))  # which may have many digits
    texts += [*title.values(), *table.values()] if whole else []
    if not whole or not all(map(_is_text, texts)) or type(build.get("time")) is not int:
        raise _damaged(name)
    return build


def _parse(content, name):
    """Parse a file of evidence whose layout is this version's."""
    if content is None:
        raise UserError(f"{name} is missing: a report without evidence")
    try:
        found = json.loads(content, object_pairs_hook=_unique)
        text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        if CONTROL.search(text.replace(r"\\", "")):
            raise ValueError
        layout = found["layout"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(name) from None
    if layout != LAYOUT:
        layout = readable(repr(layout))
        raise UserError(f"{name} has layout {layout}, this version reads {LAYOUT}")
    return found


def _unique(pairs):
    """Return a dict, unless a key is given twice."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError
    return found


def _damaged(name):
    return UserError(f"{name} is damaged: it is not what `make report` wrote")


def _is_text(value):
    """Tell whether a value is a text for one line of a page."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST


def _printed(content, things):
    """Return the pages of a PDF, given the description of what is on each."""
    import pypdfium2  # here, as it takes a while

    def picture(page):
        with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
            drawn = document[page].render(scale=ZOOM, grayscale=True)
            return drawn.to_numpy().squeeze()

    with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    texts = [text.replace("\ufffe", "-") for text in texts]  # hyphens at line ends
    looks = [cache(partial(picture, number)) for number in range(len(texts))]
    names = [f"page {number + 1}" for number in range(len(texts))]
    return [Page(*page) for page in zip(names, texts, looks, things, strict=True)]


if __name__ == "__main__":
    run_command(main)
