"""Execute one point of the grid, within bounds; this is what a worker does."""

import json
import signal
import time
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

    def __init__(self, *arguments, time_limit, **options):
        deadline = time.monotonic() + time_limit
        # Rounded up: no time left would mean no limit.
        options["timeout_func"] = lambda cell: max(1, deadline - time.monotonic())
        super().__init__(*arguments, **options)
        self.time_limit = time_limit
        self.received = 0

    def execute(self, **options):
        """Execute all cells, or up to the one that fails.

        Papermill would then ask the kernel what language it speaks, and wait for
        the answer of one that may have been stopped.
        """
        self.reset_execution_trackers()
        with self.setup_kernel(**options):
            self.papermill_execute_cells()
            self.set_widgets_metadata()
        return self.nb

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
        cls, nb_man, kernel_name, *, time_limit, seen, **options
    ):
        """Execute the notebook."""
        seen.append(nb_man)
        kernel = {name: options[name] for name in KERNEL_OPTIONS if name in options}
        client = BoundedClient(
            nb_man,
            kernel_name=kernel_name,
            time_limit=time_limit,
            coalesce_streams=True,  # in how many pieces a text comes is chance
            **kernel,
        )
        return client.execute()


papermill_engines.register("bounded", BoundedEngine)


def warm_up():
    """Do in advance what the first run of a process would do, while kernels import."""
    import IPython.paths  # noqa: F401  where jupyter_client looks for kernels

    nbformat.validator.get_validator(4, nbformat.v4.nbformat_minor)


def execute(notebook, parameters, kernel, *, time_limit=600, metadata=None):
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
    metadata : dict, optional
        What the executed notebook shall say of itself, as ``run``.

    Returns
    -------
    Outcome
        Also if the notebook raised.
    """
    started, seen = time.perf_counter(), []
    error = unforeseen = cell = ""
    source = ROOT / "notebooks" / f"{notebook}.ipynb"
    try:
        execute_notebook(
            source,
            None,  # nothing is written here: the sweep gives the run its place
            parameters=parameters,
            engine_name="bounded",
            progress_bar=False,
            time_limit=time_limit,
            seen=seen,
            **kernel,
        )
    except PapermillExecutionError as failure:
        error = _one_line(failure.ename, failure.evalue)
        if failure.ename == CellExecutionError.__name__:  # IPython only prints its own
            error = _last_words(seen[0].nb) or error
        cell = _name_of_cell(failure.exec_count, failure.source)
    except Exception as failure:  # a failure is an outcome: the others go on
        error = unforeseen = _one_line(type(failure).__name__, failure)
    executed = seen[0].nb if seen else nbformat.read(source, as_version=4)
    if unforeseen:
        executed.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{unforeseen}**"))
        executed.cells[0]["id"] = "error"
    executed.metadata["run"] = metadata or {}
    # On one line, unlike nbformat: a record's thousands of numbers are no lines.
    text = json.dumps(without_traces(executed), ensure_ascii=False, sort_keys=True)
    return Outcome(text, error, time.perf_counter() - started, cell)


def without_traces(notebook):
    """Remove what tells of this execution only: times, paths, random identifiers."""
    told = notebook.metadata.pop("papermill", {})
    notebook.metadata["papermill"] = {"parameters": told.get("parameters", {})}
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
