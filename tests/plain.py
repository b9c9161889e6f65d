"""The baseline of the benchmarks: papermill in a loop, nbconvert and pdflatex.

It executes the same notebooks for the same points, without the project's optimisations.
"""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import nbformat

from helpers import ROOT
from helpers.pipeline.sweep.executed import as_text
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import RUNS, Inputs, path_of

NBCONVERT = (
    "jupyter-nbconvert --to latex --template template report.ipynb"
    " --TemplateExporter.extra_template_basedirs={root}/report"
    " --LatexExporter.preprocessors=helpers.pipeline.report.typeset.set_texts"
    " --LatexExporter.filters=listing=helpers.pipeline.report.typeset.listing"
    " --LatexExporter.filters=pdf_text=helpers.pipeline.report.typeset.pdf_text"
)
PDFLATEX = "pdflatex -interaction=batchmode report.tex"
LATEX = (PDFLATEX, PDFLATEX)  # the second run resolves all references


def execute(point):
    """Execute a point of the grid with papermill."""
    from papermill import execute_notebook

    source = ROOT / "notebooks" / f"{point.notebook}.ipynb"
    target, parameters = path_of(point.run), point.parameters
    execute_notebook(source, target, parameters=parameters, progress_bar=False)


def loop(points):
    """Execute the points one after another."""
    for point in points:
        execute(point)


def pool(points):
    """Execute the points in two processes."""
    with ProcessPoolExecutor(2) as executor:
        list(executor.map(execute_beside_others, points))


def execute_beside_others(point):
    """Execute a point; try again if two kernels have chosen the same port."""
    try:
        execute(point)
    except RuntimeError as error:
        if "Kernel died" not in str(error):
            raise
        execute(point)


def sign(points):
    """Add the inputs to the runs, their code and data, which the report requires."""
    inputs = Inputs()
    for point in points:
        path = path_of(point.run)
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["run"] = {"name": point.run, "inputs": inputs.of(point)}
        path.write_text(as_text(notebook), encoding="utf-8")


def report(points):
    """Make the report."""
    from papermill import execute_notebook

    loop(points)
    sign(points)
    folder = ROOT / "build"
    source = ROOT / "notebooks" / "report.ipynb"
    execute_notebook(source, folder / "report.ipynb", progress_bar=False)
    preamble = ROOT / "report" / "template" / "preamble.tex"
    (folder / "preamble.tex").write_bytes(preamble.read_bytes())
    nbconvert = os.path.join(os.path.dirname(sys.executable), NBCONVERT)
    for command in (nbconvert.format(root=ROOT), *LATEX):
        subprocess.run(command.split(), cwd=folder, check=True)


if __name__ == "__main__":
    RUNS.mkdir(parents=True, exist_ok=True)
    ways = {"loop": loop, "pool": pool, "report": report}
    ways[sys.argv[1]]([p for grid in read_points().values() for p in grid])
