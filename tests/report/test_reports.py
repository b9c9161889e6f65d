"""Several reports: each has its own files, experiments and parameters."""

import json
import shutil

import nbformat
import pytest
from small import make_small

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.report import paths, title
from helpers.pipeline.report.evidence import collect
from helpers.pipeline.report.lab import Lab
from helpers.pipeline.report.paths import ASSIGNMENT, Paths
from helpers.pipeline.sweep.experiments import experiments_of, read_points
from helpers.pipeline.verify.reader import read_html
from helpers.pipeline.verify.rebuild import build_report


def test_the_files_of_two_reports_are_different():
    def files(name):
        of = Paths(name)
        return {of.notebook, of.executed, of.tex, of.pdf, of.html, of.results}

    assert len(files("report") | files("other") | files("an-other")) == 18
    made = [Paths(name) for name in ("report", "other")]
    names = [f.relative_to(ROOT) for m in made for f in (m.pdf, m.html, m.results)]
    assert all(paths.is_made(name.as_posix()) for name in names)
    kept = ["report/timings.json", "report/page/index.html.j2", "data/a.pdf", "a.html"]
    assert not any(map(paths.is_made, kept))


def test_a_kernel_knows_the_report_that_it_executes(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert paths.opened() == ASSIGNMENT
    assert "sec:scores" in Lab()._headings
    monkeypatch.setenv("JPY_SESSION_NAME", str(ROOT / "notebooks" / "descent.ipynb"))
    assert paths.opened() == Paths("descent")
    assert "sec:scores" not in Lab()._headings


def test_the_assignment_rests_on_all_experiments_and_others_on_those_they_name():
    assert experiments_of("report") == [*read_points()]
    assert experiments_of("explore") == []
    runs = collect({}, ["plain", "adam"])["runs"].values()
    assert {name for run in runs for name in run["experiments"]} == {"plain", "adam"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reprot", "there is no notebooks/reprot.ipynb; did you mean 'report'?"),
        (
            "descent",
            r"notebooks/descent.ipynb is no report: .* reports are .*report",
        ),
    ],
)
def test_what_is_no_report_is_named(name, message):
    with pytest.raises(UserError, match=message):
        title.table_of(name)


def test_a_parameter_that_a_report_has_not_is_named(monkeypatch):
    assert title.table_of("report") == {}
    monkeypatch.setenv("DATA", "data/mine.csv")
    with pytest.raises(UserError, match="^DATA is not for this report: .* has course"):
        title.table_of("report")


@pytest.fixture(scope="module")
def other_report(once, two_runs):
    """Return a project with a small report of another name, as a page."""

    def make(project):
        make_small(project)
        folder = project.folder / "notebooks"
        (folder / "report.ipynb").rename(folder / "other.ipynb")
        grid = (project.folder / "experiments.yaml").read_text()
        project.write("experiments.yaml", f"{grid}unused: {{seed: 7}}\n")
        shutil.copytree(two_runs, project.folder / "build" / "runs")
        project.write("report/results.json", "not this report's")
        build_report(project.folder, {"REPORT": "other"}, {"student": "Ada"}, "html")

    return once("other-report", make)


def test_another_report_has_its_own_files_runs_and_title(other_report):
    folder = other_report.folder
    read = read_html(folder / "report" / "other.html")
    assert (read.build["report"], read.build["table"]) == ("other", {})
    assert read.build["title"]["student"] == "Ada"
    results = json.loads((folder / "report" / "other-results.json").read_text())
    assert results == read.results
    assert [*results["runs"].values()][0]["experiments"] == ["quick"]
    assert len(results["runs"]) == 2  # the other experiment has not been run
    assert len([*(folder / "build" / "runs").iterdir()]) == 2
    assert (folder / "report" / "results.json").read_text() == "not this report's"
    executed = nbformat.read(folder / "build" / "other.ipynb", as_version=4)
    assert executed.cells[-1].outputs


def test_a_page_says_of_which_report_it_is(other_report):
    page = other_report.folder / "report" / "other.html"
    status, out, _ = other_report.run("helpers.pipeline.verify", "--html", str(page))
    assert (status, out.split()[-1]) == (0, "hold")
