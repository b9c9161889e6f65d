"""Execute one point of the grid, within bounds; this is what a worker does."""

import json
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.opened import watch_statement
from helpers.pipeline.sweep.experiments import NOTEBOOKS, Point
from helpers.pipeline.sweep.inputs import with_opened

# What a notebook may print and show before it is stopped, in characters.
MOST_OUTPUT = 50_000_000
MADE_BY_PAPERMILL = {"injected-parameters", "papermill-error-cell-tag"}
KERNEL_OPTIONS = ("kernel_manager_class", "shutdown_kernel")


class Outcome(NamedTuple):
    """What came of a run.

    Attributes
    ----------
    notebook : str
        The executed notebook; with its error on top, if it failed.
    error : str
        The error's one line; empty if there was none.
    seconds : float
        Time the run took.
    cell : str
        The number and the first line of the cell that failed, if one did.
    """

    notebook: str
    error: str
    seconds: float
    cell: str = ""


class BoundedClient(PapermillNotebookClient):
    """Papermill's client, with bounds on the time and the output of a run.

    Whatever ends a run before its time becomes an error of the cell at which it
    happened, so that papermill keeps it like any other.
    """

    def __init__(self, *arguments, time_limit, log, **options):
        deadline = time.monotonic() + time_limit
        # Rounded up: no time left would mean no limit.
        options["timeout_func"] = lambda cell: max(1, deadline - time.monotonic())
        super().__init__(*arguments, **options)
        self.time_limit = time_limit
        self.opened = log
        self.received = 0

    def execute(self, **options):
        """Execute all cells, or up to the one that fails.

        Papermill would then ask the kernel what language it speaks, and wait for
        the answer of one that may have been stopped.
        """
        self.reset_execution_trackers()
        with self.setup_kernel(**options):
            if self.opened:
                self._watch()
            self.papermill_execute_cells()
            self.set_widgets_metadata()
        return self.nb

    def _watch(self):
        """Have the kernel note what it opens; the answer is not waited for."""
        options = {"silent": True, "store_history": False, "stop_on_error": False}
        self.kc.execute(watch_statement(self.opened, ROOT), **options)

    def process_message(self, message, cell, cell_index):
        """Count what arrives; kill the kernel when it is too much."""
        if self.received <= MOST_OUTPUT:
            self.received += len(str(message["content"]))
            if self.received <= MOST_OUTPUT:
                return super().process_message(message, cell, cell_index)
            self.km.provisioner.process.send_signal(signal.SIGKILL)
        return None

    def execute_cell(self, cell, cell_index):
        """Execute a cell; say in its output if it had to be stopped."""
        try:
            return super().execute_cell(cell, cell_index)
        except (CellTimeoutError, DeadKernelError) as stopped:
            name, value = self._reason(stopped)
            output = nbformat.v4.new_output(
                "error", ename=name, evalue=value, traceback=[f"{name}: {value}"]
            )
            cell.outputs.append(output)
            raise CellExecutionError(value, name, value) from None

    def _reason(self, stopped):
        if self.received > MOST_OUTPUT:
            return "TooMuchOutput", f"more than {MOST_OUTPUT:,} characters"
        if isinstance(stopped, CellTimeoutError):
            return "TimeLimit", f"stopped after {self.time_limit:g} s"
        return "KernelDied", "the notebook ended its own kernel, or memory ran out"


class BoundedEngine(NBClientEngine):
    """Papermill's engine with that client; it notes what it has begun to execute."""

    @classmethod
    def execute_notebook(cls, *arguments, **options):
        """Return the executed notebook if a cell has failed, else an empty one.

        Papermill makes text of what is returned, though it is to write it nowhere.
        """
        executed = super().execute_notebook(*arguments, **options)
        failed = executed.metadata.papermill["exception"]
        return executed if failed else nbformat.v4.new_notebook()

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, time_limit, log, seen, **options
    ):
        """Execute the notebook."""
        seen.append(nb_man)
        kernel = {name: options[name] for name in KERNEL_OPTIONS if name in options}
        client = BoundedClient(
            nb_man,
            kernel_name=kernel_name,
            time_limit=time_limit,
            log=log,
            # As in JupyterLab, and as nbconvert does it.
            resources={"metadata": {"path": str(NOTEBOOKS)}},
            coalesce_streams=True,  # in how many pieces a text comes is chance
            **kernel,
        )
        return client.execute()


papermill_engines.register("bounded", BoundedEngine)


