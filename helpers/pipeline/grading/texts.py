"""Set a report of which only the text was changed, with what the grader's code shows.

Nothing is executed. If this is the report that was handed in, it holds; if it is not,
it is made by executing it.
"""

import json

import nbformat

from helpers.pipeline.grading.unpack import GRADED
from helpers.pipeline.records import read_record
from helpers.pipeline.report.build import print_report
from helpers.pipeline.report.claims import PROSE, Claim, Claims, described
from helpers.pipeline.report.evidence import attachments
from helpers.pipeline.report.page import to_html
from helpers.pipeline.report.revision import revision
from helpers.pipeline.report.title import table_of, title_block
from helpers.pipeline.report.typeset import descriptions, title_of
from helpers.pipeline.sweep.execute import prepared
from helpers.pipeline.sweep.experiments import experiments_of


def set_texts(executed):
    """Return the bytes of the report's PDF and page, its code as it was executed."""
    recorded, now = read_record(executed)["claims"], revision()
    claims = Claims({name: Claim(**claim) for name, claim in recorded.items()})
    table = table_of(GRADED.name)
    shown = nbformat.read(executed, as_version=4).cells
    notebook = with_outputs(prepared(GRADED.name, table), shown, claims)
    for description in descriptions(notebook):
        if description["kind"] == "title":
            description["heading"].update(title_block())
    made_for = {"title": title_of(notebook), "report": GRADED.name, "table": table}
    attached = attachments(recorded, made_for, now, experiments_of(GRADED.name))
    pdf = print_report(notebook, attached, now, GRADED.tex)
    return pdf, to_html(notebook, attached, now).encode()


def with_outputs(notebook, shown, claims):
    """Give the cells of a notebook the outputs of cells with the same code.

    `shown` are these executed cells, whose text is another, and `claims` what they
    state.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        if not computes(cell):
            cell.outputs = [text_output(cell.source, claims)]
    pairs = [*zip(filter(computes, code), filter(computes, shown), strict=True)]
    numbers = {done.execution_count: cell.execution_count for cell, done in pairs}

    def renumbered(part):
        if isinstance(part.get("cell"), int):  # of which it speaks
            part["cell"] = numbers.get(part["cell"], part["cell"])
        return nbformat.NotebookNode(part)

    for cell, done in pairs:
        text = json.dumps(done.outputs)
        cell.outputs = json.loads(text, object_hook=renumbered)
    return notebook


def computes(cell):
    """Tell whether a cell is code, and no text that may name claims."""
    return cell.cell_type == "code" and not cell.source.startswith(PROSE)


def text_output(source, claims):
    """Return what a text shows, see `helpers.pipeline.report.publish.Report.prose`."""
    text = source.partition("\n")[2] + "\n"
    metadata = described(claims, kind="prose", text=text)
    return nbformat.v4.new_output(
        "display_data", {"text/plain": "prose"}, metadata=metadata
    )
