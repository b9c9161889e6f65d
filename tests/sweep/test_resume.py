"""A sweep that was killed at any moment and started again gives the same runs."""

import json
import random
import resource
import signal
import subprocess
import time

import pytest
from project import Project, until

from helpers.pipeline.kernels.warm import CAN_FORK

SEED = 20230322
KILLS = 4
N_RUNS = 8


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the results of an undisturbed sweep, and its time in seconds."""
    project = small_project(tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    assert project.sweep()[0] == 0
    return results(project), time.monotonic() - started


def small_project(folder):
    """Return a copy of the project with a notebook that computes very little."""
    project = Project(folder)
    code = "import math\nsum(math.sqrt(k) for k in range(n))"
    project.write_notebook("roots", "n: int = 0", code)
    grid = {"roots": {"notebook": "roots", "n": list(range(10, 10 + N_RUNS))}}
    project.write("experiments.yaml", json.dumps(grid))
    return project


def finished_runs(project):
    """Name the files of finished runs, without temporary files."""
    return {name for name in project.runs if not name.startswith(".")}


def results(project):
    """Return the cells of every finished run with their outputs, by name."""
    outputs = {}
    for name in finished_runs(project):
        text = (project.folder / "build" / "runs" / name).read_text()
        cells = json.loads(text)["cells"]
        outputs[name] = [(c["source"], c.get("outputs")) for c in cells]
    return outputs


def test_killed_at_any_moment_it_ends_with_the_same_results(tmp_path, undisturbed):
    expected, seconds = undisturbed
    assert len(expected) == N_RUNS
    moments = random.Random(SEED)
    project, kept = small_project(tmp_path), set()
    killed = 0
    while killed < KILLS:
        process = project.start("helpers.pipeline.sweep")
        try:
            process.communicate(timeout=moments.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
        finished = finished_runs(project)
        # Every run is complete, and none that was finished before is lost.
        assert kept <= finished <= set(expected)
        assert all(results(project)[name] == expected[name] for name in finished)
        kept = finished if len(finished) < N_RUNS else remove_runs(project)
    assert project.sweep()[0] == 0
    assert results(project) == expected
    assert set(project.runs) == set(expected)
    until(lambda: not project.is_at_work())


def remove_runs(project):
    """Remove all runs; return the empty set of the runs that are kept."""
    for path in (project.folder / "build" / "runs").iterdir():
        path.unlink()
    return set()


@pytest.mark.skipif(not CAN_FORK, reason="only Unix limits the size of files")
def test_a_full_disk_is_reported_on_one_line_and_no_run_looks_finished(
    tmp_path, monkeypatch
):
    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    # Python would keep a truncated bytecode file, and fail to read it next time.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    project = small_project(tmp_path)
    process = project.start("helpers.pipeline.sweep", preexec_fn=fill)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.splitlines()[-1].startswith("error: build/runs cannot be written: ")
    assert "Traceback" not in out + err
    assert project.runs == []
