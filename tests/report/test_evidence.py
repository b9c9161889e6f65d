"""The recorded results, the attachments of the PDF, and the origin of its figures."""

import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from small import spread

from helpers import ROOT
from helpers.figures import curves
from helpers.pipeline.files import sha256
from helpers.pipeline.records import read_record
from helpers.pipeline.report import claims, evidence, paths, revision
from helpers.pipeline.report.claims import Claim, Claims
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.report.provenance import trace
from helpers.pipeline.sweep.executed import without_traces
from helpers.pipeline.sweep.results import load_experiment
from helpers.pipeline.verify.reader import read_pdf

EXECUTED = ASSIGNMENT.executed
PDF = ASSIGNMENT.pdf


@pytest.fixture(scope="module")
def made():
    return read_pdf(PDF)


def test_the_recorded_results_are_all_claims_and_all_runs():
    recorded = json.loads(ASSIGNMENT.results.read_text(encoding="utf-8"))
    claims = read_record(EXECUTED)["claims"]
    assert list(recorded["claims"]) == list(claims)
    for name, claim in claims.items():
        value, made = recorded["claims"][name]["value"], claim["value"]
        assert value == (made if isinstance(made, str) else pytest.approx(made, 1e-9))
        assert recorded["claims"][name]["text"] == claim["text"]
    rates = load_experiment("learning_rates")
    assert set(rates["run"]) < set(recorded["runs"])
    for run in rates.itertuples():
        entry = recorded["runs"][run.run]
        assert "learning_rates" in entry["experiments"]
        assert entry["parameters"]["learning_rate"] == run.learning_rate
        assert entry["status"] == run.status


def test_each_claim_and_each_run_has_a_line_of_its_own():
    results = {"layout": 1, "platform": "P"}
    results |= {"claims": {"a": {"value": 1}, "b": {}}, "runs": {"r": {}}}
    text = evidence.as_text(results)
    assert json.loads(text) == results
    assert [line.strip()[:3] for line in text.splitlines()].count('"a"') == 1
    assert len(text.splitlines()) == 11


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1 / 3, 0.3333333333),
        (1.00000000004, 1.0),
        (-12345678901.2, -12345678900.0),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (7, 7),
        ("0.1234567890123", "0.1234567890123"),
        ([0.1 + 0.2, {"a": 0.1 + 0.2}], [0.3, {"a": 0.3}]),
    ],
)
def test_numbers_are_kept_to_ten_significant_digits(value, kept):
    assert evidence.rounded(value) == kept


def test_the_pdf_carries_what_it_was_made_from(made):
    assert made.files == {
        "build.json": made.files["build.json"],
        "results.json": ASSIGNMENT.results.read_bytes(),
        **evidence.code(),
    }
    now = revision.revision()
    assert (made.build["commit"], made.build["changes"]) == (
        now.commit,
        now.changes,
    )
    assert made.build["time"] == now.time
    assert set(made.build["title"]) == {"course", "title", "student", "date"}


def test_the_code_is_complete_and_each_file_has_its_path():
    code = evidence.code()
    for path in (ROOT / "helpers").rglob("*.py"):
        assert code[path.relative_to(ROOT).as_posix()] == path.read_bytes()
    assert {"Makefile", "report/template/preamble.tex", "data/auto.yaml"} < {*code}
    assert [name for name in code if name.startswith("notebooks/")] == [
        "notebooks/descent.ipynb",
        "notebooks/report.ipynb",
    ]
    assert {"notebooks/descent.ipynb", "notebooks/regression.ipynb"} < {
        *evidence.code("regression")
    }
    assert not [name for name in code if name.startswith(("build/", "tests/"))]
    assert list(code) == sorted(code, key=lambda name: name.split("/"))


