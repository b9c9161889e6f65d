"""An executed notebook: how its run ended, and what of it is kept."""

import json
import re

from helpers.pipeline.errors import did_you_mean
from helpers.pipeline.records import record_in

# What IPython prints when it can show neither an output nor the error.
LOST = ("Error in callback <", "Unexpected exception formatting exception")

TAGS = {"injected-parameters", "papermill-error-cell-tag"}
UNKNOWN_MAGIC = re.compile(r"Cell magic `(%%\S+)` not found")


def with_magic_hint(error, known):
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


def is_papermills(cell):
    """Tell whether papermill has added a cell: with parameters, or with an error."""
    return not TAGS.isdisjoint(cell.metadata.get("tags", []))


def without_traces(notebook):
    """Remove what differs between executions: times, paths, random identifiers."""
    noted = notebook.metadata.pop("papermill", {})
    notebook.metadata["papermill"] = {"parameters": noted.get("parameters", {})}
    for number, cell in enumerate(notebook.cells):
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
        if is_papermills(cell):
            cell["id"] = f"papermill-{number}"
            if cell.cell_type == "code":
                cell["execution_count"] = None
    return notebook


def merge_streams(outputs):
    """Make one output of what was printed: in how many pieces it came is chance.

    nbclient would do it after each cell, and then not find an output that a later cell
    updates.
    """
    streams, kept = {}, []
    for output in outputs:
        pieces = streams.setdefault(output.get("name"), [])
        if output.output_type != "stream" or not pieces:
            kept.append(output)
        if output.output_type == "stream":
            pieces.append(output)
    for first, *others in filter(None, streams.values()):
        first.text += "".join(output.text for output in others)
    outputs[:] = kept


def as_text(notebook):
    """Return a notebook as JSON, with its metadata alone on the first line.

    nbformat would give each of a record's thousands of numbers a line.
    """
    parts = (
        f'"{key}": {json.dumps(notebook[key], ensure_ascii=False, sort_keys=True)}'
        for key in ("metadata", "nbformat", "nbformat_minor", "cells")
    )
    text = "{" + ",\n".join(parts) + "}\n"
    # Half of a character is what it is in JSON: \ud800.
    return text.encode("utf-8", "backslashreplace").decode()
