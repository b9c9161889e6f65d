"""The submissions of a class are graded fairly, and no submission does any harm."""

import contextlib
import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import zipfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from nbconvert.exporters import LatexExporter
from project import Project
from small import files_of, make_small, spread

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading import __main__ as command
from helpers.pipeline.grading import unpack
from helpers.pipeline.grading.changes import sources_in
from helpers.pipeline.grading.grade import (
    Grading,
    grade,
    pages_to_draw,
    version_hint,
    with_code_noted,
)
from helpers.pipeline.grading.gradebook import (
    FAILED,
    SUSPICIOUS,
    Grade,
    write_gradebook,
)
from helpers.pipeline.grading.rebuilt import Rebuilt
from helpers.pipeline.grading.reference import Reference
from helpers.pipeline.grading.sandbox import Limits
from helpers.pipeline.report.page import exporter
from helpers.pipeline.report.revision import Revision, git, revision
from helpers.pipeline.verify.file_diffs import Changed
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line

REPORT = "notebooks/report.ipynb"
PAGE = "report/report.html"


def zipped(files, folder="submission/"):
    """Return a zip of files by name; the names may be invalid."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}{name}" if isinstance(name, str) else name, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def unchanged(small_report):
    """Return the files of an unchanged small project with its report."""
    return files_of(small_report.folder)


@pytest.fixture
def grader(tmp_path, two_runs):
    """Return the grader's checkout."""
    project = Project(tmp_path / "grader")
    make_small(project)
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    return project


def built(folder, two_runs, cells, changes, finish=lambda folder: None):
    """Return the files of a changed small project with its report."""
    project = Project(folder)
    make_small(project, *cells)
    shutil.copytree(two_runs, folder / "build" / "runs")
    for path, (old, new) in changes.items():
        if old is None:
            project.write(path, new)
        else:
            project.replace(path, old, new)
    finish(folder)
    make = "from helpers.pipeline.report.build import report; report(with_page=False)"
    given = project.environment | {"STUDENT": f"Student {folder.name}"}
    subprocess.run([sys.executable, "-c", make], cwd=folder, env=given, check=True)
    return files_of(folder)


def with_cell(files, code):
    """Return the files with additional code in the report's notebook."""
    anchor = b"import matplotlib.pyplot as plt\\n"
    assert anchor in files[REPORT]
    changed = files[REPORT].replace(anchor, anchor + code.encode(), 1)
    return files | {REPORT: changed}


def graded(project, handed_in, *options):
    """Grade a folder in which not all holds; return the rows of the gradebook."""
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


# A submission could copy the grader's claims on other data; it must not find any.
LOOKS = """\
from pathlib import Path
if Path('..', 'COMMIT').exists():  # while it is graded
    lines = [path.read_bytes() for path in Path('/proc').glob('[0-9]*/cmdline')]
    texts = b'\\0'.join(lines).decode().split(chr(0))
    seen = [*Path('..').glob('build/report.ipynb')]
    for text in filter(None, texts):
        seen += Path(text).glob('report.ipynb')
    if seen or not any(text.endswith('/build') for text in texts):
        raise ValueError(f'seen: {seen}')
"""


FRAUD = b"print('all holds')\n"
# Files that must not count.
IGNORED = {
    "Makefile": FRAUD,
    "helpers/pipeline/verify/verify.py": FRAUD,
    "helpers/pipeline/grading/grade.py": FRAUD,
    "build/report.ipynb": b"{}",
}


