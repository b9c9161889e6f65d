"""Set a report from its notebook's text, and from what its code shows as executed.

The text is that of the notebook, and its numbers are the claims as they are recorded,
whatever the code did to what a cell of text shows. If a submission changed nothing
but text, the code may be the grader's, and nothing of the submission is executed.
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
from helpers.pipeline.report.title import given_table
from helpers.pipeline.report.typeset import descriptions, title_of
from helpers.pipeline.sweep.execute import prepare_notebook
from helpers.pipeline.sweep.executed import is_added_by_papermill
from helpers.pipeline.sweep.experiments import experiments_of


def set_texts(executed, **title):
    """Return the bytes of the report's PDF and page, its code as it was executed.

    `title` is what of the title block is another than it was executed with.
    """
    recorded, now = read_record(executed).get("claims"), revision()
    if not isinstance(recorded, dict):
        raise UserError("no claims: the notebook's last cell must be record(claims=…)")
    claims = Claims({name: Claim(**claim) for name, claim in recorded.items()})
    table = given_table(GRADED.name)
    shown = nbformat.read(executed, as_version=4).cells
    notebook = with_outputs(prepare_notebook(GRADED.name, table), shown, claims)
    for description in descriptions(notebook):
        if description["kind"] == "title":
            description["heading"].update(title)
    made_for = {"title": title_of(notebook), "report": GRADED.name, "table": table}
    attached = attachments(recorded, made_for, now, experiments_of(GRADED.name))
    pdf = print_report(notebook, attached, now, GRADED.tex)
    return pdf, to_html(notebook, attached, now).encode()


def with_outputs(notebook, shown, claims):
    """Give the cells of a notebook the outputs of cells with the same code.

    `shown` are these executed cells, whose text may be another, and `claims` what they
    have recorded.
    """
    code = [cell for cell in notebook.cells if counts(cell)]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        if not computes(cell):
            cell.outputs = [text_output(cell.source, claims)]
    shown = filter(computes, filter(counts, shown))
    pairs = [*zip(filter(computes, code), shown, strict=True)]
    numbers = {done.execution_count: cell.execution_count for cell, done in pairs}

    def renumbered(part):
        if isinstance(part.get("cell"), int):  # of which it speaks
            part["cell"] = numbers.get(part["cell"], part["cell"])
        return nbformat.NotebookNode(part)

    for cell, done in pairs:
        text = json.dumps(done.outputs)
        cell.outputs = json.loads(text, object_hook=renumbered)
        for output in cell.outputs:  # whose caption may name claims
            said = output.get("metadata", {}).get("report", {}).get("claims", {})
            for name, claim in said.items():
                claim |= claims[name]._replace(cell=claim["cell"])._asdict()
    return notebook


def counts(cell):
    """Tell whether a cell is given a number when it is executed."""
    is_empty = cell.cell_type != "code" or not cell.source.strip()
    return not (is_empty or is_added_by_papermill(cell))


def computes(cell):
    """Tell whether a cell of code is no text that may name claims."""
    return not cell.source.startswith(PROSE)


def text_output(source, claims):
    """Return what a text shows, see `helpers.pipeline.report.publish.Report.prose`."""
    text = source.partition("\n")[2] + "\n"
    metadata = output_metadata(claims, kind="prose", text=text)
    return nbformat.v4.new_output(
        "display_data", {"text/plain": "prose"}, metadata=metadata
    )
