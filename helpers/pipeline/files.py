"""Files: written as a whole or not at all, and their digests."""

import contextlib
import hashlib


def sha256(content):
    """Return the digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def whole(path):
    """Give a file its new content at once, when all of it is written.

    Parameters
    ----------
    path : Path
        The file; what was there stays until the new one is complete.

    Yields
    ------
    Path
        Where to write. It is removed if that fails, as on a full disk.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
