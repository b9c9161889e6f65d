"""A sweep on a real Dask scheduler with two real workers, on this machine."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from project import TWO_RUNS, Project

from helpers.compression import compress
from helpers.pipeline.records import read_record


@pytest.fixture(scope="module")
def copy_of_project(tmp_path_factory):
    """Return the copy of the project whose code the workers have."""
    return Project(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def project(copy_of_project):
    """Return that copy with a grid of two quick runs, and none of them run."""
    copy_of_project.write("experiments.yaml", TWO_RUNS)
    shutil.rmtree(copy_of_project.folder / "build", ignore_errors=True)
    return copy_of_project


@pytest.fixture(scope="module")
def cluster(copy_of_project):
    """Start a scheduler and two workers that have the code of the copy."""
    project = copy_of_project
    with contextlib.ExitStack() as stack:
        environment = {**os.environ, "PYTHONPATH": str(project.folder)}
        started = []

        def start(*command):
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=project.folder,
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            stack.callback(process.stderr.close)
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
            started.append(process)
            return process

        local = ("--host", "127.0.0.1")
        scheduler = start(
            "distributed.cli.dask_scheduler", *local, "--port", "0", "--no-dashboard"
        )
        address = first_match(scheduler.stderr, r"Scheduler at:\s+(tcp://\S+)")
        for _ in range(2):
            worker = start(
                "distributed.cli.dask_worker", address, *local,
                "--nthreads", "1", "--no-dashboard", "--no-nanny",
            )  # fmt: skip
            first_match(worker.stderr, r"Registered to:\s+(tcp://\S+)")
        yield address, started[1:]


def first_match(output, pattern):
    """Read the output of a process until a line matches."""
    for line in output:
        found = re.search(pattern, line)
        if found:
            return found[1]
    raise AssertionError("it ended without printing this")


def test_a_sweep_on_a_cluster_gives_the_same_runs(project, cluster, two_runs):
    address, _ = cluster
    status, out, err = project.sweep("--scheduler", address)
    assert status == 0, err
    here = {path.name: read_record(path) for path in two_runs.iterdir()}
    assert records(project) == here
    assert len(here) == 2


def test_make_cluster_starts_one_that_works_and_ends_with_ctrl_c(project):
    process = project.start("helpers.pipeline.sweep.executors", "--workers", "1")
    address = first_match(
        process.stdout, r"^make sweep SCHEDULER=(tcp://127.0.0.1:\d+)$"
    )
    status, out, err = project.sweep("--scheduler", address)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    # Before it, Dask may complain that the machine is busy.
    assert "interrupted: finished runs are kept" in process.communicate(timeout=60)[1]
    assert psutil.wait_procs(family, timeout=60)[1] == []
    assert (status, len(project.runs)) == (0, 2), out + err


def test_workers_compress_dask_arrays_to_the_same_bits(cluster, rng):
    import dask
    import dask.array as da
    from distributed import Client

    address, _ = cluster
    X, y = rng.normal(size=(9000, 3)), rng.normal(size=9000)
    blocks = da.from_array(X, chunks=(500, 2)), da.from_array(y, chunks=700)
    with Client(address, set_as_default=False) as client, client.as_current():
        there = compress(*blocks)
        imported = client.run(lambda: "helpers.compression" in sys.modules)
        assert any(imported.values())
    with dask.config.set(scheduler="synchronous"):
        here = compress(*blocks)
    assert there.X.tobytes() == here.X.tobytes()
    assert there.y.tobytes() == here.y.tobytes()
    assert (there.n_samples, there.X.shape) == (9000, (5, 3))
    np.testing.assert_allclose(
        np.cov(there.X, rowvar=False),
        np.cov(X, rowvar=False) * (8999 / 9000 * 5 / 4),
        rtol=1e-9,
    )


def test_workers_with_other_code_are_refused_and_named(project, cluster, tmp_path):
    address, _ = cluster
    other = tmp_path / "other"
    other.mkdir()
    copy = type(project)(other)
    copy.write("experiments.yaml", "quick: {n_iterations: 10}\n")
    copy.replace("helpers/model.py", "return ", "return 0 + ")
    status, out, err = copy.sweep("--scheduler", address)
    assert status == 2
    assert re.search(
        r"error: the worker tcp://\S+ has another version of helpers/model.py", err
    )
    assert copy.runs == []


def test_an_unreachable_scheduler_is_named(project):
    status, out, err = project.sweep("--scheduler", "tcp://127.0.0.1:9")
    assert status == 2
    assert err.startswith("error: no scheduler at tcp://127.0.0.1:9")
    assert "Traceback" not in out + err


def test_a_worker_killed_in_mid_sweep_costs_only_a_retry(project, cluster):
    address, workers = cluster
    rates = ", ".join(f"{rate}e-3" for rate in range(1, 13))
    project.write("experiments.yaml", f"many: {{learning_rate: [{rates}]}}\n")
    sweep = project.start("helpers.pipeline.sweep", "--scheduler", address)
    deadline = time.monotonic() + 60
    while len(project.runs) < 2:
        assert sweep.poll() is None
        assert time.monotonic() < deadline
    os.killpg(workers[0].pid, signal.SIGKILL)
    out, err = sweep.communicate(timeout=100)
    assert sweep.returncode == 0, err
    assert len(records(project)) == 12


def records(project):
    """Return what the runs recorded."""
    folder = project.folder / "build" / "runs"
    return {name: read_record(folder / name) for name in project.runs}