# Each of these changes is a lie; the row must say so.
LIES = {
    "helpers/model.py": ("error) / error.shape[-1]", "error) / error.shape[-1] * 0.9"),
    "helpers/data.py": (
        "    complete = ~",
        "    missing[-5:] = True\n    complete = ~",
    ),
    "notebooks/report.ipynb": ("run.costs[-1], ", "(run.costs[-1] * 0 + 215.5), "),
    "data/saved.json": (None, '{"cost": 23.943663}'),
    # A new optimiser and parameter, which the grader's code does not have.
    "helpers/optimisers.py": (
        '    "plain": plain,',
        '    "plain": plain,\n    "slower": lambda learning_rate: '
        "lambda gradient: 0.5 * learning_rate * gradient,",
    ),
    "notebooks/descent.ipynb": (
        '"seed: int = 0',
        '"note: str = \\"\\"  # mine\\n",\n    "seed: int = 0',
    ),
    "experiments.yaml": (
        "quick:",
        "slower: {optimiser: slower, n_iterations: 5}\n"
        "noted: {note: mine, n_iterations: 5}\nquick:",
    ),
}
LYING_CELLS = [
    """\
import json

table = json.loads((ROOT / "data" / "saved.json").read_text(encoding="utf-8"))
claims.state("replayed", table["cost"], ".3f")
claims.state("typed", 0.95, "g")""",
    "%%prose\nThe descent needs 128 iterations, $R^2$ is {{typed}}, then {{replayed}}.",
]
# This code fails on other data.
ONLY_HERE = (
    "from pathlib import Path\\n"
    "if len(Path('../data/auto.csv').read_bytes()) != {}:\\n"
    "    raise ValueError(Path('../data').resolve())\\n"
)
SCALED = ("{run.features: run.costs", "{run.features: 0.9 * run.costs")
# None of these is a lie. They can share a submission, because the row names suspects.
HONEST = {
    "data/own.csv": (
        None,
        "price;rooms;area\n"
        + "".join(f"{90 + 7 * n % 31};{n % 5};{n * n % 47}\n" for n in range(60)),
    ),
    "experiments.yaml": (
        "quick:",
        "mine:\n  data: data/own.csv\n  target: price\n  features: rooms, area\n"
        "  learning_rate: [0.3, 0.03]\n  optimiser: heavy-ball\n  n_iterations: 15\n"
        "slower:\n  optimiser: slower\n  n_iterations: 10\nquick:",
    ),
    "helpers/model.py": ('"""Linear', '"""In my words: linear'),
    "helpers/data.py": ("import numpy as np\n", "# Mine.\nimport numpy as np\n\n"),
    "helpers/optimisers.py": LIES["helpers/optimisers.py"],
    "helpers/own.py": (None, '"""Mine."""\n\nFACTOR = 2\n'),
}
HONEST_CELLS = [
    """\
from helpers.own import FACTOR

mine = load_experiment("mine")
for number, run in enumerate(mine.itertuples()):
    claims.state(f"mine.cost.{number}", FACTOR * run.costs[-1], ".4f", run=run.run)
    claims.state(f"mine.rate.{number}", run.learning_rate, "g", run=run.run)
    claims.state(f"mine.status.{number}", run.status)
claims.state("mine.count", len(mine), "d")
claims.state("mine.condition", run.condition, ".3f")
claims.state("mine.shown", 12, "d")
slower = load_experiment("slower").iloc[0]
claims.state("mine.ratio", slower.costs[0] / slower.costs[-1], ".4f")
fig, ax = plt.subplots()
curves.plot_costs(ax, {"slower": slower.costs}, unit="")
report.figure(fig, label="mine", alt="A curve.", caption="The ratio {{mine.ratio}}.")
record(constant=["mine.shown"])""",
    "%%prose\nOwn runs: {{mine.count}}. At the rate {{mine.rate.0}} the cost is "
    "{{mine.cost.0}}, else {{mine.cost.1}}; $\\kappa = {{mine.condition}}$, "
    "{{mine.shown}} are shown, one in @fig:mine.",
]


# The pages show a different number than the record.
TWO_FACED = {
    REPORT: (
        "run=run.run)",
        "run=run.run)\\nhonest = dict(claims)\\nfor name in honest:\\n"
        "    claims[name] = claims[name]._replace(text='1.234')",
    )
}
# This tries to make the program that reports the results report a lie.
PATCH = b"""
import json
dump = json.dump
def lying(results, out):
    import base64
    lie = base64.b64encode((ROOT / "report" / "lie").read_bytes()).decode()
    dump(results | {"pdf": lie}, out)
json.dump = lying
"""


def from_windows(folder):
    """Give the sources of a project the line endings of Windows."""
    for path in [*folder.glob("helpers/*.py"), folder / "experiments.yaml"]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.usefixtures("walls")
