"""Run a program that is not trusted: behind walls, and within limits.

The walls are bubblewrap's. Inside, there is no network, none of the user's files but
those shown, no way to write anything that stays, and no process but the program's own.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

MIB = 2**20
# What programs need of the system; no user's own files are there.
SYSTEM = ["/usr", "/opt", "/etc/alternatives", "/etc/fonts", "/etc/texmf"]
SYSTEM += ["/etc/ld.so.cache", "/var/lib/texmf"]
LINKS = ("/bin", "/sbin", "/lib", "/lib64")
LOOK = 0.1  # seconds between two looks at what it uses
LONGEST = 2**16  # bytes of its messages that are kept, the last


class Limits(NamedTuple):
    """What a program may use."""

    seconds: float = 600
    memory: int = 4096 * MIB  # bytes of all its processes together
    disk: int = 256 * MIB  # bytes in each folder that it can write to
    processes: int = 200  # at a time


class Ended(NamedTuple):
    """How a program ended."""

    status: int
    out: bytes
    err: str
    stopped: str  # why it was stopped; empty if it was not


def walls_work():
    """Tell whether bubblewrap is there and works on this machine."""
    if not shutil.which("bwrap"):
        return False
    command = [*_walls(Path("/nowhere"), (), Limits(), {}), "/bin/true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def run_confined(
    command, folder, limits, *, shown=(), environment=None, walled=True, started=None
):
    """Run a program that is not trusted.

    Parameters
    ----------
    command : list of str
        What to run.
    folder : Path
        Where. The program can read all of it, but write only below ``build`` and
        ``report``, and nothing of what it writes remains.
    limits : Limits
        What it may use; it is stopped if it uses more.
    shown : sequence of Path
        What else it can read.
    environment : dict of str to str, optional
        Environment variables; it gets none of this process's.
    walled : bool
        Whether there are walls; without them, only the limits hold.
    started : float, optional
        When its time began, by `time.monotonic`; by default now.

    Returns
    -------
    Ended
        How it ended.
    """
    started = time.monotonic() if started is None else started
    with tempfile.TemporaryDirectory(prefix="confined-") as temporary:
        out, err = Path(temporary, "out"), Path(temporary, "err")
        home = "/tmp" if walled else temporary
        environment = {**_environment(folder, home), **(environment or {})}
        wall = _walls(folder, shown, limits, environment) if walled else []
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                [*wall, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                start_new_session=True,
                preexec_fn=lambda: _limit(limits),
            )
            try:
                written = () if walled else (folder, Path(temporary))
                stopped = _watch(process, limits, started, written)
            finally:
                _end(process)
        messages = _last(err, LONGEST).decode("utf-8", errors="replace")
        return Ended(process.returncode, _last(out, limits.disk), messages, stopped)


def _last(path, most):
    """Return the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most))
        return file.read()


def _environment(folder, home):
    """Return the environment of a program that gets none of this process's."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "USER": "somebody",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(folder),
    }


def _walls(folder, shown, limits, environment):
    """Return bubblewrap's part of a command line."""
    wall = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    wall += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        wall += ["--setenv", name, value]
    wall += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp"):
        wall += ["--size", str(limits.disk), "--tmpfs", place]
    for place in [*SYSTEM, sys.base_prefix, sys.prefix]:
        wall += ["--ro-bind-try", place, place]
    for link in LINKS:
        if os.path.islink(link):
            wall += ["--symlink", os.readlink(link), link]
        else:  # a folder, on older systems
            wall += ["--ro-bind-try", link, link]
    for place in shown:
        wall += ["--ro-bind", str(place), str(place)]
    if folder.exists():
        wall += ["--ro-bind", str(folder), str(folder)]
        for name in ("build", "report"):
            (folder / name).mkdir(exist_ok=True)
            wall += ["--size", str(limits.disk), "--tmpfs", str(folder / name)]
            for inside in (folder / name).iterdir():
                wall += ["--ro-bind", str(inside), str(inside)]
        wall += ["--chdir", str(folder)]
    return [*wall, "--remount-ro", "/", "--"]


def _limit(limits):
    """Limit this process, and with it all that it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(process, limits, started, folders):
    """Wait for the end and return ""; or return why the program must be stopped."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
            return ""
        if time.monotonic() > started + limits.seconds:
            return f"it took more than {limits.seconds:g} s"
        if excess := _excess(process.pid, limits, folders):
            return excess


def _end(process):
    """End a program and all that it has started."""
    family = _family(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # behind walls, this ends all of it
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()


def _excess(pid, limits, folders):
    """Return what is used too much of, or "" if nothing is."""
    family = _family(pid)
    if len(family) > limits.processes:
        return f"it started more than {limits.processes} processes"
    memory = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            # Forks share most of their memory: pss counts what is shared once.
            used = member.memory_full_info()
            memory += getattr(used, "pss", used.uss)
    if memory > limits.memory:
        return f"it used more than {limits.memory // MIB:,} MiB of memory"
    if sum(map(_size, folders)) > limits.disk:
        return f"it wrote more than {limits.disk // MIB:,} MiB"
    return ""


def _family(pid):
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _size(folder):
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
