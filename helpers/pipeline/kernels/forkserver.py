"""A process that has imported the modules, and forks a kernel for each client.

``python -m helpers.pipeline.kernels.forkserver NUMBER MODULE ...`` imports the modules,
makes the shell, and listens on an inherited Unix socket, whose descriptor is NUMBER. A
line of standard input may name more modules, separated by commas, which are imported
one by one while no client waits. Each client gets its own fork, the kernel of `shell`,
which ends with the connection. When the process that started the forkserver ends, the
forkserver removes the socket's folder, and ends all the processes that it has forked.
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

SET_SUBREAPER = 36  # Linux's PR_SET_CHILD_SUBREAPER: orphans become our children
FIGURES = ROOT / "report" / "figures.mplstyle"


def main(descriptor, *modules):
    """Import modules, make the shell, and serve until standard input is closed."""
    if sys.path[0] == os.getcwd():
        del sys.path[0]  # kernels look for modules beside their notebooks instead
    os.environ["MPLBACKEND"] = INLINE
    import_all(modules)
    shell = make_shell()
    gc.freeze()  # otherwise, the collector would touch, and so copy, all shared memory
    ctypes.CDLL(None).prctl(SET_SUBREAPER, 1)
    with socket.socket(fileno=int(descriptor)) as listener:
        folder = os.path.dirname(listener.getsockname())
        serve(listener, shell)
    shutil.rmtree(folder, ignore_errors=True)
    # Kernels end by themselves, unless their code lets no other thread run.
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(0)  # a regular exit, which tears down all modules, takes long


def import_all(modules):
    """Import modules that notebooks will need, and warm them up."""
    gc.disable()  # imports leave no garbage
    for name in modules:
        # A failing import fails again in the notebook, where the user sees it.
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    for module in [name for name in WARM_UPS if name in sys.modules]:
        with contextlib.suppress(Exception):
            WARM_UPS.pop(module)()
    gc.enable()


def draw_for_report():
    """Draw a figure as a report does, in its typeface."""
    import matplotlib as mpl

    with mpl.rc_context():
        sys.modules["helpers.figures.typeface"].use_typeface()
        draw_once(*figure_formats())


def draw_once(*formats):
    """Draw a figure without pyplot, to find and load the fonts and renderers."""
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
    """Parse the datasheets; runs use the result as long as the text is the same."""
    from helpers.reading.yamlfile import read_yaml

    for sheet in (ROOT / "data").glob("*.yaml"):
        read_yaml(sheet, sheet.name)


# What a kernel would otherwise do at the first use of a module.
WARM_UPS = {
    "matplotlib": lambda: draw_once("png"),  # as a run does
    "helpers.figures.typeface": draw_for_report,
    "helpers.reading.yamlfile": read_once,
    "numpy": lambda: importlib.import_module("numpy.random"),
}


def serve(listener, shell):
    """Fork a kernel for each client, until standard input is closed."""
    pending = []  # the modules still to import
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep handles Ctrl-C
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for kernels
    while True:
        ready = wait([sys.stdin, listener], 0 if pending else None)
        if not ready:
            import_all([pending.pop(0)])
            gc.freeze()
        if listener in ready:
            client = listener.accept()[0]
            if not os.fork():
                listener.close()  # otherwise, the socket would outlive the forkserver
                try:
                    become_kernel(client, shell)
                finally:
                    os._exit(1)  # a fork must not clean up for the forkserver
            client.close()
        elif ready:
            line = sys.stdin.readline()
            if not line:
                return
            pending += line.strip().split(",")


if __name__ == "__main__":
    main(*sys.argv[1:])
