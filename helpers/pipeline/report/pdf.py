"""Compile LaTeX to PDF."""

import shutil
import subprocess
import uuid

from helpers import ROOT
from helpers.pipeline.environment import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import sha256
from helpers.pipeline.kernels.audit import file_stamp
from helpers.pipeline.report.latex_log import first_problem
from helpers.pipeline.report.revision import LONG_AGO

PREAMBLE = ROOT / "report" / "template" / "preamble.tex"
MAX_PASSES = 6  # two or three are usually enough
BEGIN = r"\begin{document}"


def compile_preamble(folder):
    """Compile the preamble, so that no pass has to read it again; return its name.

    A preamble that the same TeX compiled in this folder before is reused. Raises the
    errors of `to_pdf`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"preamble-{_digest_of_preamble()}"
    if (folder / f"{name}.fmt").exists():
        return name
    shutil.copy(PREAMBLE, folder)
    command = ["pdflatex", "-ini", "-interaction=batchmode", "-no-shell-escape"]
    command += ["-jobname=preamble", r"&pdflatex preamble.tex\dump"]
    if _run(command, folder, prefix=["nice"]):  # other work is more urgent
        path = folder / "preamble.log"
        problem = first_problem(_text(path), failed=True)
        raise UserError(f"LaTeX cannot read the preamble: {problem} (see {path})")
    for outdated in folder.glob("preamble-*.fmt"):
        outdated.unlink()
    (folder / "preamble.fmt").rename(folder / f"{name}.fmt")
    return name


def _digest_of_preamble():
    """Return a digest that changes with the preamble and with TeX's files."""
    lists = ["kpsewhich", "-all", "ls-R"]  # updated when a TeX package is installed
    done = subprocess.run(lists, env=environment(), capture_output=True, text=True)
    stamps = [(path, file_stamp(path)) for path in done.stdout.splitlines()]
    version = stamps or uuid.uuid4()  # without file lists, compile each time
    return sha256(PREAMBLE.read_bytes() + repr(version).encode())


def to_pdf(latex, files, folder, preamble, moment=LONG_AGO):
    """Run LaTeX until all references are settled; return the path of the PDF.

    `files` are those that the document includes or attaches, by name; what stays in
    `folder` makes the next call faster. `preamble` is the name from `compile_preamble`.
    `moment` is the time stamp of the PDF, in seconds since 1970. Raises UserError, with
    the first problem in the log, if LaTeX fails or is killed, a reference leads
    nowhere, or something is too large for a page.
    """
    for name, content in {**files, "report.tex": latex.encode()}.items():
        (folder / name).write_bytes(content)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error"]
    command += ["-no-shell-escape", f"-fmt={preamble}"]
    log, aux, complete = (folder / f"report.{end}" for end in ("log", "aux", "whole"))
    if not complete.exists():
        for state in folder.glob("report.[!tl]*"):  # left by a call that failed
            state.unlink()
    complete.unlink(missing_ok=True)  # until this call succeeds
    for _ in range(MAX_PASSES):
        previous = aux.read_bytes() if aux.exists() else b""
        failed = _run([*command, "report.tex"], folder, moment)
        if failed or aux.read_bytes() == previous:  # all references are settled
            break
    else:
        raise UserError(f"LaTeX's references do not settle in {MAX_PASSES} passes")
    if problem := first_problem(_text(log), failed=failed, source=latex):
        raise UserError(f"LaTeX cannot typeset the report: {problem} (see {log})")
    complete.touch()
    return folder / "report.pdf"


def _text(path):
    """Return the text of a file that TeX wrote, or nothing."""
    return path.read_text(errors="replace") if path.exists() else ""


def _run(command, folder, moment=LONG_AGO, prefix=()):
    """Run a TeX program; return whether it failed, or raise UserError if it died."""
    env = environment(SOURCE_DATE_EPOCH=str(moment), FORCE_SOURCE_DATE="1")
    env |= {"max_print_line": "9999"}
    quiet = subprocess.DEVNULL
    done = subprocess.run([*prefix, *command], cwd=folder, env=env, stdout=quiet)
    status = done.returncode
    # A program that was killed leaves incomplete files. A shell or a sandbox adds 128
    # to the number of the signal.
    signal = -status if status < 0 else status - 128
    if signal > 0:
        raise UserError(f"{command[0]} was ended by signal {signal}; try again")
    return status != 0
