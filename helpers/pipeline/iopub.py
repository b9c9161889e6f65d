"""The one port that ipykernel would open, as a socket in the private directory.

A kernel listens for the output of processes that its notebook forks. ipykernel
does so on a TCP port, whatever the transport of its other channels.
"""

import os
import uuid

import zmq
from ipykernel.iostream import IOPubThread
from zmq.eventloop.zmqstream import ZMQStream


class PrivateIOPubThread(IOPubThread):
    """ipykernel's output thread, but for that port.

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
