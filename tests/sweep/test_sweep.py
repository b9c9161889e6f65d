"""Sweeps as a user runs them, in copies of the project."""

import json
import os
import re
import shutil
import signal
import threading
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from project import notebook_of, until

from helpers.pipeline.command import checked_scheduler, checked_time_limit
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep import executors, run
from helpers.pipeline.sweep.execute import Outcome
from helpers.pipeline.sweep.results import table_of


def counts(out):
    """Return the summary's runs, done, cached and failed, by experiment."""
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["experiment", "runs", "done", "cached", "failed", "time"]
    table = [row for row in rows[1:] if row[-1:] == ["s"]]
    return {row[0]: tuple(map(int, row[1:5])) for row in table}


def test_a_sweep_runs_only_what_has_changed(finished):
    project, before = finished, finished.runs
    assert len(before) == 2
    project.write("README.md", "A comment.")
    (project.folder / "build" / "runs" / ".ipynb_checkpoints").mkdir()
    assert counts(project.sweep()[1]) == {"quick": (2, 0, 2, 0)}
    (project.folder / "build" / "runs" / ".ipynb_checkpoints").rmdir()
    assert project.runs == before

    project.replace("experiments.yaml", "[horsepower, all]", "[horsepower, all, year]")
    status, out, err = project.sweep()
    assert status == 0
    assert counts(out) == {"quick": (3, 1, 2, 0)}
    assert [line.split()[0] for line in err.splitlines()] == ["[1/1]"]
    assert set(before) < set(project.runs)

    costs = [
        read_record(project.folder / "build" / "runs" / name)["costs"]
        for name in project.runs
    ]
    assert all(len(c) == 11 and c[0] == pytest.approx(610.4738265) for c in costs)


def test_workers_are_forked_from_one_thread(monkeypatch, capsys):
    threads = {*threading.enumerate()}

    def outcomes(plan, *given):
        yield "a", Outcome("", "", 1.0)
        assert {*threading.enumerate()} == threads

    monkeypatch.setattr(run, "outcomes", outcomes)
    plan = SimpleNamespace(missing={"a": "new"}, runs={"a": "quick"})
    assert [*run.run_missing(plan, "", 1)] == ["a"]
    assert capsys.readouterr().err == "[1/1] a done (1.00 s): quick\n"
    assert {*threading.enumerate()} == threads


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_report_that_loads_no_experiment_is_told_so(project, options):
    out = "regression loads no experiment by its name: nothing to run\n"
    assert project.sweep("--report=regression", *options) == (0, out, "")


def test_runs_that_fail_alike_are_named_together(project):
    runs = "alike:\n  features: none\n  seed: [1, 2, 3, 4, 5]\n"
    project.write("experiments.yaml", runs)
    _, out, _ = project.sweep()
    named = "; ".join(f"alike (features=none, seed={seed})" for seed in (1, 2, 3))
    assert f"failed: {named} and 2 more\n" in out
    assert out.count("no column 'none'") == out.count("  see ") == 1


