"""Make the report: sweep, execute the report's notebook, set it."""

import os
import shutil

from helpers.data import ROOT
from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.experiments import read_points
from helpers.pipeline.kernels import warm_kernels
from helpers.pipeline.runs import modules_behind
from helpers.pipeline.sweep import missing_runs, modules_for, sweep
from helpers.pipeline.typeset import to_latex, to_pdf

TITLE_BLOCK = ("course", "title", "student", "date")
EXECUTED = ROOT / "build" / "report.ipynb"
PDF = ROOT / "report" / "report.pdf"


def main():
    """Write ``report/report.pdf``; the old one stays until the new one is done."""
    points = read_points()
    missing = missing_runs(points)
    modules = sorted({*modules_for(missing), *modules_behind("report")})
    with warm_kernels(modules) as options:
        sweep(points, missing, options)
        notebook = execute(options)
    try:
        pdf = to_pdf(*to_latex(notebook), ROOT / "build" / "tex")
    except RuntimeError as error:
        raise UserError(error) from None
    unfinished = PDF.with_suffix(".unfinished")
    shutil.copyfile(pdf, unfinished)
    unfinished.replace(PDF)
    print(f"written: {PDF.relative_to(ROOT)}")


def execute(options):
    """Execute ``notebooks/report.ipynb`` with the title block of the environment.

    Parameters
    ----------
    options : dict
        For ``papermill.execute_notebook``.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, also kept as ``build/report.ipynb``.

    Raises
    ------
    UserError
        If a cell raises; the kept notebook has the error on top.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    given = {name: os.environ.get(name.upper()) for name in TITLE_BLOCK}
    try:
        return papermill.execute_notebook(
            ROOT / "notebooks" / "report.ipynb",
            EXECUTED,
            parameters={name: value for name, value in given.items() if value},
            progress_bar=False,
            request_save_on_cell_execute=False,
            **options,
        )
    except PapermillExecutionError as error:
        where = EXECUTED.relative_to(ROOT)
        raise UserError(f"{error.ename}: {error.evalue} (see {where})") from None


if __name__ == "__main__":
    run_command(main)
