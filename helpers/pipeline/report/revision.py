"""The version of the project: its commit, and what differs from it.

Run as a script, also by the system's Python, it prints the version, so that the
Makefile notices a change; with arguments, it runs git with them.
"""

import fnmatch
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.environment import environment
from helpers.pipeline.files import sha256
from helpers.pipeline.report.paths import relevant_files, requested_report

COMMIT = ROOT / "COMMIT"  # stands for git in a submission
NOTE = "SUBMISSION.txt"  # only in a submission
# Left out of copies: git, the environment, and generated files.
EXCLUDED = (".git", ".venv", "build", "report.pdf", "report.html", "__pycache__")
EXCLUDED += (".*_cache", "*.egg-info", ".hypothesis", ".ipynb_checkpoints")
EXCLUDED += (".DS_Store", "._*", "*.swp")
LONG_AGO = 1_000_000_000  # the time of a build without a commit, in seconds since 1970


class Revision(NamedTuple):
    """A version of the project."""

    commit: str  # identifier of the commit; empty if there is none
    time: int  # of the commit, in seconds since 1970; also that of the report
    changes: str  # digest of all that differs from the commit; empty if nothing does


def revision(report=None):
    """Return the version of this checkout or submission.

    It comes from git or, without git, from the file ``COMMIT``: a list of the same
    three items and, in a submission, the SHA-256 of each file by name. Changes to
    other reports do not count; the default `report` is the requested one.
    """
    report = report or requested_report().name
    if (ROOT / ".git").exists():
        head = git("log", "-1", "--no-show-signature", "--format=%H %ct").split()
        if head:
            changes = _digest_of(changed_since_commit(), report)
            return Revision(head[0].decode(), int(head[1]), changes)
    if COMMIT.exists():
        commit, moment, changes, *files = json.loads(COMMIT.read_text())
        changes = _changes_since(*files, report) if files else changes
        return Revision(commit, moment, changes)
    return Revision("", LONG_AGO, "")


def changed_since_commit():
    """Return the names of all files that differ from the commit, or are not in it.

    What counts is what git would commit: not the outputs of a notebook.
    """
    git("update-index", "-q", "--refresh")  # otherwise a touched file would differ
    # Not diff-index, for which a notebook differs if its size does.
    differing = ["diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "HEAD"]
    # Only .gitignore counts: files ignored by the user's own settings may be used.
    untracked = ["ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"]
    commands = differing, untracked
    names = {n for command in commands for n in git(*command).split(b"\0")}
    return sorted(map(os.fsdecode, names - {b""}))


def _changes_since(files, report):
    """Return a digest of what differs from `files`, which are digests by name."""
    names = {*files}
    for parent, folders, children in os.walk(ROOT):
        folders[:] = [name for name in folders if not is_excluded(name)]
        within = Path(parent).relative_to(ROOT)
        names |= {(within / n).as_posix() for n in children if not is_excluded(n)}
    names -= {COMMIT.name, NOTE}
    changed = {n for n in names if files.get(n) != sha256(_content(ROOT / n))}
    return _digest_of(changed, report)


def is_excluded(name):
    """Tell whether a file or folder of that name is not part of the project."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in EXCLUDED)


def _digest_of(names, report):
    """Return a digest of the names and content of a report's files; empty if none."""
    changed = sorted(map(os.fsencode, relevant_files(report, names)))
    digest = hashlib.sha256()
    for name in changed:
        content = _content(ROOT / os.fsdecode(name))
        digest.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return digest.hexdigest() if changed else ""


def _content(path):
    """Return the content of a file, the target of a link, or nothing."""
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    return path.read_bytes() if path.is_file() else b""


def git(*command):
    """Return the output of git, or nothing if git fails."""
    try:
        done = subprocess.run(
            # A clone may belong to another user, for example in a container.
            ["git", "-c", "safe.directory=*", "-C", str(ROOT), *command],
            env=environment(),
            capture_output=True,
        )
    except OSError:
        return b""
    return done.stdout if not done.returncode else b""


if __name__ == "__main__":
    if sys.argv[1:]:
        git(*sys.argv[1:])
    else:
        print(*revision())
