"""The PDF: the same bytes whatever a person has set up, or an error."""

import os
import re
import shutil

import pytest

from helpers.pipeline.errors import UserError
from helpers.pipeline.report import pdf
from helpers.pipeline.report.markdown import markdown_to_html
from helpers.pipeline.verify.reader import text_of

CITING = (
    r"\begin{document}\citet{boyd2004}\label{a}\ref{a}"
    r"\bibliographystyle{plainnat}\bibliography{references}\end{document}"
)


def test_nothing_of_a_persons_own_tex_reaches_the_pdf(to_pdf, tmp_path, monkeypatch):
    first = to_pdf(CITING).read_bytes()
    own = tmp_path / "home" / "texmf" / "tex" / "latex" / "own"
    own.mkdir(parents=True)
    (own / "natbib.sty").write_text(r"\errmessage{not this one}")
    names = "TEXINPUTS TEXFORMATS BSTINPUTS BIBINPUTS TEXFONTMAPS TFMFONTS TEXMFCNF"
    for name in (*names.split(), "TEXMF", "TEXMFHOME", "T1FONTS", "openin_any"):
        monkeypatch.setenv(name, str(own))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    two = tmp_path / "two"
    preamble = pdf.compile_preamble(two)
    assert pdf.to_pdf(CITING, {}, two, preamble).read_bytes() == first


def test_the_bibliography_has_the_works_that_are_cited(printed):
    text = printed(CITING.replace("boyd2004", "boyd2004, golub2013"))
    assert "Boyd" in text.partition("References")[2]
    assert "Golub" in text.partition("References")[2]
    assert "Goodfellow" not in text


WORKS = r"""
@article{a, author={M{\"u}ller, K.}, title={Nets in R: The {KKT} Case}, journal={J},
  volume={3}, number={2}, pages={7}, year={2001}, note={To appear}}
@book{b, author={{\'E}lie, K. and Boyd, S.}, title={Optimization for All}, volume={4},
  series={Notes}, publisher={P}, address={Paris}, year={2002}}
@book{c, editor={Ed, A. and Fo, B.}, title={{\"U}ber \'Etudes {\`A} la Carte},
  publisher={P}, edition={second}, year={2003}}
@inproceedings{d, author={D, D.}, title={LeNet-5 on {ImageNet}}, booktitle={The Big
  Conference}, editor={Ed, A.}, volume={70}, series={PMLR}, pages={9}, year={2004}}
@phdthesis{e, author={Ez, E.}, title={A Thesis}, school={MIT}, year={2005}}
@techreport{f, author={F, F.}, title={On ADAM}, institution={I}, number={7}, year=2006}
@article{g, author={G, G.}, title={$L_2$ Norms}, journal={J}, doi={10.1/x},
  url={http://a.org}, year={2007}}
@article{h, author={G, Go}, title={A First}, journal={J}, year={2007}}
"""


def test_works_have_the_same_words_and_order_on_the_page_as_in_print(
    printed, tmp_path, monkeypatch
):
    bibliography = tmp_path / "works" / "references.bib"
    bibliography.parent.mkdir()
    bibliography.write_text(WORKS, encoding="utf-8")
    monkeypatch.setattr(pdf, "BIBLIOGRAPHIES", bibliography.parent)
    keys = [*"abcdefgh"]
    text = printed(CITING.replace("boyd2004", ",".join(keys)))
    _, works = markdown_to_html([" ".join(f"@{key}" for key in keys)], bibliography)
    works = re.sub("<annotation.*?</annotation>", "", works)
    entries = re.findall('id="ref-.*?>(.*?)</div>', works, re.DOTALL)
    assert len(entries) == len(keys)
    said = re.sub(r"\W", "", text.partition("References")[2])
    assert said.startswith("".join(re.sub(r"\W", "", text_of(e)) for e in entries))


@pytest.mark.parametrize("pass_", ["preamble", "bibtex works", "works.tex"])
def test_a_pass_that_is_killed_leaves_no_report(tmp_path, monkeypatch, pass_):
    programs, folder = tmp_path / "bin", tmp_path / "tex"
    programs.mkdir()
    for name in ("pdflatex", "bibtex"):
        script = programs / name
        real = shutil.which(name)
        script.write_text(
            f'#!/bin/sh\n{real} "$@" || exit\n'
            f'case "{name} $*" in *"{pass_}"*) kill -9 $$;; esac\n'
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(UserError, match=r"(pdflatex|bibtex) was ended by signal 9"):
        pdf.to_pdf(CITING, {}, folder, pdf.compile_preamble(folder))


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
