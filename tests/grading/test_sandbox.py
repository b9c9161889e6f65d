"""In the sandbox, an untrusted program reaches nothing and stays within its limits."""

import json
import os
import socket
import sys

import pytest
from project import need

from helpers.pipeline.grading import memory, sandbox
from helpers.pipeline.grading.sandbox import MIB, Limits, run_confined


def confined(tmp_path, code, walled=True, **limits):
    """Run Python code in a sandbox, in a new folder."""
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    allowed = Limits()._replace(**{"seconds": 30, **limits})
    command = [sys.executable, "-c", code]
    return run_confined(command, folder, allowed, walled=walled)


# Try everything in a list of forbidden actions, and print those that succeed.
BURGLAR = """
import json, os, socket, sys
from pathlib import Path

goals = json.loads(Path("goals.json").read_text())
done = []

def attempt(name, action):
    try:
        result = action()
    except Exception:
        return
    done.append(f"{name}: {result!r}")

def opened(place, mode):
    with open(place, mode):
        return "opened"

for place in goals["read"]:
    attempt("read " + place, lambda: os.listdir(place) if os.path.isdir(place)
            else open(place, "rb").read(20))
for place in goals["write"]:
    attempt("write " + place, lambda: opened(place, "r+b"))
    attempt("append " + place, lambda: opened(place, "ab"))
for place in goals["make"]:
    attempt("make " + place, lambda: opened(place + "/made", "wb"))
for address in goals["connect"]:
    attempt(f"connect {address}",
            lambda: socket.create_connection(tuple(address), timeout=1))
attempt("abstract socket", lambda: socket.socket(socket.AF_UNIX).connect(goals["name"]))
attempt("kill", lambda: os.kill(goals["pid"], 0))
for number in (0, 1000):
    attempt(f"become {number}", lambda: os.setuid(number))
if 0 in (os.getuid(), os.geteuid(), os.getgid()):
    done.append("is root")
texts = " ".join(os.environ.values())
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("cmdline", "environ"):
        try:
            texts += Path("/proc", pid, name).read_text()
        except OSError:
            pass
done += [word for word in goals["words"] if word in texts]
status = Path("/proc/self/status").read_text()
done += [line for line in status.splitlines()
         if line.startswith(("CapEff", "CapPrm", "CapBnd", "CapAmb"))
         and int(line.split()[1], 16)]
print(json.dumps(done))
"""


@pytest.mark.usefixtures("walls")
@pytest.mark.parametrize("user", [0, 1000], ids=["root", "an ordinary user"])
def test_in_the_sandbox_nothing_can_be_reached(tmp_path, monkeypatch, user):
    need(user or os.getuid() == 0, "root")
    monkeypatch.setattr(os, "getuid", lambda: user)  # this selects the kind of sandbox
    monkeypatch.setenv("SECRET", "the-grader's-own")
    other = tmp_path / "other-submission"
    other.mkdir()
    (other / "report.ipynb").write_text("another's work")
    listening = socket.socket(socket.AF_UNIX)
    name = f"\0grader-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, listening:
        listening.bind(name)
        listening.listen()
        folder = tmp_path / "folder"
        goals = {
            "read": [
                *(str(other), str(other / "report.ipynb"), "/home", "/root/.bashrc"),
                *("/etc/shadow", "/etc/passwd", "/etc/ssh", "/sys", "/var/run"),
                *("/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/sda", "/dev/vda"),
                *("/proc/1/root/etc/passwd", f"/proc/{os.getpid()}/environ"),
            ],
            "write": ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe"]
            + ["/proc/sys/vm/drop_caches", "/proc/sysrq-trigger"]
            + ["/proc/sys/kernel/hostname", "/proc/irq/default_smp_affinity"]
            + ["/usr/bin/env", sys.executable, "/etc/ld.so.cache", "/dev/kmsg"],
            "make": ["/", "/usr", "/etc", "/opt", "/proc", "/sys", str(folder)]
            + [sys.prefix, "/proc/sys", "/dev"],
            "connect": [server.getsockname(), ["1.1.1.1", 53], ["localhost", 22]],
            "name": name,
            "pid": os.getpid(),
            "words": ["the-grader's-own", other.name],
        }
        folder.mkdir()
        (folder / "goals.json").write_text(json.dumps(goals))
        ended = confined(tmp_path, BURGLAR)
    assert ended.err == ""
    assert json.loads(ended.out) == []


@pytest.mark.parametrize("walled", [True, False])
@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [
        ("import time; time.sleep(60)", {"seconds": 1}, "it took more than 1 s"),
        (
            "import os, time\nfor _ in range(4):\n if not os.fork(): break\n"
            "x = bytearray(b'1' * (100 << 20)); time.sleep(60)",
            {"memory": 300 * MIB},
            "it used more than 300 MiB of memory",
        ),
        (
            "import os, time\nfor _ in range(30):\n if not os.fork(): break\n"
            "time.sleep(60)",
            {"processes": 20},
            "it started more than 20 processes",
        ),
        (
            "for _ in range(65): print('x' * (1 << 20))",
            {},
            "it printed and recorded more than 64 MiB",
        ),
    ],
)
def test_a_program_beyond_a_limit_is_stopped(tmp_path, code, limits, reason, walled):
    need(not walled or sandbox.walls_work(), "bubblewrap that works")
    before = {member.pid for member in sandbox._family(os.getpid())}
    assert confined(tmp_path, code, walled, **limits).stopped == reason
    assert {member.pid for member in sandbox._family(os.getpid())} <= before


def test_a_group_never_exceeds_its_memory(tmp_path):
    with memory.memory_group(200 * MIB) as group:
        need(group, "group of processes with a limit of memory")
        pid = os.fork()
        if pid == 0:
            memory.join(group)
            kept = [bytearray(b"1" * (16 << 20)) for _ in range(50)]
            os._exit(len(kept))
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        assert memory.ran_out(group)
        most = [*group.glob("memory.max_usage_in_bytes"), *group.glob("memory.peak")]
        assert all(int(path.read_text()) <= 200 * MIB for path in most)
    assert not group.exists()


FILL = """
import os
for n in range(40):
    with open(os.path.join({folder!r}, str(n)), "wb") as file:
        file.write(bytes(1 << 20))
"""


@pytest.mark.usefixtures("walls")
@pytest.mark.parametrize("folder", ["build", "report", "/tmp", "/dev/shm"])
def test_in_the_sandbox_the_disk_does_not_fill(tmp_path, folder):
    ended = confined(tmp_path, FILL.format(folder=folder), disk=20 * MIB)
    assert "No space left on device" in ended.err
    assert not list((tmp_path / "folder").rglob("*.[0-9]"))


def test_without_the_sandbox_the_limit_of_the_disk_holds(tmp_path):
    code = FILL.format(folder=".") + "import time; time.sleep(60)"
    ended = confined(tmp_path, code, walled=False, disk=20 * MIB)
    assert ended.stopped == "it wrote more than 20 MiB"
