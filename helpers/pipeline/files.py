"""Files that are whole or not there, whatever happens while they are written."""

import contextlib


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
