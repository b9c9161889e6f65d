"""Which files of the project a kernel opens, told by Python's audit events [1]_.

The sweep has each kernel call `watch` before the first cell, and reads the log after
the last. What programs that a notebook starts, and libraries that do not use Python's
own files, read is not seen.

.. [1] S. Dower, "PEP 578: Python Runtime Audit Hooks", 2018.
"""

import json
import os
import sys
from importlib.util import source_from_cache

# One silent statement, which leaves nothing in the notebook's namespace.
WATCH = "__import__({!r}, fromlist=['watch']).watch({!r}, {!r})"
NOT_INPUTS = ("build", ".venv", ".git")
WRITES = os.O_WRONLY | os.O_RDWR
READS_NOTHING = os.O_WRONLY | os.O_TRUNC
WRITTEN = "written"


def watch_statement(log, root):
    """Return the code with which a kernel begins to watch itself."""
    return WATCH.format(__name__, str(log), str(root))


def watch(log, root):
    """Note from now on, a line each in a log, the project's files that are opened.

    Processes that are forked from this one note theirs, too.
    """
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    seen = set()

    def note(path, state):
        name = name_in(root, path)
        if name and (name, state is WRITTEN) not in seen:
            seen.add((name, state is WRITTEN))
            state = state or stamp(os.path.join(root, name))
            os.write(file, json.dumps([name, state]).encode() + b"\n")

    def hook(event, arguments):
        try:
            if event == "open" and not isinstance(arguments[0], int):
                path, _, flags = arguments
                if not flags & READS_NOTHING:
                    note(path, None)
                if flags & WRITES:
                    note(path, WRITTEN)
            elif event == "os.rename":
                note(arguments[1], WRITTEN)
        except Exception:  # the notebook's own business goes on
            pass

    sys.addaudithook(hook)


def read_log(log):
    """Return what has been opened.

    Returns
    -------
    read : dict of str to tuple
        The stamps, at that time, of the files that were not written before.
    written : set of str
        The files that were written, at any time.
    """
    read, written = {}, set()
    with open(log, encoding="utf-8") as lines:
        for name, state in map(json.loads, lines):
            if state == WRITTEN:
                written.add(name)
            elif name not in written:
                read.setdefault(name, state and tuple(state))
    return read, written


def name_in(root, path):
    """Return a file's path in the project; empty if it is no possible input of a run.

    Compiled code counts as its source.
    """
    path = os.path.abspath(os.fsdecode(path))
    if path.endswith(".pyc"):
        path = source_from_cache(path)
    if path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep)):
        return ""
    if not path.startswith(root + os.sep):  # unless it is by another way
        path = os.path.realpath(path)
    if not path.startswith(root + os.sep):
        return ""
    name = path[len(root) + 1 :].replace(os.sep, "/")
    ignored = name.split("/")[0] in NOT_INPUTS or ".ipynb_checkpoints/" in name
    return "" if ignored or "__pycache__/" in name else name


def stamp(path):
    """Return what changes whenever a file is written; None if there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size
