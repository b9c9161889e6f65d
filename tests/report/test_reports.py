"""Several reports: each has its own files, experiments and parameters."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import ROOT
from helpers.data import Data, require_enough
from helpers.figures import tables
from helpers.figures.statements import fit_text, share_text
from helpers.pipeline.errors import UserError
from helpers.pipeline.report import new, paths, title
from helpers.pipeline.report.evidence import collect
from helpers.pipeline.report.lab import Lab
from helpers.pipeline.report.paths import ASSIGNMENT, Paths
from helpers.pipeline.sweep.experiments import experiments_of, read_points
from helpers.pipeline.verify import rebuild
from helpers.pipeline.verify.rebuild import build_report


def test_the_files_of_two_reports_are_different():
    def files(name):
        of = Paths(name)
        made = {of.executed, of.tex, of.pdf, of.html, of.results, of.submission}
        return {of.notebook, *made}

    assert len(files("report") | files("other") | files("an-other")) == 21
    made = [Paths(name) for name in ("report", "other")]
    names = [f.relative_to(ROOT) for m in made for f in (m.pdf, m.html, m.results)]
    assert all(paths.is_generated(name.as_posix()) for name in names)
    kept = ["report/timings.json", "report/page/index.html.j2", "data/a.pdf", "a.html"]
    assert not any(map(paths.is_generated, kept))


def test_a_kernel_knows_the_report_that_it_executes(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert paths.current_report() == ASSIGNMENT
    assert "sec:scores" in Lab()._headings
    monkeypatch.setenv("JPY_SESSION_NAME", str(ROOT / "notebooks" / "descent.ipynb"))
    assert paths.current_report() == Paths("descent")
    assert "sec:scores" not in Lab()._headings


def test_the_assignment_rests_on_all_experiments_and_others_on_those_they_name():
    assert experiments_of("report") == [*read_points()]
    assert experiments_of("explore") == experiments_of("regression") == []
    runs = collect({}, ["plain", "adam"])["runs"].values()
    assert {name for run in runs for name in run["experiments"]} == {"plain", "adam"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reprot", "there is no notebooks/reprot.ipynb; did you mean 'report'?"),
        (
            "descent",
            r"notebooks/descent.ipynb is not a report: .* reports are .*report",
        ),
    ],
)
def test_what_is_no_report_is_named(name, message):
    with pytest.raises(UserError, match=message):
        title.table_from_environment(name)


def test_a_parameter_that_a_report_has_not_is_named(monkeypatch):
    assert title.table_from_environment("report") == {}
    monkeypatch.setenv("DATA", "data/mine.csv")
    with pytest.raises(UserError, match="^DATA does not apply: .* data, only course"):
        title.table_from_environment("report")


def test_a_report_is_made_again_as_it_says_that_it_was_made(monkeypatch):
    asked, same = [], lambda path: path

    def build_report(folder, *given, shown):
        assert (folder / "notebooks" / "regression.ipynb").exists()
        asked.append(given)

    monkeypatch.setattr(rebuild, "build_report", build_report)
    title = {"course": "A", "title": "B", "student": "C", "date": "D"}
    build = {"report": "regression", "table": {"data": "a.csv"}, "title": title}
    rebuild.rebuild(build, same)
    made_for = {"REPORT": "regression", "DATA": "a.csv", "TARGET": "", "FEATURES": ""}
    made_for |= {"COURSE": "A", "TITLE": "B", "STUDENT": "C", "DATE": "D"}
    assert asked == [(made_for, "html")]
    rebuild.rebuild({}, same)  # with recorded results only
    assert asked[1] == ({}, "html")


def test_units_are_those_of_the_datasheet_if_there_is_one():
    data = Data(np.arange(20.0).reshape(10, 2), np.arange(10.0), ["a", "b"], "y", 0)
    assert [*tables.data_table(data, {})][:2] == ["column", "mean"]
    sheet = {"columns": {"y": {"unit": "EUR"}, "b": None}}
    table = tables.data_table(data, sheet)
    assert [*table.unit] == ["EUR", "–", "–"]
    assert "meaning" not in table
    assert [*tables.data_table(data, {"columns": ["y", "a", "b"]})][1] == "mean"


def test_a_long_unit_leaves_room_for_the_weights():
    unit = "euros per square metre of living area and month"
    data = Data(np.eye(12)[:, :2], np.arange(12.0), ["a", "b"], "y", 0)
    run = SimpleNamespace(w=np.ones(2), b=1.0, w_original=np.ones(2), b_original=1.0)
    sheet = {"columns": {"y": {"unit": unit}, "a": {"unit": unit}}}
    table = tables.weights_table(run, data, sheet)
    assert [*table][-2:] == [
        "standardised (euros… month)", "original (euros… month per unit)",
    ]  # fmt: skip
    assert [*table.unit] == ["euros… month", "–", "–"]
    assert tables.data_table(data, sheet).unit[0] == unit


def test_the_mean_of_standardised_data_is_zero_and_others_are_kept(rng):
    for scale, shift in ((1, 1e-9), (1e-12, 0), (1e12, 5)):
        x = scale * rng.normal(size=442)
        assert tables.mean_of(x - x.mean()) == 0
        assert tables.mean_of(x + shift) == (x + shift).mean()
    assert tables.mean_of(np.zeros(3)) == 0


def test_the_table_of_the_data_rounds_as_the_prose_does():
    y = np.array([53.9, 72.4, 65.3, 60.8, 52.6, 74.7, 66.1, 59.2, 70.5, 55.4])
    for k in range(40):  # for a mean that ends in 5, rounding depends on its last bit
        values = np.concatenate([y + 0.1 * k, y[::-1] + 0.05])
        data = Data(np.ones((20, 3)), values, ["a", "b", "c"], "y", 0)
        table = tables.data_table(data, {})
        assert table["mean"][0] == f"${values.mean():.4g}$"


def test_the_table_of_the_data_tells_values_that_are_near_each_other_apart(rng):
    X = np.linspace([37.86, 2008, 0.1], [37.88, 2012, 0.9], 41)
    X += 1e-3 * rng.normal(size=X.shape)
    table = tables.data_table(Data(X, X[:, 0], ["a", "b", "c"], "y", 0), {})
    for name, exact in {"mean": X.mean(0), "min": X.min(0), "max": X.max(0)}.items():
        texts = [text.strip("$").replace("{,}", "") for text in table[name][1:]]
        assert np.all(np.abs(np.array(texts, float) - exact) <= 0.05 * X.std(axis=0))
        assert max(map(len, texts)) <= len("2008.01")


@pytest.mark.parametrize(
    ("share", "explained", "called"),
    [
        (0.99, "almost all", "good"),
        (0.5, "about half", "moderate"),
        (0.1, "a small part", "poor"),
        (0.07, "very little", "bad: hardly better than the mean, or worse"),
        (-3, "nothing", "bad: hardly better than the mean, or worse"),
    ],
)
def test_a_bad_fit_is_called_bad(share, explained, called):
    assert (share_text(share), fit_text(share)) == (explained, called)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (9, 1, "^a.csv: 9 complete rows are too few for 1 feature: at least 10"),
        (1, 2, "^a.csv: 1 complete row is too few for 2 features"),
        (20, 12, "at least 26 are needed; name fewer features"),
    ],
)
def test_too_few_rows_are_named(rows, columns, message):
    X, y = np.ones((rows, columns)), np.arange(rows)
    with pytest.raises(ValueError, match=message):
        require_enough(Data(X, y, [], "y", 0), "a.csv")
    lost = Data(X, y, [], "y", 3, ("read as UTF-8", "3 of 9 rows left out"))
    with pytest.raises(ValueError, match=f"{message}.*; 3 of 9 rows left out$"):
        require_enough(lost, "a.csv")
    with pytest.raises(ValueError, match="^a.csv: .* 'y' are 1: there is nothing"):
        require_enough(Data(np.ones((20, 2)), np.ones(20), [], "y", 0), "a.csv")
    far = Data(np.arange(40.0).reshape(20, 2) ** 2, 2e11 + np.arange(20), [], "y", 0)
    with pytest.raises(ValueError, match="'y' differ by only 19, but are as la"):
        require_enough(far, "a.csv")
    require_enough(far._replace(y=1e11 + np.arange(20)), "a.csv")
    for size in (1e80, 1e-80):
        few = Data(size * np.eye(20)[:, :2], np.arange(20), ["a", "b"], "y", 0)
        message = f"^a.csv: the values of 'a' differ by {size:g}, .* in another unit"
        with pytest.raises(ValueError, match=message.replace("+", r"\+")):
            require_enough(few, "a.csv")
    with pytest.raises(ValueError, match="^a.csv: every feature is constant"):
        require_enough(Data(np.ones((20, 0)), np.arange(20), [], "y", 0), "a.csv")


def test_a_new_report_has_an_example_of_each_part_and_builds_at_once(project):
    command = ("helpers.pipeline.report.new", "made-by-a-test")
    assert project.run(*command)[0] == 0
    page = build_report(project.folder, {"REPORT": "made-by-a-test"}, target="html")
    text = page.read_text(encoding="utf-8")
    for part in ("fig:costs", "tab:rates", "lst:step", "eq:update", "references"):
        assert f'id="{part}"' in text
    sections = re.findall("To replace this", text)
    assert len(sections) == 7
    assert "To replace: the date" in text
    path = project.folder / "notebooks" / "made-by-a-test.ipynb"
    path.write_text("mine")
    status, _, err = project.run(*command)
    assert status == 2
    assert err.startswith("error: notebooks/made-by-a-test.ipynb exists already")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a.ipynb", "-a", "report"])
def test_a_report_must_have_a_plain_name_of_its_own(monkeypatch, name):
    monkeypatch.setattr("sys.argv", ["new", name])
    with pytest.raises(UserError, match="NAME"):
        new.main()