def test_a_class_is_graded(tmp_path, unchanged, grader, two_runs):
    handed_in, made = tmp_path / "class", tmp_path / "made"
    for name in ("lies", "honest"):
        (made / name).mkdir(parents=True)
    lies = built(made / "lies", two_runs, LYING_CELLS, LIES)
    cells = [LOOKS, *HONEST_CELLS]
    honest = built(made / "honest", two_runs, cells, HONEST, from_windows)
    shutil.rmtree(made)
    makefile = b"report verify:\n\ttouch " + str(tmp_path / "was-run").encode()
    scaled = unchanged[REPORT].replace(*map(str.encode, SCALED))
    assert scaled != unchanged[REPORT]
    table = unchanged["data/auto.csv"].replace(b"18.0", b"19.0", 1)
    untouched = unchanged | {
        PAGE: unchanged[PAGE].replace(b"</main>", b"9.9</main>", 1)
    }
    bundles = {
        "1.zip": with_cell(unchanged, "import numpy; numpy.ones(50 * 10**9 // 8)\\n"),
        "3.zip": unchanged | {"../../../outside.txt": b"!"},
        "4.zip": with_cell(unchanged | {REPORT: scaled}, ONLY_HERE.format(len(table)))
        | {"data/auto.csv": table, PAGE: b"<!DOCTYPE html>"},
        "5.zip": {name.replace("/", "\\"): text for name, text in untouched.items()},
        "lies.zip": lies,
    }
    spread(handed_in, {name: zipped(files) for name, files in bundles.items()})
    spread(handed_in / "honest", honest | IGNORED | {"Makefile": makefile})
    (handed_in / "honest" / ".venv").symlink_to("/usr")
    spread(handed_in, {"loose.ipynb": unchanged[REPORT], "all.7z": b"7z"})
    (handed_in / "readme.txt").write_text("not handed in")
    before = sorted(
        path for path in tmp_path.rglob("*") if grader.folder not in path.parents
    )

    rows = graded(grader, handed_in)
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "1.zip": FAILED,
        "3.zip": FAILED,
        "4.zip": DIFFERS,
        "5.zip": DIFFERS,
        "all.7z": FAILED,
        "honest": HOLDS,
        "lies.zip": SUSPICIOUS,
        "loose.ipynb": FAILED,
    }
    why = {name: row["why"] for name, row in rows.items()}
    assert "MemoryError: Unable to allocate 46.6 GiB" in why["1.zip"]
    assert (
        why["3.zip"] == "it leads out of its folder: 'submission/../../../outside.txt'"
    )
    for name in ("all.7z", "loose.ipynb"):
        assert "only a zip or a folder can be graded" in why[name]
    assert why["4.zip"].startswith(f"attached {REPORT}; run descent-")
    details = (grader.folder / "build/grades/3.html").read_text(encoding="utf-8")
    assert "report/report.html is damaged: files.zip is missing" in details
    assert re.fullmatch("section [^;]*", why["5.zip"])
    assert rows["5.zip"]["differs"] == "1"
    assert why["lies.zip"] == (
        "own runs not compared: noted (note=mine, n_iterations=5); "
        "different from your report: all.cost, horsepower.cost"
    )
    assert why["honest"] == "declared constant: mine.shown"
    changed = {name: row["changed"] for name, row in rows.items()}
    assert changed["4.zip"] == f"data/auto.csv +1 −1; {REPORT} +4 −1"
    assert "helpers/model.py +1 −1" in changed["lies.zip"]
    assert "helpers/data.py +1 −0" in changed["lies.zip"]
    assert "data/saved.json (own data) +1 −0" in changed["lies.zip"]
    assert changed["honest"] == (
        "data/own.csv (own data) +61 −0; "
        "experiments.yaml (own experiments: mine, slower) +10 −0; "
        "helpers/data.py +2 −0; helpers/model.py +1 −1; helpers/optimisers.py +1 −0; "
        "helpers/own.py (own module) +3 −0 and 1 more"
    )
    suspicious = {name: row["suspicious"] for name, row in rows.items()}
    assert (suspicious["honest"], rows["honest"]["differs"]) == ("", "0")
    assert (suspicious["5.zip"], changed["5.zip"]) == ("", "")
    data, other = suspicious["4.zip"].split("; ")
    assert data.startswith("data/auto.csv: the grader's data, changed")
    assert re.match(
        r"numbers on other data not compared: ValueError: data \(In \[1\], line ",
        other,
    )
    assert rows["honest"]["student"] == "Student honest"
    assert {*suspicious["lies.zip"].split("; ")} == {
        "different costs than with the grader's code: slower (optimiser=slower, "
        "n_iterations=5), quick (features=horsepower, n_iterations=10), "
        "quick (features=all, n_iterations=10)",
        "typed in prose: 128",
        "horsepower.cost: stays 215.5 on other data",
        "all.cost: stays 215.5 on other data",
        "replayed: stays 23.943663 on other data",
        "typed: stays 0.95 on other data",
    }
    pages = (grader.folder / "build" / "grades" / "index.html").read_text()
    assert pages.count("data:image/png;base64,iVBOR") >= 2
    assert (rows["honest"]["differs"], rows["honest"]["missing"]) == ("0", "0")
    assert int(rows["honest"]["holds"]) > 8
    after = {path for path in tmp_path.rglob("*") if grader.folder not in path.parents}
    assert after == {*before}


