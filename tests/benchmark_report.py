"""How fast the report is made, beside the plain way, and where its time goes.

``make benchmark`` runs it, in copies of the project, with whole commands, in turn.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from measure import PLAIN, REPEATS, Row, alternate, conclude, forget, run
from project import Project

# Prints the seconds that the steps of a build take, the last one those of all.
STEPS = """
import json, sys, time

started = time.perf_counter()
from helpers.pipeline.report import build

taken, imported = {}, time.perf_counter() - started

def timed(module, name):
    step = getattr(module, name)

    def measured(*given, **options):
        began = time.perf_counter()
        try:
            return step(*given, **options)
        finally:
            taken[name] = taken.get(name, 0) + time.perf_counter() - began

    setattr(module, name, measured)

def main():
    from helpers.pipeline.report import page, pdf, typeset

    for name in ("make_plan", "sweep", "execute_report", "attachments"):
        timed(build, name)
    for module, name in ((page, "to_html"), (typeset, "to_latex"), (pdf, "to_pdf")):
        timed(module, name)
    build.report()
    taken["all"] = time.perf_counter() - started
    taken["imports"] = imported
    print(json.dumps(taken))

if __name__ == "__main__":
    main()
"""
NAMES = {
    "imports": "imports of the command",
    "make_plan": "the grid and its fingerprints",
    "sweep": "the kernels' imports, and all runs",
    "execute_report": "the report's cells, figures drawn beside them",
    "attachments": "the evidence",
    "to_latex": "to LaTeX: pandoc",
    "to_pdf": "passes of LaTeX",
    "to_html": "the page, beside LaTeX: pandoc",
}


def main():
    """Measure, print the table, and fail if a bound is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        rows = [*reports(project), *steps(project)]
    sys.exit(0 if conclude("report", rows) else 1)


def reports(project):
    """Compare the report: the plain way, from nothing, one value more, no change."""
    grid = (project.folder / "experiments.yaml").read_text()
    number = iter(range(1, 100))

    def ours():
        forget(project, "build", "report/report.pdf")
        project.write("experiments.yaml", grid)
        make(project)

    def one_more():
        added = grid.replace("1e-4]", f"1e-4, 0.{next(number):02}1]", 1)
        project.write("experiments.yaml", added)
        make(project)

    def plain():
        forget(project, "build")
        project.write("experiments.yaml", grid)
        run(project, PLAIN, "report")

    times = alternate(
        plain=plain, ours=ours, one_more=one_more, nothing=lambda: make(project)
    )
    plainly, full, one_more = times["plain"], times["ours"], times["one_more"]
    return [
        Row("report: papermill, nbconvert, pdflatex", plainly, "s"),
        Row("report: make report, nothing built", full, "s"),
        Row("make report faster than the plain way", plainly / full, "x", ">= 8"),
        Row("after one value more", one_more, "s"),
        Row("  as a share of the plain way's time", one_more / plainly, "x", "<= 0.25"),
        Row("  as a share of its own full time", one_more / full, "x"),
        Row("with nothing changed", times["nothing"], "s", "<= 0.3"),
    ]


def steps(project):
    """Measure the steps of a build from nothing."""
    project.write("steps.py", STEPS)
    taken = []
    for _ in range(REPEATS):
        forget(project, "build", "report/report.pdf")
        taken.append(json.loads(run(project, "steps.py").splitlines()[-1]))
    medians = {name: statistics.median(t[name] for t in taken) for name in taken[0]}
    whole = medians.pop("all")
    rest = whole - sum(medians.values()) + medians["to_html"]
    rows = [Row(f"  {what}", medians[name], "s") for name, what in NAMES.items()]
    rows.append(Row("  the rest: files, checks, waiting", rest, "s"))
    return [Row("where the time of a build goes", whole, "s"), *rows]


def make(project):
    """Type `make report` in a copy of the project."""
    project.make("report", timeout=1800).check_returncode()


if __name__ == "__main__":
    main()
