"""What the user specifies for a report: its title block and its data.

They are COURSE, TITLE, STUDENT and DATE, and DATA, TARGET and FEATURES if the notebook
has such parameters. Run as a script to check them; with ``html``, it does not check
whether the PDF has fonts for their letters.
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

LONGEST = 500  # letters in a line of the title block
TITLE_BLOCK = ("course", "title", "student", "date")
TABLE = ("data", "target", "features")


def title_block(*, with_pdf=True):
    """Return the parts of the title block that the environment specifies."""
    texts = {name: text_from_environment(name) for name in TITLE_BLOCK}
    if with_pdf:
        require_letters({name.upper(): text for name, text in texts.items()})
    return {name: composed(text) for name, text in texts.items() if text}


def text_from_environment(name):
    """Return the value of a parameter from the environment, which must be one line."""
    text = os.environ.get(name.upper(), "")
    if not text.isprintable() or len(text) > LONGEST:
        raise UserError(
            f"{name.upper()} must be one line of at most {LONGEST} letters, got "
            f"{text[:60]!a}"
        )
    return text


def table_from_environment(report):
    """Return those of a report's data, target and features that the user specified."""
    texts = {name: text_from_environment(name) for name in TABLE}
    texts, parameters = {n: t for n, t in texts.items() if t}, parameters_of(report)
    for name in texts.keys() - parameters.keys():
        raise UserError(
            f"{name.upper()} does not apply: notebooks/{report}.ipynb has no parameter "
            f"{name}, only {', '.join(parameters)}"
        )
    return texts


def report_environment(report, settings=None):
    """Return the environment variables with which to make a report.

    `settings` are those of the title block and the table, and missing ones are empty;
    by default they are taken from the environment.
    """
    names = (*TITLE_BLOCK, *TABLE)
    if settings is None:
        settings = {name: os.environ.get(name.upper(), "") for name in names}
    return {"REPORT": report} | {name.upper(): settings.get(name, "") for name in names}


def parameters_of(report):
    """Return the parameters of a report; UserError if the notebook is not a report."""
    read_notebook(report)  # raises a helpful error if it is missing or damaged
    if not is_report(report):
        notebooks = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
        raise UserError(
            f"notebooks/{report}.ipynb is not a report: it must have the parameters "
            f"{', '.join(TITLE_BLOCK)}; the reports are "
            f"{', '.join(filter(is_report, notebooks))}"
        )
    return notebook_parameters(report)


def is_report(notebook):
    """Tell whether a notebook has the parameters of the title block."""
    try:
        return {*TITLE_BLOCK} <= notebook_parameters(notebook).keys()
    except UserError:
        return False


def main():
    """Check what the user specified."""
    title_block(with_pdf=sys.argv[1:] != ["html"])
    table_from_environment(requested_report().name)


if __name__ == "__main__":
    run_command(main)
