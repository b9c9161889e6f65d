"""A notebook that can be executed again from any of its cells.

A snapshot is a kernel with the notebook's variables as they are before a cell. To go on
from there, it forks, and stays unchanged; both share the memory that neither writes to.
The code is not analysed.
"""

import math
import tempfile
import time
from contextlib import ExitStack
from typing import NamedTuple

import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from helpers import ROOT
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.kernels.audit import file_stamp, name_in, read_log
from helpers.pipeline.kernels.forked import ForkedKernel
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.preview.cell_errors import described
from helpers.pipeline.sweep.execute import ForkedClient
from helpers.pipeline.sweep.executed import lost_output, merge_streams

WORTH_A_SNAPSHOT = 0.05  # seconds of execution that are worth a snapshot
# Prints the files of all loaded modules.
LOADED = """\
import sys
files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
print(*filter(None, files), sep="\\n")
"""


class StoppedError(Exception):
    """A cell was stopped on request."""


class Snapshot(NamedTuple):
    """A kernel with the notebook's variables as they are before a cell."""

    kernel: ForkedKernel
    seconds: float  # that it has spent on executing cells


class Executed(NamedTuple):
    """An executed cell: its source as it was sent, its outputs, and the files it read.

    `read` has, by name, the stamps that files had when they were read, or at the end if
    the cell also wrote them; `error` is empty if there was none.
    """

    cell: dict
    outputs: list
    number: int
    error: str
    read: dict


class Snapshots:
    """The executed cells of a notebook, and the snapshots before some of them.

    `done` lists the cells that are `Executed`, from the first one on; `preloaded` names
    the project's files that were imported before it; the kernels log the files that
    they open to `log`. `more` are additional environment variables of the kernels.
    """

    def __init__(self, modules, folder, **more):
        self._resources = ExitStack()
        self._resources.enter_context(warm_kernels(modules))
        # Not in build, which `make clean` removes and other previews share.
        log = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115
        self.log = self._resources.enter_context(log)
        self._new_lines, self._partial, self._written = [], "", set()
        more = {FORMATS: "svg", **more}  # the only format on a page
        first = ForkedKernel(folder, self.log.name, **more)
        # The snapshot before each cell and before the next one; None if not kept.
        self._before, self.done = [Snapshot(first, math.inf)], []
        cell = {"id": "loaded", "source": LOADED, "counts": False}
        files = self.execute(cell, bool).outputs[0].text.splitlines()
        self.preloaded = {name_in(str(ROOT), file) for file in files} - {""}
        self.back_to(0)

    def back_to(self, position):
        """Return to the snapshot before a cell, or to the nearest one before that."""
        while self._before[position] is None:
            position -= 1
        del self._before[position + 1 :], self.done[position:]

    def execute(self, cell, stopped):
        """Execute the next cell, and add it to `done` unless it fails.

        `stopped` is called often; if it returns true, StoppedError is raised.
        """
        started = time.monotonic()
        kernel, seconds = self._before[-1]
        if seconds > WORTH_A_SNAPSHOT:
            kernel, seconds = kernel.fork(), 0
        else:  # the snapshot itself goes on
            self._before[-1] = None
        try:
            output_cell, error = executed(cell, kernel, stopped)
        except BaseException:  # StoppedError or Ctrl-C
            self._end(kernel)
            raise
        number, read = output_cell.execution_count, self._read()
        done = Executed(cell, output_cell.outputs, number, error, read)
        if done.error:
            self._end(kernel)
        else:
            seconds_taken = time.monotonic() - started
            self._before.append(Snapshot(kernel, seconds + seconds_taken))
            self.done.append(done)
        return done

    def _end(self, kernel):
        """End a kernel that is no longer needed, and return to a snapshot."""
        kernel.close()
        self.back_to(len(self.done))

    def replace(self, position, cell, stopped):
        """Replace an executed cell by another one; keep those that follow."""
        all_before, all_done = self._before, self.done
        self._before, self.done = [*all_before], [*all_done]
        try:
            self.back_to(position)
            for each in [e.cell for e in all_done[len(self.done) : position]] + [cell]:
                result = self.execute(each, stopped)
        finally:
            self._before, self.done = all_before, all_done
        if not result.error:
            self.done[position] = result
        return result

    def _read(self):
        """Return the stamps of the files opened since the last call, by name."""
        all_written = self.written()
        read, written = read_log(self._new_lines)
        self._new_lines, self._written = [], all_written
        names = all_written & (written | read.keys())
        return read | {name: file_stamp(ROOT / name) for name in names}

    def written(self):
        """Return the names of the files that cells have written, or begun to write."""
        *lines, self._partial = f"{self._partial}{self.log.read()}".split("\n")
        self._new_lines += lines  # without a line that is still being written
        return self._written | read_log(self._new_lines)[1]

    def changed_since(self, read):
        """Tell whether a file has changed since it was read."""
        return any(file_stamp(ROOT / name) != stamp for name, stamp in read.items())

    def close(self):
        """End all kernels."""
        for snapshot in filter(None, self._before):
            snapshot.kernel.close()
        self._resources.close()


class _Client(ForkedClient):
    """Turns the messages of a kernel into outputs."""

    def check(self):
        """Raise the usual errors, and StoppedError on request."""
        super().check()
        if self.stopped():
            raise StoppedError


def executed(request, kernel, stopped):
    """Execute a cell with a kernel; return the cell, and its error on one line."""
    cell = nbformat.v4.new_code_cell(request["source"], id=request["id"])
    client = _Client(
        nbformat.v4.new_notebook(cells=[cell]), time_limit=math.inf, log=""
    )
    client.kernel, client.stopped = kernel, stopped
    try:
        client.execute_cell(cell, 0, store_history=request["counts"])
    except CellExecutionError:
        error = described(kernel.reply["error"], cell.execution_count, cell.source)
    except (CellTimeoutError, DeadKernelError) as stop:
        [error] = client.output_of(stop).traceback
    else:
        error = ""
    finally:
        del client.kernel  # clients are in cycles; the kernel must end sooner
    merge_streams(cell.outputs)
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return cell, lost_output(printed) or error
