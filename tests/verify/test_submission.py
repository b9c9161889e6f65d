"""What is handed in: complete, nothing by accident, the same bytes, and it works."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from project import Project
from small import files_of, make_small, spread

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.report import revision
from helpers.pipeline.report.revision import Revision
from helpers.pipeline.verify import submission
from helpers.pipeline.verify.reader import read_pdf
from helpers.pipeline.verify.rebuild import build_report

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="a bundle is made from a clone"
)


def test_a_zip_depends_on_nothing_but_its_files_and_their_time(tmp_path):
    files = {"b/run": b"#!/bin/sh\n", "a": b"1" * 1000}
    submission.write(tmp_path / "one.zip", files, 1_700_000_000)
    submission.write(tmp_path / "two.zip", dict(reversed(files.items())), 1_700_000_000)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as bundle:
        assert bundle.namelist() == ["submission/a", "submission/b/run"]
        assert bundle.read("submission/a") == files["a"]
        modes = [oct(entry.external_attr >> 16) for entry in bundle.infolist()]
        assert modes == ["0o100644", "0o100755"]


def test_what_is_not_committed_is_named(monkeypatch):
    changed = Revision("abc", 0, "digest")
    monkeypatch.setattr(submission, "revision", lambda: changed)
    monkeypatch.setattr(submission, "_git", lambda *_: " M a.txt\n?? b.txt\n")
    with pytest.raises(UserError, match=r"commit first, or remove: a\.txt, b\.txt"):
        submission.main()


def test_without_a_commit_nothing_can_be_handed_in(monkeypatch):
    monkeypatch.setattr(submission, "revision", lambda: Revision("", 0, ""))
    with pytest.raises(UserError, match="only what is committed"):
        submission.main()


def test_recorded_results_that_are_not_committed_are_named(monkeypatch):
    monkeypatch.setattr(submission, "_git", lambda *_: " M report/results.json\n")
    with pytest.raises(UserError, match="commit first: report/results.json"):
        submission.committed(Revision("abc", 0, ""))


def test_a_report_of_another_commit_is_not_handed_in(monkeypatch):
    other = Revision("0" * 40, 0, "")
    monkeypatch.setattr(submission, "revision", lambda: other)
    monkeypatch.setattr(submission, "committed", lambda _: {})
    with pytest.raises(UserError, match="not of this commit: make report"):
        submission.main()


def test_an_unzipped_bundle_works_on_its_own(tmp_path):
    """A bundle of everything that is handed in, with a report that is made soon."""
    now = revision.revision()._replace(changes="")
    names = submission._git("ls-files", "-z").split("\0")
    spread(tmp_path / "clone", {n: (ROOT / n).read_bytes() for n in names if n})
    make_small(Project.at(tmp_path / "clone"))
    files = files_of(tmp_path / "clone")
    known = {name: submission.sha256(content) for name, content in files.items()}
    files["COMMIT"] = json.dumps([*now, known]).encode()
    submission.write(tmp_path / "it.zip", files, now.time)
    shutil.unpack_archive(tmp_path / "it.zip", tmp_path)
    folder = tmp_path / submission.FOLDER
    build_report(folder, {})
    told = read_pdf(folder / "report" / "report.pdf").build
    assert (told["commit"], told["time"], told["changes"]) == now

    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "helpers.pipeline.verify"]
    command += ["--pdf", "report/report.pdf"]
    assert subprocess.run(command, cwd=folder, env=environment).returncode == 0
    (folder / "helpers" / "new.py").write_text("")  # a change that changes no number
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
    assert done.returncode == 1
    assert b"attached build.json" in done.stdout
