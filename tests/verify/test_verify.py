"""Every alteration of a report, or of its sources, is found and named."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alterations import in_file, in_results, report, write_altered
from project import Project
from pypdf import PdfWriter

from helpers.pipeline.command import error_in, error_without_paths
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import relative_difference
from helpers.pipeline.report.evidence import BUILD, LAYOUT
from helpers.pipeline.report.paths import ASSIGNMENT, Paths
from helpers.pipeline.verify import verify as verify_module
from helpers.pipeline.verify.__main__ import print_table
from helpers.pipeline.verify.agreement import (
    compare_claims,
    compare_sources,
    look_alike,
)
from helpers.pipeline.verify.reader import ZOOM, ReadReport, read_pdf, read_results
from helpers.pipeline.verify.rebuild import build_report
from helpers.pipeline.verify.rounding import close, roundings
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line
from helpers.pipeline.verify.verify import (
    checked_tolerance,
    compare_beside,
    compare_reports,
    verify,
)

PDF = ASSIGNMENT.pdf


@pytest.fixture(scope="module")
def original():
    """Return the report of the assignment."""
    return report()


def test_nothing_is_caught_where_nothing_is_altered(original):
    lines = compare_reports(original, original)
    assert {line.verdict for line in lines} == {HOLDS}
    assert {line.what for line in lines} >= {*original.results["claims"], "page 1"}


# An alteration of a file, and what must be named.
ALTERATIONS = [
    ("helpers/model.py", "2 / error", "1.99 / error", "all.cost"),
    ("helpers/data.py", "\n\n\n", "\n\n\n# Mine\n", "attached helpers/data.py"),
    ("notebooks/report.ipynb", "costs are", "costs were", "page 1"),
    ("requirements.txt", "\n", "\n# altered\n", "attached requirements.txt"),
]


def test_altered_sources_are_found_and_named(tmp_path, small_report):
    shutil.copytree(small_report.folder, tmp_path / "altered")
    project = Project.at(tmp_path / "altered")
    for path, old, new, _ in ALTERATIONS:
        project.replace(path, old, new)
    stated = read_pdf(small_report.folder / "report" / "report.pdf")
    rebuilt = read_pdf(build_report(project.folder))
    wrong = {line.what for line in compare_reports(stated, rebuilt) if line.wrong}
    assert wrong >= {name for *_, name in ALTERATIONS}


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
    return "build.json is missing: the report carries no evidence"


def of_an_older_layout(path):
    write_altered(path, in_file("results.json", f'"layout": {LAYOUT}', '"layout": 1'))
    return f"results.json has layout 1, this version reads {LAYOUT}"


def with_damaged_evidence(path):
    write_altered(path, in_file("results.json", "{", "["))
    return "results.json is damaged"


def with_commands_for_make(path):
    write_altered(path, in_file("build.json", '"course"', '"GNUMAKEFLAGS"'))
    return "build.json is damaged"


def with_a_line_break_in_the_title(path):
    write_altered(path, in_file("build.json", '"student": "', '"student": "\\n'))
    return "build.json is damaged"


def with_a_column_that_is_a_number(path):
    write_altered(path, in_file("build.json", '"table": {}', '"table": {"target": 1}'))
    return "build.json is damaged"


def with_more_than_results(path):
    write_altered(path, in_file("results.json", '"claims": ', '"mine": 1, "claims": '))
    return "results.json is damaged"


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
        with_a_column_that_is_a_number,
        without_claims,
        with_more_than_results,
    ],
)
def test_a_report_that_cannot_be_read_has_a_reason(tmp_path, capsys, caplog, spoil):
    path = tmp_path / "report.pdf"
    message = spoil(path)
    with pytest.raises(UserError) as caught:
        read_pdf(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (capsys.readouterr().err, caplog.text) == ("", "")


STRICT = {
    "a key twice": ('"platform": "a"', '"platform": "a", "platform": "b"'),
    "half a letter": ('"a"', r'"\ud800"'),
    "a command for the terminal": ('"a"', r'"\u001b[2J"'),
    "one that is not escaped": ('"a"', '"\x9b2J"'),
    "one in a name": ('"runs"', r'"\u0007": {}, "runs"'),
    "not a number": ('"a"', "NaN"),
    "a number without end": ('"a"', "1e999"),
    "a number of many digits": ('"a"', "1" * 5000),
    "lists without end": ('"a"', "[" * 100_000),
}


@pytest.mark.parametrize(("old", "new"), STRICT.values(), ids=STRICT)
def test_records_are_read_strictly(old, new):
    text = f'{{"layout": {LAYOUT}, "platform": "a", "claims": {{}}, "runs": {{}}}}'
    read_results(text.replace('"a"', r'"\\u001b, two\n lines"').encode(), "it")
    with pytest.raises(UserError, match="^it is damaged: it is not what"):
        read_results(text.replace(old, new, 1).encode(), "it")


def test_a_long_layout_is_cut():
    with pytest.raises(UserError, match="has layout 'x{10,}…, this version") as caught:
        read_results(json.dumps({"layout": "x" * 10_000}).encode(), "it")
    assert len(str(caught.value)) < 500


def test_what_does_not_hold_is_printed_in_80_columns(capsys):
    wrong = Line("claim\x1b[2J", "a\n" + "b" * 99, "1", 1e-9, DIFFERS)
    holds = Line("other", "1", "1", 0.0, HOLDS)
    print_table([wrong, holds])
    _, only = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"claim \[2J +a b{10,}… +1 +1\.0e-09 +differs", only)
    assert len(only) <= 80
    print_table([wrong, holds], everything=True)
    _, *both = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in both] == ["claim", "other"]
    print_table([holds])
    assert capsys.readouterr().out == ""
    name = "attached helpers/pipeline/sweep/experiments.py"
    print_table([wrong._replace(what=name)])
    _, only = capsys.readouterr().out.splitlines()
    assert re.match(r"….+/sweep/experiments\.py  a bbb", only)
    assert len(only) <= 80


def test_texts_are_cut_before_where_they_differ(capsys):
    begin = "the same words " * 40
    pair = f"{begin}cost: 10.847481, at the end", f"{begin}cost: 10.847482, so it is"
    print_table([Line("all.cost", *pair, 1e-7, DIFFERS)])
    _, only = capsys.readouterr().out.splitlines()
    assert "10.847481" in only
    assert "10.847482" in only
    assert len(only) <= 80
    shown = Line("all.cost", *pair, 1e-7, DIFFERS).cells()[1:3]
    assert [text[-26:] for text in shown] == [pair[0][-26:], pair[1][-26:]]


def test_what_is_noted_is_printed_in_full_below_the_table(capsys):
    noted = Line("platform", "a" * 90, "b\x1b", None, NOTED)
    print_table([noted, Line("all.cost", "1", "2", 0.5, DIFFERS)])
    out = capsys.readouterr().out.splitlines()
    assert out[2:] == ["platform: " + "a" * 90, "    here: b"]


def test_much_that_differs_with_a_file_is_summed_up(capsys):
    names = [f"claim.{k}" for k in range(20)]
    pages = ["page 3", "page 3", "page 3, links"]
    lines = [Line(name, "1", "2", 0.5, DIFFERS) for name in [*pages, *names]]
    lines.append(Line("attached helpers/model.py", "", "", None, DIFFERS))
    print_table(lines)
    _, file, claims, page = capsys.readouterr().out.splitlines()
    assert file.startswith("attached helpers/model.py ")
    assert claims.startswith("and claims (20): claim.0, claim.1, ")
    assert len(claims) <= 80
    assert page == "and pages (1): page 3"
    print_table(lines, everything=True)
    assert len(capsys.readouterr().out.splitlines()) == 25


def test_the_older_of_two_builds_is_named():
    results = {"platform": "", "claims": {}, "runs": {}}
    builds = ({"commit": "b", "time": 9}, {"commit": "a", "time": 10})
    sides = [
        ReadReport(results, build, {BUILD: json.dumps(build).encode()})
        for build in builds
    ]
    [line] = compare_reports(*sides)
    assert (line.stated, line.reproduced) == (
        "older: commit: b, time: 9",
        "newer: commit: a, time: 10",
    )


def test_the_cause_of_a_difference_comes_first(capsys):
    kinds = ["attached build.json", "attached Makefile", "run a", "all.cost"]
    kinds += ["page 2", "document, actions"]
    print_table([Line(kind, "", "", None, DIFFERS) for kind in reversed(kinds)])
    _, *shown = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in shown] == kinds


def test_a_report_that_cannot_be_made_is_no_difference(tmp_path):
    project = Project(tmp_path)
    project.replace("experiments.yaml", "n_iterations", "n_iteration")
    status, out, err = project.run("helpers.pipeline.verify")
    assert status == 2
    _, error = err.splitlines()
    assert error.startswith(
        "error: the report cannot be built: experiments.yaml: cost_curves: "
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
    assert error_without_paths(output, 2) == error_in(output, 2)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            "bad (see build/report.ipynb, In [4], line 2: f(x))",
            "bad (In [4], line 2: f(x))",
        ),
        ("bad (see build/report.ipynb)", "bad"),
        ("bad (see /a copy/build/tex/report.log)", "bad"),
        (
            "bad (how to: README.md) (see page 3)",
            "bad (how to: README.md) (see page 3)",
        ),
    ],
)
def test_no_file_is_named_of_a_folder_that_is_gone(error, shown):
    assert error_without_paths(f"error: {error}\n", 2) == shown


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
    monkeypatch.setattr(verify_module, "requested_report", lambda: Paths(root=tmp_path))
    with pytest.raises(UserError, match=f"^{message}"):
        verify()


def test_a_misspelt_report_is_named_with_the_nearest(monkeypatch):
    monkeypatch.setenv("REPORT", "regresion")
    message = "there is no notebooks/regresion.ipynb; did you mean 'regression'?"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        verify()
    monkeypatch.setenv("REPORT", "descent")
    with pytest.raises(UserError, match="^notebooks/descent.ipynb is not a report"):
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
    assert relative_difference(stated, reproduced) == difference


@pytest.mark.parametrize(
    "pair", [("a", "b"), (1.0, "b"), (None, 1.0), (1.0, "inf"), (10**400, 1)]
)
def test_what_is_no_number_has_no_difference(pair):
    assert relative_difference(*pair) != relative_difference(*pair)


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
    assert line.verdict == DIFFERS


@pytest.mark.parametrize(
    ("stated", "reproduced", "value", "same"),
    [
        ("10.847481, and", "10.847482, and", 10.8474815, True),
        ("10.847481, and", "10.847482, and", 10.8474816, False),
        ("0.1", "0.2", 0.1, False),
        ("0.8215", "0.8216", 0.82148, False),
        ("(9.99;", "(10.00;", 9.995, True),
        ("$-0.12$", "$-0.13$", -0.125, True),
        ("-0.1", "0.1", 0.1, False),
        ("1.0", "1.00", 1.0, False),
        ("1,234.5", "1,234.6", 1234.55, True),
        ("17", "18", 17.5, True),
        ("128", "129", 128.0, False),
        ("10^{-11}", "10^{-12}", 1e-11, False),
        ("1.5 2.5", "1.5", 1.5, False),
        ("1.5 0.0", "1.50.0", 1.5, False),
        ("", "1.5", 1.5, False),
        ("v", "v1.5", 1.5, False),
        ("2.4.6", "2.5.6", 2.45, False),
        ("Python 3.11.2", "Python 3.13.5", "", True),
        ("Python 3.11.3", "Python 3.13.5", "", False),
        ("1" * 5000, "2" * 5000, 1.5, False),
        (None, "1", 1.0, False),
        (1, 1, 1.0, True),
    ],
)
def test_what_is_printed_may_differ_as_the_value_is_rounded(
    stated, reproduced, value, same
):
    texts = {"Python 3.11.2": stated, "Python 3.13.5": reproduced}
    results = [
        {"platform": name, "claims": {"a": {"value": value, "text": text}}}
        for name, text in texts.items()
    ]
    pairs = roundings(*results, 1e-9)
    assert close(stated, reproduced, pairs) is same
    assert close(stated, reproduced, roundings(*results, 0.0)) is (stated == reproduced)


def test_a_claim_whose_run_is_not_recorded_is_named(original):
    assert compare_sources(original.results) == []
    results = json.loads(json.dumps(original.results))
    run = results["claims"]["all.cost"]["run"]
    del results["runs"][run]
    lines = {line.what: line for line in compare_sources(results)}
    assert lines["all.cost"][1:3] == (f"from {run}", "no such run")
    assert lines["all.cost"].verdict == MISSING


def test_the_results_beside_a_report_are_those_attached(tmp_path, original):
    def verdicts():
        return [line.verdict for line in compare_beside(tmp_path, original)]

    assert verdicts() == []
    (tmp_path / "report").mkdir()
    path = tmp_path / "report" / "results.json"
    path.write_bytes(original.files["results.json"])
    assert verdicts() == [HOLDS]
    path.write_bytes(path.read_bytes().replace(b"10.84748", b"10.84749", 1))
    assert verdicts() == [DIFFERS]


def on_another_platform(results):
    results["platform"] = "Lunix"


def test_a_digit_may_be_another_where_the_words_are(original):
    page = original.pages[0].look()
    altered = page.copy()
    altered[400 * ZOOM : 404 * ZOOM, 200 * ZOOM : 203 * ZOOM] ^= 255
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
    assert "hold as far as they were compared: the platforms differ" in out
    assert f"platform: Lunix\n    here: {report().results['platform']}\n" in out
    assert status("--pdf", str(tmp_path / "it.pdf"), "--tolerance", "1e-9")[0] == 0
    assert status("--pdf", str(PDF))[0] == 0


@pytest.mark.parametrize("given", ["small", "-1e-9", "1", "nan", "inf"])
def test_an_invalid_tolerance_is_named(given):
    with pytest.raises(UserError, match=f"from 0 to below 1, got '{given}'"):
        checked_tolerance(given)
    assert checked_tolerance("1e-6") == 1e-6
    assert checked_tolerance("") is None  # as make passes it


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_only_ordinary_files_are_read(tmp_path, kind):
    path = {"device": Path("/dev/zero"), "folder": tmp_path}.get(
        kind, tmp_path / "pipe"
    )
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError, match="is not a file"):
        read_pdf(path)
