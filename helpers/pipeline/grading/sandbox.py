"""Run a program that is not trusted: walled in, and within limits.

The walls are bubblewrap's. Inside, there is no network, nothing of the user's files
but what is shown, no way to write anything that stays, and no process but its own.
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
# What programs need of the system; nobody's own files are there.
SYSTEM = ["/usr", "/opt", "/etc/alternatives", "/etc/fonts", "/etc/texmf"]
SYSTEM += ["/etc/ld.so.cache", "/var/lib/texmf"]
LINKS = ("/bin", "/sbin", "/lib", "/lib64")
LOOK = 0.1  # seconds between two looks at what it uses
MOST_SAID = 2**16  # bytes of what it says that are kept, the last


class Limits(NamedTuple):
    """What a program may use.

    Attributes
    ----------
    seconds : float
        Of time.
    memory : int
        Bytes, of all its processes together.
    disk : int
        Bytes, in each folder that it can write to.
    processes : int
        At a time.
    """

    seconds: float = 600
    memory: int = 4096 * MIB
    disk: int = 256 * MIB
    processes: int = 200


class Ended(NamedTuple):
    """How a program ended: its exit status, its output, and why it was stopped."""

    status: int
    out: bytes
    err: str
    stopped: str


def walls():
    """Say whether bubblewrap is there and works on this machine."""
    if not shutil.which("bwrap"):
        return False
    tried = [*_walls(Path("/nowhere"), (), Limits(), {}), "/bin/true"]
    return subprocess.run(tried, capture_output=True).returncode == 0


def run_confined(command, folder, limits, *, shown=(), given=None, walled=True):
    """Run a program that is not trusted.

    Parameters
    ----------
    command : list of str
        What to run.
    folder : Path
        Where. It sees it as it is, but can only write below ``build`` and
        ``report``, and nothing of what it writes remains.
    limits : Limits
        What it may use; it is stopped if it uses more.
    shown : sequence of Path
        What else it may read.
    given : dict of str to str, optional
        Environment variables; it gets none of this process's.
    walled : bool
        Whether there are walls; without them, only the limits hold.

    Returns
    -------
    Ended
        Its end.
    """
    with tempfile.TemporaryDirectory(prefix="confined-") as kept:
        out, err = Path(kept, "out"), Path(kept, "err")
        told = {**_environment(folder, "/tmp" if walled else kept), **(given or {})}
        wall = _walls(folder, shown, limits, told) if walled else []
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                [*wall, *command],
                cwd=folder,
                env=told,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                start_new_session=True,
                preexec_fn=lambda: _limit(limits),
            )
            try:
                written = () if walled else (folder, Path(kept))
                stopped = _watch(process, limits, written)
            finally:
                _end(process)
        said = _last(err, MOST_SAID).decode("utf-8", errors="replace")
        return Ended(process.returncode, _last(out, limits.disk), said, stopped)


def _last(path, most):
    """Return the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most))
        return file.read()


def _environment(folder, home):
    """Return the environment variables of a program that gets none of ours."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "USER": "somebody",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(folder),
    }


def _walls(folder, shown, limits, told):
    """Return bubblewrap's part of a command line."""
    wall = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    wall += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in told.items():
        wall += ["--setenv", name, value]
    wall += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp"):
        wall += ["--size", str(limits.disk), "--tmpfs", place]
    for place in [*SYSTEM, sys.base_prefix, sys.prefix]:
        wall += ["--ro-bind-try", place, place]
    for link in LINKS:  # on older systems they are folders
        is_link = os.path.islink(link)
        wall += ["--symlink", os.readlink(link), link] if is_link else []
        wall += [] if is_link else ["--ro-bind-try", link, link]
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


def _watch(process, limits, folders):
    """Wait for the end; stop what uses too much, and say why."""
    end, reason = time.monotonic() + limits.seconds, ""
    while not reason:
        try:
            process.wait(LOOK)
            break
        except subprocess.TimeoutExpired:
            reason = _excess(process.pid, limits, folders)
            if time.monotonic() > end:
                reason = f"it took more than {limits.seconds:g} s"
    return reason


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
    """Say what is used too much of; nothing if nothing is."""
    family = _family(pid)
    if len(family) > limits.processes:
        return f"it started more than {limits.processes} processes"
    memory = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            # What several share counts once: forks share most of theirs.
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
