"""A comparison shows what changed between two reports, and nothing else."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pypdf
import pytest

from helpers.pipeline.compare.__main__ import notes_on
from helpers.pipeline.compare.differences import (
    compare_claims,
    compare_prose,
    compare_runs,
    compare_sources,
    compare_tables,
    marked,
)
from helpers.pipeline.compare.sides import NUMBERS, PRINT, Side, load_sides
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import Paths


def git(folder, *command):
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    command = ["git", "-C", str(folder), *who, *command]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(project, *given):
    """Compare, with the name of a student in the environment."""
    command = [sys.executable, "-m", "helpers.pipeline.compare", *given]
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=project.environment | {"STUDENT": "Ada Lovelace"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def changed(once, small_report):
    """Return a project with a changed grid and prose, compared with its commit."""

    def make(project):
        folder = project.folder
        shutil.copytree(small_report.folder, folder, dirs_exist_ok=True)
        project.write(".gitignore", "build/\nreport/report.*\n__pycache__/\n")
        git(folder, "init", "-q", "-b", "trunk")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "Begin <b>here</b>")
        grid = "quick:\n  features: [horsepower, all]\n  n_iterations: 10\n"
        added = "mine:\n  features: weight\n  n_iterations: 5\n"
        project.write("experiments.yaml", f"{grid}  learning_rate: 0.05\n{added}")
        project.replace("notebooks/report.ipynb", "The costs are", "Low costs are")
        status, out, err = compare(project, "--a", "HEAD")
        project.write("out", out)
        assert status == 0, err

    return once("changed", make)


def test_a_changed_grid_and_prose_are_shown(changed):
    out = (changed.folder / "out").read_text()
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [
        "claim",
        "all.cost",
        "horsepower.cost",
    ]
    assert max(map(len, lines)) <= 80
    assert "experiments: 1 added or removed: mine (added)" in lines
    assert any(line.startswith("runs: 5 changed") for line in lines)
    assert "figures: 1 changed: fig:costs" in lines
    page = (changed.folder / "build" / "compare.html").read_text()
    assert "<del>The</del>" in page
    assert "<ins>Low</ins>" in page
    assert "Lovelace" not in page
    assert "<ins>+  learning_rate: 0.05</ins>" in page
    assert page.index("experiments.yaml +") < page.index("report.ipynb +")
    assert "Begin &lt;b&gt;here&lt;/b&gt;" in page


def test_the_page_asks_for_nothing_and_fits_a_phone(changed, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    requests, wrong = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto((changed.folder / "build" / "compare.html").as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [page.url]
    assert not wrong
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    drawn = "[...document.images].map((image) => image.naturalWidth)"
    assert page.evaluate(drawn)
    assert all(page.evaluate(drawn))
    levels = "[...document.querySelectorAll('h1,h2,h3')].map((h) => +h.tagName[1])"
    levels = page.evaluate(levels)
    assert levels[0] == 1
    assert max(np.diff(levels)) == 1
    page.close()


def test_equal_reports_differ_in_nothing(small_report, project):
    page = str(small_report.folder / "report" / "report.html")
    status, out, err = compare(project, "--a", page, "--b", page)
    assert (status, err) == (0, "")
    *lines, written = out.splitlines()
    assert len(lines) == 7
    assert lines.pop(1) == "experiments: none added or removed"
    assert all(line.endswith(": none changed") for line in lines)
    assert written == "written: build/compare.html"


def test_a_hostile_report_is_escaped(small_report, project):
    recorded = small_report.folder / "report" / "results.json"
    results = json.loads(recorded.read_text())
    text = "<script>alert(1)</script>\u202e"
    results["claims"][text] = {"value": text, "text": text, "unit": "", "run": ""}
    hostile = project.folder / "hostile.json"
    hostile.write_text(json.dumps(results))
    status, out, _ = compare(project, "--a", str(recorded), "--b", str(hostile))
    assert status == 0
    assert "\u202e" not in out
    assert "Recorded results contain no prose, figures or files" in out
    page = (project.folder / "build" / "compare.html").read_text()
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_mistyped_commit_is_named_on_one_line(changed):
    status, out, err = compare(changed, "--a=trunck")
    near = "did you mean trunk?"
    assert (status, out) == (2, "")
    assert err == f"error: there is no file and no commit 'trunck'; {near}\n"
    assert compare(changed)[2].startswith("error: name a commit, PDF, page or results")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("--help", "there is no file and no commit"),
        ("grid.yaml", "is neither a PDF, a page nor results.json"),
        ("other.json", "is damaged: it is not what `make report` wrote"),
        ("bare.pdf", "build.json is missing: the report carries no evidence"),
        ("bare.html", "is damaged: files.zip is missing"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, message):
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "bare.pdf")
    (tmp_path / "bare.html").write_text("<!DOCTYPE html><p>Hello")
    (tmp_path / "grid.yaml").write_text("quick: {}")
    (tmp_path / "other.json").write_text("{}")
    given = name if name[0] == "-" else str(tmp_path / name)
    with pytest.raises(UserError) as raised:
        load_sides(given, str(Paths().results))
    assert name in str(raised.value)
    assert message in str(raised.value)


def claims(**values):
    """Return results with claims, each given by its value and its text."""
    return {
        "platform": "here",
        "claims": {n: {"value": v, "text": t} for n, (v, t) in values.items()},
    }


def test_a_changed_text_or_value_is_a_change_but_rounding_is_not():
    old = claims(a=(1.0, "1"), b=(2.0, "2.0"), c=(0.1 + 0.2, "0.3"), d=(1, "1"))
    new = claims(a=(1.001, "1"), b=(2.0, "2"), c=(0.3, "0.3"), e=(1, "1"))
    assert compare_claims(old, new) == (
        [
            ("a", "1", "1.001", "+0.001 (+0.10%)"),
            ("b", "2.0", "2", "only as printed"),
            ("d", "1", "", "removed"),
            ("e", "", "1", "added"),
        ],
        1,
    )


def test_runs_are_named_by_the_settings_that_vary():
    def run(rate, cost):
        settings = json.dumps({"features": "all", "learning_rate": rate})
        return {("quick", settings): {"status": "converged", "cost": cost}}

    old, new = run(0.1, 2.0) | run(0.2, 1.0), run(0.1, 2.5) | run(0.2, 1.0)
    assert compare_runs(old, new) == [
        ("quick", "learning_rate 0.1", "converged, cost 2", "converged, cost 2.5")
    ]


def test_the_pieces_give_back_both_texts(rng):
    for _ in range(50):
        old, new = (" ".join(rng.choice([*"abcd"], 9)) for _ in range(2))
        for kind, text in (("del", old), ("ins", new)):
            kept = [piece for k, piece in marked(old, new) if k in ("", kind)]
            assert " ".join(kept) == text


def test_a_paragraph_is_matched_wherever_it_is():
    old = [("1", "The cost falls quickly."), ("1", "This goes."), ("2", "Stays.")]
    new = [("2", "Stays."), ("2", "The cost falls slowly."), ("2", "New words here.")]
    assert compare_prose(old, new) == [
        ("2", [("", "The cost falls"), ("del", "quickly."), ("ins", "slowly.")]),
        ("2", [("ins", "New words here.")]),
        ("1", [("del", "This goes.")]),
    ]


def test_only_rows_with_changed_cells_are_shown():
    old = {"t": [["a", "b"], ["1", "2"], ["3", "4"]]}
    new = {"t": [["a", "b"], ["1", "2"], ["3", "5"]]}
    cells = [[("", "3")], [("del", "4"), ("ins", "5")]]
    assert compare_tables(old, new) == [("t", ("a", "b"), [cells])]


def test_files_that_explain_numbers_come_first():
    names = ["Makefile", "helpers/model.py", "helpers/pipeline/x.py"]
    names += ["data/auto.csv", "experiments.yaml"]
    old, new = (dict.fromkeys(names, text) for text in (b"1\n", b"2\n"))
    files = compare_sources(old, new)
    assert [file.name for file in files] == [
        "experiments.yaml",
        "data/auto.csv",
        "helpers/model.py",
        "Makefile",
        "helpers/pipeline/x.py",
    ]
    del old["data/auto.csv"]  # a report does not carry it
    assert "data/auto.csv" not in {file.name for file in compare_sources(old, new)}
    assert compare_sources({}, new) == []


def test_a_sentence_says_what_cannot_be_compared():
    old, new = (Side("", kind, {"platform": "x"}) for kind in (PRINT, NUMBERS))
    reason = "because one side is a PDF, the other results.json."
    assert notes_on(old, new)[0].endswith(reason)
