"""What the report says when the grid is another one: other words, or one line."""

import json
import shutil

import pytest
from project import Project
from ruamel.yaml import YAML

from helpers import ROOT
from helpers.pipeline.records import read_record
from helpers.pipeline.report.claims import Claim, fill_in
from helpers.pipeline.sweep.inputs import RUNS

# The report's notebook alone, without LaTeX, on the runs that are there and new ones.
EXECUTE = """
from helpers.pipeline.command import run_command
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.report.build import execute_report
from helpers.pipeline.sweep.inputs import modules_behind
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import Settings, sweep

def main():
    plan = make_plan()
    modules = sorted({*modules_for(plan), *modules_behind("report")})
    with warm_kernels(modules) as kernel:
        sweep(plan, Settings(""))
        execute_report(kernel, {}, 600)

if __name__ == "__main__":
    run_command(main)
"""


class Changed(Project):
    """A copy of the project with its runs and a grid that a test changes."""

    def __init__(self, folder, change):
        super().__init__(folder)
        shutil.copytree(RUNS, folder / "build" / "runs")
        yaml, path = YAML(), folder / "experiments.yaml"
        grid = yaml.load(path.read_text(encoding="utf-8"))
        change(grid)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(grid, file)
        self.write("execute.py", EXECUTE)

    def execute(self):
        """Return the exit status and the lines of errors."""
        status, _, err = self.run("execute")
        return status, [line for line in err.splitlines() if line.startswith("error")]

    @property
    def words(self):
        """Return all prose and captions, their claims filled in."""
        path = self.folder / "build" / "report.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [o for cell in cells for o in cell.get("outputs", [])]
        found = [o["metadata"]["report"] for o in outputs if o.get("metadata")]
        texts = [d.get("text", "") + d.get("caption", "") for d in found]
        claims = [{n: Claim(**c) for n, c in d["claims"].items()} for d in found]
        return " ".join(map(fill_in, texts, claims))

    @property
    def claims(self):
        record = read_record(self.folder / "build" / "report.ipynb")
        return {name: claim["value"] for name, claim in record["claims"].items()}


def test_other_rates_change_what_is_said_of_them(tmp_path):
    def change(grid):
        grid["learning_rates"]["learning_rate"] = [1, 0.2, 1e-1, 1e-2, 1e-4]
        grid["min_max"] |= {"learning_rate": [1, 0.8, 1e-1, 1e-2]}

    before = read_record(ROOT / "build" / "report.ipynb")["claims"]
    project = Changed(tmp_path, change)
    assert project.execute() == (0, [])
    claims = project.claims
    assert "$0.1$ is the fastest" in before["rates.quickest"]["value"]
    assert "$0.2$ is the fastest" in claims["rates.quickest"]
    assert "and 64 iterations" in claims["rates.quickest"]
    assert claims["converged.all"] == "at $0.2$ and $0.1$"
    assert claims["rates.matched"] == "all five"
    assert claims["below"] != before["below"]["value"]
    assert f"all {claims['below']} lowered the cost" in project.words


def drop(*path):
    """Return a change of the grid: remove an experiment, or a value of a list."""

    def change(grid):
        *parents, last = path
        for parent in parents:
            grid = grid[parent]
        grid.remove(last) if isinstance(grid, list) else grid.pop(last)

    return change


def slow_down(grid):
    grid["valley"]["learning_rate"] = 0.05


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop("learning_rates", "learning_rate", 1), "exactly on the limit"),
        (drop("valley"), "it shows the experiment valley"),
        (slow_down, "the rate that zigzags is close to the best one"),
    ],
    ids=["a rate", "an experiment", "a slower one"],
)
def test_a_sentence_that_no_longer_holds_is_named_in_one_line(
    tmp_path, change, sentence
):
    status, (line,) = Changed(tmp_path, change).execute()
    assert status == 2
    assert sentence in line
    assert "no longer holds" in line
    assert "Traceback" not in line
