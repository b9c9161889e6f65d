"""ipykernel's application for kernels that are forked.

What all of them have in common, their options and their shell, is made once, before.
"""

import os
import uuid
from functools import lru_cache
from pathlib import Path

import zmq
from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.application import BaseIPythonApplication
from zmq.eventloop.zmqstream import ZMQStream

# What is run is in the notebooks; the user's own history is not for it.
OPTIONS = ["--HistoryManager.enabled=False"]


class WarmKernelApp(kernelapp.IPKernelApp):
    """ipykernel's application: `prepare` it, fork, `initialize` it and start.

    Its shell names cells by their number and content, not by the process: what a
    warning in one says is the same in every run.
    """

    prepared = False

    def prepare(self):
        """Do what is the same for all kernels: no sockets yet, and no threads."""
        BaseIPythonApplication.initialize(self, OPTIONS)
        shell = ZMQInteractiveShell.instance(parent=self, profile_dir=self.profile_dir)
        # The kernel asks for it before it runs a cell, and again when it does.
        shell.transform_cell = lru_cache(1)(shell.transform_cell)
        kernelapp.IOPubThread = PrivateIOPubThread
        self.prepared = True

    def initialize(self, argv):
        """Become a kernel, with the connection file that the arguments name."""
        self.connection_file = argv[argv.index("-f") + 1]
        super().initialize(argv)

    def init_kernel(self):
        """Make the kernel, and tell the shell, which is there, of it and its place."""
        super().init_kernel()
        shell = self.kernel.shell
        shell.parent = shell.kernel = self.kernel
        shell.init_environment()
        shell.starting_dir = os.getcwd()
        shell.history_manager.dir_hist[:] = [Path.cwd()]

    def parse_command_line(self, argv=None):
        """Read the options, once."""
        if not self.prepared:
            super().parse_command_line(argv)

    def load_config_file(self, *arguments, **options):
        """Look for configuration files, once."""
        if not self.prepared:
            super().load_config_file(*arguments, **options)


class PrivateIOPubThread(IOPubThread):
    """ipykernel's output thread, without the one port that ipykernel would open.

    A kernel listens for the output of processes that its notebook forks. ipykernel
    does so on a TCP port, whatever the transport of its other channels; here it is
    a socket in the private directory.

    Attributes
    ----------
    folder : str
        Where the sockets are; set before the first one is made.
    """

    folder = ""

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
