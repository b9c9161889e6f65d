"""Files: written as a whole or not at all, and their digests."""

import contextlib
import hashlib


def sha256(content):
    """Return the digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def atomic_write(path):
    """Yield where to write a file: it takes its place at once, when all is written.

    If that fails, as on a full disk, the old file stays.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
