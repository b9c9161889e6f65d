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
from helpers.pipeline.command import UserError
from helpers.pipeline.grading.gradebook import Grade
from helpers.pipeline.grading.sandbox import run_confined
from helpers.pipeline.grading.unpack import counts, unpack
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.report.revision import COMMIT, MADE, Revision
from helpers.pipeline.verify.compare import Line

GRADES = ROOT / "build" / "grades"
REPORT, RECORDED = Path("report", "report.pdf"), Path(MADE)
# What is the grader's: nothing else of this checkout is shown to a submission.
TRUSTED = ("helpers", "report/template", "requirements.txt")
MODULE = [f"{sys.prefix}/bin/python", "-m"]
FONTS = "build"  # what is there can be read in a sandbox, and other files be written
LENT = ("report/figures.mplstyle", "report/references.bib")
# What it says goes one way, the report that it makes the other.
MAKE = ["sh", "-c", f'"$@" >&2 && cat {REPORT}', "make"]


def find(folder):
    """Return the submissions in a folder: every zip and every folder in it."""
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: make grade SUBMISSIONS=folder")
    inside = (path for path in folder.iterdir() if path.name[0] != ".")
    found = sorted(
        p for p in inside if p.is_dir() or (p.suffix.lower() == ".zip" and p.is_file())
    )
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
    """Have matplotlib look for the machine's fonts once, and not in each sandbox."""
    # With a home of its own: it does not find what only the grader has.
    told = {"PATH": os.environ["PATH"], "HOME": str(trusted)}
    told["MPLCONFIGDIR"] = str(trusted / FONTS)
    command = [*MODULE, "matplotlib.font_manager"]
    subprocess.run(command, env=told, capture_output=True)  # else each looks itself


def _result(future, path):
    """Return a grade, even if its worker was killed."""
    try:
        return future.result()
    except BrokenExecutor:
        return Grade(path.name, [], "the machine killed what graded it: again", 0.0)


def take_core(free):
    """Keep this process, and so what it starts, to a core of its own."""
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
        What it may use.
    tolerance : float or None
        See `helpers.pipeline.verify.verify.verify`.
    walled : bool
        Whether it is run behind walls.

    Returns
    -------
    Grade
        Its verdict.
    """
    started, lines, problem = time.monotonic(), [], ""
    with tempfile.TemporaryDirectory(prefix="submission-") as kept:
        handed_in, project = Path(kept, "handed-in"), Path(kept, "project")
        report, again = handed_in / REPORT, Path(kept, "again.pdf")

        def confined(command, folder, **options):
            left = limits.seconds - (time.monotonic() - started)
            within = limits._replace(seconds=max(0.0, left))
            ended = run_confined(command, folder, within, walled=walled, **options)
            stopped = ended.stopped and ended.stopped.replace(
                f"{within.seconds:g} s", f"{limits.seconds:g} s"
            )
            return ended._replace(stopped=stopped)

        try:
            unpack(path, handed_in)
            command = [*MODULE, "helpers.pipeline.verify.reader", str(report)]
            build = json.loads(finished(confined(command, trusted, shown=[report])))
            assemble(trusted, handed_in, build, project)
            given = {name.upper(): text for name, text in build["title"].items()}
            given["MPLCONFIGDIR"] = str(project / FONTS)
            command = [*MAKE, *MODULE, "helpers.pipeline.report"]
            again.write_bytes(finished(confined(command, project, given=given)))
            command = [*MODULE, "helpers.pipeline.verify", "--json", "--pdf", report]
            command += ["--made", again]
            command += ["--tolerance", tolerance] if tolerance is not None else []
            command += ["--beside", handed_in]
            shown = [handed_in, again]
            compared = confined(list(map(str, command)), trusted, shown=shown)
            told = json.loads(finished(compared, fine=(0, 1)))
            lines = [Line(**line) for line in told["checked"]]
        except UserError as error:
            problem = str(error)
        except Exception as error:  # whatever it is, the others are graded
            problem = f"{type(error).__name__}: {error}"
    return Grade(path.name, lines, problem, time.monotonic() - started)


def finished(ended, fine=(0,)):
    """Return the output of a program that ended well.

    Raises
    ------
    UserError
        If it was stopped or failed; the message is what it said.
    """
    if ended.stopped:
        raise UserError(ended.stopped)
    if ended.status not in fine:
        said = ended.err.strip().splitlines() or [f"it ended with {ended.status}"]
        errors = [line for line in said if line.startswith("error: ")] or said[-1:]
        raise UserError(errors[0].removeprefix("error: "))
    return ended.out


def assemble(trusted, handed_in, build, project):
    """Put together the grader's pipeline and what was handed in.

    Parameters
    ----------
    trusted, handed_in : Path
        The grader's checkout; what counts of the submission.
    build : dict
        Which version the report says that it is.
    project : Path
        Where; it must not exist.
    """
    shutil.copytree(trusted, project)
    for path in sorted(project.rglob("*")):
        if path.is_file() and counts(path.relative_to(project).as_posix()):
            path.unlink()
    for name in LENT:  # the look of figures, the works: whoever has no own
        if not (handed_in / name).exists():
            shutil.copy(ROOT / name, project / name)
    shutil.copytree(handed_in, project, dirs_exist_ok=True)
    (project / REPORT).unlink()
    (project / RECORDED).unlink(missing_ok=True)
    version = [build[name] for name in Revision._fields]
    (project / COMMIT.name).write_text(json.dumps(version))
