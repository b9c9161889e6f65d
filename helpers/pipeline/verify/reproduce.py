"""Build the same commit twice, under different conditions, and compare every byte."""

import os
import subprocess
import tempfile
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.report.revision import revision
from helpers.pipeline.sweep.inputs import digest
from helpers.pipeline.verify.rebuild import build_report

# Where and when it is, who one is, and how many cores and what kernels there are.
CONDITIONS = {
    "here": {"TZ": "Europe/Stockholm", "LC_ALL": "C.UTF-8"},
    "a folder/somewhere else": {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "1",
        "SOURCE_DATE_EPOCH": "1",
        "KERNELS": "plain",
        "HOME": "{folder}/home",
        "TMPDIR": "{folder}/home",
    },
}
COMPARED = ("report/report.pdf", "report/results.json", "build/report.ipynb")


def main():
    """Say whether both builds are the same; status 1 if they are not."""
    now = revision()
    if not (ROOT / ".git").exists() or not now.commit:
        raise UserError("this folder is not a clone of a git repository with a commit")
    if now.changes:
        print("note: what is not committed is not built")
    with tempfile.TemporaryDirectory(prefix="reproduce-") as folder:
        Path(folder, "home").mkdir()
        clones = {
            Path(folder, name): {k: v.format(folder=folder) for k, v in given.items()}
            for name, given in CONDITIONS.items()
        }
        for number, (clone, given) in enumerate(clones.items()):
            print(f"building {now.commit[:12]} with {_words(given)}", flush=True)
            clone_and_build(clone, given, one_core=number > 0)
        first, second = map(digests, clones)
    differing = sorted(n for n in first | second if first.get(n) != second.get(n))
    for name in differing:
        print(f"differs: {name}")
    print(f"{len(first) - len(differing)} of {len(first)} files are the same bytes")
    print(f"sha256 of report.pdf: {first['report/report.pdf']}")
    return 1 if differing else 0


def clone_and_build(clone, given, *, one_core):
    """Clone the commit and make its report there.

    Parameters
    ----------
    clone : Path
        Where; it must not exist.
    given : dict of str to str
        Environment variables.
    one_core : bool
        Whether it has only one core to run on.
    """
    clone.parent.mkdir(exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    ours = os.sched_getaffinity(0) if one_core and CAN_FORK else None
    if ours:
        os.sched_setaffinity(0, {min(ours)})  # what is started inherits it
    try:
        build_report(clone, given)
    finally:
        if ours:
            os.sched_setaffinity(0, ours)


def digests(clone):
    """Return the SHA-256 of everything that a build makes, by file."""
    made = [clone / name for name in COMPARED]
    made += (clone / "build" / "runs").glob("*.ipynb")
    return {path.relative_to(clone).as_posix(): digest(path) for path in made}


def _words(given):
    return " ".join(f"{name}={value}" for name, value in given.items())


if __name__ == "__main__":
    run_command(main)
