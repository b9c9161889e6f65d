"""A submission is complete, contains no stray files, is reproducible, and works."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from project import Project
from small import files_of, make_small, spread

from helpers import ROOT
from helpers.pipeline import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import sha256
from helpers.pipeline.report import revision
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.report.revision import Revision
from helpers.pipeline.verify import reproduce, submission
from helpers.pipeline.verify.reader import read_pdf
from helpers.pipeline.verify.rebuild import build_report

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="a submission is made from a clone"
)


def commit_all(folder):
    """Commit all files of a folder to a new repository."""
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_a_zip_depends_on_nothing_but_its_files_and_their_time(tmp_path):
    files = {"b/run": b"#!/bin/sh\n", "a": b"1" * 1000}
    submission.write(tmp_path / "one.zip", files, 1_700_000_000)
    submission.write(tmp_path / "two.zip", dict(reversed(files.items())), 1_700_000_000)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["submission/a", "submission/b/run"]
        assert archive.read("submission/a") == files["a"]
        modes = [oct(entry.external_attr >> 16) for entry in archive.infolist()]
        assert modes == ["0o100644", "0o100755"]


def test_what_is_not_committed_is_named(monkeypatch):
    monkeypatch.setattr(submission, "revision", lambda: Revision("abc", 0, "digest"))
    monkeypatch.setattr(submission, "changed_since_commit", lambda: ["a.txt", "b.txt"])
    with pytest.raises(
        UserError, match=r"from the last commit: a\.txt, b\.txt; commit them"
    ):
        submission.main()


def test_a_file_that_is_changed_while_a_report_is_made_is_named(tmp_path, two_runs):
    project = Project(tmp_path)
    make_small(project, "(ROOT / 'helpers' / 'own.py').write_text('A = 1')")
    shutil.copytree(two_runs, tmp_path / "build" / "runs")
    project.write(".gitignore", "build/\n__pycache__/\n")
    commit_all(tmp_path)
    project.replace("helpers/model.py", "import numpy", "import numpy.linalg, numpy")
    status, _, err = project.run("helpers.pipeline.report", "html")
    said = "helpers/own.py changed in the meantime; run make report again"
    assert (status, err.splitlines()[-1]) == (2, f"error: {said}")
    assert not (tmp_path / "report" / "report.html").exists()


def test_without_a_commit_nothing_can_be_handed_in(monkeypatch):
    monkeypatch.setattr(submission, "revision", lambda: Revision("", 0, ""))
    with pytest.raises(UserError, match="only files that are committed"):
        submission.main()


def test_recorded_results_that_are_not_committed_are_named(monkeypatch):
    monkeypatch.setattr(
        submission, "changed_since_commit", lambda: ["report/results.json"]
    )
    with pytest.raises(UserError, match="commit first: report/results.json"):
        submission.committed(Revision("abc", 0, ""), ASSIGNMENT)


def test_files_are_handed_in_as_they_were_committed(tmp_path, monkeypatch):
    files = {"a.txt": b"one\n", "notebooks/b.ipynb": b"{}\n"}
    spread(tmp_path, files)
    commit_all(tmp_path)
    (tmp_path / "notebooks" / "b.ipynb").write_text("run")
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.autocrlf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert submission.committed(Revision("abc", 0, ""), ASSIGNMENT) == files


def test_a_link_to_another_file_is_handed_in_as_that_file(tmp_path, monkeypatch):
    spread(tmp_path, {"data/a.csv": b"one\n"})
    (tmp_path / "data" / "b.csv").symlink_to("a.csv")
    (tmp_path / "data" / "c.csv").symlink_to("/etc/hostname")
    (tmp_path / "data" / "d.csv").symlink_to("none.csv")
    commit_all(tmp_path)
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    files = submission.files_of("HEAD")
    assert files == {"data/a.csv": b"one\n", "data/b.csv": b"one\n"}


def test_a_table_that_is_not_in_the_commit_is_named():
    with pytest.raises(UserError, match=r"^data/auto.csv is not in the commit: git ad"):
        submission.require_committed("report", {}, {"data/auto.yaml"})
    with pytest.raises(UserError, match=r"^data/auto.yaml is not in the commit"):
        submission.require_committed("report", {}, {"data/auto.csv"})
    submission.require_committed("report", {}, {"data/auto.csv", "data/auto.yaml"})


def test_a_report_on_a_table_elsewhere_is_neither_handed_in_nor_verified(
    project, tmp_path_factory, monkeypatch
):
    table = tmp_path_factory.mktemp("elsewhere") / "bin.csv"
    table.write_bytes((ROOT / "data" / "auto.csv").read_bytes())
    for name in (".gitignore", ".gitattributes"):
        shutil.copy(ROOT / name, project.folder)
    for name, text in {"REPORT": "regression", "DATA": table, "TARGET": "mpg"}.items():
        monkeypatch.setenv(name, str(text))
    status, out, err = project.run("helpers.pipeline.report")
    assert status == 0, err
    why = f"'{table}' is not part of the project, so it cannot be handed in or verified"
    assert f"note: {why}: copy it into data/\n" in err
    *_, last = out.splitlines()
    assert f", on {table}: mpg from cylinders, displacement, horsepower and 4" in last
    commit_all(project.folder)
    for command in (
        ["verify.submission"],
        ["compare", "--a=HEAD"],
        ["verify"],
        ["verify", "--pdf=report/regression.pdf"],
        ["verify", "--html=report/regression.html"],
    ):
        status, out, err = project.run(f"helpers.pipeline.{command[0]}", *command[1:])
        assert (status, out) == (2, ""), command
        assert err == f"error: {why}: copy it into data/\n", command
    assert not (project.folder / "build" / "regression-submission.zip").exists()


def test_a_notebook_with_outputs_can_be_handed_in(tmp_path, monkeypatch):
    notebook = {"cells": [{"cell_type": "code", "source": [], "outputs": []}]}
    files = {"a.ipynb": json.dumps(notebook).encode(), "b.txt": b"one\n"}
    spread(tmp_path, files | {".gitattributes": b"*.ipynb filter=strip\n"})
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    clean = ["config", "filter.strip.clean", "sed 's/\\[1\\]/[]/'"]
    commit = [*author, "commit", "-qm", "Begin"]
    for command in (["init", "-q"], clean, ["add", "."], commit):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    assert revision.changed_since_commit() == []
    path = tmp_path / "a.ipynb"
    path.write_text(path.read_text().replace('"outputs": []', '"outputs": [1]'))
    assert revision.changed_since_commit() == []
    assert (
        submission.committed(revision.revision(), ASSIGNMENT)["a.ipynb"]
        == files["a.ipynb"]
    )
    path.write_text(path.read_text().replace("code", "raw"))
    (tmp_path / "é\n").touch()
    assert revision.changed_since_commit() == ["a.ipynb", "é\n"]


def test_a_clone_of_another_user_works_whatever_git_is_told(tmp_path, monkeypatch):
    spread(tmp_path / "one", {"a.txt": b"one\n"})
    commit_all(tmp_path / "one")
    monkeypatch.setattr(revision, "ROOT", tmp_path / "one")
    monkeypatch.setattr(reproduce, "ROOT", tmp_path / "one")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setitem(environment.SET, "GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert len(revision.revision().commit) == 40
    reproduce.clone_commit(tmp_path / "two")
    assert (tmp_path / "two" / "a.txt").read_text() == "one\n"


def test_a_commit_with_a_run_that_fails_is_reproduced(tmp_path):
    """The error of a failed run names its folder, which differs between builds."""
    project = Project(tmp_path)
    make_small(project)
    grid = (tmp_path / "experiments.yaml").read_text(encoding="utf-8")
    project.write("experiments.yaml", f"{grid}wrong:\n  features: colour\n")
    project.write(".gitignore", "build/\nreport/*.pdf\nreport/*.html\n__pycache__/\n")
    commit_all(tmp_path)
    status, out, err = project.run("helpers.pipeline.verify.reproduce")
    assert (status, err) == (0, "")
    assert "\n6 of 6 files are identical\n" in out


def test_a_time_outside_the_range_of_a_zip_is_clipped(tmp_path):
    for moment, year in ((0, 1980), (2_200_000_000, 2039), (5_000_000_000, 2107)):
        submission.write(tmp_path / "it.zip", {"a": b"1"}, moment)
        with zipfile.ZipFile(tmp_path / "it.zip") as archive:
            assert archive.infolist()[0].date_time[0] == year


def test_a_report_of_another_commit_is_not_handed_in(monkeypatch):
    other = Revision("0" * 40, 0, "")
    monkeypatch.setattr(submission, "revision", lambda: other)
    monkeypatch.setattr(submission, "committed", lambda *_: {})
    with pytest.raises(UserError, match="was not made from this commit: make report"):
        submission.main()


@pytest.fixture(scope="module")
def unzipped(tmp_path_factory, two_runs):
    """Return a submission that was unzipped and built, and its version.

    It contains this checkout, with a small report that is quick to make.
    """
    folder = tmp_path_factory.mktemp("submission")
    now = revision.revision()._replace(changes="")
    names = revision.git("ls-files").decode().splitlines()
    spread(folder / "clone", {name: (ROOT / name).read_bytes() for name in names})
    make_small(Project.at(folder / "clone"))
    files = files_of(folder / "clone")
    digests = {name: sha256(content) for name, content in files.items()}
    files["COMMIT"] = json.dumps([*now, digests]).encode()
    submission.write(folder / "it.zip", files, now.time)
    shutil.unpack_archive(folder / "it.zip", folder)
    shutil.copytree(two_runs, folder / submission.FOLDER / "build" / "runs")
    build_report(folder / submission.FOLDER)
    return Project.at(folder / submission.FOLDER), now


def test_an_unzipped_submission_works_whatever_other_reports_there_are(unzipped):
    project, now = unzipped
    report = project.folder / "report" / "report.pdf"
    build = read_pdf(report, pages=False).build
    assert tuple(build[name] for name in now._fields) == now
    notebooks = project.folder / "notebooks"
    explore = (notebooks / "explore.ipynb").read_bytes()

    def files():
        paths = sorted(project.folder.rglob("*"))
        return [path for path in paths if "__pycache__" not in path.parts]

    command = ("helpers.pipeline.verify", "--pdf", str(report), "--all")
    try:
        assert project.run("helpers.pipeline.report.new", "other")[0] == 0
        (notebooks / "explore.ipynb").unlink()
        before = files()
        status, out, err = project.run(*command)
        assert files() == before  # nothing is left behind
    finally:
        (notebooks / "explore.ipynb").write_bytes(explore)
        (notebooks / "other.ipynb").unlink()
    assert status == 0
    assert err.startswith("making everything again in a separate folder")
    assert "all.cost " in out
    *_, last = out.splitlines()
    count = int(last.split()[0])
    assert last == f"{count} of {count} hold"
    assert count >= 8


def test_the_notebooks_of_the_runs_count(unzipped):
    project, _ = unzipped
    descent = (project.folder / "notebooks" / "descent.ipynb").read_bytes()
    command = ("helpers.pipeline.verify", "--pdf=report/report.pdf")
    try:
        project.replace("notebooks/descent.ipynb", "Run the descent", "Run a descent")
        status, out, _ = project.run(*command)
        assert status == 1
        assert "attached notebooks/descent.ipynb" in out
    finally:
        (project.folder / "notebooks" / "descent.ipynb").write_bytes(descent)


def test_a_changed_submission_is_of_another_version(unzipped):
    project, now = unzipped
    added = project.folder / "helpers" / "new.py"
    script = [sys.executable, "-m", "helpers.pipeline.report.revision"]
    versions = []
    for change in (lambda: None, added.touch, added.unlink):
        change()
        done = subprocess.run(
            script, cwd=project.folder, capture_output=True, text=True
        )
        versions.append(done.stdout.split())
    assert versions[0] == versions[2] == [now.commit, str(now.time)]
    assert versions[1][:2] == versions[0]
    assert len(versions[1]) == 3  # the digest of the changes
