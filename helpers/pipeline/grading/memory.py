"""Hold all processes of a program together to an amount of memory.

Linux does so for a group of processes (cgroup): if they ask for more, it kills one.
Only root may make a group; for others, `run_confined` looks at what is used.
"""

import contextlib
import re
import time
import uuid
from pathlib import Path

# Where groups are, in both versions, with the files that hold the limits of memory, and
# of memory with swap.
V2 = ("/sys/fs/cgroup", "memory.max", "memory.swap.max")
V1 = (
    "/sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
)
KILLED = ("memory.events", "memory.oom_control")


@contextlib.contextmanager
def memory_group(memory):
    """Yield the folder of a new group with a limit in bytes; None without groups."""
    group = _made(memory)
    try:
        yield group
    finally:
        if group:
            _remove(group)


def join(group):
    """Put this process, and so all that it starts, into a group."""
    (group / "cgroup.procs").write_text("0")


def members(group):
    """Count the processes of a group."""
    return len((group / "cgroup.procs").read_text().split())


def ran_out(group):
    """Tell whether a process of a group was killed because it asked for more memory."""
    for name in KILLED:
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)", (group / name).read_text(), re.M)
            return bool(found and int(found[1]))
    return False


def _made(memory):
    for parent, most, swap in (V2, V1):
        group = Path(parent, f"confined-{uuid.uuid4().hex}")
        if not Path(parent, "cgroup.procs").exists():
            continue
        with contextlib.suppress(OSError):
            group.mkdir()
            try:
                (group / most).write_text(str(memory))
            except OSError:
                group.rmdir()
                raise
            with contextlib.suppress(OSError):  # not every kernel counts swap
                (group / swap).write_text("0" if parent == V2[0] else str(memory))
            return group
    return None


def _remove(group):
    """Remove a group, once its last process has ended."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
