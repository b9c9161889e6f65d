"""The same arithmetic on all processors of a type, so that runs agree to the bit.

The last bits of a sum depend on the order of the additions, which depends on the
instructions and on the number of threads. By default, NumPy and OpenBLAS use the widest
instructions that a processor has, and a thread for each core. Runs therefore use one
thread and, on x86-64, the instructions of level 3 [1]_, which nearly all processors
since 2013 have.

.. [1] H. J. Lu et al., "System V Application Binary Interface: AMD64 Architecture
   Processor Supplement", section "Micro-architecture levels".
"""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CPU_INFO = Path("/proc/cpuinfo")
LEVEL_3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"}
# What OpenBLAS and NumPy call this level.
INSTRUCTIONS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "NPY_DISABLE_CPU_FEATURES": "",  # NumPy accepts only one of the two
}


def settings():
    """Return the environment variables to set before NumPy is imported."""
    return ONE_THREAD | instructions()


def instructions():
    """Return the environment variables that choose the instructions."""
    return INSTRUCTIONS if _has_level_3() else {}


def processors():
    """Name the processors with the same arithmetic: a level, or else a single model."""
    if _has_level_3():
        return "x86-64-v3"
    return f"{platform.machine()} {model()}".strip()


def model():
    """Name this machine's processor; empty if the system does not tell."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return _cpu_info("model name", "CPU part")


def _has_level_3():
    return LEVEL_3 <= set(_cpu_info("flags").split())


def _cpu_info(*names):
    """Return what Linux reports under the first of the names; empty elsewhere."""
    try:
        text = CPU_INFO.read_text(encoding="utf-8")
    except OSError:
        return ""
    matches = (re.search(rf"^{name}\s*: (.*)", text, re.MULTILINE) for name in names)
    return next((match[1] for match in matches if match), "")


if __name__ == "__main__":  # run another program with these settings
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ | settings())