def test_a_notebook_is_attached_as_git_keeps_it():
    committed = (ROOT / "notebooks" / "descent.ipynb").read_bytes()
    notebook = nbformat.reads(committed.decode(), as_version=4)
    output = nbformat.v4.new_output("stream", text="made")
    for number, cell in enumerate(notebook.cells):
        cell.metadata |= {"scrolled": True, "execution": {"iopub.status.idle": "now"}}
        cell.metadata |= {"collapsed": True, "heading_collapsed": True, "hidden": True}
        cell.metadata["ExecuteTime"] = {"start_time": "now"}
        if cell.cell_type == "code":
            cell |= {"outputs": [output], "execution_count": number}
    notebook.metadata["language_info"]["version"] = "3.99"
    notebook.metadata |= {"widgets": {"state": {}}, "signature": "sha256:0"}
    executed = nbformat.writes(notebook).encode()
    make = (ROOT / "Makefile").read_text()
    keys = re.search(r"^LANGUAGE := \$\(addprefix (\S+),(.*)\)$", make, re.M)
    extra = [keys[1] + key for key in keys[2].split()]
    extra += ["metadata.widgets", "cell.metadata.execution"]
    command = [sys.executable, "-m", "nbstripout", "--keep-id", "--extra-keys"]
    command.append(" ".join(extra))
    kept = subprocess.run(command, input=executed, capture_output=True, check=True)
    cleaned = evidence.without_outputs(executed)
    assert cleaned == kept.stdout
    assert evidence.without_outputs(cleaned) == cleaned


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": [1]}', b"\xff"])
def test_what_is_no_notebook_is_attached_as_it_is(content):
    assert evidence.without_outputs(content) == content


def test_every_figure_and_table_leads_to_its_provenance(made):
    text = "\n".join(page.text for page in made.pages)
    captions = re.findall(r"^(?:Figure|Table) \d+\. .*?\[P(\d+)\]", text, re.S | re.M)
    entries = re.findall(r"^P(\d+) (Figure|Table) (\d+),\s+cell", text, re.M)
    assert [int(number) for number, *_ in entries] == list(range(1, len(entries) + 1))
    assert sorted(map(int, captions)) == list(range(1, len(entries) + 1))
    assert {kind for _, kind, _ in entries} == {"Figure", "Table"}


def test_what_a_cell_shows_is_traced_to_runs_cells_and_helpers():
    runs = pd.DataFrame({"run": ["r1", "r2"], "cost": [1.0, 2.0]})
    namespace = {"curves": curves, "runs": runs, "one": runs.iloc[0], "np": np}
    cells = [
        "",
        "%%prose\nnot Python: it is passed over",
        "# Parameters\nstudent = 'x'\n",
        "one = runs.iloc[0]",
        "costs = np.array([one.cost])",
        "y = costs * 2",
        "curves.plot_costs(ax, {'a': y}, unit='u')",
    ]
    found = trace("fig:a", cells, namespace)
    assert found.label == "fig:a"
    assert found.cell == 6
    assert found.functions == ["figures.curves.plot_costs"]
    assert found.runs == ["r1"]
    assert trace("fig:b", [*cells, "show(runs)"], namespace).runs == ["r1", "r2"]
    assert trace("fig:c", [*cells, "show(unknown, 1)"], namespace).runs == []
    assert trace("fig:d", ["", "x = x + 1"], {"x": 1}).runs == []
    # A loop's variable is not the one of the same name in another cell.
    left = namespace | {"run": runs.iloc[1], "rows": [1]}
    for shown in ("[run.cost for run in rows]", "for run in rows:\n    show(run.cost)"):
        assert trace("fig:e", [*cells, shown], left).runs == []
    # A table that other cells fill has the runs with which they filled it.
    filled = ["scored = {}", "for x in [1]:\n    scored['a', x] = one.cost"]
    assert trace("tab:f", [*cells, *filled, "show(scored)"], namespace).runs == ["r1"]
    emptied = [*cells, *filled, "scored = {}", "show(scored)"]
    assert trace("tab:g", emptied, namespace).runs == []


def test_claims_are_no_table_of_runs(monkeypatch):
    # Looking up a claim that is not stated would read the notebook.
    monkeypatch.setattr(claims, "current_cells", pytest.fail)
    one = Claims({"run": Claim(1.0, "1", "", "r1")})
    for stated in (one, Claims()):
        assert trace("tab:a", ["", "show(claims)"], {"claims": stated}).runs == []


