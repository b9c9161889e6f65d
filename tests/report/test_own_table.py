"""The table of a report: where it is, and how the user specified it."""

import pytest

from helpers.data import load_data
from helpers.pipeline.report.datasets import (
    requested_table,
    require_table,
    table_summary,
    tables_used_by,
    with_remembered_hint,
)
from helpers.pipeline.sweep import inputs
from helpers.pipeline.sweep.inputs import explain_outside

OUTSIDE = " is not part of the project, so it cannot be handed in or verified: copy it "


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a project with tables inside and outside of it."""
    project = tmp_path / "project"
    for place in ("project/data", "project/build", "elsewhere"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.csv").write_text("y,a\n1,2\n")
    (project / "data" / "near.csv").symlink_to("a.csv")
    (project / "data" / "far.csv").symlink_to(tmp_path / "elsewhere" / "a.csv")
    (project / "data" / "more").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(inputs, "ROOT", project)
    return project


@pytest.mark.parametrize(
    "path", ["data/a.csv", "data/near.csv", "data/none.csv", "./data/../data/a.csv"]
)
def test_a_table_of_the_project_is_found_by_others(folder, path):
    assert explain_outside(path) == ""


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("../elsewhere/a.csv", "elsewhere/a.csv"),
        ("data/far.csv", "elsewhere/a.csv"),
        ("data/more/a.csv", "elsewhere/a.csv"),
        ("build/a.csv", "project/build/a.csv"),
        ("../none.csv", "none.csv"),
    ],
)
def test_a_table_that_others_have_not_is_named(folder, path, leads):
    said = explain_outside(path)
    assert said.startswith(f"{path!r} ({folder.parent / leads}){OUTSIDE}")


def test_a_table_is_named_from_the_folder_of_the_project(folder):
    outside = f"{folder.parent}/elsewhere/a.csv"
    assert explain_outside(outside).startswith(repr(outside) + OUTSIDE)
    for path in (f"{folder}/data/a.csv", "../project/data/a.csv"):
        explained = explain_outside(path)
        assert explained.startswith(f"{path!r} is found only while the project is in ")
        assert explained.endswith(": write data/a.csv")
    for path in ("", "a\0b"):
        assert explain_outside(path).startswith(repr(path) + OUTSIDE)


def test_the_tables_behind_a_report_are_its_own_and_those_of_its_experiments():
    cars = {"data": "data/auto.csv", "target": "mpg", "features": "all"}
    assert requested_table("regression", {}) == cars
    assert requested_table("report") == {}
    assert tables_used_by("report") == ["data/auto.csv"]
    assert tables_used_by("regression") == ["data/auto.csv"]
    assert tables_used_by("regression", {"data": "data/b.csv"}) == ["data/b.csv"]
    require_table("report")


def given(monkeypatch, remembered, **texts):
    for name in ("DATA", "TARGET", "FEATURES"):
        monkeypatch.setenv(name, texts.get(name, ""))
    monkeypatch.setenv("REMEMBERED", remembered)


@pytest.mark.parametrize(
    ("error", "remembered", "said"),
    [
        ("data/b.csv: no column 'rooms'; its", "FEATURES",
         "FEATURES=rooms, size was given before; FEATURES= forgets it"),
        ("data/b.csv, line 3, column 'size': 'x' is not", "FEATURES",
         "FEATURES=rooms, size was given before; FEATURES= forgets it"),
        ("data/b.csv: no column 'price'; its", "TARGET FEATURES",
         "TARGET=price was given before; TARGET= forgets it"),
        ("features must be different columns other than the target 'price', got", "",
         ""),
        ("features must be different columns other than the target 'price', got",
         "TARGET", "TARGET=price was given before; TARGET= forgets it"),
        ("data/b.csv: there is no such file", "DATA",
         "DATA=data/b.csv was given before; DATA= forgets it"),
        ("data/b.csv: no column 'rooms'; its", "DATA",
         "DATA=data/b.csv was given before; DATA= forgets it"),
        ("data/b.csv: no column 'rooms'; its", "", ""),
        ("1 / 0", "DATA TARGET FEATURES", ""),
    ],
)  # fmt: skip
def test_an_error_says_what_was_remembered(monkeypatch, error, remembered, said):
    texts = {"DATA": "data/b.csv", "TARGET": "price", "FEATURES": "rooms, size"}
    given(monkeypatch, remembered, **texts)
    found = with_remembered_hint(error, "regression")
    assert found == (f"{error}; {said}" if said else error)


def test_a_target_of_text_is_not_due_to_the_features(monkeypatch, tmp_path):
    (tmp_path / "b.csv").write_text("y,a\nx,1\nz,2\n")
    given(monkeypatch, "", DATA=str(tmp_path / "b.csv"), TARGET="y")
    with pytest.raises(ValueError, match="'y' is text, such as 'x'") as caught:
        load_data(tmp_path / "b.csv", "y")
    assert with_remembered_hint(str(caught.value), "regression") == str(caught.value)


def test_an_error_says_what_was_never_given(monkeypatch):
    given(monkeypatch, "", DATA="data/b.csv")
    error = "data/b.csv: no column 'mpg'; its columns are x, y"
    said = "mpg is the notebook's default: set TARGET=…"
    assert with_remembered_hint(error, "regression") == f"{error}; {said}"


def test_a_report_says_in_short_what_it_is_of():
    table = {"data": "data/b.csv", "target": "y", "features": "all"}
    recorded = {"features": ["a", "b"], "n_rows": 4, "n_dropped": 1, "claims": {}}
    said = "data/b.csv: y from a, b; 1 of 4 rows left out"
    assert table_summary(table, recorded) == said
    recorded["features"] = [*"abcd", 40 * "x" + "left" + 40 * "y"]
    said = "data/b.csv: y from a, b, c and 2 more; 1 of 4 rows left out"
    assert table_summary(table, recorded) == said
    assert table_summary(table, {"claims": {}}) == ""
    assert table_summary({}, recorded) == ""


def test_what_make_remembers_is_owned_up_to(project):
    rows = "".join(f"{k % 7},{k * k % 11},5,{k // 19}\n" for k in range(20))
    for name in ("one", "two"):
        project.write(f"data/{name}.csv", f"weight,price,constant,once\n{rows}")

    def make(*given):
        done = project.make("html", "REPORT=regression", *given)
        return done.stderr + done.stdout

    said = make("DATA=data/one.csv", "TARGET=price", "FEATURES=size")
    assert "no column 'size'" in said
    assert "FEATURES=size was given" not in said
    assert "; FEATURES=size was given before; FEATURES= forgets it\n" in make(
        "DATA=data/two.csv"
    )
    *_, last = make("FEATURES=").splitlines()
    assert last == (
        "made report/regression.html for N. N., on data/two.csv: price from weight; "
        "0 of 20 rows left out"
    )
    assert "; mpg is the notebook's default: set TARGET=…\n" in make("TARGET=")
