"""Write files completely or not at all, and compute their digests."""

import contextlib
import hashlib


def sha256(content):
    """Return the digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def atomic_write(path):
    """Yield a temporary path to write to, which then replaces the file in one step.

    If writing fails, for example on a full disk, the old file stays.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