def test_a_failing_run_fails_alone_is_kept_and_named_on_one_line(project):
    refused = {
        "batch_size: -1": "batch_size must be a whole number from 1 to 392 (the number "
        "of samples), got -1",
        "n_folds: 1000": "n_folds must be a whole number from 2 to 392 (the number of "
        "samples), got 1000",
        "data: data/none.csv": "data/none.csv: there is no such file",
    }
    mixed = "mixed:\n  features: [horsepower, horsepow, name]\n  n_iterations: 10\n"
    others = (f"e{number}: {{{value}}}\n" for number, value in enumerate(refused))
    project.write("experiments.yaml", mixed + "".join(others))
    status, out, err = project.sweep()
    assert status == 2
    alone = dict.fromkeys(("e0", "e1", "e2"), (1, 0, 0, 1))
    assert counts(out) == {"mixed": (3, 1, 0, 2)} | alone
    assert "failed: mixed (features=horsepow, n_iterations=10)\n" in out
    assert "ValueError: data/auto.csv: no column 'horsepow'" in out
    assert "column 'name' is text, such as 'chevrolet chevelle malibu'; a t" in out
    assert ".failed.ipynb, In [3], line 1: sample = load_data(data, target, feat" in out
    reasons = {line.strip() for line in out.splitlines() if line.startswith("  ")}
    for message in refused.values():
        assert any(line.startswith(f"ValueError: {message}") for line in reasons)
    assert "Traceback" not in out + err
    *progress, error = err.splitlines()
    assert [line[:5] for line in progress] == [f"[{n + 1}/6]" for n in range(6)]
    assert error.startswith("error: 5 of 6 runs failed: ValueError: data/auto.csv: no ")
    kept = [name for name in project.runs if name.endswith(".failed.ipynb")]
    assert len(kept) == 5
    notebook = json.loads((project.folder / "build/runs" / kept[0]).read_text())
    assert "error" in "".join(notebook["cells"][0]["source"]).lower()
    project.write("experiments.yaml", mixed + "other: {n_iterations: 5}\n")
    assert project.sweep("--experiment", "other")[0] == 0
    assert project.sweep("--dry-run")[1].count("to run: failed before") == 2


def test_a_broken_grid_stops_before_anything_starts(project):
    project.write("experiments.yaml", "a: [1\n")
    status, out, err = project.sweep()
    assert (status, out) == (2, "")
    assert err.startswith("error: experiments.yaml, line ")
    assert len(err.splitlines()) == 1
    assert project.runs == []


def test_one_experiment_can_be_chosen(project):
    project.write("experiments.yaml", "a: {n_iterations: 5}\nb: {n_iterations: 6}\n")
    [run, last] = project.sweep("--experiment", "b", "--dry-run")[1].splitlines()
    assert run.endswith(" b (n_iterations=6): to run: new")
    assert last == "1 to run, 0 cached"
    status, _, err = project.sweep("--experiment", "c")
    assert status == 2
    assert "no experiment 'c'" in err


@pytest.mark.parametrize(
    ("send", "number"),
    [
        (os.killpg, signal.SIGINT),  # Ctrl-C reaches the whole group
        (os.kill, signal.SIGTERM),
        (os.killpg, signal.SIGHUP),  # as does closing the terminal
    ],
)
def test_an_interrupted_sweep_leaves_nothing_that_looks_finished(
    project, tmp_path_factory, send, number
):
    steps_of(project, 60)
    temporary = tmp_path_factory.mktemp("temporary")
    project.environment["TMPDIR"] = str(temporary)
    sweep = project.start("helpers.pipeline.sweep", start_new_session=True)
    wait_for_a_run(project, sweep)
    send(sweep.pid, number)
    out, err = sweep.communicate(timeout=30)
    assert sweep.returncode == 128 + number
    assert "interrupted: finished runs are kept" in err
    assert "Traceback" not in out + err
    assert [name for name in project.runs if name.startswith(".")] == []
    until(lambda: not project.is_at_work(), 60)
    assert list(temporary.iterdir()) == []
    assert 0 < len(project.runs) < 60
    for name in project.runs:
        assert read_record(project.folder / "build" / "runs" / name)["costs"]


def test_a_dry_run_names_what_would_be_run_and_why(finished):
    project = finished
    project.replace("experiments.yaml", "[horsepower, all]", "[horsepower, year]")
    out = project.sweep("--dry-run")[1]
    assert out.splitlines()[0].endswith(": cached")
    assert out.splitlines()[1].endswith(": to run: new")
    project.replace("helpers/model.py", "return ", "return 0 + ")
    out = project.sweep("--dry-run")[1]
    assert out.splitlines()[0].endswith(": to run: helpers/model.py changed")
    assert out.splitlines()[-1] == "2 to run, 0 cached"
    assert len(project.runs) == 2


