"""Runs that misbehave are stopped, and kept with their error on one line."""

import hashlib
import json
from platform import python_version as version

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from project import notebook_of

from helpers import ROOT
from helpers.pipeline.kernels.warm import FORKSERVER, warm_kernels
from helpers.pipeline.sweep import execute as module
from helpers.pipeline.sweep.execute import execute
from helpers.pipeline.sweep.executed import as_text
from helpers.pipeline.sweep.experiments import Point


@pytest.fixture(scope="module")
def warm():
    with warm_kernels([]):
        yield


@pytest.fixture
def run(warm, monkeypatch, tmp_path):
    """Return a function that executes cells of code as a notebook."""
    monkeypatch.setattr(module, "NOTEBOOKS", tmp_path)

    def execute_code(*cells, **options):
        notebook = notebook_of("print('before')", *cells)
        notebook.metadata.kernelspec["language"] = ""
        nbformat.write(notebook, tmp_path / "bad.ipynb")
        return execute("bad", {}, **options)

    return execute_code


def kept(outcome):
    """Check that the error is on top of the executed notebook, and return it."""
    notebook = nbformat.reads(outcome.notebook, as_version=4)
    assert "An Exception was encountered" in notebook.cells[0].source
    assert any("before" in str(cell.get("outputs")) for cell in notebook.cells)
    return notebook


@pytest.mark.parametrize(
    ("fail", "error"),
    [(2, ""), (3, "RuntimeError: Kernel died")],
)
def test_a_kernel_that_ends_before_it_listens_is_started_again(
    run, monkeypatch, fail, error
):
    """An ordinary kernel ends if another program takes one of its ports."""
    started = []

    class Unlucky(AsyncKernelManager):
        def format_kernel_cmd(self, **options):
            started.append(1)
            command = super().format_kernel_cmd(**options)
            return ["false"] if len(started) <= fail else command

    monkeypatch.delenv(FORKSERVER, raising=False)
    monkeypatch.setattr(module.BoundedClient, "kernel_manager_class", Unlucky)
    outcome = run("print(21 * 'ab')")
    assert outcome.error[:25] == error
    assert len(started) == 3
    assert (21 * "ab" in outcome.notebook) == (not error)


def test_a_notebook_that_never_ends_is_stopped(run):
    outcome = run("while True: pass", time_limit=1)
    assert outcome.error == "TimeLimit: stopped after 1 s"
    kept(outcome)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import os; os._exit(1)", "KernelDied: the notebook ended its own kernel, or"),
        ("exit()", "SystemExit: the notebook ended before it recorded anything"),
        ("quit()", "SystemExit: the notebook ended before it recorded anything"),
    ],
)
def test_a_notebook_that_ends_its_kernel_is_noticed_at_that_cell(run, code, error):
    outcome = run(code, "1 + 1")
    assert outcome.error.startswith(error)
    assert outcome.cell == f"In [2]: {code}"
    if "Kernel" in error:
        kept(outcome)


def test_a_notebook_that_prints_without_end_is_stopped(run, monkeypatch):
    monkeypatch.setattr(module, "MAX_OUTPUT", 100_000)
    outcome = run("while True: print('x' * 10_000)")
    assert outcome.error == "TooMuchOutput: more than 100,000 characters"
    kept(outcome)
    assert len(outcome.notebook) < 300_000
    assert run("import os; os.system('yes')").error == outcome.error


def test_a_notebook_that_raises_keeps_its_error(run):
    outcome = run("raise ValueError('no such luck')")
    assert outcome.error == "ValueError: no such luck"
    assert outcome.cell == "In [2]: raise ValueError('no such luck')"
    kept(outcome)


def test_half_of_a_character_that_is_printed_fails_at_once(run):
    outcome = run(r"print('\ud83d')", time_limit=60)
    assert outcome.error.startswith("UnicodeEncodeError: 'utf-8' codec can't encode")
    assert outcome.seconds < 20
    kept(outcome)


def test_a_cell_that_fails_is_named_with_the_line_that_failed(run):
    outcome = run("%%time\n" + "long = 'and so on' " * 9 + "+ 1\nmore")
    assert outcome.cell == "In [2]: long = 'and so on' long = 'and so on' long = 'and…"
    assert run("\n\n1 / 0").cell == "In [2]: 1 / 0"
    deep = "def half(x):\n    return x / 0\n\ny = 1\nhalf(y)"
    assert run(deep).cell == "In [2], line 5: half(y)"
    assert run("y = 1\nx = (").cell == "In [2], line 2: x = ("
    assert run("1 + 1").cell == ""


