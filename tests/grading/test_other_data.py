"""Numbers that do not come from the data are found, and honest ones are not."""

import csv
import math
import shutil
from types import SimpleNamespace

import pytest
from project import TWO_RUNS

from helpers import ROOT
from helpers.pipeline.grading import reference
from helpers.pipeline.grading.changes import (
    different_claims,
    different_results,
    suspicious_claims,
)
from helpers.pipeline.grading.rebuilt import Rebuilt
from helpers.pipeline.grading.reference import (
    Change,
    change_tables,
    changed_table,
    make_on_other_data,
    make_report,
    new_change,
)

# The grader's claims, on the data and on other data.
RIGHT = {"cost": 23.943663, "r2": 0.606, "count": 128, "cars": 392, "rate": 0.1}
RIGHT |= {"verdict": "heavy ball", "condition": 1.0, "deviation": 1e-10}
RIGHT |= {"seconds": 0.1234}
OTHER = RIGHT | {"cost": 67.716906, "r2": 0.614, "count": 133, "cars": 372}
OTHER |= {"verdict": "Nesterov"}


def suspects(theirs, moved, constant=(), typed=(), settings=(0.1, 0.05, 2000)):
    """Return the names of the claims that are suspicious."""
    records = {"run": {"parameters": dict(enumerate(settings))}}
    sides = [Rebuilt(it, list(constant), records=records) for it in (theirs, moved)]
    ours = Rebuilt(RIGHT), Rebuilt(OTHER)
    lines = suspicious_claims(*sides, *ours, {*typed})
    return [line.partition(":")[0] for line in lines]


@pytest.mark.parametrize(
    ("theirs", "moved", "typed", "name"),
    [
        ({"cost": 23.943663}, {"cost": 23.943663}, (), "cost"),  # replayed
        ({"cost": 23.943663}, {"cost": 60.9}, (), "cost"),  # lowered on other data
        ({"cost": 21.549297}, {"cost": 21.549297}, (), "cost"),  # lowered
        ({"cost": 21.549297}, {}, (), "cost"),  # lowered on these data only
        ({"count": 128}, {"count": 128}, (), "count"),
        ({"count": 28}, {"count": 28}, ("28",), "count"),
        ({"r2": 0.606}, {"r2": 0.9}, (), "r2"),
        ({"r2": 0.99}, {"r2": 0.99}, ("0.99",), "r2"),
        ({"mine": -3.14159}, {"mine": -3.14159}, (), "mine"),
        ({"verdict": "heavy ball"}, {"verdict": "heavy ball"}, (), "verdict"),
        ({"mine": "0.95"}, {"mine": "0.95"}, ("0.95",), "mine"),  # typed as a text
        ({"mine": "now 3.1416"}, {"mine": "now 3.1416"}, (), "mine"),
        ({"mine": 7.5}, {}, (), "mine"),
        ({"cost": 21.5492967}, {"cost": 60.9452154}, (), "cost"),  # times 0.9
        ({"r2": 0.6561}, {"r2": 0.6641}, (), "r2"),  # and 0.0501 more
        ({"r2": 0.95}, {"r2": 0.95}, (), "r2"),  # 19 / 20 is typed
    ],
)
def test_a_number_that_moves_wrongly_is_named(theirs, moved, typed, name):
    declared = [*RIGHT] if name in RIGHT else []  # this is not believed
    for constant in ([], declared):
        assert suspects(RIGHT | theirs, OTHER | moved, constant, typed) == [name]


@pytest.mark.parametrize(
    ("theirs", "moved", "more"),
    [
        ({}, {}, {}),
        ({"cost": 23.943663 + 1e-9}, {"cost": 67.716906 - 1e-9}, {}),  # rounding
        ({"deviation": 1e-9}, {"deviation": 1e-10}, {}),  # of another processor
        ({"cost": 10.847481}, {"cost": 30.597281}, {}),  # another model
        ({"mine": 0.05}, {"mine": 0.05}, {"typed": ["0.05"]}),  # a learning rate
        ({"mine": 1.0, "bend": 0.0}, {"mine": 1.0, "bend": 0.0}, {"typed": ["1"]}),
        ({"mine": 2}, {"mine": 2}, {"typed": ["2"]}),  # how many runs
        ({"mine": 40}, {"mine": 40}, {}),  # iterations, by chance
        ({"mine": 3.14159}, {"mine": 3.14159}, {"constant": ["mine"]}),
        ({"mine": "at 0.05"}, {"mine": "at 0.05"}, {"typed": ["0.05"]}),
        ({"mine": "all 15"}, {"mine": "all 15"}, {"typed": ["15"]}),
        ({"cars": 60}, {"cars": 57}, {}),  # own data
        ({"seconds": 0.9573}, {"seconds": 0.9573}, {}),  # measured on its machine
        ({"count": 130}, {}, {}),  # of iterations, equal on other data by chance
        ({"count": 64}, {"count": 66.5}, {}),  # and half as many
        ({"r2": 0.05}, {"r2": 0.05}, {}),  # a learning rate of the grid
    ],
)
def test_honest_numbers_are_not_suspicious(theirs, moved, more):
    assert suspects(RIGHT | theirs, OTHER | moved, **more) == []


