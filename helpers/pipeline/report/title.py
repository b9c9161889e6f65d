"""What a person gives to make for a report: its title block, and its data.

COURSE, TITLE, STUDENT and DATE; DATA, TARGET and FEATURES, if its notebook has such
parameters. Run as a script, it checks them; with ``html``, not whether the PDF has
their letters.
"""

import os
import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.fonts import require_letters
from helpers.pipeline.report.paths import requested_report
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, read_notebook
from helpers.pipeline.sweep.parameters import notebook_parameters
from helpers.reading.content import composed

LONGEST = 500  # letters of a line of the title block
TITLE_BLOCK = ("course", "title", "student", "date")
TABLE = ("data", "target", "features")


def title_block(*, with_pdf=True):
    """Return what the environment has of the title block, each a line of a page."""
    given = {name: given_text(name) for name in TITLE_BLOCK}
    if with_pdf:
        require_letters({name.upper(): text for name, text in given.items()})
    return {name: composed(text) for name, text in given.items() if text}


def given_text(name):
    """Return what the environment has of a parameter, if it is one line."""
    text = os.environ.get(name.upper(), "")
    if not text.isprintable() or len(text) > LONGEST:
        raise UserError(
            f"{name.upper()} must be one line of at most {LONGEST} letters, got "
            f"{text[:60]!a}"
        )
    return text


def given_table(report):
    """Return what the environment has of a report's data, target and features."""
    given = {name: given_text(name) for name in TABLE}
    given, known = {n: t for n, t in given.items() if t}, parameters_of(report)
    for name in given.keys() - known.keys():
        raise UserError(
            f"{name.upper()} is not for this report: notebooks/{report}.ipynb has no "
            f"parameter {name}, it has {', '.join(known)}"
        )
    return given


def environment_for(report, given=None):
    """Return the environment variables with which a report is made for what is given.

    `given` is a title block, and what there is of a table, the rest is empty; by
    default it is what the environment has.
    """
    names = (*TITLE_BLOCK, *TABLE)
    if given is None:
        given = {name: os.environ.get(name.upper(), "") for name in names}
    return {"REPORT": report} | {name.upper(): given.get(name, "") for name in names}


def parameters_of(report):
    """Return the parameters of a report, or raise UserError if a notebook is none."""
    read_notebook(report)  # says what is missing or damaged
    if not is_report(report):
        others = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
        raise UserError(
            f"notebooks/{report}.ipynb is no report: its parameters are not "
            f"{', '.join(TITLE_BLOCK)}; the reports are "
            f"{', '.join(filter(is_report, others))}"
        )
    return notebook_parameters(report)


def is_report(notebook):
    """Tell whether a notebook has the parameters of the title block."""
    try:
        return {*TITLE_BLOCK} <= notebook_parameters(notebook).keys()
    except UserError:
        return False


def main():
    """Check what is given."""
    title_block(with_pdf=sys.argv[1:] != ["html"])
    given_table(requested_report().name)


if __name__ == "__main__":
    run_command(main)
