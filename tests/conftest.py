"""Shared fixtures: the car data, and copies of the project to experiment with."""

import fcntl
import os
import shutil
import signal

from helpers.pipeline.kernels.arithmetic import instructions

# As in a run, except for its single thread, which descents set by themselves.
os.environ.update(instructions())

import numpy as np
import pytest
from project import Project, need
from small import make_small

from helpers.data import fit_scaling, load_data
from helpers.pipeline.verify.rebuild import build_report

# In a git hook, they would refer to the repository of the person who runs the tests.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
# Background processes ignore Ctrl-C, and all that they start would inherit this.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cars():
    """Return all seven features, standardised, and the target."""
    data = load_data("data/auto.csv", "mpg", "all")
    return fit_scaling(data.X, method="standardise").apply(data.X), data.y


@pytest.fixture
def rng():
    return np.random.default_rng(20230322)


@pytest.fixture
def project(tmp_path):
    """Return a copy of the project with a grid of two quick runs."""
    copy = Project(tmp_path)
    copy.make_quick()
    return copy


@pytest.fixture(scope="session")
def once(tmp_path_factory, testrun_uid):
    """Return a function that makes a copy of the project once for all tests.

    It returns the copy, from which tests copy what they need. The tests run in several
    processes: the first one that calls it makes the copy, while the others wait.
    """

    def make_once(name, make):
        folder = tmp_path_factory.getbasetemp().parent / f"{name}-{testrun_uid}"
        with folder.with_suffix(".made").open("a+") as state:
            fcntl.flock(state, fcntl.LOCK_EX)
            if state.seek(0, os.SEEK_END) == 0:  # its size now, not when it was opened
                folder.mkdir()
                make(Project(folder))
                state.write("made")
        return Project.at(folder)

    return make_once


@pytest.fixture(scope="session")
def two_runs(once):
    """Return the folder of the two quick runs, which tests must not change."""

    def make(project):
        project.make_quick()
        assert project.sweep()[0] == 0

    return once("two-runs", make).folder / "build" / "runs"


@pytest.fixture(scope="session")
def small_report(once, two_runs):
    """Return a project with a small report, which tests must not change."""

    def make(project):
        make_small(project)
        shutil.copytree(two_runs, project.folder / "build" / "runs")
        build_report(project.folder)

    return once("small-report", make)


@pytest.fixture
def finished(project, two_runs):
    """Return a copy of the project with a grid of two quick runs, both of them run."""
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    return project


@pytest.fixture(scope="module")
def browser():
    need(shutil.which("chromium"), "Chromium")
    from browser import launch
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
