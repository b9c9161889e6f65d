"""A process that has done the imports, and forks a kernel for each client.

``python -m helpers.pipeline.kernels.forkserver NUMBER MODULE ...`` imports the modules,
prepares ipykernel's application, and listens on the Unix socket with that descriptor,
which it inherits. Modules that are named on a line of standard input, with commas
between them, it imports later, one by one, while no client waits. A client sends one
line of JSON (``argv`` of the kernel, ``cwd``, ``env``) and owns the kernel as long as
the connection lasts. The answers are::

    R   the kernel is ready to be connected to
    X   the kernel has ended; the next byte is its exit status

Every further byte of the client is the number of a signal for the kernel. When the
client disconnects, its kernel is killed. When the process that started the forkserver
ends, all kernels are killed, and the forkserver removes the socket's folder and ends.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys

from helpers import ROOT
from helpers.pipeline.environment import figure_formats

READY, ENDED = b"R", b"X"
FIGURES = ROOT / "report" / "figures.mplstyle"
# What every kernel imports when it starts.
KERNEL = (
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "faulthandler",
    "sqlite3",
    "tornado.platform.asyncio",
)


def main(number, *modules):
    """Import modules, prepare a kernel, and serve until standard input is closed."""
    if sys.path[0] == os.getcwd():
        del sys.path[0]  # kernels look for modules beside their notebook instead
    import_all(modules)
    from helpers.pipeline.kernels.application import WarmKernelApp

    # A kernel ends when its parent, the forkserver, has ended.
    WarmKernelApp.instance(parent_handle=os.getpid()).prepare()
    gc.freeze()  # else the collector would touch, and so copy, every shared page
    with socket.socket(fileno=int(number)) as listener:
        folder = os.path.dirname(listener.getsockname())
        serve(listener)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # to take all modules apart would take long


def import_all(modules):
    """Import what notebooks will need, and do what its first use would do."""
    gc.disable()  # imports leave no garbage
    # A kernel chooses this backend by itself, but only before matplotlib is imported.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    sys.modules["debugpy"] = None  # slow to import, and no run is debugged
    for name in (*KERNEL, *modules):
        # What cannot be imported here fails in the notebook, where it can be seen.
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    for module in [name for name in WARM_UPS if name in sys.modules]:
        with contextlib.suppress(Exception):
            WARM_UPS.pop(module)()
    del sys.modules["debugpy"]
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


def serve(listener):
    """Fork kernels, pass signals on to them, and report when they end."""
    kernels, later = {}, []  # connection by the kernel's pid; modules to import
    wakeup_r, wakeup_w = socket.socketpair()
    wakeup_w.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep to handle
    signal.set_wakeup_fd(wakeup_w.fileno())
    with selectors.DefaultSelector() as selector:
        for source in (sys.stdin, listener, wakeup_r):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready = selector.select(0 if later else None)
            if not ready:
                import_all([later.pop(0)])
                gc.freeze()
            for key, _ in ready:
                source = key.fileobj
                if source is sys.stdin:
                    if line := sys.stdin.readline():
                        later += line.strip().split(",")
                        continue
                    for pid in kernels:
                        signal_kernel(pid, signal.SIGKILL)
                    return
                if source is listener:
                    connection = listener.accept()[0]
                    pid = fork_kernel(connection, listener)
                    if pid is not None:
                        kernels[pid] = connection
                        selector.register(connection, selectors.EVENT_READ, pid)
                elif source is wakeup_r:
                    wakeup_r.recv(4096)
                    report_ended(kernels, selector)
                elif key.data in kernels:
                    pass_on(source, key.data)


def fork_kernel(connection, listener):
    """Fork the kernel of a new client; return its pid, None if the client has gone."""
    line = connection.makefile().readline()
    if not line:
        connection.close()
        return None
    request = json.loads(line)
    pid = os.fork()
    if pid == 0:
        listener.close()  # else it would outlive the forkserver
        become_kernel(request, connection)
    return pid


def become_kernel(request, connection):
    """Turn this forked process into a kernel, until it ends."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()  # signals also reach the processes that the notebook starts
    sys.stdin = open(os.devnull)  # noqa: SIM115
    os.dup2(sys.stdin.fileno(), 0)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["ipykernel_launcher", *request["argv"]]
    # Python would take a module that changes twice in a second for unchanged.
    sys.dont_write_bytecode = True
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # else all kernels draw the same

    from helpers.pipeline.kernels.application import PrivateIOPubThread, WarmKernelApp

    PrivateIOPubThread.folder = os.path.dirname(connection.getsockname())
    status = 1
    try:
        app = WarmKernelApp.instance()
        app.initialize(request["argv"])
        connection.sendall(READY)
        app.start()
        status = 0
    finally:
        os._exit(status)


def report_ended(kernels, selector):
    """Tell the clients of kernels that have ended, and forget these kernels."""
    for pid, connection in [*kernels.items()]:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del kernels[pid]
            selector.unregister(connection)
            status = os.waitstatus_to_exitcode(status) % 256
            with contextlib.suppress(OSError):
                connection.sendall(ENDED + bytes([status]))
            connection.close()


def pass_on(connection, pid):
    """Send a kernel its client's signals; kill it if the client has gone."""
    try:
        wanted = connection.recv(64)
    except OSError:
        wanted = b""
    for number in wanted or bytes([signal.SIGKILL]):
        signal_kernel(pid, number)


def signal_kernel(pid, number):
    """Signal a kernel's process group, or the kernel while it has none yet."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            send(pid, number)
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
