"""An executed notebook as it is kept: without what differs between executions."""

import json

TAGS = {"injected-parameters", "papermill-error-cell-tag"}


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
