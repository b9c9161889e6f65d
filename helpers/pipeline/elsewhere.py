"""Make a report in another copy of the project, with the environment that is here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.data import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.revision import COMMIT, revision

# What a copy does without: what was made, what was installed, and git.
LEFT_OUT = (
    ".git",
    ".venv",
    "build",
    "report.pdf",
    "__pycache__",
    ".*_cache",
    "*.egg-info",
)
LEFT_OUT += (".hypothesis", ".ipynb_checkpoints", ".ruff_cache")


def copy_project(folder):
    """Copy this checkout, as it is now, to a folder that does not exist yet.

    The copy has no history; it is told which version it is.

    Parameters
    ----------
    folder : Path
        Where.
    """
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (folder / COMMIT.name).write_text(json.dumps(revision()))


def build_report(folder, given):
    """Make the report in a copy of the project.

    Parameters
    ----------
    folder : Path
        The copy.
    given : dict of str to str
        Environment variables, the title block among them.

    Raises
    ------
    UserError
        If it cannot be made; the message is the last line that was said.
    """
    ready = Path(sys.prefix, "ready-for-dl4ia")
    command = ["make", "report", f"PREFIX={sys.prefix}", f"--assume-old={ready}"]
    title = ("COURSE", "TITLE", "STUDENT", "DATE")
    command += [f"{name}={given[name]}" for name in title if name in given]
    environment = {**os.environ, **given, "PYTHONPATH": str(folder)}
    # This may have been started by make, with other variables of its own.
    for inherited in ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS"):
        environment.pop(inherited, None)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        errors = [line for line in said if line.startswith("error: ")] or said
        raise UserError(f"it cannot be built: {errors[0].removeprefix('error: ')}")
