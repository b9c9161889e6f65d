"""What all commands share: options, errors on one line, exit statuses and tables."""

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
FLAG = {"nargs": "?", "const": "1", "default": "0"}  # its options for argparse
# The part of an error that points to a file with the details.
SEE_FILE = re.compile(r"\bsee build/\S+, | \(see [^()]*\bbuild/[^\s)]+\)")
# The host may be an IPv6 address in brackets.
SCHEDULER = re.compile(r"([a-z]+://)?(\[[0-9a-fA-F:.%]+\]|[\w.-]+):\d{1,5}")
GC_THRESHOLD = 100_000  # by default, collections slow imports by an eighth
MIN_FILES, ENOUGH_FILES = 256, 4096  # open at a time; a run opens about sixty
# What the user can fix: a full disk, too few files, no memory, no access.
FIXABLE = {errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EIO, errno.EMFILE}
FIXABLE |= {errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EACCES, errno.EPERM}
FIXABLE |= {errno.ENAMETOOLONG, errno.ENOSYS, getattr(errno, "EDQUOT", None)}


def checked_flag(name, text):
    """Return whether a flag is set."""
    if text.lower() in (*YES, *NO):
        return text.lower() in YES
    raise UserError(f"{name} must be 1 or 0, got {text!r}")


def checked_time_limit(text):
    """Return a time limit, a text, as a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise UserError(
            f"the time limit must be a positive number of seconds, got {text!r}"
        )
    return seconds


def checked_scheduler(text):
    """Return the address of a Dask scheduler, if it is valid or empty."""
    if text and not SCHEDULER.fullmatch(text):
        expected = "the address that make cluster prints, tcp://host:port"
        raise UserError(f"SCHEDULER must be {expected}, got {text!r}")
    return text


def run_command(main, kept=""):
    """Run `main` and exit with the status it returns (None is 0), or 2 after an error.

    A `UserError` is printed on one line. Status 1 is reserved for negative findings of
    a command. SIGTERM and SIGHUP act like Ctrl-C, whose message says what is `kept`.
    """
    out, ended_by = _open_streams(), interrupt_by_signals()
    use_environment()
    gc.set_threshold(GC_THRESHOLD)
    try:
        _raise_file_limit()
        status = main()
    except UserError as error:
        status = _print_error(error)
    except MemoryError:
        status = _print_error("out of memory")
    except KeyboardInterrupt:
        text = f"interrupted: {kept}" if kept else "interrupted"
        print(text, file=sys.stderr, flush=True)
        # An ordinary exit would wait for workers that have been killed.
        os._exit(128 + ended_by[-1])
    except Exception as error:
        if reason := system_error(error):
            status = _print_error(reason)
        else:
            traceback.print_exc()
            status = 2
    sys.stdout.flush()
    if out.lost and not isinstance(out.lost, BrokenPipeError):
        status = _print_error(f"cannot write to standard output: {out.lost.strerror}")
    sys.exit(status)


def _print_error(error):
    """Print an error below all earlier output; return the exit status."""
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr)
    return 2


def system_error(error):
    """Describe a system error that the user can fix; empty for any other error."""
    if isinstance(error, OSError) and "temporary directory" in str(error):
        return "no writable folder for temporary files: check /tmp, or set TMPDIR"
    if not isinstance(error, OSError) or error.errno not in FIXABLE:
        return ""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}"


class _Stream(io.FileIO):
    """Standard output or error that survives a closed pipe or a full disk.

    Output that cannot be written is lost, and the program carries on.
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
        except OSError:  # closed: the next file opened would take its number
            os.open(os.devnull, os.O_RDWR)
    streams = []
    for number, name in (1, "stdout"), (2, "stderr"):
        old_stream = getattr(sys, name)
        streams.append(_Stream(number, "w", closefd=False))
        text = io.TextIOWrapper(
            io.BufferedWriter(streams[-1]),
            encoding=old_stream.encoding if old_stream else "utf-8",
            errors="backslashreplace",
            line_buffering=name == "stderr" or os.isatty(number),
        )
        setattr(sys, name, text)
    return streams[0]


def _raise_file_limit():
    """Allow more open files; UserError if too few, as a pipeline would then hang."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard if 0 <= hard < ENOUGH_FILES else ENOUGH_FILES  # negative: no limit
    if limit < MIN_FILES:
        raise UserError(
            f"only {limit} files may be open at a time, but {MIN_FILES} are needed: "
            f"run `ulimit -n {MIN_FILES}`"
        )
    if 0 <= soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def error_in(output, status):
    """Return the first error that a failed command printed, else its last line.

    Lines of make itself count only if there are no others.
    """
    lines = output.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")][:1]
    others = [line for line in lines if not line.startswith("make")] or lines
    candidates = errors or others[-1:] or [f"it ended with status {status}"]
    return candidates[0].removeprefix("error: ")


def error_without_paths(output, status):
    """Like `error_in`, but without paths into a folder that no longer exists."""
    return SEE_FILE.sub("", error_in(output, status))


def first_few(texts, n, between="; "):
    """Join the first `n` texts, and mention how many more there are."""
    more = f" and {len(texts) - n} more" if len(texts) > n else ""
    return between.join(texts[:n]) + more


def aligned(rows, right=()):
    """Return rows of texts as lines with aligned columns; `right` are right-aligned."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number in right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
