"""A Jupyter kernel provisioner that has the forkserver fork a kernel.

It is registered as the entry point ``warm``. nbclient, papermill and all that starts
kernels through jupyter_client work with it unchanged.
"""

import asyncio
import contextlib
import json
import os
import socket
import sys
import uuid
from pathlib import Path
from queue import Empty

from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Type

from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.forkserver import ENDED, READY
from helpers.pipeline.kernels.warm import FORKSERVER

# The options, beside the connection file, with which a kernel can be forked: none, or
# the one that nbclient adds, which concerns a history that is not kept.
PLAIN = ([], ["--HistoryManager.hist_file=:memory:"])


class PrivateKernelClient(AsyncKernelClient):
    """A client that waits no longer than until the kernel has answered."""

    async def wait_for_ready(self, timeout=None):
        """Return once the kernel has answered on both channels."""
        async with asyncio.timeout(timeout):
            while True:
                asked = self.kernel_info()
                reply = await self.get_shell_msg()
                self._handle_kernel_info_reply(reply)
                # What was published before the client subscribed is lost: ask again.
                with contextlib.suppress(Empty):
                    while True:
                        message = await self.get_iopub_msg(timeout=0.2)
                        if (
                            message["parent_header"].get("msg_id") == asked
                            and message["content"].get("execution_state") == "idle"
                        ):
                            return


class PrivateKernelManager(AsyncKernelManager):
    """A manager whose kernels listen in the private directory of the forkserver."""

    client_factory = Type(PrivateKernelClient)
    # The functions that jupyter_client wraps: its wrapper also sleeps.
    start_kernel = AsyncKernelManager.start_kernel.__wrapped__
    shutdown_kernel = AsyncKernelManager.shutdown_kernel.__wrapped__

    def __init__(self, **options):
        place = str(Path(os.environ[FORKSERVER]).with_name(uuid.uuid4().hex[:12]))
        private = {"transport": "ipc", "ip": place, "connection_file": f"{place}.json"}
        super().__init__(**private, **options)


class WarmProvisioner(LocalProvisioner):
    """Have the forkserver launch a kernel.

    Without a forkserver, and for kernels of other interpreters, this is the ordinary
    provisioner of jupyter_client.
    """

    async def launch_kernel(self, cmd, **kwargs):
        """Start the kernel; return once it can be connected to."""
        arguments = _ipykernel_arguments(cmd)
        if FORKSERVER not in os.environ or arguments is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = kwargs.get("cwd") or os.getcwd()
        request = {"argv": arguments, "cwd": str(self.cwd), "env": kwargs["env"]}
        self.process = ForkedKernel()
        await self.process.start(os.environ[FORKSERVER], request)
        return self.connection_info

    async def kill(self, restart=False):
        """Kill the kernel; return once it has ended."""
        await super().kill(restart)
        if isinstance(self.process, ForkedKernel):
            await self.process.died()


class ForkedKernel:
    """A kernel forked by the forkserver, with the interface of ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.setblocking(False)
        self.returncode = None

    async def start(self, address, request):
        """Ask for the kernel and wait until it listens or has ended."""
        loop, line = asyncio.get_running_loop(), json.dumps(request).encode() + b"\n"
        try:  # the forkserver may still be busy importing
            await loop.sock_connect(self.connection, address)
            await loop.sock_sendall(self.connection, line)
            answer = await loop.sock_recv(self.connection, 1)
        except (FileNotFoundError, ConnectionError):
            answer = b""
        if answer != READY:
            self._note(b"")
        if not answer:
            raise _died(address)

    async def died(self):
        """Wait until the kernel has ended."""
        loop = asyncio.get_running_loop()
        while self.returncode is None:
            self._note(await loop.sock_recv(self.connection, 2))

    def poll(self):
        """Return the exit status, or None while the kernel lives."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self._note(self.connection.recv(2))
        return self.returncode

    def wait(self):
        """Return the exit status, once `poll` has."""
        return self.returncode

    def send_signal(self, number):
        """Have the forkserver, the kernel's parent, send it a signal."""
        with contextlib.suppress(OSError):
            self.connection.send(bytes([number]))

    def _note(self, message):
        """Note an answer of the forkserver; none means that both have ended."""
        if message[:1] in (ENDED, b""):
            self.returncode = message[1] if len(message) == 2 else 1
            self.connection.close()


def _ipykernel_arguments(cmd):
    """Return the arguments for ipykernel in a command; None if it cannot be forked."""
    # Kernels of other interpreters, and with other options, cannot.
    if cmd[0] != sys.executable or "ipykernel_launcher" not in cmd:
        return None
    arguments = list(cmd[cmd.index("ipykernel_launcher") + 1 :])
    return arguments if arguments[:1] == ["-f"] and arguments[2:] in PLAIN else None


def _died(address):
    """Return the error that the forkserver has died."""
    try:
        log = Path(address).with_name("log").read_bytes().decode(errors="replace")
    except OSError:
        log = ""
    last = log.strip().rpartition("\n")[2] or "empty"
    return UserError(f"the process that forks kernels has died; its log ends: {last}")
