"""A setting of the live figure becomes a run, or an experiment of the grid."""

import numpy as np
import pytest

from helpers import ROOT
from helpers.explore import actions
from helpers.explore.problem import make_problem
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep.experiments import read_points

COLUMNS = make_problem("data/auto.csv", "mpg")["features"]
SETTING = {
    "features": COLUMNS,
    "scaling": "standardise",
    "rate": 0.05,
    "iterations": 200,
    "start": [],
    "optimiser": "heavy-ball",
    "momentum": 0.5,
    "batch": 0,
    "seed": 0,
}


def shown(**changes):
    about = {"data": "data/auto.csv", "target": "mpg", "columns": COLUMNS}
    return about | {"setting": SETTING | changes}


def test_a_setting_becomes_a_point_with_the_types_of_its_notebook():
    [parameters] = [actions.point_of(shown(rate=1, start=[1, 2.5e-17])).parameters]
    assert parameters["features"] == "all"
    assert (repr(parameters["learning_rate"]), parameters["momentum"]) == ("1.0", 0.5)
    assert parameters["start"] == "1.0,2.5e-17"
    plain = actions.point_of(shown(optimiser="plain", features=["weight", "year"]))
    assert plain.parameters["momentum"] is None
    assert plain.parameters["features"] == "weight, year"


def test_it_becomes_a_line_of_the_grid_and_all_else_stays(tmp_path):
    path = tmp_path / "experiments.yaml"
    before = (ROOT / "experiments.yaml").read_text()
    path.write_text(before)
    added = actions.add_to_experiments(shown(), path)["text"]
    assert added == "Added to experiments.yaml as explored: `make report` includes it."
    assert path.read_text().startswith(before)
    assert "\n  learning_rate: 0.05\n" in path.read_text()
    [point] = read_points(path)["explored"]
    assert point.parameters == actions.point_of(shown()).parameters
    assert point.run == actions.point_of(shown()).run
    again = actions.add_to_experiments(shown(), path)["text"]
    assert again == "It is already in experiments.yaml, as a point of explored."
    other = shown(start=[0.1, 2.5e-17, 3], features=["weight", "year"])
    assert "as explored-2" in actions.add_to_experiments(other, path)["text"]
    [point] = read_points(path)["explored-2"]
    assert point.parameters == actions.point_of(other).parameters
    path.write_text("a:\n  seed: 3")  # without an end of the line
    assert "as explored:" in actions.add_to_experiments(shown(), path)["text"]
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_broken_grid_is_named_and_not_touched(tmp_path):
    path = tmp_path / "experiments.yaml"
    path.write_text("a:\n  features: [horsepower\nb: 1\n")
    with pytest.raises(UserError, match=r"\.yaml, line 2 .*: .* Fix it and try"):
        actions.add_to_experiments(shown(), path)
    assert path.read_text() == "a:\n  features: [horsepower\nb: 1\n"


def test_a_run_is_kept_compared_and_not_executed_again(monkeypatch):
    asked = shown(rate=0.0123, iterations=50)
    found = actions.show_as_run(asked | {"costs": [1.0], "w": [1.0]})
    assert "ends at update 50, the page at update 0." in found["text"]
    path = ROOT / found["path"]
    try:
        run = read_record(path)
        monkeypatch.setattr(actions, "execute", None)  # it is current
        same = asked | {"costs": run["costs"], "w": run["w"]}
        assert "with the page to 16 digits" in actions.show_as_run(same)["text"]
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [(0, "to 16"), (3e-12, "to 11"), (1e-3, "digit 4 on."), (9, "digit 1 on.")],
)
def test_a_verdict_says_to_how_many_digits_numbers_agree(apart, verdict):
    costs, w = np.array([3.0, 2.0, 1.0]), np.array([1.0, 1e-12])
    run = {"costs": costs.tolist(), "w": w.tolist(), "n_samples": 392}
    asked = shown() | {"costs": costs * (1 + apart), "w": w}
    assert verdict in actions.compare(run, asked)
    batches = shown(batch=16) | {"costs": costs, "w": w}
    assert "draws other mini-batches" in actions.compare(run, batches)


def test_an_optimiser_that_magnifies_rounding_is_named():
    run = {"costs": [3.0, 1.0], "w": [1.0], "n_samples": 392}
    asked = shown(optimiser="rmsprop") | {"costs": [3.0, 1.0 + 1e-5], "w": [1.0]}
    text = actions.compare(run, asked)
    assert text.endswith("to 5 digits; rmsprop magnifies rounding errors.") or (
        text.endswith("to 4 digits; rmsprop magnifies rounding errors.")
    )
    plain = shown(optimiser="plain") | {"costs": asked["costs"], "w": asked["w"]}
    assert "DIFFER" in actions.compare(run, plain)


def test_the_file_stays_as_it_was_but_for_its_end(tmp_path):
    real, path = tmp_path / "real.yaml", tmp_path / "experiments.yaml"
    before = b"a:\r\n  seed: 3\r\n"
    real.write_bytes(before)
    real.chmod(0o640)
    path.symlink_to(real)
    greek = shown(features=["Größe: x", "b"])
    actions.add_to_experiments(greek, path)
    after = real.read_bytes()
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert after.startswith(before)
    assert "Größe: x".encode() in after
    assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize("text", ["{a: {seed: 3}}\n", " a:\n  seed: 3\n", "a: {}\n..."])
def test_a_grid_that_takes_nothing_at_its_end_is_named(tmp_path, text):
    path = tmp_path / "experiments.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as refused:
        actions.add_to_experiments(shown(), path)
    assert "unfinished" not in str(refused.value)
    assert "experiments.yaml" in str(refused.value)
    assert path.read_text() == text
