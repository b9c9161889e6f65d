"""Limit the memory that all processes of a program use together.

Linux limits a group of processes (cgroup) and kills one of them if they need more. Only
root may make a group; for other users, `run_confined` measures the memory.
"""

import contextlib
import re
import time
import uuid
from pathlib import Path

# For both versions of cgroups: their folder, and the files with the limits of memory
# and of swap (version 1: of both together).
V2 = ("/sys/fs/cgroup", "memory.max", "memory.swap.max")
V1 = (
    "/sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
)
KILLED = ("memory.events", "memory.oom_control")


@contextlib.contextmanager
def memory_group(memory):
    """Yield the folder of a new group with a limit in bytes, or None if impossible."""
    group = _make(memory)
    try:
        yield group
    finally:
        if group:
            _remove(group)


def join(group):
    """Put this process, and thereby its future children, into a group."""
    (group / "cgroup.procs").write_text("0")


def members(group):
    """Count the processes of a group."""
    return len((group / "cgroup.procs").read_text().split())


def ran_out(group):
    """Tell whether a process of a group was killed for want of memory."""
    for name in KILLED:
        with contextlib.suppress(OSError):
            kills = re.search(r"^oom_kill (\d+)", (group / name).read_text(), re.M)
            return bool(kills and int(kills[1]))
    return False


def _make(memory):
    for parent, limit, swap in (V2, V1):
        group = Path(parent, f"confined-{uuid.uuid4().hex}")
        if not Path(parent, "cgroup.procs").exists():
            continue
        with contextlib.suppress(OSError):
            group.mkdir()
            try:
                (group / limit).write_text(str(memory))
            except OSError:
                group.rmdir()
                raise
            with contextlib.suppress(OSError):  # not every kernel counts swap
                (group / swap).write_text("0" if parent == V2[0] else str(memory))
            return group
    return None


def _remove(group):
    """Remove a group as soon as its last process has ended."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