@pytest.mark.usefixtures("walls")
def test_a_submission_cannot_forge_its_results(tmp_path, unchanged, grader, two_runs):
    (tmp_path / "made").mkdir()
    caption = """\
import pandas as pd
table = pd.DataFrame({"letter": ["A"]})
report.table(table, label="mine", align="l", caption="It is {{all.cost}}.")"""
    cells = ["%%prose\nSee @tab:mine.", caption, "claims.update(honest)"]
    faced = built(tmp_path / "made" / "it", two_runs, cells, TWO_FACED)
    init, pdf = "helpers/__init__.py", "report/report.pdf"
    lie = {pdf: faced[pdf], "report/lie": faced[pdf], init: unchanged[init] + PATCH}
    patched = {n: text for n, text in (unchanged | lie).items() if n != PAGE}
    bundles = {"faced.zip": zipped(faced), "patched.zip": zipped(patched)}
    spread(tmp_path / "class", bundles)
    rows = graded(grader, tmp_path / "class")
    assert [row["verdict"] for row in rows.values()] == [DIFFERS, DIFFERS]
    assert rows["faced.zip"]["why"] == "page 1; page 1, links"
    page = (grader.folder / "build/grades/1.html").read_text(encoding="utf-8")
    assert page.count("<td>1.234") == 3  # in the text twice, in the caption once
    assert f"attached {REPORT}" in rows["patched.zip"]["why"]


def test_the_graders_code_alone_has_no_additions_of_a_submission(tmp_path, unchanged):
    """A package would shadow the module of the same name."""
    spread(tmp_path / "checkout", unchanged)
    grading = Grading(tmp_path, tmp_path, SimpleNamespace(), None, None, True)
    grading.reference.checkout = tmp_path / "checkout"
    added = {"helpers/model/__init__.py": FRAUD, "notebooks/numpy.py": FRAUD}
    spread(grading.handed_in, unchanged | added | {"helpers/optimisers.py": FRAUD})
    build = dict.fromkeys(Revision._fields, "")
    for alone, others in ((True, set()), (False, {*added, "helpers/optimisers.py"})):
        found = sources_in(grading.assemble_trusted(build, alone))
        same = {name for name in found if found[name] == unchanged.get(name)}
        assert found.keys() - same == others
        assert same | others >= sources_in(grading.reference.checkout).keys()


def test_a_run_with_the_same_results_is_taken_whatever_code_made_it(finished):
    """On other data, runs that a changed helper does not affect are not repeated."""
    finished.replace(
        "helpers/model.py", "import numpy as np", "import numpy as np\nA = 1"
    )
    code = """\
from helpers.pipeline.grading.sandboxed import accept
from helpers.pipeline.sweep.plan import make_plan
first, second = make_plan().missing
accept(make_plan().runs[first])
print([*make_plan().missing] == [second])
"""
    command, given = [sys.executable, "-c", code], finished.environment
    done = subprocess.check_output(command, cwd=finished.folder, env=given)
    assert done == b"True\n"


@pytest.mark.usefixtures("walls")
def test_a_submission_that_never_ends_is_stopped_and_the_others_are_graded(
    tmp_path, unchanged, two_runs
):
    for_ever = with_cell(unchanged, "while True: __import__('time').sleep(1)\\n")
    spread(tmp_path / "class", {"1.zip": zipped(for_ever), "2.zip": b""})
    folder, build = Project(tmp_path / "grader").folder, two_runs.parent
    reference = Reference(
        folder, sources_in(folder), build, build, Rebuilt(), Rebuilt(), None, {}, ""
    )
    grades = [
        grade(path, reference, Limits(seconds=8), None, True)
        for path in unpack.submissions_in(tmp_path / "class")
    ]
    assert [(grade.verdict, grade.why) for grade in grades] == [
        (FAILED, "it took more than 8 s"),
        (FAILED, "it cannot be unpacked: File is not a zip file"),
    ]


def descendants(pid):
    """Yield all descendants of a process, each with its command line."""
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            yield child, child.cmdline()


@pytest.mark.parametrize(
    ("send", "number"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGHUP)]
)
@pytest.mark.usefixtures("walls")
def test_interrupted_grading_leaves_nothing_behind(
    tmp_path, unchanged, grader, send, number
):
    for_ever = with_cell(unchanged, "while True: __import__('time').sleep(1)\\n")
    spread(tmp_path / "class", {"1.zip": zipped(for_ever), "2.zip": b""})
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    grader.environment["TMPDIR"] = str(temporary)
    command = ["helpers.pipeline.grading", str(tmp_path / "class")]
    process = grader.start(*command, start_new_session=True)
    try:
        assert "1 of 2: 2.zip" in process.stdout.readline()
        started, deadline = [], time.monotonic() + 60
        while not any("grading.sandboxed" in "".join(line) for _, line in started):
            assert time.monotonic() < deadline
            started = [*descendants(process.pid)]
        send(process.pid, number)
        out, err = process.communicate(timeout=60)
        assert "written: build/grades/index.html and grades.csv" in out
        assert process.returncode == 128 + number
        assert err == "interrupted\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert psutil.wait_procs([child for child, _ in started], timeout=20)[1] == []
    assert list(temporary.iterdir()) == []
    assert "2.zip" in (grader.folder / "build/grades/grades.csv").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("walls")
