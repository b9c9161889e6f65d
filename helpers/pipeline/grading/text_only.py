"""Typeset a report from the text of its notebook and outputs of an executed one.

The numbers in the text are the recorded claims, whatever the code did to the output of
a text cell. If a submission changed only text, the outputs can be those of the grader's
code, and nothing of the submission is executed.
"""

import json

import nbformat

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.unpack import GRADED
from helpers.pipeline.records import read_record
from helpers.pipeline.report.build import print_report
from helpers.pipeline.report.claims import PROSE, Claim, Claims, output_metadata
from helpers.pipeline.report.evidence import attachments
from helpers.pipeline.report.page import to_html
from helpers.pipeline.report.revision import revision
from helpers.pipeline.report.title import table_from_environment
from helpers.pipeline.report.typeset import descriptions, title_of
from helpers.pipeline.sweep.execute import prepare_notebook
from helpers.pipeline.sweep.executed import is_added_by_papermill
from helpers.pipeline.sweep.experiments import experiments_of


def set_texts(executed, **title):
    """Return the report's PDF and page as bytes, with the outputs of `executed`.

    `title` replaces entries of the title block with which it was executed.
    """
    recorded, now = read_record(executed).get("claims"), revision()
    if not isinstance(recorded, dict):
        raise UserError("no claims: the notebook's last cell must be record(claims=…)")
    claims = Claims({name: Claim(**claim) for name, claim in recorded.items()})
    table = table_from_environment(GRADED.name)
    cells = nbformat.read(executed, as_version=4).cells
    notebook = with_outputs(prepare_notebook(GRADED.name, table), cells, claims)
    for description in descriptions(notebook):
        if description["kind"] == "title":
            description["heading"].update(title)
    made_for = {"title": title_of(notebook), "report": GRADED.name, "table": table}
    attached = attachments(recorded, made_for, now, experiments_of(GRADED.name))
    pdf = print_report(notebook, attached, now, GRADED.tex)
    return pdf, to_html(notebook, attached, now).encode()


def with_outputs(notebook, executed, claims):
    """Give the cells of a notebook the outputs of cells with the same code.

    `executed` are these cells, whose text may differ; `claims` are those they recorded.
    """
    code = [cell for cell in notebook.cells if is_numbered(cell)]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        if not computes(cell):
            cell.outputs = [text_output(cell.source, claims)]
    executed = filter(computes, filter(is_numbered, executed))
    pairs = [*zip(filter(computes, code), executed, strict=True)]
    numbers = {done.execution_count: cell.execution_count for cell, done in pairs}

    def renumbered(part):
        if isinstance(part.get("cell"), int):  # the number of a cell
            part["cell"] = numbers.get(part["cell"], part["cell"])
        return nbformat.NotebookNode(part)

    for cell, done in pairs:
        text = json.dumps(done.outputs)
        cell.outputs = json.loads(text, object_hook=renumbered)
        for output in cell.outputs:  # its caption may name claims
            named = output.get("metadata", {}).get("report", {}).get("claims", {})
            for name, claim in named.items():
                claim |= claims[name]._replace(cell=claim["cell"])._asdict()
    return notebook


def is_numbered(cell):
    """Tell whether a cell gets a number when it is executed."""
    is_empty = cell.cell_type != "code" or not cell.source.strip()
    return not (is_empty or is_added_by_papermill(cell))


def computes(cell):
    """Tell whether a code cell holds code, and not prose that may name claims."""
    return not cell.source.startswith(PROSE)


def text_output(source, claims):
    """Return the output of a text cell, as `report.publish.Report.prose` makes it."""
    text = source.partition("\n")[2] + "\n"
    metadata = output_metadata(claims, kind="prose", text=text)
    return nbformat.v4.new_output(
        "display_data", {"text/plain": "prose"}, metadata=metadata
    )
