"""Run a program that is not trusted: behind walls, and within limits.

The walls are bubblewrap's. Inside, there is no network, none of the user's files but
those shown, no way to write anything that stays, and no process but the program's own.
Nobody is root there: what root grades runs as another user.
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

from helpers.pipeline.command import error_without_paths
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.memory import join, members, memory_group, ran_out

MIB = 2**20
# What programs need of the system; no user's own files are there.
SYSTEM = ["/usr", "/opt", "/etc/alternatives", "/etc/fonts", "/etc/texmf"]
SYSTEM += ["/etc/ld.so.cache", "/var/lib/texmf"]
LINKS = ("/bin", "/sbin", "/lib", "/lib64")
LOOK = 0.1  # seconds between two looks at what it uses
LAST = 5  # seconds that it has to end by itself
LONGEST = 2**16  # bytes of its messages that are kept, the last
LARGEST = 64 * MIB  # bytes that it may print
NOBODY = "65534"  # the user and the group inside


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

    def output(self, fine=(0,)):
        """Return what it printed; raise UserError if its status is not `fine`."""
        if self.stopped or self.status not in fine:
            raise UserError(self.stopped or error_without_paths(self.err, self.status))
        return self.out


def walls_work():
    """Tell whether bubblewrap is there and works on this machine."""
    if not shutil.which("bwrap"):
        return False
    with _walled(Path("/nowhere"), (), Limits(), {}) as (wall, descriptors):
        command = [*wall, "/bin/true"]
        done = subprocess.run(command, capture_output=True, pass_fds=descriptors)
    return done.returncode == 0


def run_confined(
    command, folder, limits, *, shown=(), environment=None, walled=True, started=None
):
    """Run a program that is not trusted, and stop it if it uses more than its limits.

    It can read all of its folder and what is `shown`, but write only below ``build``
    and ``report``, and nothing of that remains. It gets no variables of this process's
    environment. If it is not `walled`, only the limits hold; its time began when it was
    `started`, by `time.monotonic`, or begins now.
    """
    started = time.monotonic() if started is None else started
    with (
        tempfile.TemporaryDirectory(prefix="confined-") as temporary,
        memory_group(limits.memory) as group,
        contextlib.ExitStack() as stack,
    ):
        out, err = Path(temporary, "out"), Path(temporary, "err")
        home = "/tmp" if walled else temporary
        environment = {**_environment(folder, home), **(environment or {})}
        wall, descriptors = [], ()
        if walled:
            walls = _walled(folder, shown, limits, environment)
            wall, descriptors = stack.enter_context(walls)
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                [*wall, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                start_new_session=True,
                pass_fds=descriptors,
                preexec_fn=lambda: _limit(limits, group),
            )
            stopped, written = "", () if walled else (folder, Path(temporary))
            try:
                stopped = _watch(process, limits, started, written, group)
            finally:
                _end(process, 0 if stopped else LAST)
        if not stopped and out.stat().st_size > LARGEST:
            stopped = f"it printed and recorded more than {LARGEST // MIB} MiB"
        messages = _last(err, LONGEST).decode("utf-8", errors="replace")
        messages = messages.replace(f"{folder}/", "")
        return Ended(process.returncode, _last(out, LARGEST), messages, stopped)


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


@contextlib.contextmanager
def _walled(folder, shown, limits, environment):
    """Yield the beginning of a command line, and the file descriptors that it needs."""
    # The walls are described in a file, as the program could read the command line.
    wall, user = _walls(folder, shown, limits, environment), []
    if os.getuid() == 0:
        for place in (folder, *shown):
            _let_read(place)
        user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
        user += ["--inh-caps=-all", "--bounding-set=-all"]
    with tempfile.TemporaryFile() as file:
        file.write(b"".join(os.fsencode(text) + b"\0" for text in wall))
        file.seek(0)
        yield ["bwrap", "--args", str(file.fileno()), "--", *user], (file.fileno(),)


def _walls(folder, shown, limits, environment):
    """Return bubblewrap's arguments."""
    wall = ["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    wall += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    wall += ["--unshare-cgroup-try"]
    if os.getuid() == 0:  # it then becomes another user, which takes these
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            wall += ["--cap-add", capability]
    else:
        wall += ["--unshare-user", "--uid", NOBODY, "--gid", NOBODY]
    for name, value in environment.items():
        wall += ["--setenv", name, value]
    wall += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp"):
        wall += _writable(place, limits)
    # Else bubblewrap makes the folders above these for root only.
    places = [*SYSTEM, sys.base_prefix, sys.prefix]
    for place in map(Path, [*places, folder, *shown]):
        for above in list(reversed(place.parents))[1:]:
            wall += ["--perms", "0755", "--dir", str(above)]
    for place in places:
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
            wall += _writable(str(folder / name), limits)
            for inside in (folder / name).iterdir():
                wall += ["--ro-bind", str(inside), str(inside)]
        wall += ["--chdir", str(folder)]
    return [*wall, "--remount-ro", "/dev", "--remount-ro", "/"]


def _writable(place, limits):
    return ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", place]


def _let_read(place):
    """Let every user read a file, or all below a folder."""
    for path in [place, *place.rglob("*")]:
        if not path.is_symlink() and path.exists():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _limit(limits, group):
    """Limit this process, and with it all that it starts."""
    if group:
        join(group)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(process, limits, started, folders, group):
    """Wait for the end and return ""; or return why the program must be stopped."""
    ended = False
    while not ended:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
            ended = True
        if group and ran_out(group):
            return f"it used more than {limits.memory // MIB:,} MiB of memory"
        if not ended and time.monotonic() > started + limits.seconds:
            return f"it took more than {limits.seconds:g} s"
        if not ended and (excess := _excess(process.pid, limits, folders, group)):
            return excess
    return ""


def _end(process, seconds):
    """End a program and all that it has started, and give it time to do so itself."""
    family = _family(process.pid)
    process.terminate()  # it removes what it has in /tmp
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # behind walls, this ends all of it
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()


def _excess(pid, limits, folders, group):
    """Return what is used too much of, or "" if nothing is."""
    family = [] if group else _family(pid)
    if (members(group) if group else len(family)) > limits.processes:
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
