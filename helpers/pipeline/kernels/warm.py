"""Warm, private kernels on Linux; ordinary ones elsewhere.

Each run has a fresh process, forked from the `forkserver`, which has imported the
modules. Clients connect to a socket in a folder that only the user can enter; no port
is opened. On macOS, where forking is not safe, kernels are ordinary.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from helpers.pipeline.environment import use_environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels import arithmetic

FORKSERVER = "DL4IA_FORKSERVER"
MIN_SPACE = 20 * 2**20  # bytes, for temporary files of kernels
# KERNELS=plain asks for ordinary kernels on Linux.
CAN_FORK = sys.platform.startswith("linux") and os.environ.get("KERNELS") != "plain"


@contextlib.contextmanager
def warm_kernels(modules, later=None):
    """Run a forkserver for the kernels of this process and of those it starts.

    It imports the `modules` in advance and, while no client waits, those that `later`
    returns. Where processes cannot be forked, kernels are ordinary.
    """
    # Not in TMPDIR, as the path of a socket may have at most 107 bytes.
    place = "/tmp" if CAN_FORK else tempfile.gettempdir()
    for each in (place, tempfile.gettempdir()):
        _check_space(each)
    folder = tempfile.mkdtemp(prefix="kernels-", dir=place)
    before = dict(os.environ)
    use_environment(**arithmetic.settings(), IPYTHONDIR=f"{folder}/ipython")
    try:
        if CAN_FORK:
            with _forkserver(folder, modules, later):
                yield
        else:
            # At its first import, Matplotlib looks for fonts, and prints a warning if
            # that takes long. It must not be among the outputs of a run.
            import matplotlib.font_manager  # noqa: F401

            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def _check_space(place):
    """Raise UserError if a disk is full, since kernels would then hang."""
    free = shutil.disk_usage(place).free
    if free < MIN_SPACE:
        raise UserError(
            f"{place} is full: {free // 2**20} MiB are free, but "
            f"{MIN_SPACE // 2**20} MiB are needed"
        )


@contextlib.contextmanager
def _forkserver(folder, modules, later):
    """Run the forkserver, from which kernels are then forked."""
    # It inherits a socket that is already listening: a client that connects early waits
    # for it, and notices at once if it has died.
    address = f"{folder}/forkserver"
    with socket.socket(socket.AF_UNIX) as listener, open(f"{folder}/log", "wb") as log:
        listener.bind(address)
        listener.listen(1024)
        number = listener.fileno()
        command = ["-m", "helpers.pipeline.kernels.forkserver", str(number), *modules]
        forkserver = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[number],
            start_new_session=True,
        )
    os.environ[FORKSERVER] = address
    try:
        if later:
            names = f"{','.join(later())}\n".encode()
            with contextlib.suppress(BrokenPipeError):  # it has died; clients report it
                os.write(forkserver.stdin.fileno(), names)
        yield
    finally:
        forkserver.stdin.close()
        forkserver.wait()


class _OwnForkserver:
    """The forkserver of a process that inherits none, such as a worker of Dask."""

    lock = threading.Lock()
    stack = contextlib.ExitStack()
    version = None


def warm_kernels_here(modules, version):
    """Start a forkserver if this process has none; see `warm_kernels`.

    It imports the modules that `modules` returns. A forkserver that imported another
    `version` of the code is replaced.
    """
    with _OwnForkserver.lock:
        inherited = _OwnForkserver.version is None and FORKSERVER in os.environ
        if not inherited and _OwnForkserver.version != version:
            _OwnForkserver.version = None  # in case the new one does not start
            _OwnForkserver.stack.close()
            _OwnForkserver.stack.enter_context(warm_kernels(modules()))
            _OwnForkserver.version = version
