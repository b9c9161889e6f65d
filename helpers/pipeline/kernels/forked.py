"""A kernel that the forkserver forks, as its client sees it."""

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

OFTEN = 0.02  # seconds until it is asked again whether to stop
MOST = 2**20  # bytes: more than a pipe holds


class ForkedKernel:
    """A process that executes cells, in a folder; it ends when this is closed.

    `log` is where it writes down which files of the project it opens, see
    `opened.watch`; `more` are environment variables of its own. `received` is how many
    bytes it has sent, and `reply` what it said of the last cell: its ``error``, as
    plain data, or None.
    """

    def __init__(self, folder, log="", **more):
        self.received, self.reply = 0, None
        reading, writing = zip(os.pipe(), os.pipe(), strict=True)
        # What programs print that a cell has started.
        self._pipes = [Connection(pipe, writable=False) for pipe in reading]
        self._printed = {}
        address = os.environ[FORKSERVER]
        client = socket.socket(socket.AF_UNIX)
        try:  # the forkserver may still be busy importing
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
        with contextlib.suppress(OSError):  # what is received next says that it died
            self._connection.send_bytes(json.dumps(message).encode())

    def _receive(self):
        try:
            text = self._connection.recv_bytes()
        except OSError:
            raise EOFError from None
        self.received += len(text)
        return json.loads(text)

    def execute(self, cell, check):
        """Execute a cell; yield its outputs as Jupyter's messages, and keep its reply.

        A cell is its ``source``, its ``id``, and whether it ``counts``. `check` is
        called often; what it raises is raised. EOFError if the kernel has died.
        """
        self.reply = stopped = None
        printed = {}  # the pieces that the cell has, by the name of the stream
        self._send(cell)
        try:
            while not self.reply:
                ready = wait([self._connection, *self._pipes], OFTEN)
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
        # When other programs have printed is chance, so it comes after all else.
        self._read(*wait(self._pipes, 0))
        for name, pipe in zip(("stdout", "stderr"), self._pipes, strict=True):
            if piece := self._printed.pop(pipe, b""):
                printed.setdefault(name, []).append(piece.decode(errors="replace"))
        yield from streams_of(printed)
        if stopped:
            raise stopped

    def _read(self, *pipes):
        """Keep what is in pipes."""
        for pipe in pipes:
            piece = os.read(pipe.fileno(), MOST)
            self.received += len(piece)
            self._printed.setdefault(pipe, bytearray()).extend(piece)

    def fork(self):
        """Return a kernel that goes on from here; this one can only be forked again."""
        other = copy(self)
        other._connection, theirs = Pipe()
        self._send(None)
        send_handle(self._connection, theirs.fileno(), self._pid)
        theirs.close()
        other._pid = other._receive()
        return other

    def close(self):
        """End the process, and those that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self._connection.close()


def streams_of(printed):
    """Take the pieces that are printed; yield a message of those of each stream."""
    while printed:
        name = next(iter(printed))
        yield message_of("stream", {"name": name, "text": "".join(printed.pop(name))})


def message_of(kind, content):
    """Return a message as Jupyter's clients know them."""
    header = {"msg_type": kind}
    return header | {"header": header, "parent_header": {}, "content": content}


def _died(address):
    """Return the error that the forkserver has died."""
    try:
        log = Path(address).with_name("log").read_bytes().decode(errors="replace")
    except OSError:
        log = ""
    last = log.strip().rpartition("\n")[2] or "empty"
    return UserError(f"the process that forks kernels has died; its log ends: {last}")
