"""With another grid, the report's text changes, or one line says what does not hold."""

import json
import shutil

import pytest
from project import Project
from ruamel.yaml import YAML

from helpers import ROOT
from helpers.pipeline.records import read_record
from helpers.pipeline.report.claims import Claim, Claims
from helpers.pipeline.sweep.inputs import RUNS

# Execute only the report's notebook, without LaTeX, for one grid after the other, with
# the existing runs and new ones.
EXECUTE = """
import json, os, shutil
from pathlib import Path
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.report.build import execute_report
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.sweep.inputs import modules_used_by
from helpers.pipeline.sweep.plan import make_plan
from helpers.pipeline.sweep.run import sweep

def main():
    os.environ[FORMATS] = ""  # do not draw figures
    errors = {}
    modules = {*modules_used_by("descent"), *modules_used_by("report")}
    with warm_kernels(sorted(modules)):
        for grid in sorted(Path("grids").glob("*.yaml")):
            shutil.copy(grid, "experiments.yaml")
            sweep(make_plan())
            try:
                execute_report({}, 600)
            except UserError as error:
                errors[grid.stem] = str(error)
            shutil.copy(ASSIGNMENT.executed, grid.with_suffix(".ipynb"))
    Path("errors.json").write_text(json.dumps(errors))

if __name__ == "__main__":
    run_command(main)
"""


def other_rates(grid):
    grid["learning_rates"]["learning_rate"] = [1, 0.2, 1e-1, 1e-2, 1e-4]
    grid["min_max"] |= {"learning_rate": [1, 0.8, 1e-1, 1e-2]}


def a_rate_less(grid):
    grid["learning_rates"]["learning_rate"].remove(1)


def an_experiment_less(grid):
    del grid["valley"]


def a_slower_rate(grid):
    grid["valley"]["learning_rate"] = 0.05


# Changes of the grid, each with the sentence that then no longer holds.
CHANGES = {
    other_rates: "",
    a_rate_less: "exactly on the limit",
    an_experiment_less: "it shows the experiment valley",
    a_slower_rate: "the rate that zigzags is close to the best one",
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Return a copy of the project in which the report was executed for each change."""
    project = Project(tmp_path_factory.mktemp("changed"))
    shutil.copytree(RUNS, project.folder / "build" / "runs")
    (project.folder / "grids").mkdir()
    yaml = YAML()
    for change in CHANGES:
        grid = yaml.load((ROOT / "experiments.yaml").read_text(encoding="utf-8"))
        change(grid)
        path = project.folder / "grids" / f"{change.__name__}.yaml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(grid, file)
    project.write("execute.py", EXECUTE)
    process = project.start("execute")
    _, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    return project


def words(path):
    """Return all prose and captions of an executed report, with claims filled in."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    found = [o["metadata"]["report"] for o in outputs if o.get("metadata")]
    texts = [d.get("text", "") + d.get("caption", "") for d in found]
    claims = [{n: Claim(**c) for n, c in d["claims"].items()} for d in found]
    return " ".join(map(Claims.fill, map(Claims, claims), texts))


def test_other_rates_change_what_is_said_of_them(executed):
    path = executed.folder / "grids" / "other_rates.ipynb"
    assert "application/pdf" not in path.read_text(encoding="utf-8")  # as requested
    before = read_record(ROOT / "build" / "report.ipynb")["claims"]
    claims = {n: claim["value"] for n, claim in read_record(path)["claims"].items()}
    assert "$0.1$ is the fastest" in before["rates.quickest"]["value"]
    assert "$0.2$ is the fastest" in claims["rates.quickest"]
    assert "and 64 iterations" in claims["rates.quickest"]
    assert claims["converged.all"] == "at $0.2$ and $0.1$"
    assert claims["rates.matched"] == "all five"
    assert claims["below"] != before["below"]["value"]
    assert f"all {claims['below']} lowered the cost" in words(path)


def test_a_sentence_that_no_longer_holds_is_named_in_one_line(executed):
    errors = json.loads((executed.folder / "errors.json").read_text(encoding="utf-8"))
    named = {c.__name__: sentence for c, sentence in CHANGES.items() if sentence}
    assert errors.keys() == named.keys()
    for name, error in errors.items():
        assert named[name] in error
        assert "no longer holds" in error
        assert len(error.splitlines()) == 1