def test_grading_that_is_interrupted_early_leaves_no_process(tmp_path, grader, number):
    spread(tmp_path / "class", {"1.zip": b""})
    command = ["helpers.pipeline.grading", str(tmp_path / "class")]
    process = grader.start(*command, start_new_session=True)
    started, deadline = [], time.monotonic() + 60
    try:
        while not any("helpers.pipeline.report" in line for _, line in started):
            assert time.monotonic() < deadline
            started = [*descendants(process.pid)]
        # Forks of the forkserver have its command line and its environment.
        server = next(it for it, line in started if "helpers.pipeline.report" in line)
        made = Path(server.environ()["IPYTHONDIR"]).parent
        assert made.is_dir()
        os.kill(process.pid, number)
        assert psutil.wait_procs([child for child, _ in started], timeout=20)[1] == []
        assert not made.exists()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


LINK = zipfile.ZipInfo("submission/notebooks/link")
LINK.external_attr = 0o120777 << 16
REQUIRED = dict.fromkeys(unpack.REQUIRED, b"")
WITHOUT_PDF = {REPORT: b"", "experiments.yaml": b""}
MINE = {"notebooks/mine.ipynb": b""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it cannot be unpacked: File is not a zip file"),
        (zipped(REQUIRED)[:-40], "it cannot be unpacked: "),
        (
            zipped({}),
            "there is no notebooks/report.ipynb in it; hand in the zip that",
        ),
        (
            zipped({"it.zip": b""}),
            "there is no notebooks/report.ipynb in it; it has submission/it.zip: ",
        ),
        (
            zipped(WITHOUT_PDF | {"report/My.pdf": b"", "report/mine.pdf": b""} | MINE),
            "there is no report/report.pdf in it; it has report/mine.pdf: make grade "
            "REPORT=mine",
        ),
        (
            zipped(WITHOUT_PDF | {"report/Report.pdf": b""}),
            "there is no report/report.pdf in it; it has report/Report.pdf: if that is "
            "the report, name it report/report.pdf",
        ),
        (zipped({"experiments.yaml": b""}), "there is no notebooks/report.ipynb in it"),
        (zipped({REPORT: b""}), "there is no experiments.yaml in it"),
        (zipped({"/etc/passwd": b""}, ""), "it leads out of its folder: '/etc/passwd'"),
        (zipped({"..\\a": b""}, ""), "it leads out of its folder: "),
        (zipped({"data\\..\\..\\a": b""}), "it leads out of its folder: "),
        (zipped({"data/../../a": b""}, ""), "it leads out of its folder: "),
        (zipped({"helpers/./pipeline/a": b""}), "it leads out of its folder: "),
        (zipped({"helpers//pipeline/a": b""}), "it leads out of its folder: "),
        (zipped(REQUIRED | {LINK: "/etc"}), "'submission/notebooks/link' is a link, "),
        (
            zipped(REQUIRED | {f"data/{n}": b"" for n in range(unpack.MOST)}),
            "it is too large: 0 MiB in 2,003 files, at most 200 MiB in 2,000",
        ),
    ],
)
def test_a_submission_that_cannot_be_unpacked_has_a_reason(tmp_path, content, message):
    (tmp_path / "it.zip").write_bytes(content)
    with pytest.raises(UserError) as caught:
        unpack.unpack(tmp_path / "it.zip", tmp_path / "out")
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "out").exists()


def test_a_zip_of_windows_own_tool_is_read(tmp_path):
    """Its paths have backslashes between folders."""
    needed = {name.replace("/", "\\"): b"x" for name in unpack.REQUIRED}
    (tmp_path / "it.zip").write_bytes(zipped(needed, "submission\\"))
    unpack.unpack(tmp_path / "it.zip", tmp_path / "out")
    files = (path for path in (tmp_path / "out").rglob("*") if path.is_file())
    found = {path.relative_to(tmp_path / "out").as_posix() for path in files}
    assert found == {*unpack.REQUIRED}


