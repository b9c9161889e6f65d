"""A forked process that executes cells, in the shell that notebooks have.

The shell is ipykernel's, but its messages go to the client over one connection, as JSON
and in their order: outputs, the text that a cell prints, and last an ``execute_reply``.
There are no ports, no threads that pass messages on, and no loop that waits for them.
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
LONG = 2**12  # letters of a line that is sent before its end
NO_INPUT = "input() has no answer here: nobody reads what it asks"


class Wire(Session):
    """What a shell takes for Jupyter's session: it sends messages to the client."""

    connection, pid, lock, printed = None, 0, None, ()

    def send(self, stream, msg_or_type, content=None, *_, **__):
        """Send a message, as the shell gives it: whole, or its type and content."""
        if isinstance(msg_or_type, str):
            kind = msg_or_type
        else:
            kind, content = msg_or_type["msg_type"], msg_or_type["content"]
        text = json.dumps([kind, content], default=json_default)
        if os.getpid() == self.pid:  # not one that a cell has forked
            with self.lock:  # threads print
                self.connection.send_bytes(text.encode())


class Printed(io.TextIOBase):
    """Standard output or error, of which each line is a message.

    Processes that a cell forks write to the descriptor, as do other programs.
    """

    encoding = "UTF-8"

    def __init__(self, name, descriptor, wire):
        self.name, self.descriptor, self.wire = name, descriptor, wire
        self.begun = {}  # the line of each thread

    def writable(self):
        """Tell that it can be written to."""
        return True

    def fileno(self):
        """Return its descriptor."""
        return self.descriptor

    def write(self, text):
        """Write a text; refuse half of a character, as a file does."""
        encoded, thread = text.encode(), threading.get_ident()
        if os.getpid() != self.wire.pid:
            os.write(self.descriptor, encoded)
            return len(text)
        line = self.begun.pop(thread, "") + text
        if "\n" in text or len(line) > LONG:
            self._send(line)
        elif line:
            self.begun[thread] = line
        return len(text)

    def flush(self):
        """Send what has been begun."""
        while self.begun and os.getpid() == self.wire.pid:
            self._send(self.begun.popitem()[1])

    def _send(self, text):
        self.wire.send(None, "stream", {"name": self.name, "text": text})


def make_shell():
    """Return the shell, which is the same for all processes, without history."""
    options = Config()
    options.HistoryManager.enabled = False  # it would keep outputs
    options.IPKernelApp.connection_file = ""  # how libraries tell that it is a notebook
    shell = ZMQInteractiveShell.instance(config=options)
    shell.displayhook.session = shell.display_pub.session = Wire()
    shell.kernel = SimpleNamespace(shell=shell, eventloop=None)
    shell.enable_gui = lambda *_: None  # there is no window
    shell.ask_exit = sys.exit  # exit() is an error of its cell
    # A cell may ask for the loop that runs; what it runs itself as a cell is in it.
    shell.should_run_async = lambda *_, **__: asyncio._get_running_loop() is None
    return shell


def become_kernel(client, shell):
    """Turn this forked process into one that executes the client's cells.

    With its first byte the client sends what standard output and error are.
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
    # Python would take a module that changes twice in a second for unchanged.
    sys.dont_write_bytecode = True
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # else all kernels draw the same
    builtins.input = getpass.getpass = refuse_input
    wire = shell.display_pub.session
    wire.printed = Printed("stdout", 1, wire), Printed("stderr", 2, wire)
    sys.stdout, sys.stderr = wire.printed
    # Else what a cell forks would hide from the client that this process has died.
    os.register_at_fork(after_in_child=lambda: wire.connection.close())
    shell.init_environment()
    shell.starting_dir = os.getcwd()
    shell.history_manager.dir_hist[:] = [Path.cwd()]
    if request["log"]:
        watch(request["log"], ROOT)
    begin(connection, wire)
    serve(connection, shell)


def refuse_input(*_):
    """Raise what notebooks raise if nobody can type."""
    raise StdinNotImplementedError(NO_INPUT)


def begin(connection, wire):
    """Begin as a new process: with the client's connection, and to end with it."""
    os.setsid()  # signals also reach the processes that the notebook starts
    wire.connection, wire.pid, wire.lock = connection, os.getpid(), threading.RLock()
    gone = select.poll()
    gone.register(connection, select.POLLRDHUP)

    def wait():
        gone.poll()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()
    connection.send_bytes(str(wire.pid).encode())


def serve(connection, shell):
    """Execute cells as the client asks, and fork when it asks for that."""
    wire = shell.display_pub.session
    while True:
        try:
            cell = json.loads(connection.recv_bytes())
            if not cell:
                other = Connection(recv_handle(connection))
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)  # what ends a notebook must not be done twice
        if cell:
            wire.send(None, "execute_reply", execute(cell, shell))
            if os.getpid() != wire.pid:
                os._exit(0)  # the cell has forked it, and has ended
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
        with warnings.catch_warnings(action="ignore"):  # of the thread that only waits
            forked = os.fork() == 0
        if forked:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            connection = other
            begin(connection, wire)
        else:
            other.close()


def execute(cell, shell):
    """Execute a cell; return its error, if any, as plain data."""
    wire = shell.display_pub.session
    wire.send(None, "execute_input", {"execution_count": shell.execution_count})
    done = shell.run_cell(
        cell["source"], store_history=cell["counts"], cell_id=cell["id"]
    )
    for output in wire.printed:
        output.flush()
    error = done.error_before_exec or done.error_in_exec
    return {"error": error and described(error)}


def described(error):
    """Return an exception as plain data, with the lines of code that led to it."""
    name = "" if hasattr(error, "_render_traceback_") else type(error).__name__
    if isinstance(error, SyntaxError):
        line = error.filename or "", error.lineno, "<module>", error.text or ""
        return {"name": name, "text": error.msg, "lines": [line]}
    frames = traceback.extract_tb(error.__traceback__)
    lines = [(f.filename, f.lineno, f.name, f.line) for f in frames]
    return {"name": name, "text": str(error), "lines": lines}
