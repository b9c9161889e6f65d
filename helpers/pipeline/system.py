"""Install what the operating system must provide, or tell the user how.

This runs with the system's Python, before anything is installed:
``python3 -m helpers.pipeline.system venv``, or another key of `HELP`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys

from helpers import ROOT
from helpers.pipeline.environment import environment

PACKAGES = ROOT / "apt.txt"  # for the report
OTHER_PACKAGES = {"walls": ["bubblewrap"], "browser": ["chromium"], "qpdf": ["qpdf"]}
PROGRAMS = {"walls": "bwrap", "browser": "chromium", "qpdf": "qpdf"}
# Files that the template uses and a small TeX installation may lack.
STYLES = ["tgpagella.sty", "mathpazo.sty", "scrartcl.cls", "microtype.sty"]
STYLES += ["texgyrepagella-regular.otf"]  # for the figures
HELP = {
    "venv": "the Python module venv: on Debian and Ubuntu apt-get install "
    "python3-venv; Python from python.org, Homebrew or conda includes it",
    "tex": "LaTeX: on Debian and Ubuntu apt-get install {packages}; on macOS brew "
    "install --cask mactex; with conda, which has no complete LaTeX, TeX Live from "
    "tug.org/texlive",
    "walls": "bubblewrap, without which submissions could read your files: on Debian "
    "and Ubuntu apt-get install {packages}; if you trust all submissions, make grade "
    "WALLS=none",
    "browser": "the browser Chromium: on Debian and Ubuntu apt-get install {packages}",
    "qpdf": "qpdf, which rewrites PDF files: on Debian and Ubuntu apt-get install "
    "{packages}",
}


def main(need, *, only_wanted=False):
    """Install what is needed, if possible; return 0 if it is there, else say why: 2.

    If it is `only_wanted`, an unmet need is no error.
    """
    if sys.version_info < (3, 11):  # noqa: UP036  this may be an older Python
        print(
            f"error: Python 3.11 or newer is needed, but {sys.executable} is "
            f"{sys.version.split()[0]}: make PYTHON3=python3.11",
            file=sys.stderr,
        )
        return 2
    if need == "venv" and os.pathsep in str(ROOT):
        print(
            f"error: Python cannot create an environment in {ROOT}: rename the "
            f"folder, without {os.pathsep!r}",
            file=sys.stderr,
        )
        return 2
    if is_there(need):
        return 0
    packages = OTHER_PACKAGES.get(need) or PACKAGES.read_text().split()
    as_root = root_prefix()
    if shutil.which("apt-get") and as_root is not None:
        print(f"installing {' '.join(packages)}", flush=True)
        install(as_root, packages)
        if is_there(need):
            return 0
    missing = HELP[need].format(packages=" ".join(packages))
    if only_wanted:
        print(f"note: some tests will be skipped, missing {missing}", file=sys.stderr)
        return 0
    print(f"error: missing {missing}", file=sys.stderr)
    return 2


def is_there(need):
    """Tell whether a need is met."""
    if need == "venv":
        return importlib.util.find_spec("ensurepip") is not None
    if need in PROGRAMS:
        return shutil.which(PROGRAMS[need]) is not None
    if not all(map(shutil.which, ("pdflatex", "kpsewhich"))):
        return False
    command = ["kpsewhich", *STYLES]
    lookup = subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL)
    return lookup.returncode == 0


def root_prefix():
    """Return the prefix of a command that runs as root; None if there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        sudo = subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL)
        if sudo.returncode == 0:  # no password is needed
            return ["sudo", "-n"]
    return None


def install(as_root, packages):
    """Install Debian packages; print apt's output only if it fails."""
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    for command in ["update"], ["install", "--no-install-recommends", *packages]:
        done = subprocess.run([*apt, *command], capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], only_wanted="--if-possible" in sys.argv))