# Version, flags and compression of an entry whose name is in UTF-8: flagged, or not.
IN_UTF8, NOT_FLAGGED = b"\x14\0\0\x08\x08\0", b"\x14\0\0\0\x08\0"


def test_a_zip_of_a_mac_is_read(tmp_path):
    """Its names have decomposed letters; two checkouts in it are an error."""
    name = "data/Häuser.csv"
    files = REQUIRED | {name: b"a"}
    apart = {unicodedata.normalize("NFD", it): text for it, text in files.items()}
    assert name not in apart
    again = {f"old/{it}": b"" for it in REQUIRED}  # a copy inside does not count
    more = {"__MACOSX/._notebooks/report.ipynb": b"", ".DS_Store": b""}
    # Nor do these folders beside it, or a link that is left out.
    beside = [f"{place}/{REPORT}" for place in ("__MACOSX", ".Trash", "build")]
    link = zipfile.ZipInfo(".venv/python")
    link.external_attr = LINK.external_attr
    more |= dict.fromkeys([*map(zipfile.ZipInfo, beside), link], b"")
    flagged = zipped(apart | again | more | {zipfile.ZipInfo("./"): b""}, "./Lösung/")
    unflagged = flagged.replace(IN_UTF8, NOT_FLAGGED)
    assert flagged != unflagged
    for number, content in enumerate((flagged, unflagged)):
        (tmp_path / "a.zip").write_bytes(content)
        unpack.unpack(tmp_path / "a.zip", tmp_path / f"{number}")
        assert (tmp_path / f"{number}" / name).read_bytes() == b"a"
    for form in ("NFC", "NFD"):  # the name as the grid spells it
        written = unicodedata.normalize(form, name)
        spread(tmp_path / form, files | {"experiments.yaml": written.encode()})
        unpack.unpack(tmp_path / form, tmp_path / f"{form} out")
        assert (tmp_path / f"{form} out" / written).read_bytes() == b"a"
    two = {f"{folder}/{it}": b"" for folder in ("b", "a") for it in REQUIRED}
    (tmp_path / "b.zip").write_bytes(zipped(two, ""))
    both = "it has both a/notebooks/report.ipynb and b/notebooks/report.ipynb: leave"
    with pytest.raises(UserError, match=both):
        unpack.unpack(tmp_path / "b.zip", tmp_path / "none")


def test_a_zip_that_grows_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "LARGEST", 2**20)
    content = zipped(REQUIRED | {"data/zeros": bytes(5 * 2**20)})
    assert len(content) < 20_000
    (tmp_path / "it.zip").write_bytes(content)
    with pytest.raises(UserError, match="it is too large: 5 MiB in 4 files, at most 1"):
        unpack.unpack(tmp_path / "it.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_that_lies_about_a_size_yields_no_more_than_it_says(tmp_path):
    content = zipped(REQUIRED | {"data/zeros": bytes(2**20)})
    size = (2**20).to_bytes(4, "little")
    assert content.count(size) == 2
    (tmp_path / "it.zip").write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    with zipfile.ZipFile(tmp_path / "it.zip") as it:
        entry = it.getinfo("submission/data/zeros")
        with pytest.raises(zipfile.BadZipFile):  # the checksum is of the whole content
            unpack._zip_member(it, entry)[1].read()


def test_a_file_that_is_there_twice_or_encrypted_is_named():
    member = unpack.Member(0, True, bytes)
    needed = [(name, member) for name in unpack.REQUIRED]
    with pytest.raises(UserError, match="it has experiments.yaml twice"):
        unpack.select([*needed, ("experiments.yaml", member)])
    entry = zipfile.ZipInfo("data/x")
    entry.flag_bits = 1
    assert not unpack._zip_member(zipfile.ZipFile(io.BytesIO(), "w"), entry)[1].regular


def test_hidden_files_in_a_folder_are_left_out(tmp_path):
    hidden = {"data/.DS_Store": b"x", "notebooks/._report.ipynb": b"x", ".x/y": b"x"}
    spread(tmp_path / "it", REQUIRED | hidden)
    (tmp_path / "it" / ".link").symlink_to("/etc")
    unpack.unpack(tmp_path / "it", tmp_path / "out")
    assert files_of(tmp_path / "out").keys() == REQUIRED.keys()


def test_a_failure_of_a_report_of_an_older_commit_says_what_to_grade_it_with():
    older = git("rev-parse", "HEAD~1").decode().strip()
    now = revision().commit
    if older:  # not in a clone of one commit
        hint = f"from commit {older[:12]}, this checkout is {now[:12]}: grade it with "
        assert hint + older[:12] in version_hint(older)
    assert version_hint(now) == version_hint("") == version_hint("0" * 40) == ""
    assert version_hint("--help") == ""


def test_a_zip_beside_its_pdf_in_a_folder_is_read(tmp_path):
    files = {"report.pdf": b"%PDF-", "submission.zip": zipped(REQUIRED)}
    spread(tmp_path / "it", files)
    unpack.unpack(tmp_path / "it", tmp_path / "out")
    assert (tmp_path / "out" / REPORT).exists()
    spread(tmp_path / "it", {"old.zip": zipped(REQUIRED)})
    with pytest.raises(UserError, match="there is no notebooks/report.ipynb in it; it"):
        unpack.unpack(tmp_path / "it", tmp_path / "none")


def test_links_out_of_a_folder_are_not_followed(tmp_path):
    spread(tmp_path / "it", REQUIRED)
    (tmp_path / "it" / "data").symlink_to("/etc")
    with pytest.raises(UserError, match="'data' is a link, or not an ordinary file"):
        unpack.unpack(tmp_path / "it", tmp_path / "out")
    (tmp_path / "it" / "data").unlink()
    os.mkfifo(tmp_path / "it" / "pipe")  # reading it would never end
    with pytest.raises(UserError, match="'pipe' is a link, or not an ordinary file"):
        unpack.unpack(tmp_path / "it", tmp_path / "out")
    (tmp_path / "own.zip").write_bytes(zipped(REQUIRED))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "it.zip").symlink_to(tmp_path / "own.zip")
    with pytest.raises(UserError, match="'it.zip' is a link, or not an ordinary file"):
        unpack.unpack(tmp_path / "other", tmp_path / "out")


