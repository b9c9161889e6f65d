"""Which files of the project a kernel opens, according to Python's audit events [1]_.

Each kernel calls `watch` before the first cell, and the sweep reads the log after the
last. Files that other programs open, or libraries without Python's own functions, are
not noticed.

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


def watch_statement(log, root):
    """Return the code with which a kernel begins to watch itself."""
    return WATCH.format(__name__, str(log), str(root))


def watch(log, root):
    """Log which files of the project this process, and its forks, open from now on."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    root, seen = str(root), set()

    def note(path, how):
        name = name_in(root, path)
        if name and (name, how) not in seen:
            seen.add((name, how))
            line = json.dumps([name, how, file_stamp(os.path.join(root, name))])
            os.write(file, line.encode() + b"\n")

    def hook(event, arguments):
        try:
            if event == "open" and not isinstance(arguments[0], int):
                path, _, flags = arguments
                if not flags & READS_NOTHING:
                    note(path, "read")
                if flags & WRITES:
                    note(path, "written")
            elif event == "os.rename" and not is_compiled(arguments[1]):
                note(arguments[1], "written")  # new bytecode changes no source
        except Exception:  # the notebook must not fail because it is watched
            pass

    sys.addaudithook(hook)


def read_log(lines):
    """Return which files were read, with their stamps then, and which were written.

    A file that was written before it was read is not among the first. The `lines` are
    those of a log, or of an open one those that are new.
    """
    read, written = {}, set()
    for name, how, state in map(json.loads, lines):
        if how == "written":
            written.add(name)
        elif name not in written:
            read.setdefault(name, state and tuple(state))
    return read, written


def name_in(root, path):
    """Return a file's path in the project; empty if it cannot be an input of a run.

    Compiled code counts as its source.
    """
    path = os.path.abspath(os.fsdecode(path))
    if is_compiled(path):
        path = source_from_cache(path)
    if path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep)):
        return ""
    if not path.startswith(root + os.sep):  # it may be a link
        path = os.path.realpath(path)
    if not path.startswith(root + os.sep):
        return ""
    name = path[len(root) + 1 :].replace(os.sep, "/")
    ignored = name.split("/")[0] in NOT_INPUTS or ".ipynb_checkpoints/" in name
    return "" if ignored or "__pycache__/" in name else name


def is_compiled(path):
    """Tell whether a file is of bytecode, by its name."""
    return os.fsdecode(path).endswith(".pyc")


def file_stamp(path):
    """Return a file's time of change and size; None if there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def changed_files(before, now):
    """Return the names of files whose stamps differ."""
    return {name for name, _ in before.items() ^ now.items()}