def test_a_package_that_is_missing_is_not_the_end(run):
    error = run("import seaborn_").error
    assert error == (
        "ModuleNotFoundError: No module named 'seaborn_' (how to add a package: "
        "README.md, Change the report)"
    )


def test_a_magic_that_does_not_exist_is_named(run):
    outcome = run("import sys; print('a warning', file=sys.stderr)\n1 + 1")
    assert outcome.error == ""
    outcome = run("%%prse\nHello")
    assert outcome.error == "UsageError: Cell magic `%%prse` not found."
    kept(outcome)


def test_a_run_records_its_name_and_its_inputs(run):
    path = ROOT / "data" / "auto.yaml"
    outcome = run(f"open({str(path)!r}).close()", inputs={"Python": version()})
    assert outcome.error == ""
    kept = nbformat.reads(outcome.notebook, as_version=4).metadata["run"]
    assert kept["name"] == Point("", "bad", {}).run
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept["inputs"] == {"Python": version(), "data/auto.yaml": content}


def test_watching_a_run_leaves_no_trace_in_it(run):
    look = (
        "ip = get_ipython()\n"
        "print(sorted(globals()), In, Out, ip.execution_count, sorted(dir(ip)))"
    )
    bare, watched = (run(look, inputs=inputs).notebook for inputs in (None, {}))
    cells = [nbformat.reads(text, as_version=4).cells for text in (bare, watched)]
    outputs = [[cell.outputs for cell in executed] for executed in cells]
    assert outputs[0] == outputs[1]
    assert "get_ipython" in outputs[0][1][0].text


def test_printed_text_is_kept_in_one_piece(run):
    outcome = run("for part in 'abc':\n    print(part, flush=True)")
    outputs = nbformat.reads(outcome.notebook, as_version=4).cells[1].outputs
    assert [output.text for output in outputs] == ["a\nb\nc\n"]


def test_an_output_that_cannot_be_shown_is_a_failed_run(run):
    code = "print('Error in callback <function f> (for post_execute)')"
    outcome = run(code)
    assert outcome.error.startswith("OutputLostError: Error in callback <function f>")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"cells": None}, "it has no list of cells"),
        (
            {"nbformat_minor": ...},  # which nbformat notices
            "The v4 notebook does not include the nbformat minor, which is needed.",
        ),
        ({"nbformat_minor": "5"}, "AssertionError"),
    ],
)
def test_a_damaged_notebook_is_a_failed_run(run, tmp_path, changes, wrong):
    content = json.loads(run("1 + 1").notebook) | changes
    content = {key: value for key, value in content.items() if value is not ...}
    (tmp_path / "bad.ipynb").write_text(json.dumps(content))
    outcome = execute("bad", {}, inputs={})
    assert outcome.error == f"notebooks/bad.ipynb is damaged: {wrong}"
    top = nbformat.reads(outcome.notebook, as_version=4).cells[0].source
    assert top == f"**{outcome.error}**"


def test_half_of_a_character_can_be_kept():
    cell = nbformat.v4.new_markdown_cell("\ud800")
    text = as_text(nbformat.v4.new_notebook(cells=[cell]))
    assert nbformat.reads(text, as_version=4).cells[0].source == "\ud800"
    assert text.encode()


def test_what_was_printed_in_pieces_is_one_output_and_updates_find_their_place(run):
    outcome = run(
        "import sys\n"
        "from IPython.display import display, update_display\n"
        "for n in range(3):\n"
        "    print(n, flush=True)\n"
        "    print('w', n, file=sys.stderr, flush=True)\n"
        "    display(n, display_id=str(n))\n",
        "update_display('new', display_id='2')",
    )
    [*_, cell, _] = nbformat.reads(outcome.notebook, as_version=4).cells
    printed = [output for output in cell.outputs if output.output_type == "stream"]
    assert {output.name: output.text for output in printed} == {
        "stdout": "0\n1\n2\n", "stderr": "w 0\nw 1\nw 2\n"
    }  # fmt: skip
    shown = [output for output in cell.outputs if output not in printed]
    assert [output.data["text/plain"] for output in shown] == ["0", "1", "'new'"]