def warm_up():
    """Do in advance what the first run of a process would do, while kernels import."""
    import IPython.paths  # noqa: F401  where jupyter_client looks for kernels

    nbformat.validator.get_validator(4, nbformat.v4.nbformat_minor)


def execute(notebook, parameters, kernel, *, time_limit=600, inputs=None):
    """Execute a notebook of the project with its parameters.

    Parameters
    ----------
    notebook : str
        Its name, without folder and ending.
    parameters : dict
        For its parameters cell.
    kernel : dict
        Which kernels to use, see `helpers.pipeline.kernels.warm.warm_kernels`.
    time_limit : float
        Seconds after which the run is stopped and has failed.
    inputs : dict of str to str, optional
        What the run rests on, as far as it is known before. If given, the executed
        notebook records it in its metadata, as ``run``, with the files it opened.

    Returns
    -------
    Outcome
        Also if the notebook raised.

    Raises
    ------
    UserError
        If there is nothing to execute notebooks with.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = "" if inputs is None else f"{folder}/opened"
        started = time.perf_counter()
        executed, error, cell = _execute(notebook, parameters, kernel, time_limit, log)
        seconds = time.perf_counter() - started
        if log:
            changed = []
            if Path(log).exists():
                inputs, changed = with_opened(inputs, log)
            elif not error:
                error = "Unwatched: its kernel cannot import helpers"
            run = Point("", notebook, parameters).run
            executed.metadata["run"] = {"name": run, "inputs": inputs}
            if changed and not error:
                error = f"Changed: {', '.join(changed)}, while it ran"
    return Outcome(_as_text(without_traces(executed)), error, seconds, cell)


def _execute(notebook, parameters, kernel, time_limit, log):
    """Return the executed notebook, the error and the cell at which it happened."""
    seen, error, cell = [], "", ""
    source = NOTEBOOKS / f"{notebook}.ipynb"
    try:
        execute_notebook(
            source,
            None,  # nothing is written here: the sweep gives the run its place
            parameters=parameters,
            engine_name="bounded",
            progress_bar=False,
            time_limit=time_limit,
            log=log,
            seen=seen,
            **kernel,
        )
    except PapermillExecutionError as failure:
        error = _one_line(failure.ename, failure.evalue)
        if failure.ename == CellExecutionError.__name__:  # IPython only prints its own
            error = _last_words(seen[0].nb) or error
        cell = _name_of_cell(failure.exec_count, failure.source)
    except UserError:  # no kernels
        raise
    except Exception as failure:  # a failure is an outcome: the others go on
        error = _one_line(type(failure).__name__, failure)
        executed = seen[0].nb if seen else nbformat.read(source, as_version=4)
        executed.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{error}**"))
        executed.cells[0]["id"] = "error"
        return executed, error, cell
    return seen[0].nb, error, cell


def _as_text(notebook):
    """Return a notebook as JSON, with its metadata alone on the first line.

    Unlike nbformat's, as a record's thousands of numbers are no lines.
    """
    parts = (
        f'"{key}": {json.dumps(notebook[key], ensure_ascii=False, sort_keys=True)}'
        for key in ("metadata", "nbformat", "nbformat_minor", "cells")
    )
    return "{" + ",\n".join(parts) + "}\n"


def without_traces(notebook):
    """Remove what differs between executions: times, paths, random identifiers."""
    noted = notebook.metadata.pop("papermill", {})
    notebook.metadata["papermill"] = {"parameters": noted.get("parameters", {})}
    for number, cell in enumerate(notebook.cells):
        for trace in ("papermill", "execution"):
            cell.metadata.pop(trace, None)
        if set(cell.metadata.get("tags", [])) & MADE_BY_PAPERMILL:
            cell["id"] = f"papermill-{number}"
    return notebook


def _last_words(notebook):
    """Return the last line that the last executed cell has printed as an error."""
    executed = [cell for cell in notebook.cells if cell.get("execution_count")]
    printed = [o.text for o in executed[-1].outputs if o.get("name") == "stderr"]
    return "".join(printed).strip().rpartition("\n")[2]


def _name_of_cell(number, source, width=50):
    """Return what one finds a cell by: its number and its first line."""
    lines = [line for line in source.splitlines() if line.strip() and line[:2] != "%%"]
    first = next(iter(lines), "")
    first = first if len(first) <= width else first[: width - 1] + "…"
    return f"In [{number or ' '}]: {first}"


def _one_line(name, message):
    return " ".join(f"{name}: {message}".split())