def test_only_what_a_report_is_made_from_is_taken():
    taken = ["notebooks/report.ipynb", "helpers/model.py", "data/a/b.csv"]
    taken += ["experiments.yaml", "report/references.bib", "report/results.json"]
    taken += ["report/own.bib", "report/picture.png"]
    left = [
        "report/other.pdf",
        "report/other-results.json",
        "Makefile",
        "helpers/pipeline/verify/verify.py",
        "requirements.txt",
        "COMMIT",
    ]
    left += ["report/template/index.tex.j2", "notebooks/", "notebooks/build/x"]
    left += ["helpers/__pycache__/model.pyc", "tests/test_model.py"]
    left += ["notebooks/._report.ipynb", "data/.DS_Store", "helpers/.x/y.py"]
    assert [name for name in taken + left if unpack.counts(name)] == taken


def test_no_template_is_taken():
    options = {"extra_template_basedirs": [str(ROOT / "report")]}
    for_print = LatexExporter(template_name="template", **options)
    names = exporter().get_template_names() + for_print.get_template_names()
    assert {"page", "template", "base"} < {*names}
    assert not any(unpack.counts(f"report/{name}/null.j2") for name in names)


def test_a_folder_without_submissions_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no folder .*SUBMISSIONS=folder"):
        unpack.submissions_in(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(UserError, match="there is no zip and no folder in"):
        unpack.submissions_in(tmp_path)
    spread(tmp_path, {REPORT: b"{}"})
    with pytest.raises(UserError, match="is one submission: name the folder that"):
        unpack.submissions_in(tmp_path)
    spread(tmp_path, {"one.zip": b""})
    with pytest.raises(UserError, match="one.zip is one submission: name the folder"):
        unpack.submissions_in(tmp_path / "one.zip")


def test_texts_of_submissions_stay_texts(tmp_path):
    line = Line("<b>claim</b>", "1", "2\x1b[31m", 0.5, DIFFERS)
    lines = ["+<script>alert(1)</script>\x1b[31m", f"-{'a ' * 700}changed"]
    file = Changed("data/<i>.csv", "own data", 1, 0, lines)
    grades = [
        Grade("=cmd|x.zip", [line], student="=1+1", changed=[file], pdf=b"%PDF-"),
        Grade("<script>.zip", problem="it\nsaid " + "x" * 1000),
        Grade("c.zip", [Line("a", "1", "1", 0.0, HOLDS)]),
        Grade("d.zip", [Line("a", "1", "missing", None, MISSING)]),
        Grade("e.zip", [Line("platform", "A", "B", None, NOTED)]),
        Grade("f.zip", suspicious=["<b>: stays"], pictures=[(3, b"PNG", None)]),
        Grade("g.zip", notes=["runs: none"]),
    ]
    write_gradebook(tmp_path / "grades", grades)
    with (tmp_path / "grades" / "grades.csv").open(newline="", encoding="utf-8") as it:
        rows = list(csv.DictReader(it))
    assert [*rows[0].values()] == [
        *("'=cmd|x.zip", "'=1+1", DIFFERS, "data/<i>.csv (own data) +1 −0", ""),
        *("0", "1", "0", "0.0 s", "<b>claim</b>", "1.html"),
    ]
    assert rows[1]["verdict"] == FAILED
    assert len(rows[1]["why"]) == 300
    verdicts = [HOLDS, DIFFERS, "holds, drawings not compared", SUSPICIOUS, HOLDS]
    assert [row["verdict"] for row in rows[2:]] == verdicts
    assert rows[6]["why"] == "runs: none"
    page, details = (
        (tmp_path / "grades" / name).read_text() for name in ("index.html", "1.html")
    )
    assert "3 of 7 hold" in page
    assert page.count("<script>") == 1  # it sorts the table
    assert "&lt;script&gt;.zip" in page
    assert 'src="data:image/png;base64,UE5H"' in page
    assert "<b>" not in details
    assert "<script>" not in details
    assert "<ins>+&lt;script&gt;" in details
    assert "a changed</del>" in details
    assert "\x1b" not in details
    assert '<td class="wrong">differs</td>' in details
    assert all((tmp_path / "grades" / f"{n}.html").exists() for n in range(1, 8))
    assert (tmp_path / "grades" / "1.pdf").read_bytes() == b"%PDF-"


def test_nobody_is_blamed_for_a_failure_of_the_graders_own_report(tmp_path):
    problem = "the grader's own report cannot be made: it fails"
    reference = SimpleNamespace(problem=problem)
    grading = Grading(tmp_path / "a.zip", tmp_path, reference, Limits(), None, True)
    assert grading.check_claims({}, None, []) == []
    assert grading.result.notes == [f"numbers on other data not compared: {problem}"]


def test_the_cause_of_a_difference_is_named_first():
    names = ["all.cost", "page 3", "page 3", "page 4", "run a", "attached Makefile"]
    lines = [Line(name, "1", "2", 0.5, DIFFERS) for name in names]
    holds = Line("attached build.json", "there", "there", 0.0, HOLDS)
    grade = Grade("a.zip", [holds, *lines])
    assert grade.why == "attached Makefile; run a; all.cost and 2 more"


def test_pages_with_a_visible_difference_are_drawn_first():
    names = [f"page {n}, links" for n in range(1, 10)] + ["page 12", "page 11", "a"]
    lines = [Line(name, "", "", None, DIFFERS) for name in names]
    assert pages_to_draw(lines) == [1, 2, 3, 4, 5, 6, 11, 12]
    assert pages_to_draw([line._replace(verdict=HOLDS) for line in lines]) == []


def test_the_table_is_sorted_by_a_click(tmp_path, browser):
    took = {"b": 10, "a": 9, "c": 100}
    grades = [Grade(name, seconds=seconds) for name, seconds in took.items()]
    write_gradebook(tmp_path, grades)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    first = "[...document.querySelectorAll('td:first-child')].map(c => c.textContent)"
    page.click("text=submission")
    assert page.evaluate(first) == ["a", "b", "c"]
    page.click("text=time")
    assert page.evaluate(first) == ["a", "b", "c"]
    page.click("text=time")
    assert page.evaluate(first) == ["c", "b", "a"]
    page.close()


def test_a_long_name_leaves_the_table_within_the_window(tmp_path, browser):
    files = [Changed(f"data/{'y' * 89}.csv", "changed", 1, 1, [])]
    long = Grade("x" * 89 + ".zip", student="z" * 89, changed=files)
    write_gradebook(tmp_path, [long])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((tmp_path / "index.html").as_uri())
    room = "document.querySelector('table').parentElement.clientWidth"
    assert page.evaluate(f"document.querySelector('table').offsetWidth <= {room}")
    page.close()


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
    line = with_code_noted(Line(what, "there", "there", None, DIFFERS))
    assert line.verdict == verdict
    assert Grade("a.zip", [line]).verdict in (HOLDS, verdict)


def test_what_was_graded_before_an_interruption_is_kept(tmp_path, monkeypatch):
    def interrupted(*_):
        yield Grade("done.zip", problem="it is empty")
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "grade_all", interrupted)
    monkeypatch.setattr(command, "GRADES", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path.parent)
    (tmp_path / "late").mkdir()
    monkeypatch.setattr("sys.argv", ["grade", "--walls=none", str(tmp_path)])
    with pytest.raises(KeyboardInterrupt):
        command.main()
    assert "done.zip" in (tmp_path / "grades.csv").read_text()
    assert "done.zip" in (tmp_path / "index.html").read_text()
