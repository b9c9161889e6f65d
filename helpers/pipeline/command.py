"""How commands speak to people: one line for what they can mend, and plain tables."""

import math
import os
import sys
import traceback

from helpers.pipeline.environment import use_environment
from helpers.pipeline.errors import UserError


def checked_time_limit(given):
    """Return a time limit in seconds, which is given as text, as a number."""
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise UserError(f"the time limit must be a number of seconds, got {given!r}")
    return seconds


def run_command(main):
    """Exit with the status that `main` returns, or, after an error, with status 2.

    A `UserError` is printed on one line. Status 1 is left to what a command finds.

    Parameters
    ----------
    main : callable
        Takes nothing, returns an exit status (None is 0).
    """
    try:
        status = main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("interrupted: finished runs are kept", file=sys.stderr, flush=True)
        # An ordinary exit would wait for workers that have been killed.
        os._exit(130)
    except Exception:
        traceback.print_exc()
        status = 2
    sys.exit(status)


def error_in(output, status):
    """Find the error in what a failed command has printed.

    Parameters
    ----------
    output : str
        What it has printed to stderr.
    status : int
        Its exit status.

    Returns
    -------
    str
        The first error that `run_command` has printed, else the last line that make
        has not.
    """
    lines = output.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")][:1]
    others = [line for line in lines if not line.startswith("make")] or lines
    found = errors or others[-1:] or [f"it ended with status {status}"]
    return found[0].removeprefix("error: ")


def aligned(rows, right=()):
    """Align rows of texts in columns.

    Parameters
    ----------
    rows : iterable of sequence of str
        All of the same length.
    right : container of int
        Columns to align on the right.

    Returns
    -------
    list of str
        A line for each row.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number in right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
