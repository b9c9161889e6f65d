"""How a run ended, as far as only the outputs of its cells show it."""

import re

from helpers.pipeline.errors import did_you_mean
from helpers.pipeline.records import record_in

# What IPython prints when it can show neither an output nor the error.
LOST = ("Error in callback <", "Unexpected exception formatting exception")

UNKNOWN_MAGIC = re.compile(r"Cell magic `(%%\S+)` not found")


def with_nearest_magic(error, known):
    """Return an error; if it is on a misspelt ``%%`` of a cell, with what was meant."""
    wrong = UNKNOWN_MAGIC.search(error)
    hint = did_you_mean(wrong[1], {*known} - {wrong[1]}) if wrong else ""
    return error.rstrip(".") + hint if hint else error


def lost_output(printed):
    """Return what IPython prints of an output that it could not show, or nothing."""
    return next((line for line in printed.splitlines() if line.startswith(LOST)), "")


class OutputLostError(Exception):
    """An output that was computed, but could not be shown."""


def raise_for_lost_output(notebook):
    """Raise OutputLostError if IPython only prints that it could not show something."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if lost := lost_output(output.get("text", "")):
                raise OutputLostError(lost)


def exit_before_record(notebook):
    """Return the cell that ended the notebook before it recorded; None if none did.

    For papermill, and for us once there is a record, ``sys.exit(0)`` is no failure.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and record_in(notebook.cells) is None:
                return cell
    return None


def last_words(notebook):
    """Return the last line that the last executed cell has printed as an error."""
    executed = [cell for cell in notebook.cells if cell.get("execution_count")]
    printed = [o.text for o in executed[-1].outputs if o.get("name") == "stderr"]
    return "".join(printed).strip().rpartition("\n")[2]