RECORD = {
    "costs": [610.0, 300.0, 24.0],
    "training": {"R2": 0.8, "MSE": math.inf},
    "held_out": [{"R2": 1e-17}, {"R2": math.nan}],
    "diverged_at": None,
    "status": "converged",
    "path": [[0.0, 0.0], [1.5, 2.0]],
}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, []),
        ({"costs": [610.0, 300.0, 24.0 + 1e-9]}, []),  # rounding
        ({"held_out": [{"R2": -2e-16}, {"R2": math.nan}]}, []),
        ({"path": [[0, 0], [1.5, 2.0 - 1e-9]]}, []),
        ({"mine": 7}, []),  # recorded by the submission only
        ({"costs": [610.0, 270.0, 24.0], "status": "descending"}, ["costs"]),
        ({"costs": [610.0, 300.0]}, ["costs"]),
        ({"training": {"R2": 0.9, "MSE": math.inf}, "diverged_at": 3},
         ["diverged_at, training"]),
        ({"held_out": [{"R2": 0.1}, {"R2": math.nan}]}, ["held_out"]),
        ({"path": [[0.0, 0.0], [1.5, 2.1]]}, ["path"]),
        ({"status": "diverged"}, ["status"]),
    ],
)  # fmt: skip
def test_a_run_with_different_results_is_named(change, names):
    trusted = {"a": RECORD, "b": RECORD}
    records = {"a": RECORD | change, "b": RECORD, "new": {"costs": [1.0]}}
    expected = [f"different {name} than with the grader's code: a" for name in names]
    assert different_results(records, trusted) == expected


def test_another_default_is_named_and_not_what_follows_from_it():
    changed = {"seed": 1, "mine": 5, "rate": 0.1}
    sides = [
        {"a": RECORD | {"costs": costs, "parameters": parameters}}
        for costs, parameters in (([1.0], changed), ([2.0], {"seed": 0, "rate": 0.1}))
    ]
    assert different_results(*sides) == ["seed=1 by default, not 0: a"]


def test_claims_that_differ_from_the_graders_are_named():
    theirs = RIGHT | {"cost": 23.943663 + 1e-9, "r2": 0.7, "verdict": "Adam", "mine": 1}
    assert different_claims(Rebuilt(theirs), Rebuilt(RIGHT)) == ["r2", "verdict"]


def test_of_many_runs_the_first_are_named():
    runs = [{f"run-{n}": {"w": [x]} for n in range(46)} for x in (1.0, 2)]
    [line] = different_results(*runs)
    assert line.endswith(": run-0, run-1, run-2 and 43 more")


@pytest.mark.parametrize("named", ["descent.ipynb", "target: [price, mpg]"])
def test_other_data_are_fewer_rows_in_another_order_with_another_target(
    tmp_path, named
):
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    if named == "descent.ipynb":
        shutil.copy(ROOT / "notebooks" / named, tmp_path / "notebooks")
    else:
        (tmp_path / "experiments.yaml").write_text(f"{TWO_RUNS}  {named}\n")
    content = (ROOT / "data" / "auto.csv").read_bytes()
    (tmp_path / "data" / "cars.csv").write_bytes(content)
    (tmp_path / "data" / "own.csv").write_bytes(b"a;b\n1,5;2\n3,5;4\n")
    (tmp_path / "data" / "cars.yaml").write_text("rows: 392\n")
    change = Change(seed=1, factor=2.0)
    known = change_tables(tmp_path, change)
    rows = list(
        csv.DictReader((tmp_path / "data" / "cars.csv").read_text().splitlines())
    )
    before = list(csv.DictReader(content.decode().splitlines()))
    assert len(before) - len(rows) == 20
    plain = [{**row, "mpg": str(float(row["mpg"]) / 2)} for row in rows]
    kept = [row for row in before if row in plain]
    assert len(kept) == len(rows)
    assert kept != plain  # in another order
    assert (tmp_path / "data" / "own.csv").read_bytes().count(b"\n") == 2
    assert (tmp_path / "data" / "cars.yaml").read_text() == "rows: 392\n"
    # The same table is changed in the same way, whatever else is there.
    (tmp_path / "data" / "cars.csv").write_bytes(content)
    assert change_tables(tmp_path, new_change(), known)[content] == known[content]


@pytest.mark.parametrize(
    "content", [b"", b"a", b"a,b\n1\n2,3\n", b"\xff\xfe\n\xff\n", b'mpg\n"1\n2\n']
)
def test_a_table_of_any_kind_can_be_changed(content):
    changed = changed_table(content, new_change(), {"mpg", "a"})
    assert changed.count(b"\n") <= content.count(b"\n")


def test_no_submission_is_shown_a_report_of_the_graders(project, tmp_path, monkeypatch):
    outputs = ["report/report.pdf", "report/old/report.html", "report/old/results.json"]
    (project.folder / "report" / "old").mkdir()
    for name in [*outputs, "report/old/own.bib"]:
        project.write(name, "")
    monkeypatch.setattr(reference, "ROOT", project.folder)
    other = new_change(), {}, Rebuilt(), ""
    results = {make_report: (Rebuilt(), ""), make_on_other_data: other}
    monkeypatch.setattr(reference, "list_fonts", lambda checkout: None)
    trusted = reference.make_reference(
        tmp_path / "grading",
        lambda task, *_: SimpleNamespace(result=lambda: results[task]),
    ).checkout
    assert not any((trusted / name).exists() for name in outputs)
    assert (trusted / "report" / "old" / "own.bib").exists()
