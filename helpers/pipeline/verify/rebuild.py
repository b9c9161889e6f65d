"""Make the report again, in another folder but with this environment."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import error_in
from helpers.pipeline.environment import environment as variables
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.evidence import TITLE_BLOCK
from helpers.pipeline.report.revision import COMMIT, LEFT_OUT, revision
from helpers.pipeline.verify.reader import read_pdf


def rebuild(title=None):
    """Make this checkout's report again in a temporary folder.

    Parameters
    ----------
    title : dict of str to str, optional
        The title block.

    Returns
    -------
    helpers.pipeline.verify.reader.ReadReport
        The new report.
    """
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = Path(folder, "copy")
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
        # The copy has no history: this says which version it is.
        (copy / COMMIT.name).write_text(json.dumps(revision()))
        return read_pdf(build_report(copy, title=title))


def build_report(folder, environment=None, title=None):
    """Make the report of a copy of the project.

    Parameters
    ----------
    folder : Path
        The copy.
    environment : dict of str to str, optional
        Environment variables that it gets besides the usual ones.
    title : dict of str to str, optional
        The title block.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    UserError
        If it cannot be made, with the error that was printed.
    """
    given = {name.upper(): text for name, text in (title or {}).items()}
    given |= {"PYTHONPATH": str(folder)} | (environment or {})
    unknown = dict.fromkeys({*map(str.upper, TITLE_BLOCK)} - given.keys(), "")
    done = subprocess.run(
        [sys.executable, "-m", "helpers.pipeline.report"],
        cwd=folder,
        env=variables(**unknown, **given),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        error = error_in(done.stderr or done.stdout, done.returncode)
        raise UserError(f"it cannot be built: {error}")
    return folder / "report" / "report.pdf"
