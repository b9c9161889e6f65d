"""A class hands in: it is seen who is right, and nobody comes to harm."""

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from project import Project, need
from small import files_of, make_small, spread

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading import sandbox, unpack
from helpers.pipeline.grading.grade import find, judged
from helpers.pipeline.grading.gradebook import Grade, write_gradebook
from helpers.pipeline.verify.rebuild import build_report
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line

REPORT = "notebooks/report.ipynb"


@pytest.fixture
def walls():
    need(sandbox.walls_work(), "bubblewrap that may work")


def zipped(files, folder="submission/"):
    """Return a zip of files by name, with any names that are asked for."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as it:
        for name, text in files.items():
            it.writestr(f"{folder}{name}" if isinstance(name, str) else name, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def right(tmp_path_factory, two_runs):
    """Return the files of a small project with the report that comes of it."""
    project = Project(tmp_path_factory.mktemp("right"))
    make_small(project)
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    title = {"course": "C", "title": "T $x$", "student": "Ada Lovelace", "date": "now"}
    build_report(project.folder, title=title)
    return files_of(project.folder)


def with_cell(files, code):
    """Return the files with code at the beginning of the report's notebook."""
    anchor = b"import matplotlib.pyplot as plt\\n"
    assert anchor in files[REPORT]
    changed = files[REPORT].replace(anchor, anchor + code.encode(), 1)
    return files | {REPORT: changed}


def graded(project, handed_in, *options):
    """Grade a folder in which not all holds; return its rows of the grade book."""
    command = [sys.executable, "-m", "helpers.pipeline.grading", handed_in, *options]
    done = subprocess.run(
        list(map(str, command)),
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.stderr == ""
    assert done.returncode == 1
    grades = project.folder / "build" / "grades"
    with (grades / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


FRAUD = b"print('all holds')\n"
# What must not count.
OWN = {
    "Makefile": FRAUD,
    "helpers/pipeline/verify/verify.py": FRAUD,
    "helpers/pipeline/grading/grade.py": FRAUD,
    ".venv/bin/python": FRAUD,
    "build/report.ipynb": b"{}",
}


@pytest.mark.usefixtures("walls")
def test_a_class_is_graded(tmp_path, right):
    handed_in = tmp_path / "class"
    makefile = b"report verify:\n\ttouch " + str(tmp_path / "was-run").encode()
    bundles = {
        "1.zip": with_cell(right, "import numpy; numpy.ones(50 * 10**9 // 8)\\n"),
        "2.zip": right | OWN | {"Makefile": makefile},
        "3.zip": right | {"../../../outside.txt": b"!"},
        "4.zip": right
        | {"data/auto.csv": right["data/auto.csv"].replace(b"18", b"19")},
    }
    spread(handed_in, {name: zipped(files) for name, files in bundles.items()})
    spread(handed_in / "5", right)
    (handed_in / "5" / ".venv").symlink_to("/usr")
    (handed_in / "readme.txt").write_text("not handed in")
    before = sorted(tmp_path.rglob("*"))

    project = Project(tmp_path / "grader")
    rows = graded(project, handed_in)
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "1.zip": "cannot be graded",
        "2.zip": HOLDS,
        "3.zip": "cannot be graded",
        "4.zip": DIFFERS,
        "5": HOLDS,
    }
    why = {name: row["why"] for name, row in rows.items()}
    assert "MemoryError: Unable to allocate 46.6 GiB" in why["1.zip"]
    assert (
        why["3.zip"] == "it leads out of its folder: 'submission/../../../outside.txt'"
    )
    assert "horsepower.cost" in why["4.zip"]
    assert int(rows["4.zip"]["differs"]) >= 2
    for name in ("2.zip", "5"):
        assert (why[name], rows[name]["differs"], rows[name]["missing"]) == (
            "",
            "0",
            "0",
        )
        assert int(rows[name]["holds"]) > 8
    after = {path for path in tmp_path.rglob("*") if project.folder not in path.parents}
    assert after == {*before, project.folder}


@pytest.mark.usefixtures("walls")
def test_one_that_never_ends_is_stopped_and_the_others_are_graded(tmp_path, right):
    for_ever = with_cell(right, "while True: __import__('time').sleep(1)\\n")
    spread(tmp_path / "class", {"1.zip": zipped(for_ever), "2.zip": b""})
    project = Project(tmp_path / "grader")
    rows = graded(project, tmp_path / "class", "--time-limit", 8)
    assert [(row["verdict"], row["why"]) for row in rows.values()] == [
        ("cannot be graded", "it took more than 8 s"),
        ("cannot be graded", "it cannot be unpacked: File is not a zip file"),
    ]


LINK = zipfile.ZipInfo("submission/notebooks/link")
LINK.external_attr = 0o120777 << 16
NEEDED = dict.fromkeys(unpack.NEEDED, b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it cannot be unpacked: File is not a zip file"),
        (zipped(NEEDED)[:-40], "it cannot be unpacked: "),
        (zipped({}), "there is no notebooks/report.ipynb in it"),
        (zipped({"experiments.yaml": b""}), "there is no notebooks/report.ipynb in it"),
        (zipped({REPORT: b""}), "there is no experiments.yaml in it"),
        (zipped({"/etc/passwd": b""}, ""), "it leads out of its folder: '/etc/passwd'"),
        (zipped({"..\\a": b""}, ""), "it leads out of its folder: "),
        (zipped({"data/../../a": b""}, ""), "it leads out of its folder: "),
        (zipped({"helpers/./pipeline/a": b""}), "it leads out of its folder: "),
        (zipped({"helpers//pipeline/a": b""}), "it leads out of its folder: "),
        (zipped(NEEDED | {LINK: "/etc"}), "'submission/notebooks/link' is a link, or"),
        (
            zipped(NEEDED | {f"data/{n}": b"" for n in range(unpack.MOST)}),
            "it is too large: 0 MiB in 2,003 files, at most 200 MiB in 2,000",
        ),
    ],
)
def test_what_cannot_be_opened_has_its_reason(tmp_path, content, message):
    (tmp_path / "it.zip").write_bytes(content)
    with pytest.raises(UserError) as caught:
        unpack.unpack(tmp_path / "it.zip", tmp_path / "out")
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "out").exists()


