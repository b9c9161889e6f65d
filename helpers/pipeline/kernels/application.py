"""ipykernel's application for kernels that are forked.

Their options and their shell, which are the same for all, are made before the fork.
"""

import os
import sys
import uuid
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import zmq
from ipykernel import ipkernel, kernelapp
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.application import BaseIPythonApplication
from traitlets import default
from zmq.eventloop.zmqstream import ZMQStream

# Runs are kept in notebooks, so they do not belong in the user's history; and their
# client waits until all outputs of a cell are there, so the kernel need not.
OPTIONS = ["--HistoryManager.enabled=False", "--Kernel._execute_sleep=0"]
# What `prepare` has done; ipykernel would do it again in each kernel.
DONE_ONCE = ("parse_command_line", "load_config_file", "init_extensions", "init_code")


class WarmKernelApp(kernelapp.IPKernelApp):
    """ipykernel's application: `prepare` it, fork, `initialize` it and start.

    Its shell names cells by their number and content, not by the process: a warning
    that names its cell is the same in every run.
    """

    @default("outstream_class")
    def _text_stream(self):
        return f"{__name__}.{TextStream.__name__}"

    def prepare(self):
        """Do what is the same for all kernels, without sockets and threads."""
        BaseIPythonApplication.initialize(self, OPTIONS)
        self.log.setLevel(self.log_level)  # else it makes messages that nobody sees
        shell = ZMQInteractiveShell.instance(parent=self, profile_dir=self.profile_dir)
        # The kernel transforms each cell twice: before it runs it and when it does.
        shell.transform_cell = lru_cache(1)(shell.transform_cell)
        kernelapp.IOPubThread = PrivateIOPubThread
        self.shell = shell
        self.init_extensions()
        self.init_code()
        for done in DONE_ONCE:
            setattr(self, done, lambda *_, **__: None)

    def initialize(self, argv):
        """Become a kernel, with the connection file that the arguments name."""
        self.connection_file = argv[argv.index("-f") + 1]
        super().initialize(argv)

    def init_kernel(self):
        """Make the kernel, and connect the shell to it and to its folder."""
        # For a debugger it would look at all modules, and so copy their memory.
        ipkernel.sys = SimpleNamespace(platform=sys.platform, modules={})
        super().init_kernel()
        ipkernel.sys = sys
        shell = self.kernel.shell
        shell.parent = shell.kernel = self.kernel
        shell.init_environment()
        shell.starting_dir = os.getcwd()
        shell.history_manager.dir_hist[:] = [Path.cwd()]


class TextStream(OutStream):
    """Standard output or error, which refuses half of a character as a file does.

    ipykernel would fail later, where it sends the text, and lose it or wait for ever.
    """

    def write(self, string):
        """Write a text; return its length."""
        if isinstance(string, str):
            string.encode()
        return super().write(string)


class PrivateIOPubThread(IOPubThread):
    """ipykernel's output thread, without the one TCP port that ipykernel would open.

    There a kernel listens for the output of processes that its notebook forks; here it
    listens on a Unix socket.
    """

    folder = ""  # of the sockets; set in the forked process

    def _setup_pipe_in(self):
        self._pipe_uuid = os.urandom(16)
        self._pipe_address = f"ipc://{self.folder}/{uuid.uuid4().hex[:12]}"
        pipe_in = self.socket.context.socket(zmq.PULL)
        pipe_in.linger = 0
        pipe_in.bind(self._pipe_address)
        self._pipe_in = ZMQStream(pipe_in, self.io_loop)
        self._pipe_in.on_recv(self._handle_pipe_msg)

    def _setup_pipe_out(self):
        context = zmq.Context()  # a context does not survive a fork
        pipe_out = context.socket(zmq.PUSH)
        pipe_out.linger = 3000
        pipe_out.connect(self._pipe_address)
        return context, pipe_out
