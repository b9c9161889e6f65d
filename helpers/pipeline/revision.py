"""Which version of the project this is: its commit, and what differs from it.

Run as a script, it prints that, for the Makefile to see a change of it.
"""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# What a bundle without git has instead, and what every build writes anew.
COMMIT = ROOT / "COMMIT"
MADE = "report/results.json"
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
        From git, else from the file ``COMMIT``.
    """
    if (ROOT / ".git").exists():
        told = _git("log", "-1", "--format=%H %ct").split()
        if told:
            return Revision(told[0], int(told[1]), _changes())
    if COMMIT.exists():
        return Revision(*json.loads(COMMIT.read_text()))
    return Revision("", LONG_AGO, "")


def _changes():
    """Digest what differs from the commit, files that git does not know included."""
    others = f":(exclude){MADE}"
    differing = _git("diff", "HEAD", "--binary", "--", ".", others)
    unknown = _git("ls-files", "--others", "--exclude-standard", "-z").split("\0")
    if not differing and not any(unknown):
        return ""
    digest = hashlib.sha256(differing.encode())
    for name in filter(None, unknown):
        digest.update(name.encode())
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _git(*command):
    """Return what git says; nothing if it cannot be asked."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *command], capture_output=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.decode(errors="surrogateescape") if not done.returncode else ""


if __name__ == "__main__":
    print(*revision())
