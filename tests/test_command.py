"""Commands on a machine that lacks something: they print one line, and never hang."""

import os
import subprocess
import sys

import pytest

from helpers import ROOT

RUN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from helpers.pipeline.command import run_command
def main():
    {{}}
run_command(main)
"""
SAYS = "print('to be read', flush=True)"


def command(body, wrapped="", **options):
    """Run a command with this body; `wrapped` is shell code that runs before it."""
    script = RUN.format(body)
    line = [sys.executable, "-c", script]
    shell = ["sh", "-c", f'{wrapped or "exec"} "$@"', "sh", *line]
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    return subprocess.run(shell, **options)


def test_an_interrupted_command_does_not_say_what_it_does_not_know():
    done = command("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_signal_that_ends_a_command_is_an_interruption_unless_it_is_ignored():
    send = "import os, signal; os.kill(os.getpid(), signal.SIGHUP); print('goes on')"
    done = command(send)
    assert (done.returncode, done.stdout, done.stderr) == (129, "", "interrupted\n")
    done = command(send, "trap '' HUP; exec")
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")


def test_few_files_are_refused_at_once():
    done = command(SAYS, "ulimit -n 64; exec")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: only 64 files may be open at a time, but 256 are needed: "
        "run `ulimit -n 256`\n"
    )


def test_few_files_are_more_if_they_may_be():
    done = command("import resource; print(resource.getrlimit(7)[0])", "ulimit -Sn 64;")
    assert done.returncode == 0
    assert int(done.stdout) >= 256


def test_standard_output_that_is_full_is_said_once_and_the_work_is_done(tmp_path):
    body = f"print('x' * 10**5); open({str(tmp_path / 'done')!r}, 'w').close()"
    with open("/dev/full", "w") as full:
        done = command(body, capture_output=False, stdout=full, stderr=-1)
    assert done.returncode == 2
    assert done.stderr == (
        "error: cannot write to standard output: No space left on device\n"
    )
    assert (tmp_path / "done").exists()


def test_a_reader_that_leaves_does_not_stop_the_work(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    body = f"print('x' * 10**5); open({str(tmp_path / 'done')!r}, 'w').close()"
    done = command(body, capture_output=False, stdout=writer, stderr=-1)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("closed", ["<&- >&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_is_not_written_to(tmp_path, closed):
    path = tmp_path / "file"
    body = f"f = open({str(path)!r}, 'w'); print('a'); print('b', file=sys.stderr)"
    done = command(body, f"exec {closed};")
    assert (done.returncode, path.read_text()) == (0, "")


def test_letters_that_the_terminal_lacks_are_no_error():
    done = command("print('λ')", env={"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stdout) == (0, "\\u03bb\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise OSError(28, 'No space left on device', 'a')", "a: No space left on d"),
        ("raise MemoryError", "out of memory"),
        ("open('a' * 300)", f"{'a' * 300}: File name too long"),
    ],
)
def test_what_the_system_refuses_is_one_line(body, message):
    done = command(body)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {message}")


def test_a_folder_for_temporary_files_that_cannot_be_written_is_named(monkeypatch):
    body = (
        "import tempfile; tempfile._candidate_tempdir_list = list; tempfile.mkdtemp()"
    )
    done = command(body)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no writable folder for temporary files")


def test_a_mistake_of_ours_is_a_traceback():
    assert "ZeroDivisionError" in command("1 / 0").stderr


def test_what_commands_start_has_nothing_of_a_persons_settings(monkeypatch):
    for name in ("GIT_DIR", "PYTHONSTARTUP", "TEXINPUTS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "own")
    monkeypatch.setenv("STUDENT", "Łukasz")
    monkeypatch.setenv("LC_ALL", "C")
    body = "import os; os.execvp('env', ['env'])"
    printed = command(body).stdout.splitlines()
    names = {line.partition("=")[0] for line in printed}
    assert not names & {"GIT_DIR", "PYTHONSTARTUP", "TEXINPUTS", "OMP_NUM_THREADS"}
    assert {"STUDENT=Łukasz", "PYTHONHASHSEED=0", f"PYTHONPATH={ROOT}"} <= {*printed}