def test_executed_notebooks_say_nothing_of_their_execution():
    text = EXECUTED.read_text(encoding="utf-8")
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    assert str(ROOT) not in text
    notebook = nbformat.reads(text, as_version=4)
    assert without_traces(notebook) == nbformat.reads(text, as_version=4)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a function that runs git in a project with one commit."""

    def git(*command):
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-C", tmp_path]
        done = subprocess.run(["git", *who, *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    monkeypatch.setattr(revision, "ROOT", tmp_path)
    monkeypatch.setattr(revision, "COMMIT", tmp_path / "COMMIT")
    (tmp_path / "report").mkdir()
    for name in ("a.txt", "report/results.json"):
        (tmp_path / name).write_text("first")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return git


def test_a_version_is_its_commit_and_what_differs_from_it(repository, tmp_path):
    clean = revision.revision()
    assert clean.commit == repository("rev-parse", "HEAD")
    assert clean.time == int(repository("log", "-1", "--format=%ct"))
    assert clean.changes == ""

    (tmp_path / "report" / "results.json").write_text("made anew")
    assert revision.revision() == clean
    (tmp_path / "a.txt").write_text("second")
    changed = revision.revision()
    assert changed[:2] == clean[:2]
    assert re.fullmatch("[0-9a-f]{64}", changed.changes)
    (tmp_path / "a.txt").write_text("first")
    assert revision.revision() == clean
    (tmp_path / "new.txt").write_text("unknown to git")
    added = revision.revision()
    assert added.changes not in ("", changed.changes)
    # An editor's lock file is a dangling link; data need not be UTF-8.
    (tmp_path / ".#a.txt").symlink_to("nowhere")
    (tmp_path / "a.txt").write_bytes(b"\xe9")
    assert revision.revision().changes not in ("", changed.changes, added.changes)


def test_without_git_the_version_is_in_a_file_or_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    monkeypatch.setattr(revision, "COMMIT", tmp_path / "COMMIT")
    assert revision.revision() == ("", revision.LONG_AGO, "")
    (tmp_path / "COMMIT").write_text(json.dumps(["abc", 7, ""]))
    assert revision.revision() == ("abc", 7, "")


def test_in_a_submission_the_version_tells_what_was_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    monkeypatch.setattr(revision, "COMMIT", tmp_path / "COMMIT")
    for name in ("a.txt", "report/results.json", "build/x", "SUBMISSION.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")
    files = {name: sha256(b"first") for name in ("a.txt", "report/results.json")}
    (tmp_path / "COMMIT").write_text(json.dumps(["abc", 7, "", files]))
    assert revision.revision() == ("abc", 7, "")
    (tmp_path / "report/results.json").write_text("made anew")
    assert revision.revision().changes == ""
    (tmp_path / "a.txt").write_text("second")
    changed = revision.revision()
    assert changed[:2] == ("abc", 7)
    assert re.fullmatch("[0-9a-f]{64}", changed.changes)
    (tmp_path / "a.txt").unlink()
    removed = revision.revision().changes
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "new.txt").write_text("")
    assert len({"", changed.changes, removed, revision.revision().changes}) == 4


def test_a_notebook_that_the_report_does_not_rest_on_is_no_change(
    repository, tmp_path, monkeypatch
):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    clean = revision.revision()
    (tmp_path / "notebooks").mkdir()
    grid = tmp_path / "experiments.yaml"
    grid.write_text("a: {seed: 1}\n")
    with_grid = revision.revision()
    (tmp_path / "notebooks" / "other.ipynb").write_text("{}")
    assert revision.revision() == with_grid != clean
    assert revision.revision("other") != with_grid
    for text in ("a:\n  notebook: other  # mine\n", "a: {notebook: 'other'}\n"):
        grid.write_text(text)
        before = revision.revision()
        (tmp_path / "notebooks" / "other.ipynb").unlink()
        assert revision.revision() != before
        (tmp_path / "notebooks" / "other.ipynb").write_text("{}")
    grid.write_text("a: {seed: 1}\n")
    (tmp_path / "notebooks" / "report.ipynb").write_text("read('other.ipynb')")
    before = revision.revision()
    (tmp_path / "notebooks" / "other.ipynb").write_text("[]")
    assert revision.revision() != before


def test_what_a_person_ignores_elsewhere_is_a_change(repository, tmp_path):
    (tmp_path / ".git" / "info" / "exclude").write_text("*.csv\n")
    (tmp_path / "mine.csv").write_text("1")
    assert revision.revision().changes != ""
    (tmp_path / ".gitignore").write_text("*.csv\n.gitignore\n")
    assert revision.revision().changes == ""


def test_what_a_system_hides_among_the_code_is_not_attached(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    spread(tmp_path, {"helpers/a.py": b"", "helpers/._a.py": b"x"})
    assert evidence.code().keys() == {"helpers/a.py"}
