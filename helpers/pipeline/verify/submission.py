"""Write what is handed in: one zip with the report and all it was made from.

It holds all files of the commit, the report made from them, and two notes: the version,
which the report needs where there is no git, and what to type.
"""

import io
import json
import os
import tarfile

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import whole
from helpers.pipeline.report.build import HTML, PDF
from helpers.pipeline.report.evidence import zipped
from helpers.pipeline.report.revision import (
    COMMIT,
    MADE,
    NOTE,
    changed,
    git,
    revision,
    sha256,
)
from helpers.pipeline.verify.reader import read_html, read_pdf

SUBMISSION = ROOT / "build" / "submission.zip"
FOLDER = "submission"
INSTRUCTIONS = """\
make report    # everything that is missing, then report/report.pdf
make verify    # makes all of it anew and compares every number with the recorded one

The commit is {commit}. README.md tells the rest.
"""


def main():
    """Write ``build/submission.zip``, the same bytes for the same commit."""
    now = revision()
    if not now.commit or not (ROOT / ".git").exists():
        raise UserError("only what is committed to git can be handed in")
    files = committed(now)
    for path, report in ((PDF, read_pdf(PDF, pages=False)), (HTML, read_html(HTML))):
        build = report.build
        if (build["commit"], build["changes"]) != (now.commit, now.changes):
            raise UserError(f"report/{path.name} is not of this commit: make report")
    version = [*now, {name: sha256(content) for name, content in files.items()}]
    files |= {
        "report/report.pdf": PDF.read_bytes(),
        "report/report.html": HTML.read_bytes(),
        COMMIT.name: json.dumps(version, indent=1).encode(),
        NOTE: INSTRUCTIONS.format(commit=now.commit).encode(),
    }
    write(SUBMISSION, files, now.time)
    print(f"written: {SUBMISSION.relative_to(ROOT)} ({len(files)} files)")


def committed(now):
    """Return the content of every file of the commit, by name.

    Raises
    ------
    UserError
        If a file differs from the commit; the message names it.
    """
    if now.changes:
        names = sorted({*map(os.fsdecode, changed())} - {MADE})
        raise UserError(f"commit first, or remove: {', '.join(names)}")
    if os.fsencode(MADE) in changed():
        raise UserError(f"commit first: {MADE}, which make report has written anew")
    return files_of("HEAD")  # not from disk, where notebooks may have outputs


def files_of(commit):
    """Return the content of every file of a commit, by name."""
    command = ("-c", "core.autocrlf=false", "archive", "--format=tar", commit)
    archive = io.BytesIO(git(*command))
    with tarfile.open(fileobj=archive) as kept:
        entries = [entry for entry in kept if entry.isfile()]
        return {entry.name: kept.extractfile(entry).read() for entry in entries}


def write(path, files, moment):
    """Write a zip with one folder; what is there is replaced.

    `files` and `moment` are as for `helpers.pipeline.report.evidence.zipped`.
    """
    path.parent.mkdir(exist_ok=True)
    files = {f"{FOLDER}/{name}": content for name, content in files.items()}
    with whole(path) as unfinished:
        unfinished.write_bytes(zipped(files, moment))


if __name__ == "__main__":
    run_command(main)
