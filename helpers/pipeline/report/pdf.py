"""Set LaTeX as PDF."""

import os
import re
import shutil
import subprocess

from helpers import ROOT
from helpers.pipeline.report.complaints import complaint, names_in
from helpers.pipeline.report.revision import LONG_AGO

PREAMBLE = ROOT / "report" / "template" / "preamble.tex"
PASSES = 6  # two or three are enough
PERSONAL = ("TEXMFHOME", "TEXINPUTS", "TEXMFCONFIG", "TEXMFVAR")
WORKS = re.compile(r"\\bibliographystyle\{([\w-]+)\}\s*\\bibliography\{([\w-]+)\}")
BIBLIOGRAPHY_ONLY = r"""
\ifdefined\preamble\else\input{preamble}\fi
\begin{document}\input{report.bbl}\end{document}
"""


def begin_preamble(folder):
    """Start to compile the preamble, which no pass then has to read again.

    `folder` is where `to_pdf` will work; it waits for the process that is returned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PREAMBLE, folder)
    command = ["pdflatex", "-ini", "-interaction=batchmode", "-no-shell-escape"]
    command += ["-jobname=preamble", r"&pdflatex preamble.tex\dump"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)


def to_pdf(latex, files, folder, preamble=None, moment=LONG_AGO):
    """Run LaTeX until all references are settled.

    Parameters
    ----------
    latex : str
        The document.
    files : dict of str to bytes
        The files it includes or attaches, by name.
    folder : Path
        Where to work; its files make the next call faster.
    preamble : subprocess.Popen, optional
        What `begin_preamble` returned; without it, LaTeX takes longer.
    moment : int
        Time stamp of the PDF, in seconds since 1970: that of the commit, so that
        the same commit gives the same bytes.

    Returns
    -------
    Path
        The PDF.

    Raises
    ------
    RuntimeError
        If LaTeX cannot set the document, a reference leads nowhere, or something is
        too wide or too high for a page; the message is the first complaint of its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PREAMBLE, folder)
    for name, content in {**files, "report.tex": latex.encode()}.items():
        (folder / name).write_bytes(content)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error"]
    command += ["-no-shell-escape"]
    if preamble and preamble.wait() == 0:
        command.append("-fmt=preamble")
    log_file, aux = folder / "report.log", folder / "report.aux"
    set_bibliography(latex, folder, command)
    command.append("report.tex")
    for _ in range(PASSES):
        known = aux.read_bytes() if aux.exists() else b""
        failed = _run(command, folder, moment)
        if failed or aux.read_bytes() == known:  # all references are settled
            break
    else:
        raise RuntimeError(f"LaTeX's references do not settle in {PASSES} passes")
    log = log_file.read_text(errors="replace") if log_file.exists() else ""
    wrong = complaint(log, failed=failed, names=names_in(folder), source=latex)
    if wrong:
        for state in folder.glob("report.[!tl]*"):
            state.unlink()  # the next call must not start from them
        raise RuntimeError(f"LaTeX cannot set the report: {wrong} (see {log_file})")
    return folder / "report.pdf"


def set_bibliography(latex, folder, command):
    """Set the bibliography before the first pass, with all works, cited or not.

    The first pass then knows how to cite them. With question marks for citations its
    pages would end elsewhere, and LaTeX would need one pass more.
    """
    works = WORKS.search(latex)
    if not works:
        return
    style, data = works.groups()
    lines = ["\\citation{*}", f"\\bibstyle{{{style}}}", f"\\bibdata{{{data}}}"]
    (folder / "works.aux").write_text("\n".join(lines))
    _run(["bibtex", "works"], folder)
    (folder / "works.bbl").replace(folder / "report.bbl")
    if not (folder / "report.aux").exists():
        (folder / "works.tex").write_text(BIBLIOGRAPHY_ONLY)
        _run([*command, "works.tex"], folder)
        (folder / "works.aux").replace(folder / "report.aux")


def _run(command, folder, moment=LONG_AGO):
    """Run a program of TeX, without a person's own TeX folders; return if it failed."""
    variables = {"BIBINPUTS": f"{ROOT / 'report'}:", "max_print_line": "9999"}
    variables |= {"SOURCE_DATE_EPOCH": str(moment), "FORCE_SOURCE_DATE": "1"}
    variables |= dict.fromkeys(PERSONAL, "")
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, stdout=subprocess.DEVNULL
    )
    return done.returncode != 0
