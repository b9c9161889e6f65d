"""A process that has done the imports, and forks a kernel for each client.

``python -m helpers.pipeline.kernels.forkserver NUMBER MODULE ...`` imports the modules,
makes the shell, and listens on the Unix socket with that descriptor, which it inherits.
Modules that are named on a line of standard input, with commas between them, it imports
later, one by one, while no client waits. Each client gets a fork of its own, the kernel
of `shell`, which ends with the connection. When the process that started the forkserver
ends, the forkserver removes the socket's folder, and ends all that it has forked.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import shutil
import signal
import socket
import sys
from multiprocessing.connection import wait

import psutil

from helpers import ROOT
from helpers.pipeline.environment import figure_formats
from helpers.pipeline.kernels.shell import INLINE, become_kernel, make_shell

ADOPT = 36  # PR_SET_CHILD_SUBREAPER of Linux: whose parent ends becomes our child
FIGURES = ROOT / "report" / "figures.mplstyle"


def main(number, *modules):
    """Import modules, make the shell, and serve until standard input is closed."""
    if sys.path[0] == os.getcwd():
        del sys.path[0]  # kernels look for modules beside their notebook instead
    os.environ["MPLBACKEND"] = INLINE
    import_all(modules)
    shell = make_shell()
    gc.freeze()  # else the collector would touch, and so copy, every shared page
    ctypes.CDLL(None).prctl(ADOPT, 1)
    with socket.socket(fileno=int(number)) as listener:
        folder = os.path.dirname(listener.getsockname())
        serve(listener, shell)
    shutil.rmtree(folder, ignore_errors=True)
    # Kernels end themselves, unless they are in code that lets no other thread run.
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(0)  # to take all modules apart would take long


def import_all(modules):
    """Import what notebooks will need, and do what its first use would do."""
    gc.disable()  # imports leave no garbage
    for name in modules:
        # What cannot be imported here fails in the notebook, where it can be seen.
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    for module in [name for name in WARM_UPS if name in sys.modules]:
        with contextlib.suppress(Exception):
            WARM_UPS.pop(module)()
    gc.enable()


def draw_for_report():
    """Draw as a report does, in its typeface."""
    import matplotlib as mpl

    with mpl.rc_context():
        sys.modules["helpers.figures.typeface"].use_typeface()
        draw_once(*figure_formats())


def draw_once(*formats):
    """Draw without pyplot, so that fonts are found, and they and renderers loaded."""
    import io

    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(FIGURES):
        figure = Figure(figsize=(1, 1))
        FigureCanvasAgg(figure)
        axes = figure.add_subplot(xlabel="$x^2$", ylabel="y", title="x")
        axes.plot([1, 2], label="x")
        axes.legend()
        for format in formats:
            figure.savefig(io.BytesIO(), format=format)


def read_once():
    """Read the datasheets, which runs find parsed as long as their text is the same."""
    from helpers.reading.yamlfile import read_yaml

    for sheet in (ROOT / "data").glob("*.yaml"):
        read_yaml(sheet, sheet.name)


# What a kernel would do when it first uses a module.
WARM_UPS = {
    "matplotlib": lambda: draw_once("png"),  # as a run does
    "helpers.figures.typeface": draw_for_report,
    "helpers.reading.yamlfile": read_once,
    "numpy": lambda: importlib.import_module("numpy.random"),
}


def serve(listener, shell):
    """Fork a kernel for each client, until standard input is closed."""
    later = []  # modules to import
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no kernel is waited for
    while True:
        ready = wait([sys.stdin, listener], 0 if later else None)
        if not ready:
            import_all([later.pop(0)])
            gc.freeze()
        if listener in ready:
            client = listener.accept()[0]
            if not os.fork():
                listener.close()  # else it would outlive the forkserver
                try:
                    become_kernel(client, shell)
                finally:
                    os._exit(1)  # what ends the forkserver is not for its forks to do
            client.close()
        elif ready:
            line = sys.stdin.readline()
            if not line:
                return
            later += line.strip().split(",")


if __name__ == "__main__":
    main(*sys.argv[1:])
