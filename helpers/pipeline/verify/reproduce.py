"""Build a commit twice under different conditions, and compare every byte."""

import os
import tempfile
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import sha256
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.report.paths import Paths, requested_report
from helpers.pipeline.report.revision import git, revision
from helpers.pipeline.sweep.inputs import failed_path_of
from helpers.pipeline.verify.rebuild import build_report

# The folder of each build, with its environment variables.
CONDITIONS = {
    "here": {"TZ": "Europe/Stockholm", "LANG": "C.UTF-8"},
    "a folder/somewhere else": {
        "TZ": "Pacific/Kiritimati",
        "LANG": "C",
        "PYTHONHASHSEED": "1",
        "SOURCE_DATE_EPOCH": "1",
        "KERNELS": "plain",
        "HOME": "{folder}/home",
        "TMPDIR": "{folder}/home",
    },
}


def main():
    """Compare both builds; return status 1 if they differ."""
    now = revision()
    if not (ROOT / ".git").exists() or not now.commit:
        raise UserError("this folder is not a clone of a git repository with a commit")
    if now.changes:
        print("note: changes that are not committed are left out")
    builds = []
    with tempfile.TemporaryDirectory(prefix="reproduce-") as folder:
        Path(folder, "home").mkdir()
        for name, variables in CONDITIONS.items():
            if builds and CAN_FORK:  # the second build has only one core
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            variables = {k: text.format(folder=folder) for k, text in variables.items()}
            settings = " ".join(f"{key}={text}" for key, text in variables.items())
            print(f"building {now.commit[:12]} with {settings}", flush=True)
            builds.append(build_commit(Path(folder, name), variables))
    first, second = builds
    differing = sorted(n for n in first | second if first.get(n) != second.get(n))
    for name in differing:
        print(f"differs: {name}")
    print(f"{len(first) - len(differing)} of {len(first)} files are identical")
    for path in (requested_report().pdf, requested_report().html):
        name = path.relative_to(ROOT).as_posix()
        print(f"sha256 of {name}: {first[name]}")
    return 1 if differing else 0


def build_commit(clone, environment):
    """Clone the commit, make its report, and return the SHA-256 of every output."""
    clone_commit(clone)
    build_report(clone, environment)
    paths = Paths(requested_report().name, clone)
    outputs = [paths.pdf, paths.html, paths.results, paths.executed]
    runs = (clone / "build" / "runs").glob("*.ipynb")
    # A failed run contains paths of its folder, which differ.
    outputs += [path for path in runs if not path.match(failed_path_of("*").name)]
    return {p.relative_to(clone).as_posix(): sha256(p.read_bytes()) for p in outputs}


def clone_commit(clone):
    """Clone the commit, even if the repository belongs to another user."""
    clone.parent.mkdir(exist_ok=True)
    upload = "--upload-pack=git -c safe.directory='*' upload-pack"
    git("clone", "--quiet", "--no-local", upload, str(ROOT), str(clone))
    if not clone.exists():
        raise UserError(f"git cannot clone {ROOT} to {clone}")


if __name__ == "__main__":
    run_command(main)
