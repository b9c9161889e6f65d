"""The inputs of a run, each with a fingerprint, and where runs are kept.

Some inputs are known before the run: the code of the notebook and of the project's
modules that it imports, the files that its parameters name, the locked packages, Python
and the kind of processor. The others are the files of the project that the run opens. A
finished run is current as long as no input has changed.
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
FAILED = "*.failed.ipynb"  # the names of failed runs there
FACTS = {"Python": platform.python_version(), "processor": processors()}
ALWAYS = ("requirements.txt", *FACTS)
PLACES = (NOTEBOOKS, ROOT)  # where a run looks for modules and files


def path_of(run):
    """Return where a finished run is kept."""
    return RUNS / f"{run}.ipynb"


def failed_path_of(run):
    """Return where a failed run is kept, with its error on top."""
    return RUNS / FAILED.replace("*", run)


def has_failed(run):
    """Tell whether a run has failed, and no earlier one of it is kept."""
    return failed_path_of(run).exists() and not path_of(run).exists()


def why_outside(path, beside=""):
    """Say why nobody else would find a file, and what to do; empty if it is found.

    A relative path starts at the project's folder, or at the one `beside` in it.
    """
    inside = os.path.join(beside, path)
    place = "" if "\0" in path else os.path.realpath(ROOT / inside)
    name = name_in(str(ROOT), place) if place else ""
    if not name:
        leads = f" ({place})" if path and place not in ("", path) else ""
        why = "is no file of the project, so it cannot be handed in or verified"
        return f"{path!r}{leads} {why}: copy it into data/"
    if os.path.isabs(path) or os.path.normpath(inside).startswith(".."):
        return f"{path!r} is found only where the project is now: write {name}"
    return ""


class Inputs:
    """The inputs of runs as they are now; each is looked at once.

    `fingerprint` takes the name of an input: of a file, its path in the project.
    """

    def __init__(self):
        self.fingerprint = cache(_fingerprint)
        self._code = cache(code_files)
        self._named = cache(_files_named)

    def of(self, point):
        """Return the inputs that are known before a run: fingerprints by name."""
        names = [*self._code(point.notebook), *ALWAYS]
        for value in point.parameters.values():
            if isinstance(value, str):
                names += self._named(value)
        return {name: self.fingerprint(name) for name in names}

    def changed(self, inputs):
        """Name those of a run's inputs that have another fingerprint now."""
        return [name for name in inputs if inputs[name] != self.fingerprint(name)]


def _fingerprint(name):
    return FACTS.get(name) or _look_at(ROOT / name)[0]


def _look_at(path):
    return look_at(path, file_stamp(path))


def _files_named(value):
    """Name the files of the project that a text parameter may mean."""
    paths = [os.path.join(place, value) for place in PLACES]
    return [name_in(str(ROOT), path) for path in paths if os.path.isfile(path)]


def recorded_inputs(path):
    """Return the inputs that an executed notebook records; None if there are none.

    They are in the first line of the file, so that thousands of files are read at once.
    """
    try:
        with open(path, encoding="utf-8") as file:
            metadata = json.loads(file.readline().rstrip(",\n") + "}")["metadata"]
        return metadata["run"]["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def with_opened(inputs, log):
    """Add the files that a run has opened to its inputs, and name what changed.

    That is what something else has changed since the run began, or read it. For the
    `log` see `helpers.pipeline.kernels.audit.watch`.
    """
    with open(log, encoding="utf-8") as lines:
        read, written = read_log(lines)
    now, found = Inputs(), read.keys() - inputs.keys()
    changed = now.changed(inputs) + [
        name for name in found - written if read[name] != file_stamp(ROOT / name)
    ]
    opened = {name: now.fingerprint(name) for name in read if name in found}
    return inputs | opened, sorted(changed)


def modules_used_by(notebook):
    """List what a notebook imports, itself and through the project's modules.

    These are dotted names; some name a member of a module. Modules beside the notebook
    are left out, as kernels find them only from their own folder.
    """
    names = {n for file in code_files(notebook) for n in _look_at(ROOT / file)[1]}
    beside = _top_level() - {"helpers"}
    return sorted(name for name in names if name.partition(".")[0] not in beside)


def code_files(notebook):
    """Name the files of a notebook and of the project's modules behind it."""
    found, files_of, ours = set(), cache(_files_of), _top_level()
    pending = {NOTEBOOKS / f"{notebook}.ipynb"}
    while pending:
        path = pending.pop()
        found.add(path)
        imported = _look_at(path)[1]
        names = (name for name in imported if name.partition(".")[0] in ours)
        pending |= set().union(*map(files_of, names)) - found
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def _top_level():
    """Return the first parts of the dotted names of the project's modules."""
    return {path.stem for place in PLACES for path in place.iterdir()}


def _files_of(module):
    """Return the files of the project that a module may consist of."""
    names = (module.replace(".", "/") + end for end in (".py", "/__init__.py"))
    paths = [place / name for name in names for place in PLACES]
    return {path for path in paths if path.is_file()}