def test_a_zip_that_grows_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "LARGEST", 2**20)
    content = zipped(NEEDED | {"data/zeros": bytes(5 * 2**20)})
    assert len(content) < 20_000
    (tmp_path / "it.zip").write_bytes(content)
    with pytest.raises(UserError, match="it is too large: 5 MiB in 4 files, at most 1"):
        unpack.unpack(tmp_path / "it.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_that_lies_about_a_size_yields_no_more_than_it_says(tmp_path):
    content = zipped(NEEDED | {"data/zeros": bytes(2**20)})
    size = (2**20).to_bytes(4, "little")
    assert content.count(size) == 2
    (tmp_path / "it.zip").write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    with zipfile.ZipFile(tmp_path / "it.zip") as it:
        entry = it.getinfo("submission/data/zeros")
        with pytest.raises(zipfile.BadZipFile):  # its checksum is that of all of it
            unpack._in_zip(it, entry)[1].read()


def test_a_file_that_is_there_twice_or_encrypted_is_named():
    member = unpack.Member(0, True, bytes)
    needed = [(name, member) for name in unpack.NEEDED]
    with pytest.raises(UserError, match="it has experiments.yaml twice"):
        unpack.select([*needed, ("experiments.yaml", member)])
    entry = zipfile.ZipInfo("data/x")
    entry.flag_bits = 1
    assert not unpack._in_zip(zipfile.ZipFile(io.BytesIO(), "w"), entry)[1].regular


def test_links_out_of_a_folder_are_not_followed(tmp_path):
    spread(tmp_path / "it", NEEDED)
    (tmp_path / "it" / "data").symlink_to("/etc")
    with pytest.raises(UserError, match="'data' is a link, or no ordinary file"):
        unpack.unpack(tmp_path / "it", tmp_path / "out")
    (tmp_path / "it" / "data").unlink()
    os.mkfifo(tmp_path / "it" / "pipe")  # whoever reads it waits for ever
    with pytest.raises(UserError, match="'pipe' is a link, or no ordinary file"):
        unpack.unpack(tmp_path / "it", tmp_path / "out")
    (tmp_path / "own.zip").write_bytes(zipped(NEEDED))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "it.zip").symlink_to(tmp_path / "own.zip")
    with pytest.raises(UserError, match="'it.zip' is a link, or no ordinary file"):
        unpack.unpack(tmp_path / "other", tmp_path / "out")


