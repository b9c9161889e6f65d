"""The inputs of a run, each with a fingerprint, and where runs are kept.

Some inputs are known before the run: the code of the notebook and of the project's
modules that it imports, the files that its parameters name, the locked packages, Python
and the type of processor. The others are the project's files that the run opens. A
finished run is current as long as none of its inputs has changed.
"""

import json
import os
import platform
from functools import cache

from helpers import ROOT
from helpers.pipeline.kernels.arithmetic import processors
from helpers.pipeline.kernels.audit import file_stamp, name_in, read_log
from helpers.pipeline.sweep.fingerprints import look_at
from helpers.pipeline.sweep.notebooks import NOTEBOOKS

RUNS = ROOT / "build" / "runs"
PLATFORM = {"Python": platform.python_version(), "processor": processors()}
COMMON_INPUTS = ("requirements.txt", *PLATFORM)
SEARCH_PATHS = (NOTEBOOKS, ROOT)  # where a run looks for modules and files


def path_of(run):
    """Return the path of a finished run."""
    return RUNS / f"{run}.ipynb"


def failed_path_of(run):
    """Return the path of a failed run, which has its error on top."""
    return RUNS / f"{run}.failed.ipynb"


def has_failed(run):
    """Tell whether a run has failed, and no earlier success of it is kept."""
    return failed_path_of(run).exists() and not path_of(run).exists()


def explain_outside(path, beside=""):
    """Explain why others could not find a file, and what to do; empty if they could.

    A relative path starts at the project's folder, or at its subfolder `beside`.
    """
    inside = os.path.join(beside, path)
    place = "" if "\0" in path else os.path.realpath(ROOT / inside)
    name = name_in(str(ROOT), place) if place else ""
    if not name:
        leads = f" ({place})" if path and place not in ("", path) else ""
        why = "is not part of the project, so it cannot be handed in or verified"
        return f"{path!r}{leads} {why}: copy it into data/"
    if os.path.isabs(path) or os.path.normpath(inside).startswith(".."):
        return (
            f"{path!r} is found only while the project is in this folder: write {name}"
        )
    return ""


class Inputs:
    """The current inputs of runs; each is read only once.

    `fingerprint` takes the name of an input; that of a file is its path in the project.
    """

    def __init__(self):
        self.fingerprint = cache(_fingerprint)
        self._code = cache(code_files)
        self._named = cache(_files_named)

    def of(self, point):
        """Return the fingerprints of the inputs known before a run, by name."""
        names = [*self._code(point.notebook), *COMMON_INPUTS]
        for value in point.parameters.values():
            if isinstance(value, str):
                names += self._named(value)
        return {name: self.fingerprint(name) for name in names}

    def changed(self, inputs):
        """Name the inputs of a run whose fingerprints have changed."""
        return [name for name in inputs if inputs[name] != self.fingerprint(name)]


def _fingerprint(name):
    return PLATFORM.get(name) or _look_at(ROOT / name)[0]


def _look_at(path):
    return look_at(path, file_stamp(path))


def _files_named(value):
    """Name the files of the project that a text parameter may refer to."""
    paths = [os.path.join(place, value) for place in SEARCH_PATHS]
    return [name_in(str(ROOT), path) for path in paths if os.path.isfile(path)]


def recorded_inputs(path):
    """Return the inputs that an executed notebook records; None if there are none.

    They are in the first line of the file, so that thousands of files are read quickly.
    """
    try:
        with open(path, encoding="utf-8") as file:
            metadata = json.loads(file.readline().rstrip(",\n") + "}")["metadata"]
        return metadata["run"]["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def with_opened(inputs, log):
    """Add the files that a run opened to its inputs, and name those that changed.

    Those are files that something else changed after the run began, or after it read
    them. For the `log`, see `helpers.pipeline.kernels.audit.watch`.
    """
    with open(log, encoding="utf-8") as lines:
        read, written = read_log(lines)
    current, unknown = Inputs(), read.keys() - inputs.keys()
    changed = current.changed(inputs) + [
        name for name in unknown - written if read[name] != file_stamp(ROOT / name)
    ]
    opened = {name: current.fingerprint(name) for name in read if name in unknown}
    return inputs | opened, sorted(changed)


def modules_used_by(notebook):
    """List what a notebook imports, directly or through the project's modules.

    The names are dotted, and some are of a member of a module. Modules beside the
    notebook are left out, since kernels find them only from their own folder.
    """
    names = {n for file in code_files(notebook) for n in _look_at(ROOT / file)[1]}
    beside = _top_level() - {"helpers"}
    return sorted(name for name in names if name.partition(".")[0] not in beside)


def code_files(notebook):
    """Name the file of a notebook, and those of the project's modules it depends on."""
    visited, files_of, ours = set(), cache(_files_of), _top_level()
    pending = {NOTEBOOKS / f"{notebook}.ipynb"}
    while pending:
        path = pending.pop()
        visited.add(path)
        imported = _look_at(path)[1]
        names = (name for name in imported if name.partition(".")[0] in ours)
        pending |= set().union(*map(files_of, names)) - visited
    return sorted(path.relative_to(ROOT).as_posix() for path in visited)


def _top_level():
    """Return the top-level names of the project's modules."""
    return {path.stem for place in SEARCH_PATHS for path in place.iterdir()}


def _files_of(module):
    """Return the files of the project that may define a module."""
    names = (module.replace(".", "/") + end for end in (".py", "/__init__.py"))
    paths = [place / name for name in names for place in SEARCH_PATHS]
    return {path for path in paths if path.is_file()}
