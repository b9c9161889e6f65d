"""Set LaTeX as PDF."""

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
PASSES = 6  # two or three are enough
BEGIN = r"\begin{document}"


def compile_preamble(folder):
    """Compile the preamble, which no pass then has to read again; return its name.

    What the same TeX has compiled in this folder already is taken. It raises as
    `to_pdf` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"preamble-{_digest_of_preamble()}"
    if (folder / f"{name}.fmt").exists():
        return name
    shutil.copy(PREAMBLE, folder)
    command = ["pdflatex", "-ini", "-interaction=batchmode", "-no-shell-escape"]
    command += ["-jobname=preamble", r"&pdflatex preamble.tex\dump"]
    if _run(command, folder, before=["nice"]):  # others wait for what runs now
        path = folder / "preamble.log"
        wrong = first_problem(_text(path), failed=True)
        raise UserError(f"LaTeX cannot read the preamble: {wrong} (see {path})")
    for other in folder.glob("preamble-*.fmt"):
        other.unlink()
    (folder / "preamble.fmt").rename(folder / f"{name}.fmt")
    return name


def _digest_of_preamble():
    """Return a text that is another one if the preamble is, or TeX's files are."""
    lists = ["kpsewhich", "-all", "ls-R"]  # renewed when a package of TeX is
    found = subprocess.run(lists, env=environment(), capture_output=True, text=True)
    stamps = [(path, file_stamp(path)) for path in found.stdout.splitlines()]
    made_of = stamps or uuid.uuid4()  # a TeX without lists: compiled each time
    return sha256(PREAMBLE.read_bytes() + repr(made_of).encode())


def to_pdf(latex, files, folder, preamble, moment=LONG_AGO):
    """Run LaTeX until all references are settled; return the path of the PDF.

    `files` are what the document includes or attaches, by name; those in the folder
    make the next call faster. `preamble` is what `compile_preamble` returned. `moment`
    is the time stamp of the PDF, in seconds since 1970. UserError, with the first
    complaint of the log, if LaTeX cannot set the document or is killed, a reference
    leads nowhere, or something is too large for a page.
    """
    for name, content in {**files, "report.tex": latex.encode()}.items():
        (folder / name).write_bytes(content)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error"]
    command += ["-no-shell-escape", f"-fmt={preamble}"]
    log_file, aux, whole = (folder / f"report.{end}" for end in ("log", "aux", "whole"))
    if not whole.exists():
        for state in folder.glob("report.[!tl]*"):  # of a call that did not end well
            state.unlink()
    whole.unlink(missing_ok=True)  # until this call has ended well
    for _ in range(PASSES):
        known = aux.read_bytes() if aux.exists() else b""
        failed = _run([*command, "report.tex"], folder, moment)
        if failed or aux.read_bytes() == known:  # all are settled
            break
    else:
        raise UserError(f"LaTeX's references do not settle in {PASSES} passes")
    if wrong := first_problem(_text(log_file), failed=failed, source=latex):
        raise UserError(f"LaTeX cannot set the report: {wrong} (see {log_file})")
    whole.touch()
    return folder / "report.pdf"


def _text(path):
    """Return what a program of TeX has written, or nothing."""
    return path.read_text(errors="replace") if path.exists() else ""


def _run(command, folder, moment=LONG_AGO, before=()):
    """Run a program of TeX; return if it failed, and raise UserError if it died."""
    env = environment(SOURCE_DATE_EPOCH=str(moment), FORCE_SOURCE_DATE="1")
    env |= {"max_print_line": "9999"}
    quiet = subprocess.DEVNULL
    done = subprocess.run([*before, *command], cwd=folder, env=env, stdout=quiet)
    status = done.returncode
    # What a program leaves that was killed is not whole. A shell and a sandbox add 128
    # to the number of the signal.
    number = -status if status < 0 else status - 128
    if number > 0:
        raise UserError(f"{command[0]} was ended by signal {number}: make report")
    return status != 0
