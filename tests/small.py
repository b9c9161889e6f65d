"""A small project with a report of one page, which takes a few seconds to make."""

import shutil

from helpers import ROOT

CELLS = [
    """\
import matplotlib.pyplot as plt

from helpers.figures import curves
from helpers import ROOT
from helpers.pipeline.report.publish import Report
from helpers.pipeline.records import record
from helpers.pipeline.sweep.results import load_experiment

plt.style.use(["default", ROOT / "report" / "figures.mplstyle"])
report = Report()
claims = report.claims""",
    """\
course: str = "A Course"  # first line of the title block
title: str = "A Report"  # second line
student: str = "A. Student"  # who hands it in
date: str = "22 March 2023"  # as it is to be printed""",
    """\
report.title(course=course, title=title, student=student, date=date)
runs = load_experiment("quick")
for run in runs.itertuples():
    claims.state(f"{run.features}.cost", run.costs[-1], ".6f", run=run.run)""",
    "%%prose\nThe costs are {{horsepower.cost}} and {{all.cost}}; see @fig:costs.",
    """\
fig, ax = plt.subplots()
curves.plot_costs(ax, {run.features: run.costs for run in runs.itertuples()}, unit="")
report.figure(fig, label="costs", caption="The costs.", alt="Two curves that fall.")""",
    "report.provenance()",
    "record(claims={name: claim._asdict() for name, claim in claims.items()})",
]


def make_small(project, *added):
    """Give a copy of the project a small grid, and a small report with added cells."""
    *cells, provenance, end = CELLS
    sources = [*cells, *added, provenance, end]
    project.make_quick()
    project.write_notebook("report", *sources, parameters=1)
    # The preambles that were already compiled for the project's own report.
    tex = project.folder / "build" / "tex"
    tex.mkdir(parents=True)
    for compiled in ROOT.glob("build/tex/preamble-*.fmt"):
        shutil.copy(compiled, tex)


def files_of(folder):
    """Return the content of all files of a project, except those in build, by name."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: text for name, text in files.items() if not name.startswith("build/")}


def spread(folder, files):
    """Write files, by name, into a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
