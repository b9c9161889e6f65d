"""The PDF has the same bytes whatever the user has set up, or there is an error."""

import os
import shutil

import pytest

from helpers.pipeline.errors import UserError
from helpers.pipeline.report import pdf

REFERRING = r"\begin{document}\section{A}\label{a}\ref{a}\end{document}"


def test_nothing_of_a_persons_own_tex_reaches_the_pdf(to_pdf, tmp_path, monkeypatch):
    first = to_pdf(REFERRING).read_bytes()
    own = tmp_path / "home" / "texmf" / "tex" / "latex" / "own"
    own.mkdir(parents=True)
    (own / "microtype.sty").write_text(r"\errmessage{not this one}")
    names = "TEXINPUTS TEXFORMATS BSTINPUTS BIBINPUTS TEXFONTMAPS TFMFONTS TEXMFCNF"
    for name in (*names.split(), "TEXMF", "TEXMFHOME", "T1FONTS", "openin_any"):
        monkeypatch.setenv(name, str(own))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    two = tmp_path / "two"
    preamble = pdf.compile_preamble(two)
    assert pdf.to_pdf(REFERRING, {}, two, preamble).read_bytes() == first


@pytest.mark.parametrize("pass_", ["preamble", "report.tex"])
def test_a_pass_that_is_killed_leaves_no_report(tmp_path, monkeypatch, pass_):
    programs, folder = tmp_path / "bin", tmp_path / "tex"
    programs.mkdir()
    script = programs / "pdflatex"
    script.write_text(
        f'#!/bin/sh\n{shutil.which("pdflatex")} "$@" || exit\n'
        f'case "$*" in *"{pass_}"*) kill -9 $$;; esac\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(UserError, match="pdflatex was ended by signal 9"):
        pdf.to_pdf(REFERRING, {}, folder, pdf.compile_preamble(folder))


def test_a_build_does_not_start_from_what_one_that_was_killed_has_left(
    to_pdf, tmp_path
):
    (tmp_path / "report.aux").write_text(r"\newlabel{a")  # half a line
    assert to_pdf(r"\begin{document}x\label{a}\ref{a}\end{document}").exists()


def test_the_preamble_is_compiled_once_until_it_or_tex_changes(tmp_path, monkeypatch):
    folder, programs = tmp_path / "tex", tmp_path / "bin"
    own = tmp_path / "preamble.tex"
    own.write_text(r"\documentclass{article}")
    monkeypatch.setattr(pdf, "PREAMBLE", own)
    programs.mkdir()
    kpsewhich = programs / "kpsewhich"
    kpsewhich.write_text(f"#!/bin/sh\necho {tmp_path / 'ls-R'}\n")
    kpsewhich.chmod(0o755)
    (tmp_path / "ls-R").write_text("article.cls")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def compiled():
        name = pdf.compile_preamble(folder)
        [kept] = folder.glob("*.fmt")
        assert kept.stem == name
        return name, kept.stat().st_mtime_ns

    first = compiled()
    assert compiled() == first
    own.write_text(r"\documentclass[twocolumn]{article}")
    second = compiled()
    assert second != first
    (tmp_path / "ls-R").write_text("article.cls, another version")
    assert compiled() != second
    kpsewhich.write_text("#!/bin/sh\n")  # a TeX that has no such list
    assert compiled() != compiled()
