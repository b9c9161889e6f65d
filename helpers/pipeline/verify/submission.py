"""Write the submission: one zip with the report and all it was made from.

It contains all files of the commit, the report made from them, and two notes: the
version, which the report needs where there is no git, and instructions.
"""

import contextlib
import io
import json
import os
import tarfile
from shlex import quote

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write, sha256
from helpers.pipeline.report.datasets import require_table, tables_used_by
from helpers.pipeline.report.evidence import zipped
from helpers.pipeline.report.paths import relevant_files, requested_report
from helpers.pipeline.report.revision import (
    COMMIT,
    NOTE,
    changed_since_commit,
    git,
    revision,
)
from helpers.pipeline.report.title import parameters_of
from helpers.pipeline.verify.reader import read_html, read_pdf
from helpers.reading.datasheet import datasheet_path

FOLDER = "submission"
INSTRUCTIONS = """\
make report{of}    # makes everything that is missing, then report/{name}.pdf
make verify{of}    # makes everything again and compares every number

The commit is {commit}. For more, see README.md.
"""


def main():
    """Write the submission, with the same bytes for the same commit."""
    now = revision()
    if not now.commit or not (ROOT / ".git").exists():
        raise UserError("only files that are committed to git can be handed in")
    paths = requested_report()
    parameters_of(paths.name)
    files = committed(now, paths)
    pages = [read_pdf(paths.pdf, pages=False), read_html(paths.html)]
    table = pages[0].build.get("table", {})
    require_table(paths.name, table)
    for path, page in zip((paths.pdf, paths.html), pages, strict=True):
        if not page.is_of(now):
            raise UserError(
                f"report/{path.name} was not made from this commit: make report"
            )
    require_committed(paths.name, table, files)
    settings = {} if paths.is_default else {"report": paths.name}
    settings |= table
    of = "".join(f" {name.upper()}={quote(text)}" for name, text in settings.items())
    note = INSTRUCTIONS.format(commit=now.commit, name=paths.name, of=of)
    version = [*now, {name: sha256(content) for name, content in files.items()}]
    files |= {
        f"report/{paths.pdf.name}": paths.pdf.read_bytes(),
        f"report/{paths.html.name}": paths.html.read_bytes(),
        COMMIT.name: json.dumps(version, indent=1).encode(),
        NOTE: note.encode(),
    }
    write(paths.submission, files, now.time)
    report = f"report/{paths.pdf.name}, for {pages[0].build['title']['student']}"
    name = paths.submission.relative_to(ROOT)
    print(f"written: {name} ({len(files)} files): {report}")


def committed(now, paths):
    """Return the files of the commit; raise UserError if any file differs from it."""
    if now.changes:
        names = sorted(relevant_files(paths.name, changed_since_commit()))
        raise UserError(
            f"these files differ from the last commit: {', '.join(names)}; commit "
            "them, or undo the changes"
        )
    if (results := f"report/{paths.results.name}") in changed_since_commit():
        raise UserError(f"commit first: {results}, which make report has updated")
    return files_of("HEAD")  # notebooks on disk may have outputs


def require_committed(report, table, files):
    """Raise UserError if a table of the report is not among the submitted files."""
    for path in tables_used_by(report, table):
        for name in (path, datasheet_path(path)):
            name = os.path.normpath(name)
            if (ROOT / name).exists() and name not in files:
                raise UserError(f"{name} is not in the commit: git add -f {name}")


def files_of(commit):
    """Return the content of every file of a commit, by name.

    A link to another file of the commit has its content; other links are left out.
    """
    command = ("-c", "core.autocrlf=false", "archive", "--format=tar", commit)
    archive = io.BytesIO(git(*command))
    with tarfile.open(fileobj=archive) as tar:
        files = {}
        for entry in tar.getmembers():
            with contextlib.suppress(KeyError):  # a link that leads elsewhere
                if content := tar.extractfile(entry):  # a folder has none
                    files[entry.name] = content.read()
        return files


def write(path, files, moment):
    """Write or replace a zip (see `zipped`) with one folder."""
    path.parent.mkdir(exist_ok=True)
    files = {f"{FOLDER}/{name}": content for name, content in files.items()}
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(zipped(files, moment))


if __name__ == "__main__":
    run_command(main)
