"""Which version of the project this is: its commit, and what differs from it.

Run as a script, it prints that, for the Makefile to see a change of it.
"""

import fnmatch
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
# What a bundle without git has instead, and what every build writes anew.
COMMIT = ROOT / "COMMIT"
MADE = "report/results.json"
NOTE = "SUBMISSION.txt"
# What a copy does without: what was made, what was installed, and git.
LEFT_OUT = (".git", ".venv", "build", "report.pdf", "__pycache__", ".*_cache")
LEFT_OUT += ("*.egg-info", ".hypothesis", ".ipynb_checkpoints", ".DS_Store", "*.swp")
LONG_AGO = 1_000_000_000  # the time of a build without a commit, in seconds since 1970


class Revision(NamedTuple):
    """A version of the project.

    Attributes
    ----------
    commit : str
        Identifier of the commit; empty if there is none.
    time : int
        Of the commit, in seconds since 1970; it is the time stamp of the report.
    changes : str
        Digest of all that differs from the commit; empty if nothing does.
    """

    commit: str
    time: int
    changes: str


def revision():
    """Find out the version of this checkout, or of this bundle.

    Returns
    -------
    Revision
        From git, else from the file ``COMMIT``, which has three items as well; if it
        has a fourth, that is the SHA-256 of every file, by name.
    """
    if (ROOT / ".git").exists():
        told = git("log", "-1", "--no-show-signature", "--format=%H %ct").split()
        if told:
            return Revision(told[0].decode(), int(told[1]), _changes())
    if COMMIT.exists():
        commit, moment, changes, *files = json.loads(COMMIT.read_text())
        return Revision(commit, moment, _changes_since(*files) if files else changes)
    return Revision("", LONG_AGO, "")


def _changes():
    """Digest what differs from the commit, files that git does not know included."""
    git("update-index", "-q", "--refresh")  # else a file only touched would differ
    differing = ["diff-index", "-z", "--name-only", "HEAD", "--"]
    # By the project's own rules: what a person ignores elsewhere may be used here.
    unknown = ["ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"]
    names = {n for listed in (differing, unknown) for n in git(*listed).split(b"\0")}
    return _digest_of(names - {b""})


def _changes_since(files):
    """Digest what differs from files whose digests are known, others included."""
    names = {*files}
    for parent, folders, found in os.walk(ROOT):
        folders[:] = [name for name in folders if not _left_out(name)]
        within = Path(parent).relative_to(ROOT)
        names |= {(within / n).as_posix() for n in found if not _left_out(n)}
    names -= {COMMIT.name, NOTE}
    changed = {n for n in names if files.get(n) != sha256(_content(ROOT / n))}
    return _digest_of(map(os.fsencode, changed))


def _left_out(name):
    return any(fnmatch.fnmatch(name, pattern) for pattern in LEFT_OUT)


def _digest_of(names):
    """Digest the names and the content of files; empty if there are none."""
    digest, changed = hashlib.sha256(), sorted({*names} - {MADE.encode()})
    for name in changed:
        content = _content(os.path.join(os.fsencode(ROOT), name))
        digest.update(b"%d %s %d " % (len(name), name, len(content)) + content)
    return digest.hexdigest() if changed else ""


def sha256(content):
    """Return the digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _content(path):
    """Return what is at a path: a file's content, or where a link leads."""
    if os.path.islink(path):
        return os.readlink(path)
    if not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def git(*command):
    """Return what git says, whatever the user's settings; nothing if it cannot."""
    try:
        done = subprocess.run(
            # A clone of another owner, as in a container, is a clone.
            ["git", "-c", "safe.directory=*", "-C", str(ROOT), *command],
            capture_output=True,
            check=False,
        )
    except OSError:
        return b""
    return done.stdout if not done.returncode else b""


if __name__ == "__main__":
    print(*revision())
