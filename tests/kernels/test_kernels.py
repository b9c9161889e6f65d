"""Warm kernels give the results of ordinary ones; they are private and fresh."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from papermill.exceptions import PapermillExecutionError
from project import until

from helpers.pipeline import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import CAN_FORK, FORKSERVER, warm_kernels

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="kernels are forked on Linux only")


@pytest.fixture(scope="module")
def warm():
    with warm_kernels(["numpy", "matplotlib.pyplot"]) as options:
        yield options


@pytest.fixture
def execute(tmp_path):
    """Return a function that executes cells and returns their outputs."""

    def run(options, *cells, kernel="python3"):
        notebook = nbformat.v4.new_notebook(
            cells=list(map(nbformat.v4.new_code_cell, cells))
        )
        nbformat.write(notebook, tmp_path / "in.ipynb")
        done = papermill.execute_notebook(
            tmp_path / "in.ipynb",
            tmp_path / "out.ipynb",
            kernel_name=kernel,
            progress_bar=False,
            coalesce_streams=True,  # as the sweep does: a text may come in pieces
            **options,
        )
        return [output for cell in done.cells for output in cell.get("outputs", [])]

    return run


def text_of(outputs):
    return "".join(output.get("text", "") for output in outputs)


def test_results_are_those_of_an_ordinary_kernel(warm, execute, monkeypatch):
    cells = (
        "import matplotlib.pyplot as plt, numpy as np, sys",
        "plt.plot(np.sin(np.arange(9)))\nplt.show()",
        "print(np.linalg.svd(np.arange(12.0).reshape(3, 4))[1].tolist())",
        "print(plt.get_backend(), __name__, sys.stdin.read())",
        "%matplotlib inline\nfig = plt.figure()\nfig",
        "import os; print(os.getcwd())",
        "import asyncio\nawait asyncio.sleep(0)\nIn[-1], _",
        "[p for p in sys.path if not p.startswith('/tmp')]",
        "ip = get_ipython(); ip.kernel.shell is ip, ip.user_ns is globals()",
        "names = 'TERM PAGER GIT_PAGER CLICOLOR CLICOLOR_FORCE FORCE_COLOR MPLBACKEND'",
        "[os.environ.get(name) for name in names.split()]",
        "get_ipython().starting_dir, _dh",
        "%cd -q report\n_dh",
        "1 / 3",
    )
    forked = execute(warm, *cells)
    monkeypatch.delenv(FORKSERVER)
    ordinary = execute({}, *cells)
    for output in forked + ordinary:
        output.pop("execution_count", None)
    assert "image/png" in forked[0]["data"]
    assert forked == ordinary


def test_a_warning_is_the_same_in_every_run(warm, execute):
    warn = "import warnings\nwarnings.warn('beware')"
    first, second = (execute(warm, warn) for _ in range(2))
    assert "beware" in text_of(first)
    assert first == second


def test_matplotlib_looks_for_fonts_before_an_ordinary_kernel_starts(tmp_path):
    look = (
        "import os\nfrom helpers.pipeline.kernels.warm import warm_kernels\n"
        "with warm_kernels([]) as options:\n"
        "    print(options, os.listdir(os.environ['MPLCONFIGDIR']))"
    )
    environment = {**os.environ, "KERNELS": "plain", "MPLCONFIGDIR": str(tmp_path)}
    command = [sys.executable, "-c", look]
    seen = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert seen.stdout.startswith("{} ['fontlist-"), seen.stderr


def test_nothing_leaks_from_run_to_run(warm, execute):
    change_all = (
        "import os, random, sys, matplotlib as mpl, numpy as np\n"
        "leak = 1\nos.environ['LEAK'] = '1'\nos.chdir('/')\nsys.path.append('/leak')\n"
        "mpl.rcParams['lines.linewidth'] = 77\nnp.random.seed(5)\nrandom.seed(5)\n"
        "np.leak = 1"
    )
    look = (
        "import os, random, sys, matplotlib as mpl, numpy as np\n"
        "print('leak' in globals(), 'LEAK' in os.environ, os.getcwd() == '/',\n"
        "  '/leak' in sys.path, hasattr(np, 'leak'), mpl.rcParams['lines.linewidth'])\n"
        "print(np.random.rand(), random.random())"
    )
    execute(warm, change_all)
    first, second = (text_of(execute(warm, look)).splitlines() for _ in range(2))
    assert first[0] == second[0] == "False False False False False 1.5"
    assert not set(first[1].split()) & set(second[1].split())


def listening_ports(pid):
    """Return the TCP ports at which a process listens."""
    sockets = psutil.Process(int(pid)).net_connections("tcp")
    return [each.laddr.port for each in sockets if each.status == psutil.CONN_LISTEN]


def test_no_port_is_opened_and_no_other_user_has_access(warm, execute):
    look = (
        "import os, psutil\n"
        "from ipykernel.kernelapp import IPKernelApp\n"
        "app = IPKernelApp.instance()\n"
        "ports = psutil.Process().net_connections('tcp')\n"
        "print([each.laddr for each in ports if each.status == 'LISTEN'])\n"
        "print(os.getppid())\nprint(app.transport, app.ip)"
    )
    ports, forkserver, transport = text_of(execute(warm, look)).splitlines()
    assert ports == "[]"
    assert listening_ports(forkserver) == []
    assert listening_ports(os.getpid()) == []
    kind, address = transport.split()
    assert kind == "ipc"
    folder = Path(address).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == os.getuid()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try as another user")
def test_another_user_is_turned_away(warm):
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    # The system's own Python: nobody may not enter root's folders.
    command = ["/usr/bin/python3", "-c", connect, os.environ[FORKSERVER]]
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    done = subprocess.run(command, **nobody, capture_output=True, text=True)
    assert "PermissionError" in done.stderr
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_a_listening_port_would_be_noticed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listening_ports(os.getpid()) == [server.getsockname()[1]]


def test_output_of_forked_processes_arrives(warm, execute):
    fork = (
        "import multiprocessing as mp\n"
        "child = mp.get_context('fork').Process(target=print, args=('from a child',))\n"
        "child.start(); child.join()"
    )
    pass_on = "import sys\nfor _ in range(100): sys.stdout.flush()"
    assert text_of(execute(warm, fork, pass_on)) == "from a child\n"


def test_an_error_in_a_cell_is_reported_as_usual(warm, execute):
    with pytest.raises(PapermillExecutionError, match="no such luck"):
        execute(warm, "raise ValueError('no such luck')")


def test_a_kernel_that_dies_is_noticed(warm, execute):
    from nbclient.exceptions import DeadKernelError

    with pytest.raises(DeadKernelError):
        execute(warm, "import os; os._exit(3)")
    assert (
        text_of(execute(warm, "print('the next one is fine')"))
        == "the next one is fine\n"
    )


def test_kernels_end_with_their_notebook(warm, execute):
    pid = int(text_of(execute(warm, "import os; print(os.getpid())")))
    assert not Path(f"/proc/{pid}").exists()


def test_processes_that_a_notebook_starts_end_with_it(warm, execute):
    start = "import subprocess; print(subprocess.Popen(['sleep', '1000']).pid)"
    pid = int(text_of(execute(warm, start)))
    until(lambda: not is_running(pid))


def test_the_forkserver_ends_when_its_owner_is_killed(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(
        "import os, time\n"
        "from helpers.pipeline.kernels.warm import FORKSERVER, warm_kernels\n"
        "with warm_kernels([]):\n"
        "    print(os.environ[FORKSERVER], flush=True)\n    time.sleep(1000)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    )
    with owner:
        folder = Path(owner.stdout.readline().strip()).parent
        assert folder.exists()
        owner.send_signal(signal.SIGKILL)
    until(lambda: not folder.exists())


def test_a_run_fails_when_the_forkserver_dies(execute):
    kill = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\n"
    from nbclient.exceptions import DeadKernelError

    inherited = os.environ.pop(FORKSERVER, None)
    with warm_kernels([]) as options, pytest.raises(DeadKernelError):
        execute(options, kill + "while True: time.sleep(1)")
    if inherited:
        os.environ[FORKSERVER] = inherited
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "warm"


def test_some_modules_are_imported_while_nobody_waits(execute, monkeypatch):
    monkeypatch.delenv(FORKSERVER, raising=False)
    known = "import sys; print('colorsys' in sys.modules, 'wave' in sys.modules)"
    later = ["no_such_module", "colorsys", "wave"]
    with warm_kernels(["wave"], later=lambda: later) as options:
        assert text_of(execute(options, known)).split()[1] == "True"
        until(lambda: text_of(execute(options, known)).split() == ["True", "True"])


def test_only_kernels_of_this_interpreter_are_forked():
    from helpers.pipeline.kernels.provisioner import _ipykernel_arguments

    launcher = ["-m", "ipykernel_launcher", "-f", "connection"]
    assert _ipykernel_arguments([sys.executable, *launcher]) == ["-f", "connection"]
    assert _ipykernel_arguments(["/other/python", *launcher]) is None
    assert _ipykernel_arguments(["R", "--slave"]) is None
    asked = [sys.executable, *launcher, "--IPKernelApp.pylab=inline"]
    assert _ipykernel_arguments(asked) is None


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_forkserver_that_dies_as_it_starts_is_reported_at_once(
    execute, monkeypatch, tmp_path
):
    monkeypatch.setitem(environment.SET, "PYTHONPATH", str(tmp_path))
    (tmp_path / "ipykernel.py").write_text("raise ImportError('no such luck')")
    monkeypatch.delenv(FORKSERVER, raising=False)
    with warm_kernels([]) as options, pytest.raises(UserError) as caught:
        execute(options, "1 + 1")
    assert str(caught.value) == (
        "the process that forks kernels has died; its log ends: "
        "ImportError: no such luck"
    )


def test_a_forkserver_that_has_died_is_reported_at_once(execute, monkeypatch):
    monkeypatch.delenv(FORKSERVER, raising=False)
    with warm_kernels([]) as options:
        execute(options, "1 + 1")
        parent = int(text_of(execute(options, "import os; print(os.getppid())")))
        os.kill(parent, signal.SIGKILL)
        with pytest.raises(UserError, match="that forks kernels has died"):
            execute(options, "1 + 1")
