"""Every alteration of the page is found and named, as in the PDF."""

import base64
import io
import os
import re
import shutil
import zipfile

import pytest
from alterations import on_page, report, write_altered
from project import Project

from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.verify import verify as verify_module
from helpers.pipeline.verify.__main__ import main as verify_main
from helpers.pipeline.verify.agreement import compare_documents
from helpers.pipeline.verify.reader import read_html, text_of
from helpers.pipeline.verify.rounding import roundings

HTML = ASSIGNMENT.html
LAST = "A Runs, versions and provenance"  # its last section


@pytest.fixture(scope="module")
def text():
    return HTML.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def original():
    return read_html(HTML)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a page with the given text."""

    def written(text):
        path = tmp_path / "altered.html"
        path.write_text(text, encoding="utf-8")
        return read_html(path)

    return written


def wrong(stated, reproduced, tolerance=0.0):
    pairs = roundings(stated.results, reproduced.results, tolerance)
    lines = compare_documents(stated, reproduced, tolerance, pairs)
    return [(line.what, line.stated, line.reproduced) for line in lines if line.wrong]


def test_the_page_holds_and_carries_what_the_pdf_does(original):
    assert wrong(original, original) == []
    pdf = report()
    assert original.files == pdf.files
    assert (original.results, original.build) == (pdf.results, pdf.build)
    assert "section 4.2 Learning rates" in [page.name for page in original.pages]


@pytest.mark.parametrize(
    ("old", "new", "where", "stated", "reproduced"),
    [
        (">10.847</span>", ">10.846</span>", "1 Introduction", "10.846", "10.847"),
        (
            "all.cost: 10.8",
            "all.cost: 10.7",
            "1 Introduction, in <span>",
            "10.7",
            "10.8",
        ),
        (
            '<figure id="fig:costs"',
            '<p>No.</p><figure id="fig:costs"',
            "4.1 Training both models",
            "No.",
            "",
        ),
        (
            "--ink: #1c",
            "--ink: #fff; --x: #1c",
            "before the first, in <style>",
            "#fff; --x: #1c",
            "#1c",
        ),
    ],
)
def test_what_is_altered_is_named(
    original, text, read, old, new, where, stated, reproduced
):
    altered = read(text.replace(old, new, 1))
    [(what, *pair)] = wrong(altered, original)
    assert what == f"section {where}"
    assert pair[0].startswith(stated)
    assert pair[1].startswith(reproduced)


def test_a_changed_drawing_is_noticed(original, text, read):
    begin = text.index('<figure id="fig:costs"')
    x, y = re.search(r'd="M ([\d.]+) ([\d.]+)', text[begin:]).groups()
    altered = text[:begin] + text[begin:].replace(f"M {x} {y}", f"M 7 {y}", 1)
    found = [("section 4.1 Training both models, in <path>", "7", x)]
    assert wrong(read(altered), original) == found


def test_elsewhere_a_line_may_be_drawn_a_bit_beside_and_no_more(original, text, read):
    begin = text.index('<figure id="fig:costs"')
    x, y = re.search(r'd="M ([\d.]+) ([\d.]+)', text[begin:]).groups()

    def drawn(at):
        return read(text[:begin] + text[begin:].replace(f"M {x} {y}", f"M {at} {y}", 1))

    assert wrong(drawn(f"{float(x) + 0.01:.2f}"), original, 1e-9) == []
    where = "section 4.1 Training both models, in <path>"
    for beside, tolerance in ((0.02, 1e-9), (0.01, 0)):
        moved = f"{float(x) + beside:.2f}"
        assert wrong(drawn(moved), original, tolerance) == [(where, moved, x)]
    both = text.replace(">10.847</span>", ">10.848</span>", 1)
    both = both.replace("scrollIntoView()", "remove()", 1)
    digit, script = wrong(read(both), original, 1e-9)
    assert digit == ("section 1 Introduction", "10.848", "10.847")
    assert script[0] == "section 4.1 Training both models, in <script>"
    assert "remove()" in script[1]
    assert "scrollIntoView()" in script[2]


def test_elsewhere_a_line_may_not_move_to_another_element(original, text, read):
    begin = text.index('<figure id="fig:costs"')
    line = re.search(r' d="[^"]*"', text[begin:])[0]
    moved = text[begin:].replace(line, "", 1).replace("<svg ", f"<svg{line} ", 1)
    assert len(wrong(read(text[:begin] + moved), original, 1e-9)) == 1


CUT = 'href="data:;base64,"'
SCRIPT = "<script>document.title = '9.999'</script>"


@pytest.mark.parametrize(
    ("before", "inserted"),
    [
        ("</style>", f'<a download="</style>{SCRIPT}<style>" {CUT}'),
        ("Both runs converged", f'<a download="x" {CUT}'),
        ("Both runs converged", '<a download="x" href="data:;base64,YQ==">9</a>'),
        ("</main>", '<a download="results.json" href="data:text/html;base64,YQ=="'),
    ],
)
def test_what_looks_like_a_file_that_is_carried_is_noticed(
    original, text, read, before, inserted
):
    altered = read(text.replace(before, inserted + before, 1))
    for tolerance in (0, 1e-9):
        assert len(wrong(altered, original, tolerance)) == 1


def test_a_link_to_a_file_is_where_it_was(original, text, read):
    link = re.search(r'<a download="build.json".*?</a>', text)[0]
    moved = text.replace(link, "").replace("<main", f"{link}<main", 1)
    places = [where for where, *_ in wrong(read(moved), original)]
    assert places == ["section before the first", f"section {LAST}"]


def test_a_section_that_is_missing_or_too_many_is_named(original, text, read):
    begin, end = text.index('<h2 id="references"'), text.index('<h2 id="app:runs"')
    altered = read(text[:begin] + text[end:])
    assert wrong(altered, original) == [("section References", "missing", "there")]
    assert wrong(original, altered) == [("section References", "there", "missing")]


def carrying(text, name, content):
    """Return the page with another content of a file."""
    data = base64.b64encode(content).decode()
    pattern = rf'(<a download="{re.escape(name)}" href="data:[^;]*;base64,)[^"]*'
    return re.sub(pattern, lambda match: match[1] + data, text)


def twice(text, name):
    """Return the page with an unclosed link before the link to a file."""
    return text.replace(
        f'<a download="{name}"',
        f'<a download="{name}" href="data:application/json;base64,e30="'
        f'<a download="{name}"',
    )


def another(text, name, *change):
    """Return the page with a change in a file, but not in the zip."""
    pattern = rf'<a download="{re.escape(name)}" href="data:[^;]*;base64,([^"]*)'
    content = base64.b64decode(re.search(pattern, text)[1])
    return carrying(text, name, content.replace(*change))


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "<html>", "is not a page that `make html` wrote"),
        (lambda text: text[:3000], "is damaged: files.zip is missing"),
        (lambda text: carrying(text, "files.zip", b"PK"), "is damaged: "),
        (lambda text: carrying(text, "files.zip", zipped()), "build.json is missing"),
        (lambda text: carrying(text, "results.json", b"{"), "results.json is damaged"),
        (
            lambda text: another(text, "results.json", b"quick", b"slow"),
            "results.json differs from the one in files.zip",
        ),
        (
            lambda text: another(text, "build.json", b'"student": "', b'"student": "X'),
            "build.json differs from the one in files.zip",
        ),
        (lambda text: twice(text, "results.json"), "results.json is there twice"),
        (lambda text: twice(text, "build.json"), "build.json is there twice"),
        (
            lambda text: text.replace("data:application/json", "data:text/html", 1),
            "results.json is missing",
        ),
        (
            lambda text: text.replace("/zip;base64,", "/zip;base64,$", 1),
            "files.zip is missing",
        ),
        (
            lambda text: text.replace("/zip;base64,", "/zip;base64,=", 1),
            "is damaged: ",
        ),
    ],
)
def test_a_page_without_its_evidence_is_named(small_report, read, change, message):
    text = (small_report.folder / "report" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        read(change(text))
    assert "\n" not in str(caught.value)


def test_a_page_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_html(tmp_path / "none.html")


@pytest.fixture
def verified(monkeypatch, capsys, original):
    """Return a function that verifies files like `make verify`, without a rebuild."""

    def again(build, read):
        return original if read is read_html else report()

    def status_and_output(*options):
        monkeypatch.setattr(verify_module, "rebuild", again)
        monkeypatch.setattr("sys.argv", ["verify", *map(str, options)])
        return verify_main(), capsys.readouterr().out

    return status_and_output


def test_a_pdf_and_a_page_are_both_verified(tmp_path, text, verified):
    pdf = HTML.with_suffix(".pdf")
    status, out = verified("--pdf", pdf, "--html", HTML, "--all")
    assert status == 0
    assert "page 3" in out
    assert "section 6 Conclusion" in out
    assert out.count("attached build.json") == 1
    altered = tmp_path / "it.pdf"
    write_altered(altered, on_page("10.847", b"10.847", b"10.846")[1])
    status, out = verified("--pdf", altered, "--html", HTML)
    assert (status, "10.846" in out) == (1, True)
    altered = tmp_path / "it.html"
    altered.write_text(text.replace(">10.847</span>", ">10.846</span>", 1))
    status, out = verified("--pdf", pdf, "--html", altered)
    assert (status, "10.846" in out) == (1, True)


@pytest.mark.parametrize("name", ["page.htm", "page.HTML", "report.pdf", "page"])
def test_what_a_file_is_its_name_does_not_say(tmp_path, verified, name):
    for path in (HTML, HTML.with_suffix(".pdf")):
        shutil.copy(path, tmp_path / name)
        assert verified("--html", tmp_path / name)[0] == 0
    (tmp_path / name).write_text("a text")
    with pytest.raises(UserError, match="is neither a PDF nor a page that"):
        verified("--html", tmp_path / name)


def test_the_text_of_a_page_is_without_scripts():
    html = "<p>a<b>b</b></p><script>x<y</script><style>z</style><td>1</td><td>2</td>"
    assert text_of(html).split() == ["ab", "1", "2"]


def test_a_page_is_verified_without_latex(tmp_path, small_report, monkeypatch):
    project = Project.at(tmp_path / "it")
    shutil.copytree(small_report.folder, project.folder)
    (project.folder / "report" / "report.pdf").unlink()
    latex = tmp_path / "bin" / "pdflatex"
    latex.parent.mkdir()
    real = shutil.which("pdflatex")
    latex.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {real} "$1"\nexit 1\n')
    latex.chmod(0o755)
    monkeypatch.setenv("PATH", f"{latex.parent}:{os.environ['PATH']}")
    page = str(project.folder / "report" / "report.html")
    status, out, err = project.run("helpers.pipeline.verify", "--html", page)
    assert status == 0
    assert len(err.splitlines()) == 1  # the progress message
    *_, last = out.splitlines()
    count = int(last.split()[0])
    assert last == f"{count} of {count} hold"
