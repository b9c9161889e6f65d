"""Whatever is altered in a report, or in what it was made from, is caught and named."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from project import Project
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from helpers.pipeline.command import error_in
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import relative
from helpers.pipeline.report.build import PDF
from helpers.pipeline.report.evidence import LAYOUT
from helpers.pipeline.verify import verify as verify_module
from helpers.pipeline.verify.__main__ import print_table
from helpers.pipeline.verify.compare import (
    close,
    compare_claims,
    compare_documents,
    compare_runs,
    compare_sources,
    look_alike,
)
from helpers.pipeline.verify.reader import read_pdf
from helpers.pipeline.verify.rebuild import build_report
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line
from helpers.pipeline.verify.verify import (
    checked_tolerance,
    compare_beside,
    verify,
)


@cache
def report():
    """Return the report as read."""
    return read_pdf(PDF)


@pytest.fixture(scope="module")
def made():
    """Return the report as it was made."""
    return report()


@pytest.fixture
def alter(tmp_path):
    """Return a function that alters the report and reads it again."""

    def altered(change, pages=True):
        path = tmp_path / "altered.pdf"
        write_altered(path, change)
        read = read_pdf(path, pages=pages)
        # Pages that were not altered need not be read again: it takes a while.
        unaltered = {n: getattr(report(), n) for n in ("pages", "drawings", "looks")}
        return read if pages else read._replace(**unaltered)

    return altered


def write_altered(path, change):
    """Write the report with a change."""
    writer = PdfWriter(clone_from=PdfReader(PDF))
    change(writer)
    writer.write(path)
    writer.close()


def on_page(text, old, new):
    """Return a change of what the first page that says a text prints."""

    def change(writer):
        for page, said in zip(writer.pages, report().pages, strict=True):
            if text not in said:
                continue
            content = page.get_contents().get_data()
            if old in content:
                stream = DecodedStreamObject()
                stream.set_data(content.replace(old, new, 1))
                page[NameObject("/Contents")] = writer._add_object(stream)
                return
        raise AssertionError(f"no page says {text!r} with {old!r}")

    return change


def in_file(name, old, new):
    """Return a change of what an attachment says."""

    def change(writer):
        stream = attached(writer)[name]["/EF"]["/F"].get_object()
        content = stream.get_data()
        assert old.encode() in content
        stream.set_data(content.replace(old.encode(), new.encode(), 1))

    return change


def in_results(edit):
    """Return a change of the recorded results attached to the PDF."""

    def change(writer):
        stream = attached(writer)["results.json"]["/EF"]["/F"].get_object()
        results = json.loads(stream.get_data())
        edit(results)
        stream.set_data(json.dumps(results).encode())

    return change


def attached(writer):
    """Return the attachments of a PDF by name."""
    names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
    return {names[i]: names[i + 1].get_object() for i in range(0, len(names), 2)}


def remove_attachment(writer):
    names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
    at = names.index("experiments.yaml")
    del names[at : at + 2]


def remove_page(writer):
    writer.remove_page(5)


def add_page(writer):
    writer.add_page(PdfReader(PDF).pages[8])


def redraw(writer):
    """Move a curve of a figure."""
    for page in writer.pages:
        for picture in page["/Resources"].get("/XObject", {}).values():
            stream = picture.get_object()
            stream.set_data(stream.get_data().replace(b" l\n", b" m\n", 1))
            return


def cover(writer):
    """Draw a white box on the third page, over what is printed there."""
    page = writer.pages[2]
    stream = DecodedStreamObject()
    box = b"\nq 1 g 100 100 400 600 re f Q\n"
    stream.set_data(page.get_contents().get_data() + box)
    page[NameObject("/Contents")] = writer._add_object(stream)


def rename_author(writer):
    writer.add_metadata({"/Author": "Somebody Else"})


def some_run(results):
    return next(iter(results["runs"].values()))


def set_value(results):
    results["claims"]["all.cost"]["value"] *= 1 + 1e-9


def set_text(results):
    results["claims"]["all.cost"]["text"] = "10.847482"


def set_unit(results):
    results["claims"]["all.cost"]["unit"] = "mi/gal"


def set_run(results):
    results["claims"]["all.cost"]["run"] = "descent-000000000000"


def remove_claim(results):
    del results["claims"]["horsepower.cost"]


def add_claim(results):
    results["claims"]["mine"] = {"value": 1, "text": "1", "unit": "", "run": ""}


def make_nonsense(results):
    results["claims"]["horsepower.cost"] = "good"


def remove_run(results):
    del results["runs"][next(iter(results["runs"]))]


def set_parameter(results):
    some_run(results)["parameters"]["learning_rate"] = 0.2


def set_outcome(results):
    some_run(results)["cost"] = 1.0


def build_of(old, new):
    return in_file("build.json", old, new)


# What is altered, and what must be named.
ON_THE_PAGES = {
    "a digit": (on_page("Training both", b"(610.5", b"(610.4"), "610.4"),
    "a digit elsewhere": (on_page("67.6", b"(67.6", b"(67.5"), "67.5"),
    "a word": (on_page("The fit", b"(Figure)", b"(Finger)"), "Finger"),
    "a caption": (on_page("Figure 2.", b"2,000", b"2,001"), "2,001"),
    "a cell": (on_page("Table 2.", b"417.091", b"417.092"), "417.092"),
    "a cell's word": (
        on_page("Table 2.", b"(descending)", b"(ascending)"),
        "ascending",
    ),
    "the title block": (on_page("Student", b"(Student)", b"(Sudent)"), "Sudent"),
    "a listing": (on_page("as_floats(X", b"(@)", b"(*)"), "*"),
    "a list of runs": (on_page("The runs that the", b"(1,000)", b"(1,001)"), "1,001"),
    "a curve": (redraw, "a drawing"),
    "a box over a page": (cover, "page 3 a drawing"),
    "a page less": (remove_page, "page 6 missing"),
    "a page more": (add_page, "there"),
    "the author": (rename_author, "the file"),
}
IN_THE_EVIDENCE = {
    "a value": (in_results(set_value), "all.cost"),
    "a printed value": (in_results(set_text), "all.cost"),
    "a unit": (in_results(set_unit), "all.cost"),
    "a claim's run": (in_results(set_run), "all.cost"),
    "a claim less": (in_results(remove_claim), "horsepower.cost"),
    "a claim more": (in_results(add_claim), "mine"),
    "a claim that is none": (in_results(make_nonsense), "horsepower.cost"),
    "a run less": (in_results(remove_run), "run descent-"),
    "a run's parameter": (in_results(set_parameter), "run descent-"),
    "a run's outcome": (in_results(set_outcome), "run descent-"),
    "the grid": (in_file("experiments.yaml", "n_folds: 5", "n_folds: 4"), "experim"),
    "the lock": (in_file("requirements.txt", "numpy==2", "numpy==1"), "requirem"),
    "the commit": (build_of('"commit": "', '"commit": "0'), "attached build.json"),
    "the student": (build_of('"student": "', '"student": "X'), "attached build.json"),
    "the code": (
        in_file("helpers/model.py", "2 / error", "3 / error"),
        "attached helpers/mo",
    ),
    "an attachment less": (remove_attachment, "attached experiments.yaml"),
}


@pytest.mark.parametrize("name", ON_THE_PAGES | IN_THE_EVIDENCE)
def test_what_is_altered_in_the_pdf_is_caught_and_named(alter, made, name):
    change, named = (ON_THE_PAGES | IN_THE_EVIDENCE)[name]
    altered = alter(change, pages=name in ON_THE_PAGES)
    wrong = [line for line in differences(altered, made) if line.verdict != HOLDS]
    assert any(named in f"{line.what} {line.stated}" for line in wrong), wrong
    assert len(wrong) < 5  # nothing else is blamed


def differences(stated, reproduced, tolerance=0.0):
    results = stated.results, reproduced.results
    claims, runs = ([side[kind] for side in results] for kind in ("claims", "runs"))
    return [
        *compare_claims(*claims, tolerance),
        *compare_runs(*runs, tolerance),
        *compare_documents(stated, reproduced, tolerance),
    ]


def test_nothing_is_caught_where_nothing_is_altered(made):
    lines = differences(made, made)
    assert {line.verdict for line in lines} == {HOLDS}
    assert {line.what for line in lines} >= {*made.results["claims"], "page 1"}


# What is altered, and what must be named.
IN_THE_PROJECT = [
    ("helpers/model.py", "2 / error", "1.99 / error", "all.cost"),
    ("helpers/data.py", "\n\n\n", "\n\n\n# Mine\n", "attached helpers/data.py"),
    ("notebooks/report.ipynb", "costs are", "costs were", "page 1"),
    ("requirements.txt", "\n", "\n# altered\n", "attached requirements.txt"),
]


def test_what_a_report_was_not_made_from_is_caught_and_named(tmp_path, small_report):
    shutil.copytree(small_report.folder, tmp_path / "altered")
    project = Project.at(tmp_path / "altered")
    for path, old, new, _ in IN_THE_PROJECT:
        project.replace(path, old, new)
    stated = read_pdf(small_report.folder / "report" / "report.pdf")
    rebuilt = read_pdf(build_report(project.folder))
    wrong = {line.what for line in differences(stated, rebuilt) if line.wrong}
    assert wrong >= {named for *_, named in IN_THE_PROJECT}


def truncated(path):
    path.write_bytes(PDF.read_bytes()[:100_000])
    return "is damaged: "


def empty(path):
    path.write_bytes(b"")
    return "is not a PDF"


def a_text(path):
    path.write_text("not a report")
    return "is not a PDF"


def absent(path):
    return "cannot be read: No such file"


def without_evidence(path):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(path)
    return "build.json is missing: a report without evidence"


def of_an_older_layout(path):
    write_altered(path, in_file("results.json", f'"layout": {LAYOUT}', '"layout": 1'))
    return f"results.json has layout 1, this version reads {LAYOUT}"


def with_damaged_evidence(path):
    write_altered(path, in_file("results.json", "{", "["))
    return "results.json is damaged"


def with_commands_for_make(path):
    write_altered(path, build_of('"course"', '"GNUMAKEFLAGS"'))
    return "build.json is damaged"


def with_a_line_break_in_the_title(path):
    write_altered(path, build_of('"student": "', '"student": "\\n'))
    return "build.json is damaged"


def without_claims(path):
    write_altered(path, in_file("results.json", '"claims"', '"claim"'))
    return "results.json is damaged"


@pytest.mark.parametrize(
    "spoil",
    [
        truncated,
        empty,
        a_text,
        absent,
        without_evidence,
        of_an_older_layout,
        with_damaged_evidence,
        with_commands_for_make,
        with_a_line_break_in_the_title,
        without_claims,
    ],
)
def test_a_report_that_cannot_be_verified_has_a_verdict_of_its_own(tmp_path, spoil):
    path = tmp_path / "report.pdf"
    message = spoil(path)
    with pytest.raises(UserError) as caught:
        read_pdf(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_difference_is_shown_to_people(alter, made, capsys):
    change, _ = IN_THE_EVIDENCE["a value"]
    print_table(differences(alter(change, pages=False), made))
    out = capsys.readouterr().out
    assert re.search(r"all\.cost +10\.84748\d+ +10\.84748\d+ +1\.0e-09 +differs", out)
    assert "page 1" not in out


def test_what_does_not_hold_is_printed_short_and_without_control_characters(capsys):
    wrong = Line("claim\x1b[2J", "a\n" + "b" * 99, "1", None, DIFFERS)
    holds = Line("other", "1", "1", 0.0, HOLDS)
    only = "claim [2J  a " + "b" * 45 + "…  1                       differs"
    print_table([wrong, holds])
    assert capsys.readouterr().out.splitlines()[1:] == [only]
    print_table([wrong, holds], everything=True)
    both = ["other      1" + " " * 49 + "1           0           holds", only]
    assert capsys.readouterr().out.splitlines()[1:] == both
    print_table([holds])
    assert capsys.readouterr().out == ""


def test_the_cause_of_a_difference_comes_first(capsys):
    causes = [
        "platform",
        "attached build.json",
        "attached Makefile",
        "run a",
        "all.cost",
    ]
    kinds = [*causes, "page 2", "the file"]
    noted = {"platform": NOTED}
    print_table([Line(k, "", "", None, noted.get(k, DIFFERS)) for k in reversed(kinds)])
    _, *shown = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in shown] == kinds


def test_a_report_that_cannot_be_made_is_no_difference(tmp_path):
    project = Project(tmp_path)
    project.replace("experiments.yaml", "n_iterations", "n_iteration")
    status, out, err = project.run("helpers.pipeline.verify")
    assert status == 2
    _, error = err.splitlines()
    assert error.startswith(
        "error: it cannot be built: experiments.yaml: cost_curves: "
    )


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("note: a\nerror: no TeX\nmake: *** [x] Error 2\n", "no TeX"),
        ("Traceback\nKeyError: 'a'\nmake: *** [x] Error 2\n", "KeyError: 'a'"),
        ("make: *** No rule to make target 'x'.  Stop.", "make: *** No rule to make t"),
        (" \n", "it ended with status 2"),
    ],
)
def test_what_went_wrong_is_found_in_the_output(output, error):
    assert error_in(output, 2).startswith(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no report/results.json"),
        ("{", "report/results.json is damaged"),
        ('{"layout": 7}', "report/results.json has layout 7"),
    ],
)
def test_recorded_results_that_cannot_be_used_are_named(
    tmp_path, monkeypatch, text, message
):
    path = tmp_path / "report" / "results.json"
    path.parent.mkdir()
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(verify_module, "ROOT", tmp_path)
    monkeypatch.setattr(verify_module, "RESULTS", path)
    with pytest.raises(UserError, match=f"^{message}"):
        verify()


@pytest.mark.parametrize(
    ("stated", "reproduced", "difference"),
    [
        (1.0, 1.0, 0.0),
        ("a", "a", 0.0),
        (2.0, 1.0, 0.5),
        ("2.0", "1.0", 0.5),
        (0.0, 0.0, 0.0),
        (1, True, 0.0),
        (1.7e308, -1.7e308, 2.0),
        (-1.0, 1.0, 2.0),
    ],
)
def test_differences_are_relative_to_the_larger(stated, reproduced, difference):
    assert relative(stated, reproduced) == difference


@pytest.mark.parametrize(
    "pair", [("a", "b"), (1.0, "b"), (None, 1.0), (1.0, "inf"), (10**400, 1)]
)
def test_what_is_no_number_has_no_difference(pair):
    assert relative(*pair) != relative(*pair)


def test_a_tolerance_allows_the_last_digits_and_no_more():
    def claims(value, text):
        return {"a": {"value": value, "text": text, "unit": "", "run": ""}}

    stated = claims(1.0, "1.000")
    [line] = compare_claims(stated, claims(1 + 1e-10, "1.000"), 1e-9)
    assert line.verdict == HOLDS
    [line] = compare_claims(stated, claims(1 + 1e-10, "1.000"), 0.0)
    assert line.verdict == DIFFERS
    [line] = compare_claims(stated, claims(1 + 1e-8, "1.000"), 1e-9)
    assert line.verdict == DIFFERS
    assert {line.verdict for line in compare_claims(stated, {}, 1)} == {MISSING}
    [line] = compare_claims(stated, claims(1 + 1e-10, "1.001"), 1e-9)
    assert line.verdict == HOLDS
    [line] = compare_claims(stated, claims(1 + 1e-10, "1.002"), 1e-9)
    assert line.verdict == DIFFERS


@pytest.mark.parametrize(
    ("stated", "reproduced", "same"),
    [
        ("10.847481, and", "10.847482, and", True),
        ("10.847481", "10.847483", False),
        ("(9.99;", "(10.00;", True),
        ("-0.1", "0.1", False),
        ("1.0", "1.00", False),
        ("128", "129", False),
        ("10^{-11}", "10^{-12}", False),
        ("a word", "another", False),
        ("1.5 2.5", "1.5", False),
        (1, 1, True),
        (None, "1", False),
        ("", "1.5", False),
        ("1.5", "", False),
        ("v", "v1.5", False),
        ("1.5.2", "1.6.2", True),
    ],
)
def test_with_a_tolerance_a_last_place_may_differ_by_one(stated, reproduced, same):
    assert close(stated, reproduced) is same


def test_a_claim_whose_run_is_not_recorded_is_named(made):
    assert compare_sources(made.results) == []
    results = json.loads(json.dumps(made.results))
    gone = results["claims"]["all.cost"]["run"]
    del results["runs"][gone]
    found = {line.what: line for line in compare_sources(results)}
    assert found["all.cost"][1:3] == (f"from {gone}", "no such run")
    assert found["all.cost"].verdict == MISSING


def test_what_lies_beside_the_pdf_is_what_is_attached(tmp_path, made):
    def verdicts():
        return [line.verdict for line in compare_beside(tmp_path, made.files)]

    (tmp_path / "report").mkdir()
    for name in ("report/results.json", "experiments.yaml"):
        (tmp_path / name).write_bytes(made.files[Path(name).name])
    assert verdicts() == [HOLDS] * 3
    path = tmp_path / "report" / "results.json"
    path.write_bytes(path.read_bytes().replace(b"10.84748", b"10.84749", 1))
    assert verdicts() == [DIFFERS, HOLDS, HOLDS]
    (tmp_path / "experiments.yaml").write_text("")
    assert verdicts() == [DIFFERS, DIFFERS, HOLDS]


def on_another_platform(results):
    results["platform"] = "Lunix"
    for run in results["runs"].values():
        if isinstance(run.get("cost"), float):
            run["cost"] *= 1 + 1e-11


def test_a_report_of_another_platform_holds_within_the_tolerance(tmp_path, made):
    write_altered(tmp_path / "it.pdf", in_results(on_another_platform))
    first, *lines = verify(tmp_path / "it.pdf", rebuilt=PDF)
    assert first == ("platform", "Lunix", made.results["platform"], None, NOTED)
    assert {line.verdict for line in lines} == {HOLDS}
    lines = verify(tmp_path / "it.pdf", 1e-12, rebuilt=PDF)
    assert {line.what[:4] for line in lines if line.wrong} == {"run "}


def no_curves(writer):
    """Remove all lines of the figures on a page that has some."""
    for page in writer.pages:
        for picture in page["/Resources"].get("/XObject", {}).values():
            stream = picture.get_object()
            stream.set_data(stream.get_data().replace(b" l\n", b" m\n"))
            return


def last_places(writer):
    """Draw the lines of a figure where rounding on another platform would."""
    number = re.compile(rb"(\d+\.\d{5})\d+(?= [\d.]+ l\n)")
    for page in writer.pages:
        for picture in page["/Resources"].get("/XObject", {}).values():
            stream = picture.get_object()
            changed = number.sub(rb"\g<1>9", stream.get_data())
            assert changed != stream.get_data()
            stream.set_data(changed)
            return


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (cover, "page 3"),
        (no_curves, "page "),
        (on_page("The fit", b"(Figure)", b"(Finger)"), "page "),
        (on_page("Training both", b"(610.5", b"(640.5"), "page "),
        (in_results(remove_claim), "horsepower.cost"),
        (last_places, ""),
    ],
)
def test_its_platform_does_not_hide_what_was_altered(tmp_path, change, named):
    def both(writer):
        in_results(on_another_platform)(writer)
        change(writer)

    write_altered(tmp_path / "it.pdf", both)
    wrong = [
        line.what for line in verify(tmp_path / "it.pdf", rebuilt=PDF) if line.wrong
    ]
    assert len(wrong) == bool(named)
    assert all(what.startswith(named) for what in wrong)


def test_a_digit_may_be_another_where_the_words_are(made):
    page = made.looks[0]
    altered = page.copy()
    altered[400:404, 200:203] ^= 255
    assert look_alike(page, altered, exact=False)
    assert not look_alike(page, altered)
    altered[400:432, 200:232] ^= 255
    assert not look_alike(page, altered, exact=False)
    assert not look_alike(page, page[:-1])


def test_what_was_compared_less_strictly_has_its_own_exit_status(tmp_path):
    write_altered(tmp_path / "it.pdf", in_results(on_another_platform))
    command = [sys.executable, "-m", "helpers.pipeline.verify", "--rebuilt", str(PDF)]

    def status(*options):
        done = subprocess.run([*command, *options], capture_output=True, text=True)
        return done.returncode, done.stdout

    ended, out = status("--pdf", str(tmp_path / "it.pdf"))
    assert ended == 3
    assert "hold as far as they were compared: it says that it was made on" in out
    assert "Lunix" in out
    assert status("--pdf", str(tmp_path / "it.pdf"), "--tolerance", "1e-9")[0] == 0
    assert status("--pdf", str(PDF))[0] == 0


def test_runs_of_another_platform_are_compared_by_their_names(tmp_path, made):
    name = made.results["claims"]["all.cost"]["run"]

    def rename(results):
        on_another_platform(results)
        results["runs"]["descent-000000000000"] = results["runs"].pop(name)

    write_altered(tmp_path / "it.pdf", in_results(rename))
    lines = verify(tmp_path / "it.pdf", rebuilt=PDF)
    wrong = {line.what: line.verdict for line in lines if line.wrong}
    runs = {f"run {name}", "run descent-000000000000"}
    assert wrong.keys() >= {*runs, "all.cost"}
    assert set(wrong.values()) == {MISSING}


def test_an_attachment_that_was_emptied_differs(made):
    emptied = made._replace(files=made.files | {"requirements.txt": b""})
    found = {line.what: line for line in compare_documents(emptied, made, 0.0)}
    assert found["attached requirements.txt"].verdict == DIFFERS


@pytest.mark.parametrize("given", ["small", "-1e-9", "1", "nan", "inf"])
def test_a_tolerance_that_is_none_is_named(given):
    with pytest.raises(UserError, match=f"from 0 to below 1, got '{given}'"):
        checked_tolerance(given)
    assert checked_tolerance("1e-6") == 1e-6
    assert checked_tolerance("") is None  # as make passes it on


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_is_no_file_is_not_read(tmp_path, kind):
    path = {"device": Path("/dev/zero"), "folder": tmp_path}.get(
        kind, tmp_path / "pipe"
    )
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError, match="is no file"):
        read_pdf(path)
