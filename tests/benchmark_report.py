"""Compare the speed of ``make report`` with plain tools, and time its steps.

``make benchmark`` runs it: whole commands, in turn, in copies of the project.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from measure import PLAIN, REPEATS, Row, alternate, conclude, forget, run
from project import Project

# Print the seconds of each step of a build, and of the whole build as ``all``.
STEPS = """
import json, sys, time

started = time.perf_counter()
from helpers.pipeline.report import build

taken, imported = {}, time.perf_counter() - started

def timed(module, name):
    step = getattr(module, name)

    def measured(*arguments, **options):
        began = time.perf_counter()
        try:
            return step(*arguments, **options)
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
    "execute_report": "the report's cells; figures are drawn in parallel",
    "attachments": "the evidence",
    "to_latex": "to LaTeX: pandoc",
    "to_pdf": "passes of LaTeX",
    "to_html": "the page, in parallel to LaTeX: pandoc",
}


def main():
    """Measure, print the table, and fail if a bound is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        rows = [*reports(project), *steps(project)]
    sys.exit(0 if conclude("report", rows) else 1)


def reports(project):
    """Time a report: plain tools, a full build, one more value, and no change."""
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
    plain_time, full, one_more = times["plain"], times["ours"], times["one_more"]
    return [
        Row("report: papermill, nbconvert, pdflatex", plain_time, "s"),
        Row("report: make report, nothing built", full, "s"),
        Row("speed-up over plain tools", plain_time / full, "x", ">= 8"),
        Row("make report, one more value", one_more, "s"),
        Row("  relative to plain tools", one_more / plain_time, "x", "<= 0.25"),
        Row("  relative to the full build", one_more / full, "x"),
        Row("make report, nothing changed", times["nothing"], "s", "<= 0.3"),
    ]


def steps(project):
    """Time the steps of a full build."""
    project.write("steps.py", STEPS)
    taken = []
    for _ in range(REPEATS):
        forget(project, "build", "report/report.pdf")
        taken.append(json.loads(run(project, "steps.py").splitlines()[-1]))
    medians = {name: statistics.median(t[name] for t in taken) for name in taken[0]}
    total = medians.pop("all")
    rest = total - sum(medians.values()) + medians["to_html"]
    rows = [Row(f"  {what}", medians[name], "s") for name, what in NAMES.items()]
    rows.append(Row("  the rest: files, checks, waiting", rest, "s"))
    return [Row("the steps of a full build, in total", total, "s"), *rows]


def make(project):
    """Run `make report` in a copy of the project."""
    project.make("report", timeout=1800).check_returncode()


if __name__ == "__main__":
    main()
