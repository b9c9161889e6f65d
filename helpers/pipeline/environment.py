"""The environment variables of all that the project starts: the same everywhere.

A report must not depend on a person's settings. Of the environment, the programs of a
build get what is listed here and nothing else: TeX, git, Python, pandoc and the kernels
read many variables, and each could change what they do.
"""

import os
import sys
from fnmatch import fnmatchcase

from helpers import ROOT

# Set where nobody sees the executed notebook: what figures are drawn as, if anything.
FORMATS = "DRAW_FORMATS"
# Where things are, on this machine.
KEPT = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TERM"}
KEPT |= {"COLUMNS", "LINES", "TZ", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "XDG_CACHE_HOME"}
KEPT |= {"CONDA_PREFIX", "CONDA_DEFAULT_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR"}
KEPT |= {"PYTHONDONTWRITEBYTECODE", "*_proxy", "*_PROXY", "DASK_*"}
# What the Makefile says, or a person to `make`, but for what are arguments of commands.
KEPT |= {"REPORT", "COURSE", "TITLE", "STUDENT", "DATE", "DATA", "TARGET", "FEATURES"}
KEPT |= {"REMEMBERED", "TIME_LIMIT", "SCHEDULER", "KERNELS", FORMATS}
NOWHERE = "/nowhere"
SET = {
    "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
    "PYTHONPATH": str(ROOT),
    "PYTHONHASHSEED": "0",  # the order of a set
    "PYTHONNOUSERSITE": "1",  # packages beside those of the lock
    "JUPYTER_PREFER_ENV_PATH": "1",  # kernels and templates of the lock
    "MATPLOTLIBRC": os.devnull,
    # A person's own files for TeX. If these were empty, TeX would take its defaults.
    "TEXMFHOME": NOWHERE,
    "TEXMFCONFIG": NOWHERE,
    "TEXMFVAR": NOWHERE,
}


def environment(**more):
    """Return the environment variables for a program, with `more` for this one only."""
    given = os.environ.items()
    kept = {n: text for n, text in given if any(fnmatchcase(n, p) for p in KEPT)}
    return kept | SET | more


def figure_formats():
    """Return what the figures of a report are drawn as."""
    return os.environ.get(FORMATS, "svg pdf").split()


def use_environment(**more):
    """Give this process these variables too, for libraries that start programs."""
    chosen = environment(**more)
    os.environ.clear()
    os.environ.update(chosen)