def test_a_very_large_grid_must_be_confirmed(project):
    project.write("experiments.yaml", f"huge: {{seed: {list(range(10_001))}}}\n")
    status, _, err = project.sweep()
    assert status == 2
    assert "10,001 points, 10,001 of them in huge: to run them all, add --yes" in err


def test_two_sweeps_at_once_do_not_harm_each_other(project):
    steps_of(project, 4)
    sweeps = [project.start("helpers.pipeline.sweep") for _ in range(2)]
    ended = [(*sweep.communicate(timeout=100), sweep.returncode) for sweep in sweeps]
    assert [status for *_, status in ended] == [0, 0]
    assert len(project.runs) == 4
    for name in project.runs:
        assert read_record(project.folder / "build" / "runs" / name)["costs"]


def test_the_folder_of_runs_that_cannot_be_written_is_named(project):
    (project.folder / "build").write_text("a file where a folder should be")
    status, out, err = project.sweep()
    assert status == 2
    assert "error: build/runs cannot be written: " in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err


def test_results_are_printed_and_written(project, two_runs):
    assert "no run is finished yet" in project.run("helpers.pipeline.sweep.results")[2]
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    printed = project.run("helpers.pipeline.sweep.results")[1].splitlines()
    assert re.split("  +", printed[0]) == [
        "experiment", "what varies", "how it ended", "final cost", "to 1 %",
    ]  # fmt: skip
    assert re.split("  +", printed[1])[:3] == [
        "quick",
        "features=horsepower",
        "descending",
    ]
    assert printed[3:5] == [
        "data/auto.csv (quick): read as UTF-8, separated by commas, with a decimal "
        "point and a header",
        "data/auto.csv (quick): columns left out: name (text)",
    ]
    assert len(printed) == 6
    assert max(map(len, printed)) <= 96
    assert project.run("helpers.pipeline.sweep.results", "--csv", "out.csv")[0] == 0
    header, *rows = (project.folder / "out.csv").read_text().splitlines()
    assert len(rows) == 2
    assert {"status", "costs", "learning_rate"} <= set(header.split(","))
    table = pd.read_csv(project.folder / "out.csv").set_index("features")
    assert len(table.loc["all", "w"].split(", ")) == 7
    assert table.loc["all", "names"].startswith("cylinders, displacement, ")
    assert table.loc["all", "costs"] > table.loc["all", "best"]
    assert table.loc["all", "training.RMSE"] ** 2 == pytest.approx(
        table.loc["all", "training.MSE"]
    )
    assert table.loc["all", "notes"].endswith("a header; columns left out: name (text)")
    assert table["n_iterations"].tolist() == [10, 10]
    assert project.run("helpers.pipeline.sweep.results", "--csv", "out.csv")[0] == 0
    grid = (project.folder / "experiments.yaml").read_text()
    to_grid = project.run("helpers.pipeline.sweep.results", "--csv", "experiments.yaml")
    assert "already exists and is not a table of results" in to_grid[2]
    assert (project.folder / "experiments.yaml").read_text() == grid
    refused = project.run("helpers.pipeline.sweep.results", "--csv", "no/out.csv")[2]
    assert refused == "error: no/out.csv cannot be written: there is no folder no\n"


@pytest.mark.parametrize(("taken", "printed"), [(0, "0"), (12, "12"), (None, "–")])
def test_the_iterations_of_a_run_that_starts_at_the_optimum_are_none(taken, printed):
    point = SimpleNamespace(experiment="mine", parameters={"rate": 1}, listed=["rate"])
    record = {"status": "converged", "costs": [2.0], "iterations_measured": taken}
    line = table_of({"mine": [point]}, [(point, record)])[-1]
    assert line.split() == ["mine", "rate=1", "converged", "2", printed]


