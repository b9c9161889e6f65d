"""What several tests need: the car data, and copies of the project to try things in."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from helpers.data import ROOT, fit_scaling, load_data

# What is started in the background ignores Ctrl-C, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

PARTS = [
    "helpers",
    "notebooks",
    "report",
    "data",
    "experiments.yaml",
    "requirements.txt",
    "pyproject.toml",
    "environment.yml",
    "apt.txt",
    "Makefile",
]
TWO_RUNS = "quick:\n  features: [horsepower, all]\n  n_iterations: 10\n"


@pytest.fixture(scope="session")
def cars():
    """Return all seven features, standardised, and the target."""
    data = load_data("data/auto.csv", "mpg", "all")
    return fit_scaling(data.X, method="standardise").apply(data.X), data.y


@pytest.fixture
def rng():
    return np.random.default_rng(20230322)


class Project:
    """A copy of the project in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            source, copy = ROOT / part, folder / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "report.pdf")
                shutil.copytree(source, copy, ignore=ignored)
            else:
                shutil.copy(source, copy)

    @property
    def runs(self):
        """Everything that lies where runs are kept, hidden files as well."""
        kept = self.folder / "build" / "runs"
        return sorted(p.name for p in kept.iterdir()) if kept.exists() else []

    def write(self, path, text):
        (self.folder / path).write_text(text, encoding="utf-8")

    def replace(self, path, old, new):
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def start(self, *command, **options):
        """Start a command in the copy, its helpers and not the checkout's."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *command):
        """Run a command to its end: exit status, output, and error lines."""
        process = self.start(*command)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def sweep(self, *options):
        return self.run("helpers.pipeline.sweep", *options)


@pytest.fixture
def project(tmp_path):
    """Return a copy of the project with a grid of two quick runs."""
    copy = Project(tmp_path)
    copy.write("experiments.yaml", TWO_RUNS)
    return copy
