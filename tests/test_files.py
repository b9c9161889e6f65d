"""Files are written completely or not at all, even on full disks."""

import resource
from collections import namedtuple

import pytest
from small import make_small

from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write
from helpers.pipeline.kernels import warm


def test_a_file_that_is_not_written_whole_stays_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write(text, error=None):
        with atomic_write(path) as unfinished:
            unfinished.write_text(text)
            if error:
                raise error

    with pytest.raises(OSError, match="full"):
        write("half", OSError("full"))
    assert path.read_text() == "before"
    write("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named_before_a_kernel_starts(monkeypatch):
    usage = namedtuple("usage", "free")  # noqa: PYI024
    monkeypatch.setattr(warm.shutil, "disk_usage", lambda place: usage(2**20))
    message = "/tmp is full: 1 MiB are free, but 20 MiB are needed"
    with pytest.raises(UserError, match=message), warm.warm_kernels([]):
        pass


def test_a_disk_that_fills_while_the_report_is_made_is_one_line(finished):
    """Only the page is larger than the limit; the runs and the PDF are not."""
    project, size = finished, 550_000
    make_small(project)
    project.write("report/report.pdf", "an earlier report")
    before = (project.folder / "report" / "results.json").read_bytes()

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    process = project.start("helpers.pipeline.report", preexec_fn=fill)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "Traceback" not in out + err
    assert err.splitlines()[-1].startswith("error: ")
    left = {path.name for path in (project.folder / "report").iterdir()}
    assert not [name for name in left if "unfinished" in name]
    assert (project.folder / "report" / "report.pdf").read_text() == "an earlier report"
    assert (project.folder / "report" / "results.json").read_bytes() == before


def test_a_line_of_the_title_block_that_is_none_is_named(project, monkeypatch):
    monkeypatch.setenv("STUDENT", "two\nlines")
    status, out, err = project.run("helpers.pipeline.report")
    assert (status, out) == (2, "")
    assert err.startswith(
        "error: STUDENT must be one line of at most 500 letters, got "
    )
    assert len(err.splitlines()) == 1
