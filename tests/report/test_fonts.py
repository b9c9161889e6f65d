"""Letters beyond T1: names in the PDF, always the same bytes, or a one-line error."""

import json
import re
import shutil
import subprocess
import unicodedata

import nbformat
import pytest
from project import Project
from pypdf import PdfReader
from small import CELLS, make_small

from helpers.pipeline.errors import UserError
from helpers.pipeline.report import fonts
from helpers.pipeline.report.title import title_block
from helpers.pipeline.report.typeset import check_letters
from helpers.pipeline.verify.reader import read_pdf, text_of
from helpers.pipeline.verify.rebuild import build_report

NAMES = (
    "Nguyễn Văn Đức, Zoë, Łukasz, Ḥasan, Ελένη Παπαδοπούλου, Ђорђе, Наталія, Ọbáfẹ́mi"
)
SIGNS = "α ≤ µ → ≈ ∞ Δ Ω μ"
PROSE = f"""\
%%prose
# By {NAMES}

The costs are {{{{horsepower.cost}}}} and {{{{all.cost}}}}; see @fig:costs. Also Ἀθηνᾶ,
*Александр*, **Đức** and `Ελένη` say {SIGNS} and $α ≤ β$.

| Who   | What |
|-------|------|
| Ґалаґан | x  |
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory, two_runs):
    """Return the folder of a small report that is full of names."""
    project = Project(tmp_path_factory.mktemp("letters"))
    make_small(project)
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    path = project.folder / "notebooks" / "report.ipynb"
    notebook = json.loads(path.read_text())
    sources = [PROSE if source.startswith("%%prose") else source for source in CELLS]
    for cell, source in zip(notebook["cells"], sources, strict=True):
        cell["source"] = source.replace("The costs.", "The costs of Zoë Đặng.")
    path.write_text(json.dumps(notebook))
    given = {"STUDENT": unicodedata.normalize("NFD", NAMES), "TITLE": "Über Эйлер"}
    build_report(project.folder, given)
    return project.folder / "report"


def test_names_are_printed_with_their_letters(made):
    text = " ".join(
        "\n".join(p.text for p in read_pdf(made / "report.pdf").pages).split()
    )
    assert f"Über Эйлер Student {NAMES} " in text
    assert f"1 By {NAMES} The costs" in text
    assert f"Ἀθηνᾶ, Александр, Đức and Ελένη say {SIGNS}" in text
    assert "Ґалаґан" in text
    assert "The costs of Zoë Đặng." in text


def test_names_are_right_outside_of_the_pages(made):
    reader = PdfReader(made / "report.pdf")
    assert (reader.metadata.author, reader.metadata.title) == (NAMES, "Über Эйлер")
    assert reader.outline[0].title == f"1 By {NAMES}"
    page = text_of((made / "report.html").read_text(encoding="utf-8"))
    assert page.count(NAMES) >= 2


def test_all_fonts_of_names_are_subsets_without_bitmaps(made):
    fonts = PdfReader(made / "report.pdf").pages[0]["/Resources"]["/Font"]
    found = [font.get_object() for font in fonts.values()]
    assert {font["/Subtype"] for font in found} == {"/Type1", "/TrueType"}
    assert all("+" in font["/BaseFont"] for font in found)


def test_letters_that_are_not_composed_are_the_same_name(monkeypatch):
    for form in ("NFC", "NFD"):
        monkeypatch.setenv("STUDENT", unicodedata.normalize(form, NAMES))
        assert title_block()["student"] == NAMES


def test_what_latex_can_set_needs_no_fonts():
    assert fonts.declarations("Zoë Łukasz – “±²”… Š\u00a0ß") == ("", {})


def test_letters_that_no_font_has_are_all_named_with_their_cells():
    cell = nbformat.v4.new_code_cell("%%prose", execution_count=7)
    report = {"kind": "prose", "text": "by 王, 李 and Zoë"}
    cell.outputs = [nbformat.v4.new_output("display_data", metadata={"report": report})]
    many = nbformat.v4.new_markdown_cell(f"Well done {'王任国中你我他'}")
    notebook = nbformat.v4.new_notebook(cells=[cell, many])
    with pytest.raises(UserError) as caught:
        check_letters(notebook)
    first, second = str(caught.value).split("; ")
    assert first == (
        "the PDF has no font for letters of In [7]: '李' (U+674E), '王' (U+738B)"
    )
    assert second.startswith("of the cell that begins with 'Well done 王")
    assert second.endswith("and 2 more (make html needs none)")


def test_a_name_that_cannot_be_set_is_refused_and_not_remembered(project):
    inputs = project.folder / "build" / "inputs"
    assert project.make("build/inputs", "STUDENT=Đức", "DATE=now").returncode == 0
    before = inputs.read_bytes()
    for given, line in (
        (
            "STUDENT=王",
            "the PDF has no font for letters of STUDENT: "
            "'王' (U+738B) (make html needs none)",
        ),
        ("COURSE=a\nb", r"COURSE must be one line of at most 500 letters, got 'a\nb'"),
    ):
        done = project.make("report", given)
        errors = [e for e in done.stderr.splitlines() if not e.startswith("make")]
        assert (done.returncode, errors) == (2, [f"error: {line}"])
        assert inputs.read_bytes() == before
    assert [path.name for path in inputs.parent.iterdir()] == ["inputs"]


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("TITLE", "a 😀", ": '😀' (U+1F600)"),
        ("DATE", "\x1b", r" must be one line of at most 500 letters, got '\x1b'"),
        ("STUDENT", "x" * 501, " must be one line of at most 500 letters, got 'xxx"),
    ],
)
def test_what_the_title_block_cannot_have_is_named(monkeypatch, name, given, line):
    monkeypatch.setenv(name, given)
    with pytest.raises(UserError, match=re.escape(f"{name}{line}")):
        title_block()


def test_a_name_that_is_given_empty_is_the_default_again(project):
    def lines(*given):
        project.make("build/inputs", *given)
        return (project.folder / "build" / "inputs").read_text().splitlines()[:4]

    assert lines("STUDENT=Ada", "DATE=now") == ["", "", "Ada", "now"]
    assert lines("STUDENT=") == ["", "", "", "now"]
    assert lines() == ["", "", "", "now"]


def test_metrics_are_what_tex_reads(tmp_path):
    sizes = [(0.5, 0.71, 0), (0, 0.6, -0.4), (0.5, 0.2, 0.21)]
    (tmp_path / "a.tfm").write_bytes(fonts.metrics(sizes))
    done = subprocess.run(
        ["tftopl", "a.tfm"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    listed = done.stdout.split("(CHARACTER")[1:]
    for part, (width, height, depth) in zip(
        listed,
        [("0.5", "0.8", ""), ("0.0", "0.6", ""), ("0.5", "0.2", "0.3")],
        strict=True,
    ):
        assert f"(CHARWD R {width})" in part
        assert f"(CHARHT R {height})" in part
        assert (f"(CHARDP R {depth})" in part) == bool(depth)
