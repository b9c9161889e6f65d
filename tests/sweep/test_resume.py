"""A sweep killed at any moment ends, started again, as if it had not been."""

import json
import random
import resource
import signal
import subprocess
import time

import nbformat
import psutil
import pytest

from helpers.pipeline.kernels.warm import CAN_FORK

SEED = 20230322
KILLS = 24  # in four tests, that there is something to do for every core
N_RUNS = 8


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the results of a sweep that nothing has disturbed, and its seconds."""
    project = small_project(tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    assert project.sweep()[0] == 0
    return results(project), time.monotonic() - started


def small_project(folder):
    """Return a copy of the project with a notebook that computes next to nothing."""
    from project import Project

    project = Project(folder)
    parameters = nbformat.v4.new_code_cell(
        "n: int = 0", metadata={"tags": ["parameters"]}
    )
    code = "import math\nsum(math.sqrt(k) for k in range(n))"
    kernel = {"name": "python3", "language": "python", "display_name": "Python"}
    notebook = nbformat.v4.new_notebook(
        cells=[parameters, nbformat.v4.new_code_cell(code)],
        metadata={"kernelspec": kernel},
    )
    nbformat.write(notebook, folder / "notebooks" / "roots.ipynb")
    grid = {"roots": {"notebook": "roots", "n": list(range(10, 10 + N_RUNS))}}
    project.write("experiments.yaml", json.dumps(grid))
    return project


def finished_runs(project):
    """Name the runs that have their place, not what is written aside."""
    return {name for name in project.runs if not name.startswith(".")}


def results(project):
    """Return what every run has put out, by the run's name."""
    found = {}
    for name in finished_runs(project):
        text = (project.folder / "build" / "runs" / name).read_text()
        cells = json.loads(text)["cells"]
        found[name] = [(c["source"], c.get("outputs")) for c in cells]
    return found


@pytest.mark.parametrize("worker", range(4))
def test_killed_at_any_moment_it_ends_with_the_same_results(
    tmp_path, undisturbed, worker
):
    expected, seconds = undisturbed
    assert len(expected) == N_RUNS
    moments = random.Random(SEED + worker)
    project, kept = small_project(tmp_path), set()
    killed = 0
    while killed < KILLS // 4:
        process = project.start("helpers.pipeline.sweep")
        try:
            process.communicate(timeout=moments.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
        finished = finished_runs(project)
        # What is there is whole, and so is all that had been there before.
        assert kept <= finished <= set(expected)
        assert all(results(project)[name] == expected[name] for name in finished)
        kept = finished if len(finished) < N_RUNS else forget(project)
    assert project.sweep()[0] == 0
    assert results(project) == expected
    assert set(project.runs) == set(expected)
    gone(project)


def forget(project):
    """Begin anew."""
    for path in (project.folder / "build" / "runs").iterdir():
        path.unlink()
    return set()


def gone(project):
    """Wait, for at most ten seconds, until nothing that was started is left."""
    folder, left = str(project.folder), []
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("PYTHONPATH") == folder:
            left.append(process)
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive


@pytest.mark.skipif(not CAN_FORK, reason="a limit on files is a thing of Unix")
@pytest.mark.parametrize("size", [1000, 30000])
def test_a_full_disk_is_said_on_one_line_and_nothing_looks_finished(
    project, size, monkeypatch
):
    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # Python itself would keep half a file of bytecode, and stumble over it next time.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    process = project.start("helpers.pipeline.sweep", preexec_fn=fill)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.splitlines()[-1].startswith("error: build/runs cannot be written: ")
    assert "Traceback" not in out + err
    assert project.runs == []
    status, out, err = project.sweep()
    assert status == 0
    assert len(project.runs) == 2
