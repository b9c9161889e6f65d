"""The evidence by which a report can be verified: its results and its code.

``results.json`` has one line for each claim and each run, to ten significant digits. It
is committed, so that a change of any number shows in review. The code is attached file
by file, each under its path.
"""

import io
import json
import platform
import subprocess
import time
import zipfile
from math import isfinite
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.environment import environment
from helpers.pipeline.kernels.arithmetic import processors
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.report.paths import ASSIGNMENT, relevant_files
from helpers.pipeline.report.revision import is_excluded
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import has_failed, path_of

RESULTS, BUILD = "results.json", "build.json"  # their names as attachments
FILES = "files.zip"  # in the page: all attachments of the PDF
# The files that a page carries in links, with their MIME types.
CARRIED = {RESULTS: "application/json", BUILD: "application/json"}
CARRIED |= {FILES: "application/zip"}
LAYOUT = 3
HEAD = ("layout", "platform")
DIGITS = 10  # further ones may differ between processors
# The files that make the report, except the data, which may be large.
CODE = ("Makefile", "apt.txt", "environment.yml", "experiments.yaml", "pyproject.toml")
CODE += ("requirements.txt", "data/*.yaml", "helpers/**/*.json", "helpers/**/*.py")
CODE += ("helpers/**/*.css", "helpers/**/*.js", "helpers/**/*.lua")
CODE += ("notebooks/*.ipynb", "report/*.bib", "report/*.mplstyle")
CODE += ("report/template/*", "report/page/*", "report/timings.json")
# Metadata that Jupyter adds to cells in use, and nbstripout removes.
VIEW = ("collapsed", "ExecuteTime", "execution", "heading_collapsed", "hidden")
VIEW += ("scrolled",)
FIRST, LAST = 315_532_800, 4_354_819_198  # the times that a zip can hold: 1980 to 2107


def collect(claims, experiments):
    """Return the recorded results of a report's claims and of experiments."""
    runs = {}
    for experiment, points in read_points(only=experiments).items():
        for point in points:
            if point.run not in runs:
                parameters = {"notebook": point.notebook, **point.parameters}
                runs[point.run] = {"experiments": [], "parameters": parameters}
                runs[point.run] |= _ending(point.run)
            runs[point.run]["experiments"].append(experiment)
    head = {"layout": LAYOUT, "platform": platform_name()}
    # Leave out the numbers of cells: a new cell would change all that follow.
    claims = {n: {k: c[k] for k in c if k != "cell"} for n, c in claims.items()}
    return head | {"claims": rounded(claims), "runs": rounded(runs)}


def _ending(run):
    """Return how a run ended, and its last cost if it recorded one."""
    if has_failed(run):
        return {"status": "failed"}
    try:
        recorded = read_record(path_of(run))
    except NoRecordError:
        return {"status": "recorded nothing"}
    cost = {"cost": recorded["costs"][-1]} if recorded.get("costs") else {}
    return {"status": recorded.get("status")} | cost


def rounded(value):
    """Return a value with all its numbers rounded to ten significant digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else str(value)
    return value


def as_text(results):
    """Return results as JSON, with one line for each claim and each run."""
    parts = [f' "{name}": {json.dumps(results[name])}' for name in HEAD]
    for kind in ("claims", "runs"):
        lines = (
            f"  {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
            for name, entry in results[kind].items()
        )
        parts.append(f' "{kind}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def platform_name():
    """Name the platform and versions on which the bytes of results and PDFs depend."""
    command = ["pdflatex", "--version"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    tex = done.stdout.partition("\n")[0]
    python = f"Python {platform.python_version()}"
    return ", ".join((f"{platform.system()} {processors()}", python, tex))


def attachments(claims, build, version, experiments):
    """Return the files that are attached to the PDF and the page, by name.

    They are the recorded results; ``build.json``, with the version and the settings of
    the report (`build`); and the code, the grid and the lock file under their paths.
    """
    build = {"layout": LAYOUT, **version._asdict(), **build}
    content = json.dumps(build, ensure_ascii=False, indent=1) + "\n"
    return code(build["report"]) | {
        RESULTS: as_text(collect(claims, experiments)).encode(),
        BUILD: content.encode(),
    }


def code(report=ASSIGNMENT.name):
    """Return the content of every file that makes the named report, by path."""
    files = {path for pattern in CODE for path in ROOT.glob(pattern) if path.is_file()}
    paths = {path.relative_to(ROOT): path for path in files}
    relevant = {*relevant_files(report, map(Path.as_posix, paths))}
    return {
        name.as_posix(): without_outputs(path.read_bytes())
        if name.suffix == ".ipynb"
        else path.read_bytes()
        for name, path in sorted(paths.items())
        if not any(map(is_excluded, name.parts)) and name.as_posix() in relevant
    }


def zipped(files, moment):
    """Return a reproducible zip of files by name, all dated `moment`.

    The moment is in seconds since 1970. The bytes of the zip depend on nothing else.
    """
    buffer, moment = io.BytesIO(), min(max(moment, FIRST), LAST)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, time.gmtime(moment)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            executable = content.startswith(b"#!")
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def without_outputs(content):
    """Return a notebook as git keeps it: without outputs, counts and kernel details."""
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            for key in VIEW:
                cell["metadata"].pop(key, None)
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
        language = notebook["metadata"].pop("language_info", {})
        if "name" in language:
            notebook["metadata"]["language_info"] = {"name": language["name"]}
        for key in ("signature", "widgets"):
            notebook["metadata"].pop(key, None)
    except (ValueError, TypeError, KeyError, AttributeError):  # not a notebook
        return content
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{text}\n".encode()
