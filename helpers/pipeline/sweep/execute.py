"""Execute a notebook, with limits on its time and its output."""

import contextlib
import os
import re
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.audit import watch_statement
from helpers.pipeline.kernels.forked import ForkedKernel
from helpers.pipeline.kernels.warm import FORKSERVER
from helpers.pipeline.sweep.executed import (
    as_text,
    exit_before_record,
    is_added_by_papermill,
    last_words,
    merge_streams,
    raise_for_lost_output,
    without_traces,
)
from helpers.pipeline.sweep.experiments import Point
from helpers.pipeline.sweep.inputs import with_opened
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, DamagedError, read_notebook
from helpers.pipeline.sweep.parameters import notebook_parameters, require_independent

# The most characters that a notebook may output before it is stopped.
MAX_OUTPUT = 50_000_000
WIDTH = 50  # characters shown of the line that failed
STARTS = 3  # attempts to start a kernel
IN_CELL = re.compile(r"\(<ipython-input-\S+>, ")  # the place of a SyntaxError
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Outcome(NamedTuple):
    """The result of a run."""

    notebook: str  # the executed notebook, with the error on top if it failed
    error: str  # the error on one line; empty if the run succeeded
    seconds: float  # the duration of the run
    cell: str = ""  # number and line of the cell that failed, if any


class BoundedClient(NotebookClient):
    """nbclient's client, with limits on the time and the output of a run."""

    def __init__(self, notebook, *, time_limit, log, **options):
        self.deadline = time.monotonic() + time_limit
        super().__init__(
            notebook,
            # At least 1, since a limit of 0 would mean no limit.
            timeout_func=lambda cell: max(1, self.deadline - time.monotonic()),
            # The working directory that JupyterLab and nbconvert use.
            resources={"metadata": {"path": str(NOTEBOOKS)}},
            raise_on_iopub_timeout=True,
            record_timing=False,
            **options,
        )
        self.time_limit = time_limit
        self.opened = log
        self.received = 0

    def execute(self):
        """Execute the cells up to the first that fails, which is marked for papermill.

        Unlike nbclient, this does not ask the kernel for its language.
        """
        self.reset_execution_trackers()
        with self.setup_kernel():
            for number, cell in enumerate(self.nb.cells):
                # Papermill's cells do not count, so the others keep their numbers.
                counts = not is_added_by_papermill(cell)
                try:
                    self.execute_cell(cell, number, store_history=counts)
                except CellExecutionError:
                    cell.metadata.papermill["exception"] = True
                    break
                except (CellTimeoutError, DeadKernelError) as stopped:
                    cell.outputs.append(self.output_of(stopped))
                    break
            self.set_widgets_metadata()
        for cell in self.nb.cells:
            merge_streams(cell.get("outputs", []))

    @contextlib.contextmanager
    def setup_kernel(self):
        """Start an ordinary kernel, whose opened files are logged if there is a log."""
        with super().setup_kernel():
            if self.opened:  # there is no need to wait for the answer
                watch = watch_statement(self.opened, ROOT)
                self.kc.execute(watch, silent=True, stop_on_error=False)
            yield

    def process_message(self, message, cell, cell_index):
        """Count the output; kill the kernel when it is too much."""
        if self.received <= MAX_OUTPUT:
            self.received += len(str(message["content"]))
            if self.received <= MAX_OUTPUT:
                return super().process_message(message, cell, cell_index)
            self.km.provisioner.process.send_signal(signal.SIGKILL)
        return None

    def output_of(self, stopped):
        """Return the reason why a run was stopped, as an output of a cell."""
        if self.received > MAX_OUTPUT:
            name, value = "TooMuchOutput", f"more than {MAX_OUTPUT:,} characters"
        elif isinstance(stopped, CellTimeoutError):
            name, value = "TimeLimit", f"stopped after {self.time_limit:g} s"
        else:
            name = "KernelDied"
            value = "the notebook ended its own kernel, or memory ran out"
        traceback = [f"{name}: {value}"]
        return nbformat.v4.new_output(
            "error", ename=name, evalue=value, traceback=traceback
        )


class ForkedClient(BoundedClient):
    """A bounded client for a kernel of the forkserver; `check` is called often."""

    @contextlib.contextmanager
    def setup_kernel(self):
        """Fork a kernel."""
        self.kernel = ForkedKernel(NOTEBOOKS, self.opened)
        with contextlib.closing(self.kernel):
            yield

    # Here, the kernel counts the output.
    process_message = NotebookClient.process_message

    def execute_cell(self, cell, number, *, store_history):
        """Execute a code cell."""
        if cell.cell_type != "code" or not cell.source.strip():
            return
        self.clear_before_next_output = False
        request = {"id": cell.get("id"), "source": cell.source, "counts": store_history}
        try:
            for message in self.kernel.execute(request, self.check):
                self.process_message(message, cell, number)
        except EOFError:
            raise DeadKernelError from None
        if self.kernel.reply["error"]:
            raise CellExecutionError("", "", "")

    def check(self):
        """Raise CellTimeoutError if there is too much output, or no time left."""
        self.received = self.kernel.received
        if self.received > MAX_OUTPUT or time.monotonic() > self.deadline:
            raise CellTimeoutError


