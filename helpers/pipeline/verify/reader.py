"""Read what a report's PDF carries, and what is printed on its pages.

Run as a script, it prints the ``build.json`` of the PDF that it is given.
"""

import contextlib
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import NamedTuple

from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.report.evidence import HEAD, LAYOUT, RESULTS, TITLE_BLOCK

LONGEST = 500  # letters of a line of the title block


class Carried(NamedTuple):
    """A report, as far as it can be checked.

    Attributes
    ----------
    digest : str
        SHA-256 of the whole file.
    files : dict of str to bytes
        Its attachments.
    build : dict
        Its ``build.json``.
    results : dict
        Its ``results.json``.
    pages : list of str
        The text of each page.
    pictures : list of str
        For each page, a digest of all that is drawn on it.
    """

    digest: str
    files: dict
    build: dict
    results: dict
    pages: list
    pictures: list


def main():
    """Print the version and the title block, as the report states them."""
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
    Carried
        Its evidence and its pages.

    Raises
    ------
    UserError
        If it is not a PDF, is damaged, has no evidence, or evidence of another layout.
    """
    import pypdf

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not content.startswith(b"%PDF-"):
        raise UserError(f"{path} is not a PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        files = {name: found[0] for name, found in reader.attachments.items()}
        shown = list(reader.pages) if pages else []
        texts = _texts(content) if pages else []
        pictures = [_drawn(page) for page in shown]
    except Exception as error:  # whatever a damaged file makes the library say
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} is damaged: {reason}") from None
    build, results = (
        parse(files.get(name), f"{path}: {name}")
        for name in ("build.json", RESULTS.name)
    )
    _checked(build, results, path)
    digest = hashlib.sha256(content).hexdigest()
    return Carried(digest, files, build, results, texts, pictures)


def parse(content, name):
    """Read a file of evidence, and check its layout.

    Parameters
    ----------
    content : bytes or None
        Of the file; None if there is none.
    name : str
        What to call it.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    UserError
        If it is missing, damaged, or of another layout.
    """
    if content is None:
        raise UserError(f"{name} is missing: a report without evidence")
    try:
        found = json.loads(content)
        layout = found["layout"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UserError(_damaged(name)) from None
    if layout != LAYOUT:
        raise UserError(f"{name} has layout {layout!r}, this version reads {LAYOUT}")
    return found


def _checked(build, results, path):
    """Check that evidence has the parts that it must have."""
    title = build.get("title")
    right = isinstance(title, dict) and {*title} == {*TITLE_BLOCK}
    right = right and all(map(_is_text, title.values()))
    right = right and all(map(_is_text, (build.get("commit"), build.get("changes"))))
    if not right or type(build.get("time")) is not int:
        raise UserError(_damaged(f"{path}: build.json"))
    check_results(results, f"{path}: {RESULTS.name}")


def _is_text(value):
    """Say whether a value is a text for one line of a page."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST


def check_results(results, name):
    """Raise UserError if recorded results are not claims and runs by name."""
    right = all(isinstance(results.get(kind), dict) for kind in ("claims", "runs"))
    right = right and all(isinstance(run, dict) for run in results["runs"].values())
    if not right or not all(name in results for name in HEAD):
        raise UserError(_damaged(name))


def _damaged(name):
    return f"{name} is damaged: it is not what `make report` wrote"


def _texts(content):
    """Return what each page says, its hyphens at line ends as they are printed."""
    import pypdfium2  # by those who read pages: it takes a while

    with contextlib.closing(pypdfium2.PdfDocument(content)) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return [text.replace("\ufffe", "-") for text in texts]


def _drawn(page):
    """Digest a page's content and, in turn, the pictures it includes."""
    digest = hashlib.sha256()
    contents = page.get_contents()
    digest.update(contents.get_data() if contents else b"")
    pictures = page.get("/Resources", {}).get("/XObject", {})
    for name in sorted(pictures):
        digest.update(pictures[name].get_object().get_data())
    return digest.hexdigest()


if __name__ == "__main__":
    run_command(main)
