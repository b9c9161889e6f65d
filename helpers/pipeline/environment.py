"""The environment variables of all that the project starts: the same everywhere.

A report must not depend on a person's settings. Of the environment, the programs of a
build get what is listed here and nothing else: TeX, git, Python, pandoc and the kernels
read many variables, and each could change what they do.
"""

import os
import sys

from helpers import ROOT

# Set where nobody sees the executed notebook: what figures are drawn as, if anything.
FORMATS = "DRAW_FORMATS"
# Where things are, on this machine.
KEPT = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TERM"}
KEPT |= {"COLUMNS", "LINES", "TZ", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "XDG_CACHE_HOME"}
KEPT |= {"CONDA_PREFIX", "CONDA_DEFAULT_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR"}
KEPT |= {"PYTHONDONTWRITEBYTECODE"}
# What the Makefile says, or a person to `make`.
KEPT |= {"COURSE", "TITLE", "STUDENT", "DATE", "KERNELS", "SCHEDULER", "EXPERIMENT"}
KEPT |= {"TIME_LIMIT", "DRY_RUN", "YES", "PDF", "TOLERANCE", "JSON", "ALL", "CSV"}
KEPT |= {"SUBMISSIONS", "WALLS", "RECORD", "REPORT", "DATA", "TARGET", "FEATURES"}
KEPT |= {"REMEMBERED"}
KEPT |= {FORMATS}
KEPT_ENDINGS = ("_proxy", "_PROXY")
KEPT_BEGINNINGS = ("DASK_",)
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
    kept = {name: text for name, text in os.environ.items() if _is_kept(name)}
    return kept | SET | more


def _is_kept(name):
    known = name in KEPT or name.endswith(KEPT_ENDINGS)
    return known or name.startswith(KEPT_BEGINNINGS)


def figure_formats():
    """Return what the figures of a report are drawn as."""
    return os.environ.get(FORMATS, "svg pdf").split()


def use_environment(**more):
    """Give this process these variables too, for libraries that start programs."""
    chosen = environment(**more)
    os.environ.clear()
    os.environ.update(chosen)
