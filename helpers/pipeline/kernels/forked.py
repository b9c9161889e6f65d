"""The client's side of a kernel that the forkserver has forked."""

import contextlib
import json
import os
import signal
import socket
from copy import copy
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import send_handle
from pathlib import Path

from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import FORKSERVER

INTERVAL = 0.02  # seconds between two calls of `check`
READ_SIZE = 2**20  # bytes, more than a pipe holds


class ForkedKernel:
    """A process that executes cells in a folder, until this object is closed.

    It logs the files of the project that it opens to `log`, see `audit.watch`; `more`
    are its additional environment variables. `received` counts the bytes that it has
    sent. `reply` is its reply to the last cell: the ``error`` as plain data, or None.
    """

    def __init__(self, folder, log="", **more):
        self.received, self.reply = 0, None
        reading, writing = zip(os.pipe(), os.pipe(), strict=True)
        # For the output of other programs that a cell starts.
        self._pipes = [Connection(pipe, writable=False) for pipe in reading]
        self._printed = {}
        address = os.environ[FORKSERVER]
        client = socket.socket(socket.AF_UNIX)
        try:  # this waits while the forkserver imports modules
            client.connect(address)
            socket.send_fds(client, [b"f"], writing)
            self._connection = Connection(client.detach())
            env = {**os.environ, **more}
            self._send({"env": env, "cwd": str(folder), "log": str(log)})
            self._pid = self._receive()
        except (OSError, EOFError):
            client.close()
            raise _died(address) from None
        finally:
            for descriptor in writing:
                os.close(descriptor)

    def _send(self, message):
        with contextlib.suppress(OSError):  # if it has died, _receive will notice
            self._connection.send_bytes(json.dumps(message).encode())

    def _receive(self):
        try:
            text = self._connection.recv_bytes()
        except OSError:
            raise EOFError from None
        self.received += len(text)
        return json.loads(text)

    def execute(self, cell, check):
        """Execute a cell; yield its outputs as Jupyter messages, and keep the reply.

        A cell has a ``source``, an ``id``, and a flag whether it ``counts``. `check` is
        called often, and may raise an error to stop. EOFError if the kernel has died.
        """
        self.reply = stopped = None
        printed = {}  # pieces of text, by the name of the stream
        self._send(cell)
        try:
            while not self.reply:
                ready = wait([self._connection, *self._pipes], INTERVAL)
                self._read(*[pipe for pipe in self._pipes if pipe in ready])
                if self._connection in ready:
                    kind, content = self._receive()
                    if kind == "execute_reply":
                        self.reply = content
                    elif kind == "stream":
                        printed.setdefault(content["name"], []).append(content["text"])
                    else:
                        yield from streams_of(printed)
                        yield message_of(kind, content)
                check()
        except Exception as error:
            stopped = error
        # The output of other programs comes last, as its timing is random.
        self._read(*wait(self._pipes, 0))
        for name, pipe in zip(("stdout", "stderr"), self._pipes, strict=True):
            if piece := self._printed.pop(pipe, b""):
                printed.setdefault(name, []).append(piece.decode(errors="replace"))
        yield from streams_of(printed)
        if stopped:
            raise stopped

    def _read(self, *pipes):
        """Read and keep the content of pipes."""
        for pipe in pipes:
            piece = os.read(pipe.fileno(), READ_SIZE)
            self.received += len(piece)
            self._printed.setdefault(pipe, bytearray()).extend(piece)

    def fork(self):
        """Return a kernel that continues from here; this one can only fork again."""
        child = copy(self)
        child._connection, remote = Pipe()
        self._send(None)
        send_handle(self._connection, remote.fileno(), self._pid)
        remote.close()
        child._pid = child._receive()
        return child

    def close(self):
        """End the process, and all processes that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self._connection.close()


def streams_of(printed):
    """Yield a message for each stream, and remove its pieces from `printed`."""
    while printed:
        name = next(iter(printed))
        yield message_of("stream", {"name": name, "text": "".join(printed.pop(name))})


def message_of(kind, content):
    """Return a message in the form that Jupyter's clients expect."""
    header = {"msg_type": kind}
    return header | {"header": header, "parent_header": {}, "content": content}


def _died(address):
    """Return the error to raise if the forkserver has died."""
    try:
        log = Path(address).with_name("log").read_bytes().decode(errors="replace")
    except OSError:
        log = ""
    line = log.strip().rpartition("\n")[2] or "empty"
    return UserError(f"the process that forks kernels has died; its log ends: {line}")
