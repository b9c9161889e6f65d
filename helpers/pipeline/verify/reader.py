"""Read a report: the evidence attached to its PDF, and what its pages say and show.

Run as a script, it prints the ``build.json`` of the PDF that it is given.
"""

import contextlib
import hashlib
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.evidence import (
    HEAD,
    LAYOUT,
    LONGEST,
    RESULTS,
    TITLE_BLOCK,
)
from helpers.pipeline.report.revision import sha256


class ReadReport(NamedTuple):
    """A report as it was read.

    Attributes
    ----------
    results : dict
        Its ``results.json``.
    build : dict
        Its ``build.json``.
    files : dict of str to bytes
        All its attachments.
    pages : sequence of str
        The text of each page.
    drawings : sequence of str
        For each page, a digest of all that is drawn on it.
    digest : str
        SHA-256 of the whole file.
    """

    results: dict
    build: dict = {}
    files: dict = {}
    pages: Sequence = ()
    drawings: Sequence = ()
    digest: str = ""


def main():
    """Print the version and the title block that the report states."""
    print(json.dumps(read_pdf(Path(sys.argv[1]), pages=False).build))


def read_pdf(path, *, pages=True):
    """Read a report.

    Parameters
    ----------
    path : Path
        The PDF.
    pages : bool
        Whether to read its pages, which takes longer than the rest.

    Returns
    -------
    ReadReport
        Its evidence and its pages.

    Raises
    ------
    UserError
        If it is not a PDF, is damaged, has no evidence, or evidence of another layout.
    """
    import pypdf

    try:
        if path.exists() and not path.is_file():  # it may never end, or never begin
            raise UserError(f"{path} is no file")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not content.startswith(b"%PDF-"):
        raise UserError(f"{path} is not a PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        files = {name: found[0] for name, found in reader.attachments.items()}
        texts = _texts(content) if pages else []
        drawings = [_drawn(page) for page in reader.pages] if pages else []
    except Exception as error:  # the library raises many kinds on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} is damaged: {reason}") from None
    build = _read_build(files.get("build.json"), f"{path}: build.json")
    results = read_results(files.get(RESULTS.name), f"{path}: {RESULTS.name}")
    return ReadReport(results, build, files, texts, drawings, sha256(content))


def read_results(content, name):
    """Read recorded results.

    Parameters
    ----------
    content : bytes or None
        Of the file; None if there is none.
    name : str
        What to call it in an error.

    Returns
    -------
    dict
        With ``claims`` and ``runs`` by name.

    Raises
    ------
    UserError
        If the file is missing, damaged, or of another layout.
    """
    results = _parse(content, name)
    whole = all(isinstance(results.get(kind), dict) for kind in ("claims", "runs"))
    whole = whole and all(isinstance(run, dict) for run in results["runs"].values())
    if not whole or not all(name in results for name in HEAD):
        raise _damaged(name)
    return results


def _read_build(content, name):
    """Read a ``build.json``: the version and the title block."""
    build = _parse(content, name)
    title = build.get("title")
    whole = isinstance(title, dict) and {*title} == {*TITLE_BLOCK}
    texts = (
        [*title.values(), build.get("commit"), build.get("changes")] if whole else []
    )
    if not whole or not all(map(_is_text, texts)) or type(build.get("time")) is not int:
        raise _damaged(name)
    return build


def _parse(content, name):
    """Parse a file of evidence whose layout is this version's."""
    if content is None:
        raise UserError(f"{name} is missing: a report without evidence")
    try:
        found = json.loads(content)
        layout = found["layout"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(name) from None
    if layout != LAYOUT:
        raise UserError(f"{name} has layout {layout!r}, this version reads {LAYOUT}")
    return found


def _damaged(name):
    return UserError(f"{name} is damaged: it is not what `make report` wrote")


def _is_text(value):
    """Tell whether a value is a text for one line of a page."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST


def _texts(content):
    """Return the text of each page, with the hyphens at line ends as printed."""
    import pypdfium2  # here, as it takes a while

    with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return [text.replace("\ufffe", "-") for text in texts]


def _drawn(page):
    """Digest a page's content and the pictures it includes."""
    digest = hashlib.sha256()
    contents = page.get_contents()
    if contents is not None:  # it is false even where there is content
        digest.update(contents.get_data())
    pictures = page.get("/Resources", {}).get("/XObject", {})
    for name in sorted(pictures):
        digest.update(pictures[name].get_object().get_data())
    return digest.hexdigest()


if __name__ == "__main__":
    run_command(main)
