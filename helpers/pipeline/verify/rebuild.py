"""Make a report in another copy of the project, with the environment that is here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.report.revision import COMMIT, LEFT_OUT, revision


def copy_project(folder):
    """Copy this checkout, as it is now, to a folder that does not exist yet.

    The copy has no history; it is told which version it is.

    Parameters
    ----------
    folder : Path
        Where.
    """
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(ROOT, folder, symlinks=True, ignore=ignored)
    (folder / COMMIT.name).write_text(json.dumps(revision()))


def build_report(folder, given, title=None):
    """Make the report in a copy of the project.

    Parameters
    ----------
    folder : Path
        The copy.
    given : dict of str to str
        Environment variables.
    title : dict of str to str, optional
        The title block.

    Raises
    ------
    UserError
        If it cannot be made; the message is the last line that was said.
    """
    ready = Path(sys.prefix, "ready-for-dl4ia")
    command = ["make", "report", f"PREFIX={sys.prefix}", f"--assume-old={ready}"]
    # Make takes them as they are: a $ in them is a $.
    command += [f"{name.upper()}={text}" for name, text in (title or {}).items()]
    environment = {**os.environ, **given, "PYTHONPATH": str(folder)}
    # This may have been started by make, with other variables of its own.
    for name in [name for name in environment if "MAKE" in name or name == "MFLAGS"]:
        del environment[name]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        errors = [line for line in said if line.startswith("error: ")] or said
        raise UserError(f"it cannot be built: {errors[0].removeprefix('error: ')}")
