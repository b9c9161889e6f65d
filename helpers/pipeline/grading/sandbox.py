"""Run an untrusted program in a sandbox, with limits on what it uses.

The sandbox is bubblewrap's. Inside, a program has no network, sees only those of the
user's files that it is given, cannot write anything that stays, and sees no process but
its own. Nobody is root there: if root grades, it runs as another user.
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
# The parts of the system that programs need; they hold no user's files.
SYSTEM = ["/usr", "/opt", "/etc/alternatives", "/etc/fonts", "/etc/texmf"]
SYSTEM += ["/etc/ld.so.cache", "/var/lib/texmf"]
LINKS = ("/bin", "/sbin", "/lib", "/lib64")
INTERVAL = 0.1  # seconds between two checks of the limits
GRACE = 5  # seconds that it is given to exit by itself
LONGEST = 2**16  # bytes of its messages that are kept, from the end
LARGEST = 64 * MIB  # bytes that it may print
NOBODY = "65534"  # the user and the group inside


class Limits(NamedTuple):
    """What a program may use."""

    seconds: float = 600
    memory: int = 4096 * MIB  # bytes of all its processes together
    disk: int = 256 * MIB  # bytes in each folder that it can write to
    processes: int = 200  # at a time


class Ended(NamedTuple):
    """How a program ended, and what it printed."""

    status: int
    out: bytes
    err: str
    stopped: str  # why it was stopped; empty if it was not

    def output(self, allowed=(0,)):
        """Return its output, or raise UserError if its status is not `allowed`."""
        if self.stopped or self.status not in allowed:
            raise UserError(self.stopped or error_without_paths(self.err, self.status))
        return self.out


def walls_work():
    """Tell whether bubblewrap is installed and works on this machine."""
    if not shutil.which("bwrap"):
        return False
    with _sandbox(Path("/nowhere"), (), Limits(), {}) as (prefix, descriptors):
        command = [*prefix, "/bin/true"]
        done = subprocess.run(command, capture_output=True, pass_fds=descriptors)
    return done.returncode == 0


def run_confined(
    command, folder, limits, *, visible=(), environment=None, walled=True, started=None
):
    """Run an untrusted program, and stop it if it exceeds its limits.

    It can read its folder and the `visible` paths, but write only below ``build`` and
    ``report``; nothing of that remains. It inherits no environment variables. Unless it
    is `walled`, there is no sandbox, and only the limits hold. Its time counts from
    `started`, a value of `time.monotonic`, or from now.
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
        prefix, descriptors = [], ()
        if walled:
            sandbox = _sandbox(folder, visible, limits, environment)
            prefix, descriptors = stack.enter_context(sandbox)
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                [*prefix, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                start_new_session=True,
                pass_fds=descriptors,
                preexec_fn=lambda: _set_limits(limits, group),
            )
            stopped, writable = "", () if walled else (folder, Path(temporary))
            try:
                stopped = _watch(process, limits, started, writable, group)
            finally:
                _stop(process, 0 if stopped else GRACE)
        if not stopped and out.stat().st_size > LARGEST:
            stopped = f"it printed and recorded more than {LARGEST // MIB} MiB"
        messages = _tail(err, LONGEST).decode("utf-8", errors="replace")
        messages = messages.replace(f"{folder}/", "")
        return Ended(process.returncode, _tail(out, LARGEST), messages, stopped)


def _tail(path, most):
    """Return the end of a file, at most so many bytes."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most))
        return file.read()


def _environment(folder, home):
    """Return the environment of a program, which inherits nothing."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "USER": "somebody",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(folder),
    }


@contextlib.contextmanager
def _sandbox(folder, visible, limits, environment):
    """Yield the beginning of a command line, and the file descriptors that it needs."""
    # The options are in a file, because the program could read the command line.
    options, user = _options(folder, visible, limits, environment), []
    if os.getuid() == 0:
        for path in (folder, *visible):
            _make_readable(path)
        user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
        user += ["--inh-caps=-all", "--bounding-set=-all"]
    with tempfile.TemporaryFile() as file:
        file.write(b"".join(os.fsencode(text) + b"\0" for text in options))
        file.seek(0)
        yield ["bwrap", "--args", str(file.fileno()), "--", *user], (file.fileno(),)


def _options(folder, visible, limits, environment):
    """Return bubblewrap's options."""
    options = ["--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    options += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    options += ["--unshare-cgroup-try"]
    if os.getuid() == 0:  # these let it become another user
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            options += ["--cap-add", capability]
    else:
        options += ["--unshare-user", "--uid", NOBODY, "--gid", NOBODY]
    for name, value in environment.items():
        options += ["--setenv", name, value]
    options += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    options += ["--dev", "/dev"]
    for place in ("/dev/shm", "/tmp"):
        options += _writable(place, limits)
    # Otherwise bubblewrap would make the parents of these folders for root only.
    places = [*SYSTEM, sys.base_prefix, sys.prefix]
    for place in map(Path, [*places, folder, *visible]):
        for parent in list(reversed(place.parents))[1:]:
            options += ["--perms", "0755", "--dir", str(parent)]
    for place in places:
        options += ["--ro-bind-try", place, place]
    for link in LINKS:
        if os.path.islink(link):
            options += ["--symlink", os.readlink(link), link]
        else:  # a folder, on older systems
            options += ["--ro-bind-try", link, link]
    for place in visible:
        options += ["--ro-bind", str(place), str(place)]
    if folder.exists():
        options += ["--ro-bind", str(folder), str(folder)]
        for name in ("build", "report"):
            (folder / name).mkdir(exist_ok=True)
            options += _writable(str(folder / name), limits)
            for path in (folder / name).iterdir():
                options += ["--ro-bind", str(path), str(path)]
        options += ["--chdir", str(folder)]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _writable(place, limits):
    return ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", place]


def _make_readable(place):
    """Let every user read a file, or everything in a folder."""
    for path in [place, *place.rglob("*")]:
        if not path.is_symlink() and path.exists():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _set_limits(limits, group):
    """Limit this process and all its children."""
    if group:
        join(group)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(process, limits, started, folders, group):
    """Wait for the program; return why it must be stopped, or "" if it ended."""
    ended = False
    while not ended:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(INTERVAL)
            ended = True
        if group and ran_out(group):
            return f"it used more than {limits.memory // MIB:,} MiB of memory"
        if not ended and time.monotonic() > started + limits.seconds:
            return f"it took more than {limits.seconds:g} s"
        if not ended and (excess := _excess(process.pid, limits, folders, group)):
            return excess
    return ""


def _stop(process, seconds):
    """Stop a program and its children; give it some seconds to exit by itself."""
    family = _family(process.pid)
    process.terminate()  # it then removes its files in /tmp
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # in the sandbox, this kills all
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()


def _excess(pid, limits, folders, group):
    """Return which limit is exceeded, or "" if none is."""
    family = [] if group else _family(pid)
    if (members(group) if group else len(family)) > limits.processes:
        return f"it started more than {limits.processes} processes"
    memory = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            # Forks share most of their memory, which pss counts only once.
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
