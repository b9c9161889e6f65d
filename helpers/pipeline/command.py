"""How commands speak to people: one line for what they can mend, and plain tables."""

import errno
import gc
import io
import math
import os
import re
import resource
import sys
import traceback

from helpers.pipeline.environment import use_environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.signals import interrupt_by_signals

YES, NO = ("1", "yes", "true", "on"), ("", "0", "no", "false", "off")
FLAG = {"nargs": "?", "const": "1", "default": "0"}  # how argparse reads one of these
# In an error, the file that shows more of it.
MORE = re.compile(r"\bsee build/\S+, | \(see [^()]*\bbuild/[^\s)]+\)")
# The host may be an address of version 6 in brackets.
SCHEDULER = re.compile(r"([a-z]+://)?(\[[0-9a-fA-F:.%]+\]|[\w.-]+):\d{1,5}")
SELDOM = 100_000  # new objects between collections, which slow imports by an eighth
LEAST_FILES, MANY_FILES = 256, 4096  # open at a time; a run has about sixty
# What the user can mend: a full disk, too few files, no memory, no access.
MENDABLE = {errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EIO, errno.EMFILE}
MENDABLE |= {errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EACCES, errno.EPERM}
MENDABLE |= {errno.ENAMETOOLONG, errno.ENOSYS, getattr(errno, "EDQUOT", None)}


def checked_flag(name, given):
    """Return whether a flag, which is given as text, is set."""
    if given.lower() in (*YES, *NO):
        return given.lower() in YES
    raise UserError(f"{name} must be 1 or 0, got {given!r}")


def checked_time_limit(given):
    """Return a time limit in seconds, which is given as text, as a number."""
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise UserError(
            f"the time limit must be a positive number of seconds, got {given!r}"
        )
    return seconds


def checked_scheduler(given):
    """Return the address of a Dask scheduler, as it was typed, or an empty text."""
    if given and not SCHEDULER.fullmatch(given):
        right = "the address that make cluster prints, tcp://host:port"
        raise UserError(f"SCHEDULER must be {right}, got {given!r}")
    return given


def run_command(main, kept=""):
    """Exit with the status that `main` returns (None is 0), or, after an error, with 2.

    A `UserError` is printed on one line. Status 1 is left to what a command finds. What
    is `kept` after Ctrl-C is said then; SIGTERM and SIGHUP are taken as Ctrl-C.
    """
    out, ended_by = _open_streams(), interrupt_by_signals()
    use_environment()
    gc.set_threshold(SELDOM)
    try:
        _allow_files()
        status = main()
    except UserError as error:
        status = _fail(error)
    except MemoryError:
        status = _fail("memory has run out")
    except KeyboardInterrupt:
        text = f"interrupted: {kept}" if kept else "interrupted"
        print(text, file=sys.stderr, flush=True)
        # An ordinary exit would wait for workers that have been killed.
        os._exit(128 + ended_by[-1])
    except Exception as error:
        if reason := system_error(error):
            status = _fail(reason)
        else:
            traceback.print_exc()
            status = 2
    sys.stdout.flush()
    if out.lost and not isinstance(out.lost, BrokenPipeError):
        status = _fail(f"standard output cannot be written: {out.lost.strerror}")
    sys.exit(status)


def _fail(error):
    """Print an error, below all that was printed before it; return the status."""
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr)
    return 2


def system_error(error):
    """Return on one line what the system refused and the user can mend, or nothing."""
    if isinstance(error, OSError) and "temporary directory" in str(error):
        return "no folder for temporary files can be written: /tmp, or that of TMPDIR"
    if not isinstance(error, OSError) or error.errno not in MENDABLE:
        return ""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}"


class _Stream(io.FileIO):
    """Standard output or error, whose reader may go away or whose disk may be full.

    What cannot be written is lost, and the work goes on.
    """

    lost = None

    def write(self, data):
        try:
            return super().write(data)
        except OSError as error:
            self.lost = error
            return len(data)


def _open_streams():
    """Open standard output and error so that they never fail; return the former."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file would be opened in its place
            os.open(os.devnull, os.O_RDWR)
    streams = []
    for number, name in (1, "stdout"), (2, "stderr"):
        before = getattr(sys, name)
        streams.append(_Stream(number, "w", closefd=False))
        text = io.TextIOWrapper(
            io.BufferedWriter(streams[-1]),
            encoding=before.encoding if before else "utf-8",
            errors="backslashreplace",
            line_buffering=name == "stderr" or os.isatty(number),
        )
        setattr(sys, name, text)
    return streams[0]


def _allow_files():
    """Raise UserError if too few files may be open; a pipeline would wait for ever."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if 0 <= hard < MANY_FILES else MANY_FILES  # a negative one is none
    if most < LEAST_FILES:
        raise UserError(
            f"{most} files may be open at a time, {LEAST_FILES} are needed: "
            f"ulimit -n {LEAST_FILES}"
        )
    if 0 <= soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def error_in(output, status):
    """Return the first error that a failed command printed, else its last line.

    What make prints is passed over, if there is anything else.
    """
    lines = output.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")][:1]
    others = [line for line in lines if not line.startswith("make")] or lines
    found = errors or others[-1:] or [f"it ended with status {status}"]
    return found[0].removeprefix("error: ")


def error_without_paths(output, status):
    """Return the same of a command whose folder, and what it wrote there, is gone."""
    return MORE.sub("", error_in(output, status))


def first_few(texts, most, between="; "):
    """Join the first of many texts, and say how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more


def aligned(rows, right=()):
    """Align texts in columns, those in `right` on the right; return the lines."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number in right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
