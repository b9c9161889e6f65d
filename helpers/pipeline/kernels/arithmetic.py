"""The same arithmetic on every processor of a kind, so that a run has the same bits.

The order in which numbers are added decides the last bits of their sum. It depends on
the instructions and on the number of threads. NumPy and OpenBLAS use the widest
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
ABOUT = Path("/proc/cpuinfo")
LEVEL_3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"}
# The names of OpenBLAS and NumPy for that level.
INSTRUCTIONS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "NPY_DISABLE_CPU_FEATURES": "",  # NumPy refuses both at once
}


def settings():
    """Return the environment variables to set before NumPy is imported."""
    return ONE_THREAD | instructions()


def instructions():
    """Return those of the environment variables that choose the instructions."""
    return INSTRUCTIONS if _has_level_3() else {}


def processors():
    """Name the processors that give the same bits: a level, or else one model."""
    if _has_level_3():
        return "x86-64-v3"
    return f"{platform.machine()} {model()}".strip()


def model():
    """Name this machine's processor; empty if the system does not."""
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    return _about_the_processor("model name", "CPU part")


def _has_level_3():
    return LEVEL_3 <= set(_about_the_processor("flags").split())


def _about_the_processor(*names):
    """Return what Linux says under the first of the names; empty elsewhere."""
    try:
        text = ABOUT.read_text(encoding="utf-8")
    except OSError:
        return ""
    found = (re.search(rf"^{name}\s*: (.*)", text, re.MULTILINE) for name in names)
    return next((line[1] for line in found if line), "")


if __name__ == "__main__":  # run another program with these settings
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ | settings())