def warm_up():
    """Load the schema of notebooks, while the forkserver imports modules."""
    nbformat.validator.get_validator(4, nbformat.v4.nbformat_minor)


def execute(notebook, parameters, *, time_limit=600, inputs=None):
    """Execute a notebook of the project with its parameters; return its `Outcome`.

    Within `helpers.pipeline.kernels.warm.warm_kernels`, its kernel starts at once. If
    `inputs` are given, those known before the run, they are recorded in the notebook's
    metadata, as ``run``, with the files that the run opened.
    """
    # The forkserver's folder is removed even if this process is killed.
    server = os.environ.get(FORKSERVER)
    with tempfile.TemporaryDirectory(dir=server and Path(server).parent) as folder:
        log = "" if inputs is None else f"{folder}/opened"
        started = time.perf_counter()
        try:
            executed = prepare_notebook(notebook, parameters)
        except DamagedError as damage:
            executed = nbformat.v4.new_notebook()
            error, cell, log = _put_on_top(executed, damage), "", ""
        else:
            error, cell = _execute(executed, time_limit, log)
        seconds = time.perf_counter() - started
        if log:
            changed = []
            if Path(log).exists():
                inputs, changed = with_opened(inputs, log)
            elif not error:
                error = "Unwatched: the kernel cannot import helpers"
            run = Point("", notebook, parameters).run
            executed.metadata["run"] = {"name": run, "inputs": inputs}
            if changed and not error:
                error = f"Changed during the run: {', '.join(changed)}"
    return Outcome(as_text(without_traces(executed)), error, seconds, cell)


def prepare_notebook(notebook, parameters):
    """Return a notebook with the given parameters and without outputs."""
    read_notebook(notebook, NOTEBOOKS)  # raises an error if it is damaged
    if parameters:
        declared = notebook_parameters(notebook)
        defaults = {name: parameter.default for name, parameter in declared.items()}
        changed = {n for n, value in parameters.items() if value != defaults.get(n)}
        require_independent(notebook, changed)
    try:
        content = load_notebook_node(str(NOTEBOOKS / f"{notebook}.ipynb"))
        if parameters:
            content = parameterize_notebook(content, parameters, language="python")
    except Exception as error:  # nbformat raises many types
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DamagedError(f"notebooks/{notebook}.ipynb is damaged: {reason}") from None
    for cell in content.cells:
        cell.metadata.setdefault("papermill", {})
        if is_added_by_papermill(cell):
            cell["id"] = "parameters-given"  # otherwise it would be random
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return content


def _execute(notebook, time_limit, log):
    """Execute a notebook in place; return the error and the cell that raised it."""
    try:
        _run_cells(notebook, time_limit=time_limit, log=log)
        raise_for_execution_errors(notebook, None)
        raise_for_lost_output(notebook)
        if ending_cell := exit_before_record(notebook):
            failure = SystemExit("the notebook ended before it recorded anything")
            cell = _describe_cell(ending_cell.execution_count, ending_cell.source)
            return _put_on_top(notebook, failure), cell
    except PapermillExecutionError as failure:
        error = " ".join(f"{failure.ename}: {failure.evalue}".split())
        error = IN_CELL.sub("(", error)
        if failure.ename == CellExecutionError.__name__:  # IPython only printed it
            error = last_words(notebook) or error
        if failure.ename == "ModuleNotFoundError":
            error += " (how to add a package: README.md, Change the report)"
        return error, _describe_cell(
            failure.exec_count, failure.source, failure.traceback
        )
    except UserError:
        raise
    except Exception as failure:  # it must not stop the other runs
        return _put_on_top(notebook, failure), ""
    return "", ""


def _run_cells(notebook, **options):
    """Execute a notebook; start another kernel if one dies before it is ready."""
    client = ForkedClient if FORKSERVER in os.environ else BoundedClient
    # An ordinary kernel dies if another program takes one of its ports first.
    for attempts_left in reversed(range(STARTS)):
        try:
            client(notebook, **options).execute()
            break
        except RuntimeError as died:
            if not attempts_left or "died before replying" not in str(died):
                raise


def _put_on_top(notebook, failure):
    """Put an error on top of a notebook; return it on one line."""
    name = "" if isinstance(failure, UserError) else f"{type(failure).__name__}: "
    error = " ".join(f"{name}{failure}".split())
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{error}**"))
    notebook.cells[0]["id"] = "error"
    return error


def _describe_cell(number, source, traceback=()):
    """Return a cell's number and the line that failed, or else the first line."""
    line_number, lines = "", source.lstrip().splitlines()  # as IPython counts lines
    code_lines = [line for line in lines if line.strip() and line[:2] != "%%"]
    line = next(iter(code_lines), "")
    place = rf"Cell In\[{number}\], line (\d+)"
    failed = re.search(place, COLOUR.sub("", "\n".join(traceback)))
    if failed and lines[0][:2] != "%%":  # IPython would report the magic's own line
        line = lines[int(failed[1]) - 1].strip()
        line_number = f", line {failed[1]}" if len(code_lines) > 1 else ""
    line = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
    return f"In [{number or ' '}]{line_number}: {line}"
