"""Executed notebooks: how their runs ended, and what is kept of them."""

import json
import re

from helpers.pipeline.errors import did_you_mean
from helpers.pipeline.records import record_in

# What IPython prints when it can neither show an output nor raise the error.
LOST = ("Error in callback <", "Unexpected exception formatting exception")

TAGS = {"injected-parameters", "papermill-error-cell-tag"}
UNKNOWN_MAGIC = re.compile(r"Cell magic `(%%\S+)` not found")


def with_magic_hint(error, known):
    """Return an error; if it is about a misspelt ``%%`` magic, with a suggestion."""
    match = UNKNOWN_MAGIC.search(error)
    hint = did_you_mean(match[1], {*known} - {match[1]}) if match else ""
    return error.rstrip(".") + hint if hint else error


def lost_output(printed):
    """Return IPython's message on an output that it could not show; empty if none."""
    return next((line for line in printed.splitlines() if line.startswith(LOST)), "")


class OutputLostError(Exception):
    """An output that was computed, but could not be shown."""


def raise_for_lost_output(notebook):
    """Raise OutputLostError if IPython could not show an output, and only says so."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if lost := lost_output(output.get("text", "")):
                raise OutputLostError(lost)


def exit_before_record(notebook):
    """Return the cell that ended the notebook before it recorded anything, or None.

    Papermill never counts ``sys.exit(0)`` as a failure; we do unless there is a record.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and record_in(notebook.cells) is None:
                return cell
    return None


def last_words(notebook):
    """Return the last line that the last executed cell printed to stderr."""
    executed = [cell for cell in notebook.cells if cell.get("execution_count")]
    printed = [o.text for o in executed[-1].outputs if o.get("name") == "stderr"]
    return "".join(printed).strip().rpartition("\n")[2]


def is_added_by_papermill(cell):
    """Tell whether papermill added a cell, with parameters or with an error."""
    return not TAGS.isdisjoint(cell.metadata.get("tags", []))


def without_traces(notebook):
    """Remove what differs between executions: times, paths, random identifiers."""
    metadata = notebook.metadata.pop("papermill", {})
    notebook.metadata["papermill"] = {"parameters": metadata.get("parameters", {})}
    for number, cell in enumerate(notebook.cells):
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
        if is_added_by_papermill(cell):
            cell["id"] = f"papermill-{number}"
            if cell.cell_type == "code":
                cell["execution_count"] = None
    return notebook


def merge_streams(outputs):
    """Merge the printed text, which arrives in a random number of pieces.

    nbclient would merge it after each cell, and then could not find an output that a
    later cell updates.
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

    nbformat would write each of the thousands of numbers of a record on its own line.
    """
    parts = (
        f'"{key}": {json.dumps(notebook[key], ensure_ascii=False, sort_keys=True)}'
        for key in ("metadata", "nbformat", "nbformat_minor", "cells")
    )
    text = "{" + ",\n".join(parts) + "}\n"
    # Half of a surrogate pair is written as in JSON: \ud800.
    return text.encode("utf-8", "backslashreplace").decode()
