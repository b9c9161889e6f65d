"""What several tests need: the car data, and copies of the project to try things in."""

import os
import shutil
import signal

from helpers.pipeline.kernels.arithmetic import instructions

# Those of a run; its one thread is not asked for: descents see to that themselves.
os.environ.update(instructions())

import numpy as np
import pytest
from project import TWO_RUNS, Project, need

from helpers.data import fit_scaling, load_data

# As in a hook of git, where they name the repository of the person who tests.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
# What is started in the background ignores Ctrl-C, and so would all it starts.
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
    copy.write("experiments.yaml", TWO_RUNS)
    return copy


@pytest.fixture(scope="module")
def browser():
    need(shutil.which("chromium"), "Chromium")
    from browser import launch
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
