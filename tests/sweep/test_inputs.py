"""What identifies a run, and what it keeps."""

import json
import math

import nbformat
import numpy as np
import pytest

from helpers.pipeline import records
from helpers.pipeline.command import UserError
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep import inputs, results
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import imported_modules, modules_behind


@pytest.fixture
def identify(project):
    """Identify the runs of a copy of the project, in a fresh process."""
    code = (
        "from helpers.pipeline.sweep.inputs import identify;"
        "from helpers.pipeline.sweep.experiments import read_points;"
        "[print(identify(p)) for grid in read_points().values() for p in grid]"
    )
    project.write("identify.py", code)
    return lambda: project.run("identify")[1].split()


def test_a_run_is_identified_by_all_that_determines_it(project, identify):
    before = identify()
    assert len(set(before)) == 2
    project.write("README.md", "A comment.")
    assert identify() == before
    for path, old, new in [
        ("helpers/model.py", "Predict the target", "Foretell the target"),
        (
            "notebooks/descent.ipynb",
            "fit = gradient_descent",
            "fit =  gradient_descent",
        ),
        ("data/auto.csv", "18.0,8,307.0", "18.1,8,307.0"),
        ("requirements.txt", "numpy==", "numpy=="[:-1] + "= "),
        ("report/figures.mplstyle", "figure.dpi: 110", "figure.dpi: 111"),
        ("experiments.yaml", "10", "11"),
    ]:
        project.replace(path, old, new)
        after = identify()
        assert not set(after) & set(before), path
        before = after


def test_a_new_value_leaves_the_other_runs_what_they_are(project, identify):
    before = identify()
    project.replace(
        "experiments.yaml", "[horsepower, all]", "[weight, horsepower, all]"
    )
    assert identify()[1:] == before


def test_helpers_that_a_notebook_does_not_import_do_not_identify_it(project, identify):
    before = identify()
    project.replace("helpers/pipeline/report/typeset.py", '"""Set', '"""Typeset')
    assert identify() == before


def test_imports_are_followed_through_the_helpers():
    behind = modules_behind("descent")
    assert {"helpers.descent", "helpers.model", "pandas", "numpy"} <= set(behind)
    assert "nbconvert" not in behind


def test_imported_modules_names_members_and_parents():
    assert set(imported_modules("from a.b import c\nimport d.e")) == {
        "a", "a.b", "a.b.c", "d", "d.e"
    }  # fmt: skip


def test_imported_modules_looks_into_every_block():
    code = """
def f():
    with open(g) as h:
        import a
try:
    if 1:
        pass
    else:
        import b
except OSError:
    import c
else:
    for _ in i: import d
finally:
    match j:
        case 1:
            import e
"""
    assert set(imported_modules(code)) == set("abcde")


def test_a_record_survives_to_the_last_bit(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    costs = np.array([0.1 + 0.2, 1e-300, 1 / 3])
    records.record(
        costs=costs, nothing=None, limit=np.float64("inf"), nested=[{"k": costs}]
    )
    output = nbformat.v4.new_output("display_data", data=shown[0])
    cells = [nbformat.v4.new_code_cell(outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "run.ipynb")
    record = read_record(tmp_path / "run.ipynb")
    assert np.array(record["costs"]).tobytes() == costs.tobytes()
    assert record["nested"][0]["k"] == costs.tolist()
    assert record["nothing"] is None
    assert record["limit"] == math.inf
    assert {"Python", "numpy"} <= set(record["versions"])


def test_what_is_no_finished_run_is_named(tmp_path):
    with pytest.raises(UserError, match="is not a finished run; `make sweep` makes it"):
        read_record(tmp_path / "absent.ipynb")
    (tmp_path / "cut.ipynb").write_text('{"cells": [')
    with pytest.raises(UserError, match="is not a finished run"):
        read_record(tmp_path / "cut.ipynb")
    (tmp_path / "silent.ipynb").write_text(json.dumps({"cells": []}))
    with pytest.raises(UserError, match="recorded nothing"):
        read_record(tmp_path / "silent.ipynb")


def test_an_experiment_that_has_not_been_run_is_not_loaded(monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "RUNS", tmp_path)
    name = next(iter(read_points()))
    with pytest.raises(UserError, match="`make sweep` makes it"):
        results.load_experiment(name)


def test_a_notebook_with_a_syntax_error_is_named(project):
    project.replace("notebooks/descent.ipynb", "held_out = []", "held_out = [")
    status, _, err = project.sweep()
    assert status == 2
    assert err.startswith("error: notebooks/descent.ipynb: ")
    assert len(err.splitlines()) == 1
