"""Make the report again, in another folder but with this environment."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import error_without_paths
from helpers.pipeline.environment import environment as variables
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import Paths, requested_report
from helpers.pipeline.report.revision import COMMIT, EXCLUDED, revision
from helpers.pipeline.report.title import TITLE_BLOCK, report_environment
from helpers.pipeline.verify.reader import read_pdf
from helpers.pipeline.verify.verdicts import WIDTH, readable


def rebuild(build, read=read_pdf):
    """Make this checkout's report again in a temporary folder, and read it.

    `build` is the ``build.json`` of the report; the user's settings replace what it
    lacks. `read` is `read_pdf`, or `read_html` for the page, which needs no LaTeX.
    """
    text = "making everything again in a separate folder: half a minute"
    print(text, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = Path(folder, "copy")
        ignored = shutil.ignore_patterns(*EXCLUDED)
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
        # The copy has no git history, so this file states its version.
        report = build.get("report") or requested_report().name
        (copy / COMMIT.name).write_text(json.dumps(revision(report)))
        target = "pdf" if read is read_pdf else "html"
        tex = copy / requested_report().tex.relative_to(ROOT)
        tex.mkdir(parents=True)
        # Preambles can be reused, because a digest of the content is in their names.
        for preamble in requested_report().tex.glob("preamble-*.fmt"):
            shutil.copy(preamble, tex)
        settings = build.get("title", {}) | build.get("table", {})
        given = report_environment(report, settings) if build else {}
        return read(build_report(copy, given, target, shown=True))


def build_report(folder, given=None, target="report", *, shown=False):
    """Make the report of a copy of the project; return the path of the PDF or page.

    The environment variables `given` say what to make. By default it is the report that
    this process is to make, but with the notebook's title block. The `target` is
    ``report``, or only ``pdf`` or ``html``. If `shown`, a terminal shows each step.
    """
    given = dict.fromkeys(map(str.upper, TITLE_BLOCK), "") | (given or {})
    lines, clear = [], "\r\x1b[K"
    shown = shown and sys.stderr.isatty()
    with subprocess.Popen(
        [sys.executable, "-m", "helpers.pipeline.report", target],
        cwd=folder,
        env=variables(PYTHONPATH=str(folder), **given),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stderr:
            lines.append(line)
            if shown:
                text = readable(line, WIDTH - 1)
                print(f"{clear}{text}", end="", file=sys.stderr, flush=True)
    if shown:
        print(clear, end="", file=sys.stderr, flush=True)
    if process.returncode:
        error = error_without_paths("".join(lines), process.returncode)
        raise UserError(f"the report cannot be built: {error}")
    paths = Paths(given.get("REPORT") or requested_report().name, folder)
    return paths.html if target == "html" else paths.pdf
