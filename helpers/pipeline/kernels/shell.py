"""A forked process that executes cells in the same shell as a notebook.

The shell is ipykernel's, but its messages go to the client over one connection, as JSON
and in order: outputs, the text that a cell prints, and finally an ``execute_reply``.
There are no ports, no threads that forward messages, and no event loop.
"""

import asyncio
import builtins
import getpass
import io
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
import warnings
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from types import SimpleNamespace

from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.error import StdinNotImplementedError
from IPython.core.shellapp import InteractiveShellApp
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from traitlets.config import Config

from helpers import ROOT
from helpers.pipeline.kernels.audit import watch

INLINE = "module://matplotlib_inline.backend_inline"  # the backend of notebooks
MAX_LINE = 2**12  # characters after which an unfinished line is sent
NO_INPUT = "input() does not work here: nobody can answer"


class Wire(Session):
    """A stand-in for Jupyter's session, which sends messages to the client."""

    connection, pid, lock, printed = None, 0, None, ()

    def send(self, stream, msg_or_type, content=None, *_, **__):
        """Send a message, given as a whole or as its type and content."""
        if isinstance(msg_or_type, str):
            kind = msg_or_type
        else:
            kind, content = msg_or_type["msg_type"], msg_or_type["content"]
        text = json.dumps([kind, content], default=json_default)
        if os.getpid() == self.pid:  # not in a process that a cell has forked
            with self.lock:  # several threads may print
                self.connection.send_bytes(text.encode())


class Printed(io.TextIOBase):
    """Standard output or error, which sends each line as a message.

    Processes that a cell forks write to the descriptor instead, like other programs.
    """

    encoding = "UTF-8"

    def __init__(self, name, descriptor, wire):
        self.name, self.descriptor, self.wire = name, descriptor, wire
        self.unfinished = {}  # the unfinished line of each thread

    def writable(self):
        """Return True: it can be written to."""
        return True

    def fileno(self):
        """Return the file descriptor."""
        return self.descriptor

    def write(self, text):
        """Write a text; like a file, raise an error for a lone surrogate."""
        encoded, thread = text.encode(), threading.get_ident()
        if os.getpid() != self.wire.pid:
            os.write(self.descriptor, encoded)
            return len(text)
        line = self.unfinished.pop(thread, "") + text
        if "\n" in text or len(line) > MAX_LINE:
            self._send(line)
        elif line:
            self.unfinished[thread] = line
        return len(text)

    def flush(self):
        """Send the unfinished lines."""
        while self.unfinished and os.getpid() == self.wire.pid:
            self._send(self.unfinished.popitem()[1])

    def _send(self, text):
        self.wire.send(None, "stream", {"name": self.name, "text": text})


def make_shell():
    """Return the shell that all kernels inherit; it keeps no history."""
    options = Config()
    options.HistoryManager.enabled = False  # a history would keep outputs
    options.IPKernelApp.connection_file = ""  # by this, libraries recognise a notebook
    shell = ZMQInteractiveShell.instance(config=options)
    shell.displayhook.session = shell.display_pub.session = Wire()
    shell.kernel = SimpleNamespace(shell=shell, eventloop=None)
    shell.enable_gui = lambda *_: None  # there is no window
    shell.ask_exit = sys.exit  # exit() ends only its cell, with an error
    # Cells may use the running event loop; a cell that a cell runs is already in it.
    shell.should_run_async = lambda *_, **__: asyncio._get_running_loop() is None
    return shell


def become_kernel(client, shell):
    """Turn this forked process into a kernel that executes the client's cells.

    With the first byte, the client sends the descriptors of standard output and error.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, descriptors, *_ = socket.recv_fds(client, 1, 2)
    connection = Connection(client.detach())
    for number, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    request = json.loads(connection.recv_bytes())
    sys.stdin = open(os.devnull)  # noqa: SIM115
    os.dup2(sys.stdin.fileno(), 0)
    os.environ.clear()
    os.environ.update({"MPLBACKEND": INLINE, **request["env"]})
    os.chdir(request["cwd"])
    InteractiveShellApp.init_path(SimpleNamespace(ignore_cwd=False))
    sys.argv = ["ipykernel_launcher"]
    # With bytecode, a second change of a module within a second would go unnoticed.
    sys.dont_write_bytecode = True
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # otherwise, all kernels draw the same
    builtins.input = getpass.getpass = refuse_input
    wire = shell.display_pub.session
    wire.printed = Printed("stdout", 1, wire), Printed("stderr", 2, wire)
    sys.stdout, sys.stderr = wire.printed
    # Otherwise, processes that a cell forks would keep the connection open, and the
    # client would not notice that this one has died.
    os.register_at_fork(after_in_child=lambda: wire.connection.close())
    shell.init_environment()
    shell.starting_dir = os.getcwd()
    shell.history_manager.dir_hist[:] = [Path.cwd()]
    if request["log"]:
        watch(request["log"], ROOT)
    set_up_process(connection, wire)
    serve(connection, shell)


def refuse_input(*_):
    """Raise the error of notebooks in which nobody can type."""
    raise StdinNotImplementedError(NO_INPUT)


def set_up_process(connection, wire):
    """Set up this process to use the client's connection, and to end with it."""
    os.setsid()  # signals also reach the processes that the notebook starts
    wire.connection, wire.pid, wire.lock = connection, os.getpid(), threading.RLock()
    hangup = select.poll()
    hangup.register(connection, select.POLLRDHUP)

    def wait():
        hangup.poll()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()
    connection.send_bytes(str(wire.pid).encode())


def serve(connection, shell):
    """Execute the client's cells, and fork at its request."""
    wire = shell.display_pub.session
    while True:
        try:
            cell = json.loads(connection.recv_bytes())
            if not cell:
                new_connection = Connection(recv_handle(connection))
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)  # exit handlers must not run once per fork
        if cell:
            wire.send(None, "execute_reply", execute(cell, shell))
            if os.getpid() != wire.pid:
                os._exit(0)  # the cell has forked this process, and has ended
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for forks
        with warnings.catch_warnings(action="ignore"):  # the other thread only waits
            forked = os.fork() == 0
        if forked:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            connection = new_connection
            set_up_process(connection, wire)
        else:
            new_connection.close()


def execute(cell, shell):
    """Execute a cell; return the reply, with its error or None."""
    wire = shell.display_pub.session
    wire.send(None, "execute_input", {"execution_count": shell.execution_count})
    result = shell.run_cell(
        cell["source"], store_history=cell["counts"], cell_id=cell["id"]
    )
    for output in wire.printed:
        output.flush()
    error = result.error_before_exec or result.error_in_exec
    return {"error": error and described(error)}


def described(error):
    """Return an exception as plain data, with the code lines of its traceback."""
    name = "" if hasattr(error, "_render_traceback_") else type(error).__name__
    if isinstance(error, SyntaxError):
        line = error.filename or "", error.lineno, "<module>", error.text or ""
        return {"name": name, "text": error.msg, "lines": [line]}
    frames = traceback.extract_tb(error.__traceback__)
    lines = [(f.filename, f.lineno, f.name, f.line) for f in frames]
    return {"name": name, "text": str(error), "lines": lines}
