"""Log which files of the project a kernel opens, from Python's audit events [1]_.

Each kernel calls `watch` before its first cell, and the sweep reads the log after the
last one. Files opened by other programs, or by libraries that bypass Python, are not
noticed.

.. [1] S. Dower, "PEP 578: Python Runtime Audit Hooks", 2018.
"""

import json
import os
import sys
from importlib.util import source_from_cache

# A single statement that leaves nothing in the notebook's namespace.
WATCH = "__import__({!r}, fromlist=['watch']).watch({!r}, {!r})"
NOT_INPUTS = ("build", ".venv", ".git")
WRITES = os.O_WRONLY | os.O_RDWR
READS_NOTHING = os.O_WRONLY | os.O_TRUNC


def watch_statement(log, root):
    """Return the code that makes a kernel log the files that it opens."""
    return WATCH.format(__name__, str(log), str(root))


def watch(log, root):
    """Log the project's files that this process and its forks open from now on."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    root, seen = str(root), set()

    def log_access(path, access):
        name = name_in(root, path)
        if name and (name, access) not in seen:
            seen.add((name, access))
            line = json.dumps([name, access, file_stamp(os.path.join(root, name))])
            os.write(file, line.encode() + b"\n")

    def hook(event, arguments):
        try:
            if event == "open" and not isinstance(arguments[0], int):
                path, _, flags = arguments
                if not flags & READS_NOTHING:
                    log_access(path, "read")
                if flags & WRITES:
                    log_access(path, "written")
            elif event == "os.rename" and not is_compiled(arguments[1]):
                log_access(arguments[1], "written")  # new bytecode is not a change
        except Exception:  # logging must not make the notebook fail
            pass

    sys.addaudithook(hook)


def read_log(lines):
    """Return the stamps of the files that were read, by name, and the files written.

    Files that were written before they were read are not among the former. The `lines`
    are those of a complete log, or the new ones of an open log.
    """
    read, written = {}, set()
    for name, access, stamp in map(json.loads, lines):
        if access == "written":
            written.add(name)
        elif name not in written:
            read.setdefault(name, stamp and tuple(stamp))
    return read, written


def name_in(root, path):
    """Return a file's path in the project; empty if it cannot be an input of a run.

    A bytecode file counts as its source.
    """
    path = os.path.abspath(os.fsdecode(path))
    if is_compiled(path):
        path = source_from_cache(path)
    if path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep)):
        return ""
    if not path.startswith(root + os.sep):  # there may be a symbolic link
        path = os.path.realpath(path)
    if not path.startswith(root + os.sep):
        return ""
    name = path[len(root) + 1 :].replace(os.sep, "/")
    ignored = name.split("/")[0] in NOT_INPUTS or ".ipynb_checkpoints/" in name
    return "" if ignored or "__pycache__/" in name else name


def is_compiled(path):
    """Tell from its name whether a file is bytecode."""
    return os.fsdecode(path).endswith(".pyc")


def file_stamp(path):
    """Return a file's modification time and size; None if there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def changed_files(before, now):
    """Return the names of files whose stamps differ."""
    return {name for name, _ in before.items() ^ now.items()}