def test_results_can_be_of_one_experiment_and_count_what_is_missing(project):
    project.write(
        "experiments.yaml",
        "good: {features: all, n_iterations: 6}\n"
        "mixed: {learning_rate: [0.1, 0.001, 1e-1], n_iterations: 50}\n"
        "wrong: {n_folds: 1}\n",
    )
    project.sweep()
    *printed, last = project.run("helpers.pipeline.sweep.results")[1].splitlines()
    assert len(printed) == 8
    # A dash stands for what a run has not reached.
    assert [row.split()[-1] for row in printed[1:4]] == ["–", "18", "–"]
    assert last.startswith("not included: 1 of 4 runs, which failed or have not")
    # Seven costs must not be taken for seven weights.
    project.run("helpers.pipeline.sweep.results", "--csv", "out.csv")
    table = pd.read_csv(project.folder / "out.csv")
    assert table["costs"].dtype == float
    assert len(table.loc[0, "w"].split(", ")) == 7
    one = project.run("helpers.pipeline.sweep.results", "--experiment", "good")[1]
    assert len(one.splitlines()) == 5
    refused = project.run("helpers.pipeline.sweep.results", "--experiment", "god")
    assert refused[0] == 2
    assert refused[2] == "error: no experiment 'god'; did you mean 'good'?\n"
    project.write("experiments.yaml", "good: {n_iterations: 5}\nnew: {seed: 3}\n")
    refused = project.run("helpers.pipeline.sweep.results", "--experiment", "new")[2]
    assert refused.startswith("error: no run of new is finished yet: ")


@pytest.mark.parametrize("limit", ["abc", "0", "-1", "nan", "inf", ""])
def test_a_time_limit_that_is_not_valid_is_named(limit):
    message = f"the time limit must be a positive number of seconds, got {limit!r}"
    with pytest.raises(UserError, match=re.escape(message)):
        checked_time_limit(limit)


def test_a_worker_killed_in_mid_run_costs_only_a_retry(project):
    steps_of(project, 12)
    sweep = project.start("helpers.pipeline.sweep")
    wait_for_a_run(project, sweep)
    children = psutil.Process(sweep.pid).children()
    next(c for c in children if "forkserver" not in " ".join(c.cmdline())).kill()
    out, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 0, err
    assert counts(out) == {"steps": (12, 12, 0, 0)}
    assert len(project.runs) == 12