def test_only_what_a_report_is_made_from_is_taken():
    taken = ["notebooks/report.ipynb", "helpers/model.py", "data/a/b.csv"]
    taken += ["experiments.yaml", "report/references.bib", "report/results.json"]
    left = [
        "Makefile",
        "helpers/pipeline/verify/verify.py",
        "requirements.txt",
        "COMMIT",
    ]
    left += ["report/template/index.tex.j2", "notebooks/", "notebooks/build/x"]
    left += ["helpers/__pycache__/model.pyc", "tests/test_model.py"]
    assert [name for name in taken + left if unpack.counts(name)] == taken


def test_a_folder_without_submissions_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no folder .*SUBMISSIONS=folder"):
        find(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(UserError, match="there is no zip and no folder in"):
        find(tmp_path)


def test_texts_of_submissions_stay_texts(tmp_path):
    line = Line("<b>claim</b>", "1", "2\x1b[31m", 0.5, DIFFERS)
    grades = [
        Grade("=cmd|x.zip", [line], "", 1.0),
        Grade("<script>.zip", [], "it\nsaid " + "x" * 1000, 2.0),
        Grade("c.zip", [Line("a", "1", "1", 0.0, HOLDS)], "", 3.0),
        Grade("d.zip", [Line("a", "1", "missing", None, MISSING)], "", 3.0),
        Grade("e.zip", [Line("platform", "A", "B", None, NOTED)], "", 3.0),
    ]
    write_gradebook(tmp_path, grades)
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[1] == [
        "'=cmd|x.zip",
        DIFFERS,
        "0",
        "1",
        "0",
        "1.0 s",
        "<b>claim</b>",
    ] + ["1.html"]
    assert rows[2][:2] == ["<script>.zip", "cannot be graded"]
    assert len(rows[2][6]) == 300
    assert [row[1] for row in rows[3:]] == [
        HOLDS,
        DIFFERS,
        "holds, drawings not compared",
    ]
    page, details = ((tmp_path / name).read_text() for name in ("index.html", "1.html"))
    assert "2 of 5 hold" in page
    assert "<script>" not in page
    assert "&lt;script&gt;.zip" in page
    assert "<b>" not in details
    assert "\x1b" not in details
    assert '<td class="wrong">differs</td>' in details
    assert all((tmp_path / f"{n}.html").exists() for n in range(1, 6))


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        ("attached helpers/pipeline/report/pdf.py", NOTED),
        ("attached Makefile", NOTED),
        ("attached helpers/model.py", DIFFERS),
        ("attached build.json", DIFFERS),
        ("attached requirements.txt", DIFFERS),
        ("page 1", DIFFERS),
    ],
)
def test_code_that_is_the_graders_own_is_not_blamed(what, verdict):
    line = judged(Line(what, "there", "there", None, DIFFERS))
    assert line.verdict == verdict
    assert Grade("a.zip", [line], "", 1.0).verdict in (HOLDS, verdict)
