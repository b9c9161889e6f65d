"""Read a report: the evidence that it carries, and what its pages say and show.

Run as a script, it prints the ``build.json`` of a PDF.
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
LARGEST = 100_000_000  # bytes of all files in a page
ZOOM = 3  # pixels to a point
QPDF = b"%\xbf\xf7\xa2\xfe"  # the second line of a file that qpdf writes
# In JSON: surrogates, and control characters except line breaks.
CONTROL = re.compile(r"[\x7f-\x9f\ud800-\udfff]|\\[bfrtu]")
SECTION = re.compile(r"(?=<h[23][ >])")
BLOCKS = ("p", "li", "td", "th", "h1", "h2", "h3", "h4", "div", "figcaption", "pre")


class Page(NamedTuple):
    """A page of a PDF, or a section of HTML."""

    name: str  # as shown to the user
    text: str
    look: Callable  # returns its grey picture, an ndarray; or the HTML itself
    parts: dict[str, str] = {}  # in a PDF, a description of each kind of part


class ReadReport(NamedTuple):
    """The content of a report."""

    results: dict  # its ``results.json``
    build: dict = {}  # its ``build.json``
    files: dict[str, bytes] = {}  # all its attachments
    pages: Sequence[Page] = ()
    digest: str = ""  # SHA-256 of the whole file
    document: dict[str, str] = {}  # descriptions of parts that belong to no page
    saver: str = ""  # the program that wrote the file

    def is_of(self, version):
        """Tell whether the report was made from this version, a `Revision`."""
        made_from = self.build["commit"], self.build["changes"]
        return made_from == (version.commit, version.changes)


def main():
    """Print the version and the title block of a report."""
    print(json.dumps(read_pdf(Path(sys.argv[1]), pages=False).build))


def reader_of(path):
    """Return `read_pdf` or `read_html` for a file; UserError if it is neither."""
    start = _content(path)[: len(DOCTYPE)]
    if start.startswith(PDF) or start == DOCTYPE:
        return read_pdf if start.startswith(PDF) else read_html
    raise UserError(f"{path} is neither a PDF nor a page that `make report` wrote")


def read_pdf(path, *, pages=True):
    """Read a report in PDF, or raise UserError; quick without its pages."""
    import pypdf
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # errors are raised
    content = _content(path)
    if not content.startswith(PDF):
        raise UserError(f"{path} is not a PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise FileNotDecryptedError
        files = attached(reader)
        parts, document = describe(reader) if pages else ([], {})
        pages = _pages(content, parts) if pages else []
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
        text, carried = _extracted(text)
        files = _unzipped(carried[FILES])
        parts = SECTION.split(text)
        texts = [text_of(part) for part in parts]
    except Exception as error:  # as with a PDF
        raise UserError(f"{path} is damaged: {readable(str(error))}") from None
    build = read_build(files.get(BUILD), f"{path}: {BUILD}")
    results = read_results(carried[RESULTS], f"{path}: {RESULTS}")
    for name in (RESULTS, BUILD):
        if carried[name] != files.get(name):
            raise UserError(f"{path}: {name} differs from the one in {FILES}")
    names = [f"section {text.partition(chr(10))[0]}" for text in texts]
    names[0] = "section before the first"
    looks = [partial(str, part) for part in parts]  # the HTML shows everything
    pages = [*map(Page, names, texts, looks)]
    return ReadReport(results, build, files, pages, sha256(content))


def _content(path):
    try:
        if path.exists() and not path.is_file():  # reading it might never end
            raise UserError(f"{path} is not a file")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _extracted(text):
    """Return a page without the content of its links, and this content by name.

    The links themselves stay: where they are, and that they are the only ones, is
    compared.
    """
    carried = {}
    for name, kind in reversed(CARRIED.items()):  # all files first, then single ones
        start = f'<a download="{name}" href="data:{kind};base64,'
        matches = re.findall(f'{re.escape(start)}([A-Za-z0-9+/=]*)"', text)
        if len(matches) != 1:
            raise ValueError(f"{name} is {'there twice' if matches else 'missing'}")
        carried[name] = base64.b64decode(matches[0], validate=True)
        text = text.replace(f'{start}{matches[0]}"', f'{start}"')
    return text, carried


def _unzipped(content):
    """Return the files of a zip, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len({*archive.namelist()}) < len(archive.namelist()):
            raise ValueError(f"{FILES} contains a name twice")
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError(f"its files have more than {LARGEST:,} bytes in total")
        return {name: archive.read(name) for name in archive.namelist()}


def text_of(html):
    """Return the text of HTML without scripts and styles; each block begins a line."""
    page = bs4.BeautifulSoup(html, "html.parser")
    for block in page(BLOCKS):
        block.insert_before("\n")
        block.append("\n")
    return page.get_text().strip()


def read_results(content, name):
    """Read recorded results from bytes or None; errors call them `name`.

    Raise UserError if they are missing, damaged, or have another layout.
    """
    results = _parse(content, name)
    valid = all(isinstance(results.get(kind), dict) for kind in ("claims", "runs"))
    valid = valid and all(isinstance(run, dict) for run in results["runs"].values())
    if not valid or {*results} != {*HEAD, "claims", "runs"}:
        raise _damaged(name)
    return results


def read_build(content, name):
    """Read a ``build.json`` as `read_results` does.

    It holds the version, the title block and what the report is about.
    """
    build = _parse(content, name)
    title, table = build.get("title"), build.get("table", {})
    valid = isinstance(title, dict) and {*title} == {*TITLE_BLOCK}
    valid = valid and isinstance(table, dict) and {*table} <= {*TABLE}
    texts = [build.get("commit"), build.get("changes"), build.get("report", "")]
    texts.append(str(build.get("time")))  # it may have too many digits
    texts += [*title.values(), *table.values()] if valid else []
    if not valid or not all(map(_is_text, texts)) or type(build.get("time")) is not int:
        raise _damaged(name)
    return build


def _parse(content, name):
    """Parse a file of evidence that has the layout of this version."""
    if content is None:
        raise UserError(f"{name} is missing: the report carries no evidence")
    try:
        evidence = json.loads(content, object_pairs_hook=_unique)
        text = json.dumps(evidence, ensure_ascii=False, allow_nan=False)
        if CONTROL.search(text.replace(r"\\", "")):
            raise ValueError
        layout = evidence["layout"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(name) from None
    if layout != LAYOUT:
        layout = readable(repr(layout))
        raise UserError(f"{name} has layout {layout}, this version reads {LAYOUT}")
    return evidence


def _unique(pairs):
    """Return a dict; raise ValueError if a key occurs twice."""
    if len(unique := dict(pairs)) < len(pairs):
        raise ValueError
    return unique


def _damaged(name):
    return UserError(f"{name} is damaged: it is not what `make report` wrote")


def _is_text(value):
    """Tell whether a value is a text that fits on one line of a page."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST


def _pages(content, parts):
    """Return the pages of a PDF, given the descriptions of their parts."""
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
    return [Page(*page) for page in zip(names, texts, looks, parts, strict=True)]


if __name__ == "__main__":
    run_command(main)
