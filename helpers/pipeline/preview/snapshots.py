"""A notebook that can be executed again from any of its cells.

A snapshot is a process that has the notebook's variables as they are before a cell. To
go on from there it forks, and stays as it was; what nothing has touched, both share.
Nothing of the code is analysed. Started as a script, this is the first snapshot::

    python -m helpers.pipeline.preview.snapshots NUMBER LOG FOLDER MODULE ...

It imports the modules and serves on the connection with that descriptor. When the
connection ends, it ends all the processes.
"""

import contextlib
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.kernels.opened import read_log, stamp, watch
from helpers.pipeline.preview.mistakes import described

WORTH = 0.05  # seconds of cells that are rather executed again than kept
OFTEN = 0.02  # seconds until it is asked again whether to stop


class StoppedError(Exception):
    """A cell was stopped."""


class Process(NamedTuple):
    """A process with the notebook's variables before a cell."""

    connection: Connection
    pid: int
    seconds: float = 0.0  # for which it has executed cells


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
    the files of the project that were read before it, with their stamps; `log` the file
    that says what is opened.
    """

    def __init__(self, modules, folder):
        # Not in build, which `make clean` removes, and which other previews share.
        self.log = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115
        self._new, self._rest, self._written = [], "", set()
        ours, theirs = Pipe()
        command = ["-m", "helpers.pipeline.preview.snapshots", str(theirs.fileno())]
        self._first = subprocess.Popen(
            [sys.executable, *command, self.log.name, str(folder), *modules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, FORMATS: "svg"},  # what a page shows
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        ours.recv()
        self.done, self.preloaded = [], self._read()
        # The process before each cell and before the next one; None if it went on.
        self._before = [Process(ours, self._first.pid, math.inf)]

    def back_to(self, position):
        """Return to before a cell, or to the nearest snapshot before that."""
        position = min(position, len(self._before) - 1)
        while self._before[position] is None:
            position -= 1
        del self._before[position + 1 :], self.done[position:]

    def execute(self, cell, stopped):
        """Execute the next cell, which is not among the `done` if it fails.

        `stopped` is asked often whether to give it up, with StoppedError.
        """
        started, now = time.monotonic(), self._before[-1]
        keep = now.seconds > WORTH
        outcome = [], 0, "KernelDied: the notebook ended its process, or memory ran out"
        with contextlib.suppress(EOFError, OSError):
            now.connection.send((cell, keep))
            if keep:  # another process goes on
                ours, theirs = Pipe()
                send_handle(now.connection, theirs.fileno(), now.pid)
                theirs.close()
                now = Process(ours, ours.recv())
            else:
                self._before[-1] = None
            while not now.connection.poll(OFTEN):
                if stopped():
                    self._end(now)
                    raise StoppedError
            outcome = now.connection.recv()
        done = Executed(cell, *outcome, self._read())
        if done.error:
            self._end(now)
        else:
            seconds = now.seconds + time.monotonic() - started
            self._before.append(now._replace(seconds=seconds))
            self.done.append(done)
        return done

    def _end(self, process):
        """End a process that is of no use any more, and return to a snapshot."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
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
        return read | {name: stamp(ROOT / name) for name in names}

    def written(self):
        """Return the names of the files that cells have written, or begun to write."""
        *lines, self._rest = f"{self._rest}{self.log.read()}".split("\n")
        self._new += lines  # but for one that is just being written
        return self._written | read_log(self._new)[1]

    def changed_since(self, read):
        """Tell whether a file is not as it was when it was read."""
        return any(stamp(ROOT / name) != state for name, state in read.items())

    def close(self):
        """End all the processes."""
        for process in filter(None, self._before):
            process.connection.close()
        self._first.wait()
        self.log.close()


def main(number, log, folder, *modules):
    """Import the modules, and be the first snapshot."""
    from helpers.pipeline.kernels.forkserver import import_all

    watch(log, ROOT)
    import_all(modules)
    os.chdir(folder)
    sys.path[0] = ""  # kernels look for modules beside their notebook
    sys.dont_write_bytecode = True  # two changes in a second would be taken for one
    connection = Connection(int(number))
    connection.send("ready")
    serve(connection, _shell())


def _shell():
    """Return IPython without a terminal, and without history, which keeps outputs."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    options = Config()
    options.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=options)
    shell.display_pub = CapturingDisplayPublisher(parent=shell)
    return shell


def serve(connection, shell):
    """Execute cells, each as asked here or in a fork, until the connection ends."""
    first, children = True, []
    while True:
        try:
            cell, keep = connection.recv()
            ours = keep and Connection(recv_handle(connection))
        except (EOFError, OSError):
            if first:
                os.killpg(0, signal.SIGKILL)
            os._exit(0)  # what ends a kernel must not be done twice
        if keep:
            children = [pid for pid in children if not os.waitpid(pid, os.WNOHANG)[0]]
            if pid := os.fork():
                children.append(pid)
                ours.close()
                continue
            connection, first, children = ours, False, []
            connection.send(os.getpid())
        connection.send(_executed(cell, shell))


def _executed(cell, shell):
    """Execute a cell; return what it shows, its number and its error."""
    from jupyter_client.jsonutil import json_default

    from helpers.pipeline.sweep.executed import lost_output

    shown, number = shell.display_pub.outputs, shell.execution_count
    shown.clear()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        result = shell.run_cell(
            cell["source"], store_history=cell["counts"], cell_id=cell["id"]
        )
    error = result.error_before_exec or result.error_in_exec
    outputs = [
        {"output_type": "display_data", "data": o["data"], "metadata": o["metadata"]}
        for o in shown
        if not o.get("update")
    ]
    outputs = json.loads(json.dumps(outputs, default=json_default))  # as a kernel does
    lost = lost_output(printed.getvalue())
    if error and not lost:
        magics = shell.magics_manager.lsmagic()
        lost = described(error, number, cell["source"], magics["cell"])
    return outputs, number, lost


if __name__ == "__main__":
    main(*sys.argv[1:])
