"""Which kernels a run gets: warm, private ones, wherever they can be had.

Every run has a fresh process of its own, but that process is forked from the
`forkserver`, which has done the imports and made the shell. Kernels talk over sockets
in a directory that only the user can enter; no port is opened. Where processes cannot
be forked safely, on macOS and Windows, ordinary kernels are used, with their ports.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from helpers.pipeline.kernels import arithmetic

FORKSERVER = "DL4IA_FORKSERVER"
WARM = {
    "kernel_manager_class": "helpers.pipeline.kernels.provisioner.PrivateKernelManager",
    "shutdown_kernel": "immediate",
}
# KERNELS=plain asks for ordinary kernels on Linux, too.
CAN_FORK = sys.platform.startswith("linux") and os.environ.get("KERNELS") != "plain"


@contextlib.contextmanager
def warm_kernels(modules):
    """Keep a forkserver for the kernels of this process and of those it starts.

    Parameters
    ----------
    modules : list of str
        What it imports in advance.

    Yields
    ------
    dict
        Options for ``papermill.execute_notebook``. Where forking is not safe
        (macOS, Windows), they leave the ordinary kernels in place.
    """
    # Socket paths are at most 107 bytes long, so not below a long TMPDIR.
    folder = tempfile.mkdtemp(prefix="kernels-", dir="/tmp" if CAN_FORK else None)
    before = dict(os.environ)
    os.environ.update(arithmetic.settings())
    # What a person has set up for IPython must not reach the results.
    os.environ["IPYTHONDIR"] = f"{folder}/ipython"
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    for setting in ("PYTHONSTARTUP", "PYTHONWARNINGS", "MPLBACKEND"):
        os.environ.pop(setting, None)
    try:
        with _forkserver(folder, modules) if CAN_FORK else _ordinary() as options:
            yield options
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _forkserver(folder, modules):
    """Keep the process that forks kernels, and have them launched by it.

    It is given a socket that listens already: whoever connects waits for it to come
    up, and notices at once if it has died.
    """
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
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "warm"
    try:
        yield WARM
    finally:
        forkserver.stdin.close()
        forkserver.wait()


@contextlib.contextmanager
def _ordinary():
    """Leave the ordinary kernels in place, and look for the fonts before they do.

    Where matplotlib has not yet been used, the first to import it looks for them; if
    that takes long it says so, and a run must not have that among its outputs.
    """
    import matplotlib.font_manager  # noqa: F401

    yield {}


class _Own:
    """The forkserver of a process that has inherited none: a worker of Dask."""

    lock = threading.Lock()
    stack = contextlib.ExitStack()
    version = None
    options = None


def kernels_here(modules, version):
    """Return options for warm kernels, wherever this is.

    Parameters
    ----------
    modules : list of str
        What a forkserver, if one must be started, imports in advance.
    version : object
        Of the code: a forkserver that has imported other code is replaced.

    Returns
    -------
    dict
        Options for ``papermill.execute_notebook``.
    """
    with _Own.lock:
        if _Own.version is None and FORKSERVER in os.environ:
            return WARM
        if _Own.version != version:
            _Own.version = None  # unless the new one starts, there is none
            _Own.stack.close()
            own = warm_kernels(modules)
            _Own.options = _Own.stack.enter_context(own)
            _Own.version = version
        return _Own.options
