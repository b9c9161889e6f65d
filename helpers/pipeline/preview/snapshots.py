"""A notebook that can be executed again from any of its cells.

A snapshot is a kernel that has the notebook's variables as they are before a cell. To
go on from there it forks, and stays as it was; what nothing has touched, both share.
Nothing of the code is analysed.
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

WORTH = 0.05  # seconds of cells that are rather executed again than kept
# Prints the files of all modules.
LOADED = """\
import sys
files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
print(*filter(None, files), sep="\\n")
"""


class StoppedError(Exception):
    """A cell was stopped."""


class Snapshot(NamedTuple):
    """A kernel with the notebook's variables before a cell."""

    kernel: ForkedKernel
    seconds: float  # for which it has executed cells


class Executed(NamedTuple):
    """An executed cell: as it was sent, what it showed, and the files it read.

    `read` has the stamps that files had then, by name, or that it left those with that
    it wrote; `error` is empty if none.
    """

    cell: dict
    outputs: list
    number: int
    error: str
    read: dict


class Snapshots:
    """The executed cells of a notebook, and the snapshots before some of them.

    `done` are the cells `Executed` one after the other, from the first one; `preloaded`
    the names of the project's files that were imported before it; `log` the file that
    says what is opened. `more` are environment variables of the kernels.
    """

    def __init__(self, modules, folder, **more):
        self._resources = ExitStack()
        self._resources.enter_context(warm_kernels(modules))
        # Not in build, which `make clean` removes, and which other previews share.
        log = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115
        self.log = self._resources.enter_context(log)
        self._new, self._rest, self._written = [], "", set()
        more = {FORMATS: "svg", **more}  # what a page shows
        first = ForkedKernel(folder, self.log.name, **more)
        # The snapshot before each cell and before the next one; None if it went on.
        self._before, self.done = [Snapshot(first, math.inf)], []
        asked = self.execute({"id": "loaded", "source": LOADED, "counts": False}, bool)
        files = asked.outputs[0].text.splitlines()
        self.preloaded = {name_in(str(ROOT), file) for file in files} - {""}
        self.back_to(0)

    def back_to(self, position):
        """Return to before a cell, or to the nearest snapshot before that."""
        while self._before[position] is None:
            position -= 1
        del self._before[position + 1 :], self.done[position:]

    def execute(self, cell, stopped):
        """Execute the next cell, which is not among the `done` if it fails.

        `stopped` is asked often whether to give it up, with StoppedError.
        """
        started = time.monotonic()
        kernel, seconds = self._before[-1]
        if seconds > WORTH:
            kernel, seconds = kernel.fork(), 0
        else:  # it goes on itself
            self._before[-1] = None
        try:
            shown, error = executed(cell, kernel, stopped)
        except BaseException:  # StoppedError or Ctrl-C
            self._end(kernel)
            raise
        number, read = shown.execution_count, self._read()
        done = Executed(cell, shown.outputs, number, error, read)
        if done.error:
            self._end(kernel)
        else:
            took = time.monotonic() - started
            self._before.append(Snapshot(kernel, seconds + took))
            self.done.append(done)
        return done

    def _end(self, kernel):
        """End a kernel that is of no use any more, and return to a snapshot."""
        kernel.close()
        self.back_to(len(self.done))

    def instead(self, position, cell, stopped):
        """Execute another cell in the place of one; those that follow stay."""
        before, all_done = self._before, self.done
        self._before, self.done = [*before], [*all_done]
        try:
            self.back_to(position)
            for each in [e.cell for e in all_done[len(self.done) : position]] + [cell]:
                done = self.execute(each, stopped)
        finally:
            self._before, self.done = before, all_done
        if not done.error:
            self.done[position] = done
        return done

    def _read(self):
        """Return the files that were opened since this was last asked, with stamps."""
        own = self.written()
        read, written = read_log(self._new)
        self._new, self._written = [], own
        names = own & (written | read.keys())
        return read | {name: file_stamp(ROOT / name) for name in names}

    def written(self):
        """Return the names of the files that cells have written, or begun to write."""
        *lines, self._rest = f"{self._rest}{self.log.read()}".split("\n")
        self._new += lines  # but for one that is just being written
        return self._written | read_log(self._new)[1]

    def changed_since(self, read):
        """Tell whether a file is not as it was when it was read."""
        return any(file_stamp(ROOT / name) != state for name, state in read.items())

    def close(self):
        """End all the kernels."""
        for snapshot in filter(None, self._before):
            snapshot.kernel.close()
        self._resources.close()


class _Client(ForkedClient):
    """What makes outputs of a kernel's messages."""

    def check(self):
        """Raise as others do, and StoppedError if that is asked for."""
        super().check()
        if self.stopped():
            raise StoppedError


def executed(sent, kernel, stopped):
    """Execute a cell with a kernel; return it, and its error on one line."""
    cell = nbformat.v4.new_code_cell(sent["source"], id=sent["id"])
    client = _Client(
        nbformat.v4.new_notebook(cells=[cell]), time_limit=math.inf, log=""
    )
    client.kernel, client.stopped = kernel, stopped
    try:
        client.execute_cell(cell, 0, store_history=sent["counts"])
    except CellExecutionError:
        error = described(kernel.reply["error"], cell.execution_count, cell.source)
    except (CellTimeoutError, DeadKernelError) as stop:
        [error] = client.output_of(stop).traceback
    else:
        error = ""
    finally:
        del client.kernel  # which ends with the last reference; clients have cycles
    merge_streams(cell.outputs)
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return cell, lost_output(printed) or error