def test_memory_that_processes_cannot_share_is_named(monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(executors, "ProcessPoolExecutor", refuse)
    with (
        pytest.raises(UserError, match="/dev/shm, .*: Read-only file system"),
        executors.open_executor("", {}),
    ):
        pass


def wait_for_a_run(project, sweep):
    """Wait until the first run of a sweep has ended."""

    def has_ended():
        assert sweep.poll() is None
        return any(not name.startswith(".") for name in project.runs)

    until(has_ended, 60)


RECORD = "from helpers.pipeline.records import record\n"
SOUND = ("steps = 10", RECORD + "record(costs=[3.0, 1.0 / steps], many=[[1], [1, 2]])")


def steps_of(project, count):
    """Give a project a grid of runs that compute very little."""
    project.write_notebook("sound", *SOUND)
    steps = list(range(1, count + 1))
    project.write("experiments.yaml", f"steps: {{notebook: sound, steps: {steps}}}\n")


def test_a_notebook_that_cannot_be_run_fails_alone(project):
    project.write_notebook("sound", *SOUND)
    sound = notebook_of(*SOUND)
    project.write("notebooks/old.ipynb", json.dumps(sound | {"nbformat": 3}))
    project.write("notebooks/bare.ipynb", json.dumps(sound | {"metadata": {}}))
    project.write("notebooks/damaged.ipynb", '{"cells": [{"cell_type": "code"}]}')
    project.write_notebook("typo", "steps = 10", "x = = 1")
    broken = ("old", "bare", "damaged", "typo")
    grid = "sound: {notebook: sound, steps: [5, 10]}\n"
    grid += "".join(f"{name}: {{notebook: {name}}}\n" for name in broken)
    project.write("experiments.yaml", grid)
    status, out, err = project.sweep()
    assert status == 2
    assert counts(out) == {"sound": (2, 2, 0, 0)} | dict.fromkeys(broken, (1, 0, 0, 1))
    reasons = [line.strip() for line in out.splitlines() if line.startswith("  ")][::2]
    assert reasons[3] == "SyntaxError: invalid syntax (line 1)"
    assert reasons[:3] == [
        "notebooks/old.ipynb is damaged: it is not in nbformat 4: open it in Jupyter"
        "Lab and save it",
        "notebooks/bare.ipynb names no kernel: open it in JupyterLab and save it, with "
        "the kernel Python 3",
        "notebooks/damaged.ipynb is damaged: cell 1 has no source",
    ]
    assert err.splitlines()[-1].startswith("error: 4 of 6 runs failed: notebooks/old.")
    assert "Traceback" not in out + err


def test_a_run_that_records_nothing_hides_no_other(project):
    project.write_notebook("sound", *SOUND)
    project.write_notebook("silent", "steps = 10", "1 + 1")
    leaves = "quit()", SOUND[1]
    project.write_notebook("leaves", "steps = 10", *leaves)
    project.write_notebook("late", *SOUND, "raise SystemExit")
    scored = SOUND[1].replace("costs=", "loss=0.25, words=['a'], right=7, steps=10, c=")
    project.write_notebook("scored", SOUND[0], scored)
    project.write(
        "experiments.yaml",
        "scored: {notebook: scored}\nsilent: {notebook: silent}\n"
        "sound: {notebook: sound, steps: [5, 10]}\n"
        "leaves: {notebook: leaves}\nlate: {notebook: late}\n",
    )
    status, out, err = project.sweep()
    assert status == 2
    assert counts(out)["leaves"] == (1, 0, 0, 1)
    assert counts(out)["late"] == (1, 1, 0, 0)
    error = "SystemExit: the notebook ended before it recorded anything"
    assert err.splitlines()[-1] == f"error: 1 of 6 runs failed: {error}"
    printed = project.run("helpers.pipeline.sweep.results")[1].splitlines()
    rows = {tuple(re.split("  +", line)) for line in printed[1:6]}
    assert rows == {
        ("scored", "done, loss=0.25, right=7", "–", "–"),
        ("silent", "recorded nothing", "–", "–"),
        ("sound", "steps=5", "done", "0.2", "–"),
        ("sound", "steps=10", "done", "0.1", "–"),
        ("late", "done", "0.1", "–"),
    }
    assert printed[7] == "recorded nothing: silent; call record() there"
    code = (
        "from helpers.pipeline.sweep.results import load_experiment, load_runs\n"
        "print([costs.tolist() for costs in load_experiment('sound')['costs']])\n"
        "for name in 'silent', 'sound', 'leaves':\n"
        "    print([run['status'] for run in load_runs(name)])"
    )
    project.write("load.py", code)
    out = project.run("load")[1].splitlines()
    assert out[0] == "[[3.0, 0.2], [3.0, 0.1]]"
    assert out[1:] == ["['recorded nothing']", "['done', 'done']", "['failed']"]


@pytest.mark.parametrize(
    "address", ["foo", "tcp://host", "host:port", "a b:1", ":8786"]
)
def test_what_is_no_address_of_a_scheduler_is_named_even_if_all_is_cached(
    finished, address
):
    expected = "the address that make cluster prints, tcp://host:port"
    err = f"error: SCHEDULER must be {expected}, got {address!r}\n"
    assert finished.sweep("--scheduler", address) == (2, "", err)


def test_an_address_of_a_scheduler_may_have_any_form_that_dask_knows():
    addresses = "tcp://127.0.0.1:8786", "localhost:8786", "tls://[::1]:8786", "a-b.c:1"
    for address in ("", *addresses):
        assert checked_scheduler(address) == address
