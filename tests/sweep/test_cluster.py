"""A sweep on a real Dask scheduler with two real workers, on this machine."""

import contextlib
import os
import re
import shutil
import signal
import sys

import numpy as np
import psutil
import pytest
from project import Project, until

from helpers.compression import compress
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.arithmetic import instructions
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep import executors
from helpers.pipeline.sweep.inputs import Inputs


@pytest.fixture(scope="module")
def copy_of_project(tmp_path_factory):
    """Return a copy of the project, whose code the workers have."""
    return Project(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def project(copy_of_project):
    """Return that copy with a grid of two quick runs, neither of which has been run."""
    copy_of_project.make_quick()
    shutil.rmtree(copy_of_project.folder / "build", ignore_errors=True)
    return copy_of_project


@pytest.fixture(scope="module")
def cluster(copy_of_project):
    """Start what `make cluster` starts, with two workers, and add a third one.

    They have the code of the copy. Returns the address and both processes.
    """
    with contextlib.ExitStack() as stack:

        def start(*command):
            process = copy_of_project.start(*command, start_new_session=True)
            stack.enter_context(process)
            stack.callback(kill, process)
            return process

        started = start("helpers.pipeline.sweep.executors")
        address = first_match(
            started.stdout, r"^make sweep SCHEDULER=(tcp://127.0.0.1:\d+)$"
        )
        worker = start(
            "distributed.cli.dask_worker", address, "--host", "127.0.0.1",
            "--nthreads", "1", "--no-dashboard", "--no-nanny",
        )  # fmt: skip
        first_match(worker.stderr, r"Registered to:\s+(tcp://\S+)")
        yield address, started, worker


def kill(process):
    """Kill a process and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def first_match(output, pattern):
    """Read the output of a process until a line matches."""
    for line in output:
        match = re.search(pattern, line)
        if match:
            return match[1]
    raise AssertionError(f"nothing printed matches {pattern}")


def test_a_sweep_on_a_cluster_gives_the_same_runs(project, cluster, two_runs):
    address, *_ = cluster
    status, out, err = project.sweep("--scheduler", address)
    assert status == 0, err
    expected = {path.name: read_record(path) for path in two_runs.iterdir()}
    assert records(project) == expected
    assert len(expected) == 2


def test_workers_compress_dask_arrays_to_the_same_bits(cluster, rng):
    import dask
    import dask.array as da
    from distributed import Client

    address, *_ = cluster
    X, y = rng.normal(size=(9000, 3)), rng.normal(size=9000)
    blocks = da.from_array(X, chunks=(500, 2)), da.from_array(y, chunks=700)
    with Client(address, set_as_default=False) as client, client.as_current():
        on_cluster = compress(*blocks)
        imported = client.run(lambda: "helpers.compression" in sys.modules)
        assert any(imported.values())
        for chosen in client.run(lambda: dict(os.environ)).values():
            assert instructions().items() <= chosen.items()
    with dask.config.set(scheduler="synchronous"):
        locally = compress(*blocks)
    assert on_cluster.X.tobytes() == locally.X.tobytes()
    assert on_cluster.y.tobytes() == locally.y.tobytes()
    assert (on_cluster.n_samples, on_cluster.X.shape) == (9000, (5, 3))
    np.testing.assert_allclose(
        np.cov(on_cluster.X, rowvar=False),
        np.cov(X, rowvar=False) * (8999 / 9000 * 5 / 4),
        rtol=1e-9,
    )


def test_workers_with_other_code_are_refused_and_named(cluster):
    address, *_ = cluster
    fingerprints = {
        name: Inputs().fingerprint(name) for name in ("helpers/model.py", "Makefile")
    }
    with executors.open_executor(address, fingerprints) as (_, slots):
        assert slots == 3
    named = r"the worker tcp://\S+ has another version of helpers/model.py"
    with (
        pytest.raises(UserError, match=named),
        executors.open_executor(address, fingerprints | {"helpers/model.py": "other"}),
    ):
        pass


def test_an_unreachable_scheduler_is_named(monkeypatch):
    monkeypatch.setattr(executors, "TIMEOUT", 1)
    with (
        pytest.raises(UserError, match="^no scheduler at tcp://127.0.0.1:9: "),
        executors.open_executor("tcp://127.0.0.1:9", {}),
    ):
        pass


def test_a_worker_killed_in_mid_sweep_costs_only_a_retry(project, cluster):
    address, _, worker = cluster
    rates = ", ".join(f"{rate}e-3" for rate in range(1, 7))
    project.write("experiments.yaml", f"many: {{learning_rate: [{rates}]}}\n")
    sweep = project.start("helpers.pipeline.sweep", "--scheduler", address)
    until(lambda: project.runs or sweep.poll() is not None, 60)
    assert project.runs
    kill(worker)
    out, err = sweep.communicate(timeout=100)
    assert sweep.returncode == 0, err
    assert len(records(project)) == 6


def test_ctrl_c_ends_what_make_cluster_has_started(cluster):
    _, started, _ = cluster
    family = psutil.Process(started.pid).children(recursive=True)
    os.killpg(started.pid, signal.SIGINT)
    # Dask may complain first that the machine is busy.
    err = started.communicate(timeout=60)[1]
    assert "\ninterrupted\n" in "\n" + err
    assert "Traceback" not in err
    assert len(family) > 1
    assert psutil.wait_procs(family, timeout=60)[1] == []


def records(project):
    """Return the records of all runs, by file name."""
    folder = project.folder / "build" / "runs"
    return {name: read_record(folder / name) for name in project.runs}
