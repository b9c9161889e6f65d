"""Verify everything that a class has handed in.

Each submission is made again by this checkout's own pipeline, from the submission's
notebooks, helpers, data and grid, and compared with the report that came with it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import error_in
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.gradebook import Grade
from helpers.pipeline.grading.sandbox import run_confined
from helpers.pipeline.grading.unpack import counts, is_zip, unpack, visible
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.report.revision import COMMIT, MADE, Revision
from helpers.pipeline.verify.verdicts import HOLDS, NOT_RUN, NOTED, STATUSES, Line

COMPARED = {*STATUSES} - {NOT_RUN}
REPORT = Path("report", "report.pdf")
PAGE, RESULTS = REPORT.with_suffix(".html"), REPORT.with_name("results.json")
# All of this checkout that a submission is shown.
TRUSTED = (
    "helpers",
    "report/template",
    "report/page",
    "requirements.txt",
    "Makefile",
    "apt.txt",
)
TRUSTED += ("environment.yml", "pyproject.toml")
# A submission without its own gets the grader's.
LENT = ("report/figures.mplstyle", "report/references.bib")
FONTS = "build"  # holds matplotlib's list of fonts; a sandbox can read it and write
PYTHON = [f"{sys.prefix}/bin/python", "-m"]
# Its messages go to stderr, and the report that it has made to stdout.
MAKE = ["sh", "-c", f'"$@" >&2 && cat {REPORT}', "make"]


def find(folder):
    """Return the submissions in a folder: every zip and every folder in it."""
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: make grade SUBMISSIONS=folder")
    found = [path for path in visible(folder) if path.is_dir() or is_zip(path)]
    if not found:
        raise UserError(f"there is no zip and no folder in {folder}")
    return found


def grade_all(submissions, limits, tolerance, walled):
    """Grade several at a time, each on a core of its own.

    Yields
    ------
    Grade
        In the order in which they are done.
    """
    cores = sorted(os.sched_getaffinity(0)) if CAN_FORK else [None]
    free = get_context("fork" if CAN_FORK else "spawn").SimpleQueue()
    for core in cores:
        free.put(core)
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        trusted = Path(folder, "trusted")
        for part in TRUSTED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            (trusted / part).parent.mkdir(exist_ok=True)
            copy(ROOT / part, trusted / part)
        find_fonts(trusted)
        pool = ProcessPoolExecutor(len(cores), initializer=take_core, initargs=(free,))
        with pool:
            graded = {
                pool.submit(grade, path, trusted, limits, tolerance, walled): path
                for path in submissions
            }
            try:
                for future in as_completed(graded):
                    yield _result(future, graded[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def find_fonts(trusted):
    """Have matplotlib list the machine's fonts once, and not in each sandbox."""
    # In a home of its own, it does not list the fonts that only the grader has.
    environment = {"PATH": os.environ["PATH"], "HOME": str(trusted)}
    environment["MPLCONFIGDIR"] = str(trusted / FONTS)
    command = [*PYTHON, "matplotlib.font_manager"]
    # If this fails, each sandbox makes its own list.
    subprocess.run(command, env=environment, capture_output=True)


def _result(future, path):
    """Return a grade, even if its process was killed."""
    try:
        return future.result()
    except BrokenExecutor:
        problem = "the process that graded it was killed: grade it again"
        return Grade(path.name, [], problem, 0.0)


def take_core(free):
    """Keep this process, and so all that it starts, on a core of its own."""
    core = free.get()
    if core is not None:
        os.sched_setaffinity(0, {core})


def grade(path, trusted, limits, tolerance, walled):
    """Grade one submission.

    Parameters
    ----------
    path : Path
        A zip or a folder.
    trusted : Path
        A copy of this checkout.
    limits : Limits
        What it may use; the time is for all that it runs.
    tolerance : float or None
        See `helpers.pipeline.verify.verify.verify`.
    walled : bool
        Whether it is run behind walls.

    Returns
    -------
    Grade
    """
    started, lines, problem = time.monotonic(), [], ""

    def run(folder, command, fine=(0,), **options):
        """Run a program that is not trusted, and return its output."""
        options |= {"walled": walled, "started": started}
        ended = run_confined(list(map(str, command)), folder, limits, **options)
        if ended.stopped:
            raise UserError(ended.stopped)
        if ended.status not in fine:
            raise UserError(error_in(ended.err, ended.status))
        return ended.out

    with tempfile.TemporaryDirectory(prefix="submission-") as temporary:
        handed_in, project = Path(temporary, "handed-in"), Path(temporary, "project")
        report, rebuilt = handed_in / REPORT, Path(temporary, "rebuilt.pdf")
        try:
            unpack(path, handed_in)
            command = [*PYTHON, "helpers.pipeline.verify.reader", report]
            build = json.loads(run(trusted, command, shown=[report]))
            assemble(trusted, handed_in, build, project)
            environment = {name.upper(): text for name, text in build["title"].items()}
            environment["MPLCONFIGDIR"] = str(project / FONTS)
            command = [*MAKE, *PYTHON, "helpers.pipeline.report"]
            rebuilt.write_bytes(run(project, command, environment=environment))
            command = [*PYTHON, "helpers.pipeline.verify", "--json", "--pdf", report]
            command += ["--rebuilt", rebuilt, "--beside", handed_in]
            command += ["--tolerance", tolerance] if tolerance is not None else []
            shown = [handed_in, rebuilt]
            compared = json.loads(run(trusted, command, fine=COMPARED, shown=shown))
            lines = [judged(Line(**line)) for line in compared["checked"]]
        except UserError as error:
            problem = str(error)
        except Exception as error:  # whatever it is, the others are graded
            problem = f"{type(error).__name__}: {error}"
    return Grade(path.name, lines, problem, time.monotonic() - started)


def judged(line):
    """Note, and do not blame, attached code in whose place the grader's own was run."""
    name = line.what.removeprefix("attached ")
    if name == line.what or line.verdict == HOLDS:
        return line
    blamed = counts(name) or name in ("build.json", "requirements.txt")
    return line if blamed else line._replace(verdict=NOTED)


def assemble(trusted, handed_in, build, project):
    """Put together the grader's pipeline and a submission, in a new folder.

    The project is of the version that the submitted report states in its ``build``.
    """
    shutil.copytree(trusted, project)
    for path in sorted(project.rglob("*")):
        if path.is_file() and counts(path.relative_to(project).as_posix()):
            path.unlink()
    for name in LENT:
        if not (handed_in / name).exists():
            shutil.copy(ROOT / name, project / name)
    shutil.copytree(handed_in, project, dirs_exist_ok=True)
    for name in (REPORT, PAGE, RESULTS, MADE):  # which it is to make
        (project / name).unlink(missing_ok=True)
    version = [build[name] for name in Revision._fields]
    (project / COMMIT.name).write_text(json.dumps(version))
