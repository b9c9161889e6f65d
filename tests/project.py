"""Copies of the project, which tests and benchmarks may change."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from helpers import ROOT

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


def need(available, what):
    """Skip a test if something is missing; on CI, where nothing may be, fail."""
    if not available:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"there is no {what}")


KERNEL = {"name": "python3", "language": "python", "display_name": "Python"}


def notebook_of(*sources, parameters=0):
    """Return a notebook of code cells, whose cell number `parameters` has that tag."""
    cells = list(map(nbformat.v4.new_code_cell, sources))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    cells[parameters].metadata["tags"] = ["parameters"]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


DRAWS = re.compile("matplotlib|plt|plot_costs")
TWO_RUNS = "quick:\n  features: [horsepower, all]\n  n_iterations: 10\n"


class Project:
    """A copy of the project in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            source, copy = ROOT / part, folder / part
            if source.is_dir():
                # Including the bytecode, so that no copy has to compile it again.
                ignored = shutil.ignore_patterns("report.pdf", "report.html")
                shutil.copytree(source, copy, ignore=ignored)
            else:
                shutil.copy(source, copy)

    @classmethod
    def at(cls, folder):
        """Return the project that is already in a folder."""
        project = cls.__new__(cls)
        project.folder = folder
        return project

    @property
    def environment(self):
        """The environment variables with which commands use the helpers of the copy."""
        return {**os.environ, "PYTHONPATH": str(self.folder)}

    @property
    def runs(self):
        """The names of all files in the folder of runs, including hidden ones."""
        kept = self.folder / "build" / "runs"
        return sorted(p.name for p in kept.iterdir()) if kept.exists() else []

    def write(self, path, text):
        (self.folder / path).write_text(text, encoding="utf-8")

    def write_notebook(self, name, *sources, parameters=0):
        """Write a notebook, see `notebook_of`."""
        text = nbformat.writes(notebook_of(*sources, parameters=parameters))
        self.write(f"notebooks/{name}.ipynb", text)

    def replace(self, path, old, new):
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def make_quick(self):
        """Give the copy a grid of two quick runs, of a notebook that draws no figure.

        Importing matplotlib would take most of the time of a small sweep.
        """
        self.write("experiments.yaml", TWO_RUNS)
        path = self.folder / "notebooks" / "descent.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                lines = cell.source.splitlines(keepends=True)
                cell.source = "".join(x for x in lines if not DRAWS.search(x))
        nbformat.write(notebook, path)

    def start(self, *command, **options):
        """Start a command in the copy."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *command):
        """Run a command; return its exit status, its output and its errors."""
        process = self.start(*command)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def make(self, *arguments, timeout=100):
        """Run make in the copy, with the environment of these tests."""
        ready = f"--assume-old={sys.prefix}/ready-for-dl4ia"
        return subprocess.run(
            ["make", "--no-print-directory", f"PREFIX={sys.prefix}", ready, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def sweep(self, *options):
        return self.run("helpers.pipeline.sweep", *options)

    def is_at_work(self):
        """Tell whether any process runs in the copy, or with its helpers."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cwd().startswith(str(self.folder)):
                    return True
                if process.environ().get("PYTHONPATH") == str(self.folder):
                    return True
        return False


def until(condition, seconds=10):
    """Wait until a condition holds, at most the given number of seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
