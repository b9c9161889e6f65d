"""The environment variables of the programs that the project starts.

A report must not depend on personal settings. TeX, git, Python, pandoc and the kernels
read many variables, each of which could change what they do. They get only those that
are listed here.
"""

import os
import sys
from fnmatch import fnmatchcase

from helpers import ROOT

# The formats in which to draw figures; set where nobody sees the executed notebook.
FORMATS = "DRAW_FORMATS"
# Where to find files, programs and networks on this machine.
KEPT = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TERM"}
KEPT |= {"COLUMNS", "LINES", "TZ", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "XDG_CACHE_HOME"}
KEPT |= {"CONDA_PREFIX", "CONDA_DEFAULT_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR"}
KEPT |= {"PYTHONDONTWRITEBYTECODE", "*_proxy", "*_PROXY", "DASK_*"}
# Settings of the Makefile or the user, except those passed as arguments of commands.
KEPT |= {"REPORT", "COURSE", "TITLE", "STUDENT", "DATE", "DATA", "TARGET", "FEATURES"}
KEPT |= {"REMEMBERED", "TIME_LIMIT", "SCHEDULER", "KERNELS", FORMATS}
NOWHERE = "/nowhere"
SET = {
    "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
    "PYTHONPATH": str(ROOT),
    "PYTHONHASHSEED": "0",  # fixes the order of sets
    "PYTHONNOUSERSITE": "1",  # no packages other than the locked ones
    "JUPYTER_PREFER_ENV_PATH": "1",  # the locked kernels and templates
    "MATPLOTLIBRC": os.devnull,
    # No personal files for TeX. If these were empty, TeX would use its defaults.
    "TEXMFHOME": NOWHERE,
    "TEXMFCONFIG": NOWHERE,
    "TEXMFVAR": NOWHERE,
}


def environment(**more):
    """Return the environment variables for a program, and `more` for this one only."""
    kept = {n: v for n, v in os.environ.items() if any(fnmatchcase(n, p) for p in KEPT)}
    return kept | SET | more


def figure_formats():
    """Return the formats in which to draw the figures of a report."""
    return os.environ.get(FORMATS, "svg pdf").split()


def use_environment(**more):
    """Apply `environment` to this process, for libraries that start programs."""
    variables = environment(**more)
    os.environ.clear()
    os.environ.update(variables)
