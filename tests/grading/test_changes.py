"""Every kind of change in a submission is found."""

import json
import subprocess

import pytest

from helpers.pipeline.grading.changes import (
    changed_data,
    compare_files,
    reach_of,
    sources_in,
    typed_in_prose,
    typed_numbers,
)

REPORT = "notebooks/report.ipynb"


def notebook(*sources, **more):
    """Return a notebook of code cells."""
    cells = [{"cell_type": "code", "source": source, **more} for source in sources]
    return json.dumps({"cells": cells}).encode()


OURS = {
    "helpers/model.py": b"a = 1\nb = 2\n",
    "data/auto.csv": b"x,y\n1,2\n",
    "experiments.yaml": b"quick:\n  features: all\n",
    REPORT: notebook("x = 1", "%%prose\nThe cost is {{cost}}."),
}


@pytest.fixture
def changed(tmp_path):
    """Return a function that compares files with OURS."""

    def run(folder, command, allowed):
        done = subprocess.run(command, cwd=folder, capture_output=True)
        assert done.returncode in allowed
        return done.stdout

    return lambda theirs: compare_files(OURS, theirs, tmp_path / "texts", run)


def test_changed_files_are_named_with_their_lines(changed):
    theirs = OURS | {
        "helpers/model.py": b"a = 1\nb = 2.5\nc = 75\n",
        "helpers/mine.py": b"pass\n",
        "data/mine.csv": b"\xff\xfe\0",
        "experiments.yaml": b"quick:\n  features: all\nmine:\n  seed: 1\n",
        "notebooks/new.ipynb": notebook("1"),
    }
    del theirs["data/auto.csv"]
    files = changed(theirs)
    assert [str(file) for file in files] == [
        "data/auto.csv (removed) +0 −2",
        "data/mine.csv (own data) +1 −0",
        "experiments.yaml (own experiments: mine) +2 −0",
        "helpers/mine.py (own module) +1 −0",
        "helpers/model.py +2 −1",
        "notebooks/new.ipynb (own notebook) +2 −0",
    ]
    assert files[4].lines[-4:-1] == ["-b = 2", "+b = 2.5", "+c = 75"]
    assert typed_numbers(files) == {"2.5", "75", "1"}
    assert changed_data(files) == ["data/auto.csv: the grader's data, removed"]
    assert reach_of(files, OURS, theirs) == (True, True)


def test_large_data_are_counted_but_shown_in_part(changed):
    (file,) = changed(OURS | {"data/large.csv": b"1,2\n" * 10**6})
    assert str(file) == "data/large.csv (own data) +1000000 −0"
    assert len(file.lines) < 10**4


def test_equal_content_in_other_bytes_is_not_named(changed):
    theirs = {name: text.replace(b"\n", b"\r\n") for name, text in OURS.items()}
    cells = [json.loads(OURS[REPORT])["cells"][n]["source"] for n in (0, 1)]
    theirs[REPORT] = notebook(*cells, outputs=[1], execution_count=3)
    assert changed(theirs) == []


def test_only_digits_in_prose_are_suspicious(changed):
    theirs = OURS | {
        REPORT: notebook(
            "x = 1", "%%prose\nIn Exercise 2, $n = 3$: 47 of {{cost}}, or 1,5."
        ),
    }
    files = changed(theirs)
    assert [file.name for file in files] == [REPORT]
    assert reach_of(files, OURS, theirs) == (False, False)
    assert typed_in_prose(OURS, theirs) == [
        "typed in prose: 47",
        "typed in prose: 1,5",
    ]
    assert typed_in_prose(theirs, theirs) == []
    text = {"cell_type": "markdown", "source": "## Question 2\n\nThe cost is 23.9."}
    theirs = {REPORT: json.dumps({"cells": [text]}).encode()}
    assert typed_in_prose(OURS, theirs) == ["typed in prose: 23.9"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[" * 10**5, b'{"cells": 1}', b'{"cells": [1]}', b"diff -ur a b\n"],
)
def test_an_invalid_notebook_is_compared_as_text(changed, content):
    (file,) = changed(OURS | {REPORT: content})
    assert file.name == REPORT


def test_only_what_is_taken_from_a_submission_is_compared(tmp_path):
    for name in ("helpers/model.py", "helpers/pipeline/x.py", "report/report.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert sources_in(tmp_path) == {"helpers/model.py": b"x"}
