"""What the operating system must have; installed where it can be.

Run as a script by the system's own Python, before anything is installed:
``python3 helpers/pipeline/system.py venv``, or one of the other needs in `HELP`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

# What the report needs; and what else one command does.
PACKAGES = Path(__file__).resolve().parents[2] / "apt.txt"
OTHERS = {"walls": ["bubblewrap"], "browser": ["chromium"]}
# Of everything the template uses, what a small TeX installation may lack.
STYLES = ["tgpagella.sty", "mathpazo.sty", "scrartcl.cls", "microtype.sty"]
HELP = {
    "venv": "the Python module venv: on Debian and Ubuntu apt-get install "
    "python3-venv; Python from python.org, Homebrew or conda has it",
    "tex": "LaTeX: on Debian and Ubuntu apt-get install {packages}; on macOS brew "
    "install --cask mactex; with conda, which has no complete LaTeX, TeX Live from "
    "tug.org/texlive",
    "walls": "bubblewrap, without which what is handed in could read your files: on "
    "Debian and Ubuntu apt-get install {packages}; if you trust all of it, make grade "
    "WALLS=none",
    "browser": "the browser Chromium: on Debian and Ubuntu apt-get install {packages}",
}


def main(need, *, only_wanted=False):
    """Return 0 if what is needed is there in the end, else say what to install.

    What is only wanted is installed as well, but its absence is no error.
    """
    if sys.version_info < (3, 11):  # noqa: UP036  that is what is to be found out
        print(
            f"error: Python 3.11 or newer is needed, {sys.executable} is "
            f"{sys.version.split()[0]}: make PYTHON3=python3.11",
            file=sys.stderr,
        )
        return 2
    if is_there(need):
        return 0
    packages = OTHERS.get(need) or PACKAGES.read_text().split()
    as_root = root_prefix()
    if shutil.which("apt-get") and as_root is not None:
        print(f"installing {' '.join(packages)}", flush=True)
        install(as_root, packages)
        if is_there(need):
            return 0
    missing = HELP[need].format(packages=" ".join(packages))
    if only_wanted:
        print(f"note: some tests are skipped, missing {missing}", file=sys.stderr)
        return 0
    print(f"error: missing {missing}", file=sys.stderr)
    return 2


def is_there(need):
    """Say whether a need is met."""
    if need == "venv":
        return importlib.util.find_spec("ensurepip") is not None
    if need == "walls":
        return shutil.which("bwrap") is not None
    if need == "browser":
        return shutil.which("chromium") is not None
    if not all(map(shutil.which, ("pdflatex", "latexmk", "bibtex", "kpsewhich"))):
        return False
    return (
        subprocess.run(["kpsewhich", *STYLES], stdout=subprocess.DEVNULL).returncode
        == 0
    )


def root_prefix():
    """Return what makes a command run as root without a question, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def install(as_root, packages):
    """Install Debian packages; show what apt says only if it fails."""
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    for command in ["update"], ["install", "--no-install-recommends", *packages]:
        done = subprocess.run([*apt, *command], capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], only_wanted="--if-possible" in sys.argv))
