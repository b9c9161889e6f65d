"""Warm kernels give the same results as ordinary ones, and are private and fresh."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from project import until

from helpers import ROOT
from helpers.pipeline import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.forked import ForkedKernel
from helpers.pipeline.kernels.warm import CAN_FORK, FORKSERVER, warm_kernels
from helpers.pipeline.sweep.execute import BoundedClient, ForkedClient

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="kernels are forked on Linux only")


@pytest.fixture
def warm():
    with warm_kernels(["numpy", "matplotlib.pyplot"]):
        yield


def execute(*cells, client=ForkedClient):
    """Execute cells, and return their outputs."""
    codes = list(map(nbformat.v4.new_code_cell, cells))
    for cell in codes:
        cell.metadata["papermill"] = {}
    notebook = nbformat.v4.new_notebook(cells=codes)
    client(notebook, time_limit=100, log="").execute()
    return [output for cell in notebook.cells for output in cell.outputs]


def text_of(outputs):
    return "".join(output.get("text", "") for output in outputs)


def test_results_are_those_of_an_ordinary_kernel(warm):
    cells = (
        "import matplotlib.pyplot as plt, numpy as np, sys",
        "plt.plot(np.sin(np.arange(9)))\nplt.show()",
        "print(np.linalg.svd(np.arange(12.0).reshape(3, 4))[1].tolist())",
        "print(plt.get_backend(), __name__, sys.stdin.read())",
        "%matplotlib inline\nfig = plt.figure()\nfig",
        "import os; print(os.getcwd())",
        "import asyncio\nawait asyncio.sleep(0)\nIn[-1], _",
        "task = asyncio.create_task(asyncio.sleep(0, 'slept'))",
        "await task",
        "get_ipython().run_cell('6 * 7').result",
        "[p for p in sys.path if not p.startswith('/tmp')]",
        "ip = get_ipython(); type(ip), 'IPKernelApp' in ip.config, __name__",
        "names = 'TERM PAGER GIT_PAGER CLICOLOR CLICOLOR_FORCE FORCE_COLOR MPLBACKEND'",
        "[os.environ.get(name) for name in names.split()]",
        "get_ipython().starting_dir, _dh",
        "%cd -q ../report\n_dh",
        "from IPython.display import HTML, clear_output, display",
        "print('gone')\nclear_output(wait=True)\nprint('kept')\ndisplay(HTML('<b>'))\n"
        "print('after', file=sys.stderr)\nshown = display('old', display_id='a')",
        "shown.update('new')\n!echo from a shell",
        "%%capture output\nprint('captured')\ndisplay(1)",
        "output.stdout, len(output.outputs)",
        *(
            f"try:\n    {ask}('?')\nexcept Exception as error:\n    print(type(error))"
            for ask in ("input", "__import__('getpass').getpass")
        ),
    )
    forked, ordinary = execute(*cells), execute(*cells, client=BoundedClient)
    for output in forked + ordinary:
        output.pop("execution_count", None)
    assert "image/png" in forked[0]["data"]
    for output, expected in zip(forked, ordinary, strict=True):
        assert output == expected


def test_what_cannot_be_executed_fails_as_in_an_ordinary_kernel(warm):
    for code in ("x = (", "%%nosuch\n1", "%nosuch", "raise SystemExit", "1 / 0\n!true"):
        forked, ordinary = (
            execute("1", code, "2", client=client)
            for client in (ForkedClient, BoundedClient)
        )
        for output in forked + ordinary:  # IPython names cells by process
            output.pop("traceback", None)
            if "evalue" in output:
                output["evalue"] = output["evalue"].split(" (")[0]
        assert forked == ordinary, code


def test_a_warning_is_the_same_in_every_run(warm):
    warn = "import warnings\nwarnings.warn('beware')"
    first, second = (execute(warn) for _ in range(2))
    assert "beware" in text_of(first)
    assert first == second


def test_matplotlib_looks_for_fonts_before_an_ordinary_kernel_starts(tmp_path):
    look = (
        "import os\nfrom helpers.pipeline.kernels.warm import *\n"
        "with warm_kernels([]):\n"
        "    print(FORKSERVER in os.environ, os.listdir(os.environ['MPLCONFIGDIR']))"
    )
    environment = {**os.environ, "KERNELS": "plain", "MPLCONFIGDIR": str(tmp_path)}
    command = [sys.executable, "-c", look]
    seen = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert seen.stdout.startswith("False ['fontlist-"), seen.stderr


def test_nothing_leaks_from_run_to_run(warm):
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
    execute(change_all)
    first, second = (text_of(execute(look)).splitlines() for _ in range(2))
    assert first[0] == second[0] == "False False False False False 1.5"
    assert not set(first[1].split()) & set(second[1].split())


def listening_ports(pid):
    """Return the TCP ports at which a process listens."""
    sockets = psutil.Process(int(pid)).net_connections("tcp")
    return [each.laddr.port for each in sockets if each.status == psutil.CONN_LISTEN]


def test_no_port_is_opened_and_no_other_user_has_access(warm):
    look = (
        "import os, psutil\n"
        "ports = psutil.Process().net_connections('tcp')\n"
        "print([each.laddr for each in ports if each.status == 'LISTEN'])\n"
        "print(os.getppid())"
    )
    ports, forkserver = text_of(execute(look)).splitlines()
    assert ports == "[]"
    assert listening_ports(forkserver) == []
    assert listening_ports(os.getpid()) == []
    folder = Path(os.environ[FORKSERVER]).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == os.getuid()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try as another user")
def test_another_user_is_turned_away(warm):
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    # The system's own Python, as the user nobody may not enter root's folders.
    command = ["/usr/bin/python3", "-c", connect, os.environ[FORKSERVER]]
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    done = subprocess.run(command, **nobody, capture_output=True, text=True)
    assert "PermissionError" in done.stderr
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_a_listening_port_would_be_noticed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listening_ports(os.getpid()) == [server.getsockname()[1]]


def test_output_of_forked_processes_arrives(warm):
    fork = (
        "import multiprocessing as mp, os, sys\n"
        "child = mp.get_context('fork').Process(target=print, args=('from a child',))\n"
        "child.start(); child.join()\nos.system('echo from a program >&2')\n"
        "print('from the cell')"
    )
    pass_on = "import sys\nfor _ in range(100): sys.stdout.flush()"
    printed = [(o.name, o.text) for o in execute(fork, pass_on)]
    assert printed == [  # that of other processes comes last
        ("stdout", "from the cell\nfrom a child\n"),
        ("stderr", "from a program\n"),
    ]


FORK = (
    "import multiprocessing as mp, os, time\nProcess = mp.get_context('fork').Process"
)


def test_what_a_cell_forks_shows_nothing_and_executes_no_cell(warm):
    show = (
        "def show(what, times=50):\n    for _ in range(times): display(what * 40_000)\n"
        "other = Process(target=show, args=('b',))\nother.start()\nshow('a')\n"
        "other.join()"
    )
    end = "if not os.fork(): kernel = 0\nkernel == os.getpid()"
    outputs = execute(FORK, show, "kernel = os.getpid()", end, "kernel == os.getpid()")
    *shown, first, second = [output.data["text/plain"] for output in outputs]
    assert shown == [repr("a" * 40_000)] * 50
    assert first == second == "True"


def test_a_kernel_that_dies_before_what_it_has_forked_is_noticed(warm):
    start = f"{FORK}\nProcess(target=time.sleep, args=(1000,)).start()"
    [died] = execute(start, "os._exit(3)")
    assert died.ename == "KernelDied"


def test_a_signal_may_print_while_a_cell_does(warm):
    code = (
        "import signal\nseen = []\n"
        "def ring(*_):\n    seen.append('ring')\n    print('ring')\n"
        "signal.signal(signal.SIGALRM, ring)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
        "while len(seen) < 200:\n    print('a')\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)"
    )
    assert text_of(execute(code, "1")).count("ring") >= 200


def test_many_lines_arrive_as_one_output(warm):
    kernel = ForkedKernel(ROOT)
    code = "for n in range(20_000): print(n)\n!true"
    cell = {"id": "a", "source": code, "counts": True}
    [_, printed] = kernel.execute(cell, bool)
    assert printed["content"]["text"] == "".join(f"{n}\n" for n in range(20_000))
    kernel.close()


def test_a_cell_may_replace_the_standard_output(warm):
    replace = "import io, sys\nprint('a', end='')\nsys.stdout.close()\n"
    printed, result = execute(f"{replace}sys.stdout = io.StringIO()", "print('b')\n2")
    assert (printed.text, result.data["text/plain"]) == ("a", "2")


def test_lines_that_threads_print_stay_whole(warm):
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool:\n    list(pool.map(print, range(2000)))"
    )
    printed = text_of(execute(code, "print('begun', end='')")).split("\n")
    assert sorted(printed[:-1], key=int) == [str(number) for number in range(2000)]
    assert printed[-1] == "begun"


def test_more_than_a_pipe_holds_arrives(warm):
    code = "import subprocess, sys\nsubprocess.run(['seq', '100000'])"
    assert text_of(execute(code)).split() == [str(n) for n in range(1, 100001)]


def test_an_error_in_a_cell_is_reported_as_usual(warm):
    [error] = execute("raise ValueError('no such luck')", "print('not reached')")
    assert (error.ename, error.evalue) == ("ValueError", "no such luck")


def test_a_kernel_that_dies_is_noticed(warm):
    end = "import os\nos.system('echo last words >&2')\nos._exit(3)"
    printed, died = execute(end, "print('not reached')")
    assert (printed.name, printed.text) == ("stderr", "last words\n")
    assert died.ename == "KernelDied"
    assert text_of(execute("print('the next one is fine')")) == "the next one is fine\n"


def test_a_program_that_fails_is_noticed_in_every_fork_of_a_kernel(warm):
    source = "import subprocess; print(subprocess.call('false'))"
    cell = {"id": "a", "source": source, "counts": True}
    kernel = ForkedKernel(".")
    for fork in (kernel.fork(), kernel.fork()):
        texts = [message["content"].get("text") for message in fork.execute(cell, bool)]
        assert "1\n" in texts
        fork.close()
    kernel.close()


def test_processes_that_a_notebook_starts_end_with_it(warm):
    start = "import os, subprocess; other = subprocess.Popen(['sleep', '1000']).pid"
    pids = text_of(execute(start, "print(os.getpid(), other)")).split()
    assert len(pids) == 2
    until(lambda: not any(map(is_running, pids)))


def test_a_kernel_ends_with_its_client(warm):
    client = (
        "from helpers.pipeline.kernels.forked import ForkedKernel\n"
        "code = 'import os; display(os.getpid())\\nwhile True: pass'\n"
        "cell = {'id': 'a', 'source': code, 'counts': True}\n"
        "for message in ForkedKernel('.').execute(cell, bool):\n"
        "    for text in message['content'].get('data', {}).values():\n"
        "        print(text, flush=True)"
    )
    command = [sys.executable, "-c", client]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.kill()
    until(lambda: not is_running(pid))


def test_forkserver_and_kernels_end_when_their_owner_is_killed(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(
        "import os\n"
        "from helpers.pipeline.kernels.forked import ForkedKernel\n"
        "from helpers.pipeline.kernels.warm import FORKSERVER, warm_kernels\n"
        # While this runs, no other thread of the kernel can.
        "code = 'import os, re; display(os.getpid())\\n'\n"
        "code += 're.match(\\'(a+)+$\\', \\'a\\' * 99 + \\'b\\')'\n"
        "cell = {'id': 'a', 'source': code, 'counts': True}\n"
        "with warm_kernels([]):\n"
        "    print(os.environ[FORKSERVER], flush=True)\n"
        "    for message in ForkedKernel('.').fork().execute(cell, bool):\n"
        "        for text in message['content'].get('data', {}).values():\n"
        "            print(text, flush=True)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    )
    with owner:
        folder = Path(owner.stdout.readline().strip()).parent
        pid = int(owner.stdout.readline())
        assert folder.exists()
        assert is_running(pid)
        owner.send_signal(signal.SIGKILL)
    until(lambda: not folder.exists() and not is_running(pid))


def test_some_modules_are_imported_while_nobody_waits():
    look = "import sys; print('colorsys' in sys.modules, 'wave' in sys.modules)"
    later = ["no_such_module", "colorsys", "wave"]
    with warm_kernels(["wave"], later=lambda: later):
        assert text_of(execute(look)).split()[1] == "True"
        until(lambda: text_of(execute(look)).split() == ["True", "True"])


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_forkserver_that_dies_as_it_starts_is_reported_at_once(monkeypatch, tmp_path):
    monkeypatch.setitem(environment.SET, "PYTHONPATH", f"{tmp_path}:{ROOT}")
    (tmp_path / "ipykernel.py").write_text("raise ImportError('no such luck')")
    with warm_kernels([]), pytest.raises(UserError) as caught:
        execute("1 + 1")
    assert str(caught.value) == (
        "the process that forks kernels has died; its log ends: "
        "ImportError: no such luck"
    )


def test_a_forkserver_that_has_died_is_reported_at_once():
    with warm_kernels([]):
        parent = int(text_of(execute("import os; print(os.getppid())")))
        os.kill(parent, signal.SIGKILL)
        with pytest.raises(UserError, match="that forks kernels has died"):
            execute("1 + 1")
