"""Write what is handed in: one zip with the report and all it was made from.

It holds all files of the commit, the report made from them, and two notes: the version,
which the report needs where there is no git, and what to type.
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
    changed,
    git,
    revision,
)
from helpers.pipeline.report.title import parameters_of
from helpers.pipeline.verify.reader import read_html, read_pdf
from helpers.reading.datasheet import datasheet_path

FOLDER = "submission"
INSTRUCTIONS = """\
make report{of}    # everything that is missing, then report/{name}.pdf
make verify{of}    # makes all of it anew and compares every number with the record

The commit is {commit}. README.md tells the rest.
"""


def main():
    """Write what is handed in, the same bytes for the same commit."""
    now = revision()
    if not now.commit or not (ROOT / ".git").exists():
        raise UserError("only what is committed to git can be handed in")
    paths = requested_report()
    parameters_of(paths.name)
    files = committed(now, paths)
    pages = [read_pdf(paths.pdf, pages=False), read_html(paths.html)]
    table = pages[0].build.get("table", {})
    require_table(paths.name, table)
    for path, page in zip((paths.pdf, paths.html), pages, strict=True):
        if not page.is_of(now):
            raise UserError(f"report/{path.name} is not of this commit: make report")
    require_committed(paths.name, table, files)
    given = {} if paths.is_default else {"report": paths.name}
    given |= table
    of = "".join(f" {name.upper()}={quote(text)}" for name, text in given.items())
    note = INSTRUCTIONS.format(commit=now.commit, name=paths.name, of=of)
    version = [*now, {name: sha256(content) for name, content in files.items()}]
    files |= {
        f"report/{paths.pdf.name}": paths.pdf.read_bytes(),
        f"report/{paths.html.name}": paths.html.read_bytes(),
        COMMIT.name: json.dumps(version, indent=1).encode(),
        NOTE: note.encode(),
    }
    write(paths.submission, files, now.time)
    made = f"report/{paths.pdf.name}, for {pages[0].build['title']['student']}"
    name = paths.submission.relative_to(ROOT)
    print(f"written: {name} ({len(files)} files): {made}")


def committed(now, paths):
    """Return the content of all files of the commit; UserError if any file differs."""
    if now.changes:
        names = sorted(relevant_files(paths.name, changed()))
        raise UserError(f"commit first, or remove: {', '.join(names)}")
    if (results := f"report/{paths.results.name}") in changed():
        raise UserError(f"commit first: {results}, which make report has written anew")
    return files_of("HEAD")  # not from disk, where notebooks may have outputs


def require_committed(report, table, files):
    """Raise UserError if a table behind a report is not among the files handed in."""
    for path in tables_used_by(report, table):
        for name in (path, datasheet_path(path)):
            name = os.path.normpath(name)
            if (ROOT / name).exists() and name not in files:
                raise UserError(f"{name} is not in the commit: git add -f {name}")


def files_of(commit):
    """Return the content of every file of a commit, by name.

    A link to another file of the commit is that file; one that leads elsewhere is not
    among them.
    """
    command = ("-c", "core.autocrlf=false", "archive", "--format=tar", commit)
    archive = io.BytesIO(git(*command))
    with tarfile.open(fileobj=archive) as kept:
        found = {}
        for entry in kept.getmembers():
            with contextlib.suppress(KeyError):  # of a link that leads elsewhere
                if content := kept.extractfile(entry):  # a folder has none
                    found[entry.name] = content.read()
        return found


def write(path, files, moment):
    """Write a zip, see `zipped`, of one folder; what is there is replaced."""
    path.parent.mkdir(exist_ok=True)
    files = {f"{FOLDER}/{name}": content for name, content in files.items()}
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(zipped(files, moment))


if __name__ == "__main__":
    run_command(main)
