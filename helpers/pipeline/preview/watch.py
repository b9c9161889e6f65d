"""Follow a report while it is written: execute and show what each save changes.

The notebook is executed again from the first cell that has changed, or has read a file
that has changed. The outputs below are shown as they were until then, but marked. A
change of text affects nothing else.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from helpers import ROOT
from helpers.pipeline.command import error_in
from helpers.pipeline.environment import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.audit import changed_files, file_stamp
from helpers.pipeline.preview.cell_errors import place_in
from helpers.pipeline.preview.snapshots import Snapshots, StoppedError
from helpers.pipeline.report.claims import PROSE
from helpers.pipeline.report.datasets import with_remembered_hint
from helpers.pipeline.report.evidence import BUILD, RESULTS
from helpers.pipeline.report.page import to_html
from helpers.pipeline.report.paths import is_generated
from helpers.pipeline.report.revision import LONG_AGO, Revision, is_excluded
from helpers.pipeline.report.title import table_from_environment, title_block
from helpers.pipeline.report.typeset import cells_of_error, descriptions, title_of
from helpers.pipeline.sweep.execute import prepare_notebook
from helpers.pipeline.sweep.executed import is_added_by_papermill
from helpers.pipeline.sweep.experiments import experiments_of
from helpers.pipeline.sweep.inputs import RUNS, modules_used_by
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, DamagedError
from helpers.pipeline.sweep.plan import make_plan

INTERVAL = 0.05  # seconds between two checks of the files
NOT_WATCHED = ("tests", "build")
# Modules that a report imports and its authors hardly ever change.
MODULES = ("helpers.pipeline.report.publish", "helpers.figures.typeface")
IN_RUNS = RUNS.relative_to(ROOT).as_posix()
# With bytecode, the second of two changes within a second would go unnoticed.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
# Placeholders for the files that a page carries: a preview belongs to no commit.
UNKNOWN = Revision("", LONG_AGO, "preview")
CARRIED = {RESULTS: b"", BUILD: json.dumps(UNKNOWN._asdict()).encode()}


def files():
    """Return the stamps of the project's files, by name; of runs, only the folder's."""
    stamps = {IN_RUNS: file_stamp(RUNS)}
    for parent, folders, names in os.walk(ROOT):
        within = Path(parent).relative_to(ROOT)
        folders[:] = [name for name in folders if is_watched(name)]
        for name in filter(is_watched, names):
            stamps[(within / name).as_posix()] = file_stamp(os.path.join(parent, name))
    return {name: stamps[name] for name in stamps if not is_generated(name)}


def is_watched(name):
    """Tell whether changes of a file or folder of that name matter."""
    hidden = name.startswith(".") or name.endswith(("~", ".unfinished"))
    return not (hidden or name in NOT_WATCHED or is_excluded(name))


class Preview:
    """The preview of a report: what the `server` shows, and the executed cells."""

    def __init__(self, server, paths):
        self.server, self.paths = server, paths
        self.path = paths.notebook.relative_to(ROOT).as_posix()
        self.seen, self.base, self.outputs, self.last_shown = {}, {}, {}, None
        self.stamps_left = {}  # the stamps that cells have left on the files they wrote
        self.is_swept = False
        names = modules_used_by(paths.name)
        packages = [name for name in names if name.partition(".")[0] != "helpers"]
        now = files()
        variables = {"JPY_SESSION_NAME": str(paths.notebook)}  # as JupyterLab does
        self.cells = Snapshots([*packages, *MODULES], NOTEBOOKS, **variables)
        loaded = {getattr(module, "__file__", "") for module in sys.modules.values()}
        own = {
            n for n in now if str(ROOT / n) in loaded or n.startswith("report/page/")
        }
        self.own_files = {name: now.get(name) for name in own | self.cells.preloaded}

    def look(self):
        """Update the preview if a file has changed."""
        now = files()
        own = {n for n in self.cells.written() if now.get(n) == self.stamps_left.get(n)}
        changed = changed_files(self.seen, now) - own
        if not changed:
            return
        self.is_swept &= changed == {self.path} and self.paths.is_default
        self.seen = now
        try:
            self.follow()
        except StoppedError:  # by another change, which the next look will find
            self.server.set_state(doing="")
        except DamagedError as error:  # perhaps it is just being written
            self.server.set_state(doing=f"waiting: {error}")
        except UserError as error:
            text, *cell = map(str, error.args)
            where = cell[0] if cell else self.place_of(text)
            self.server.set_state(doing="", running="", error=text, cell=where)
        finally:
            self.stamps_left = {n: file_stamp(ROOT / n) for n in self.cells.written()}

    def is_changed(self, but=()):
        """Tell whether a file, except some, has changed since the last look."""
        changed = changed_files(self.seen, files())  # before asking who wrote
        return not changed.issubset(self.cells.written().union(but))

    def follow(self):
        """Execute what has changed, and show the page."""
        cells = self.cells
        if cells.changed_since(self.own_files):
            self.restart()
        parameters = title_block(with_pdf=False) | table_from_environment(
            self.paths.name
        )
        notebook = prepare_notebook(self.paths.name, parameters)
        code = [as_sent(cell) for cell in notebook.cells if cell.cell_type == "code"]
        if not self.is_swept:
            self.sweep()
        read = {self.path}.union(*(done.read for done in cells.done))
        exist = self.base.keys() & self.seen.keys()  # others may have been in a listing
        if changed_files(self.base, self.seen) - (read & exist):
            cells.back_to(0)  # it is not known what depends on it
            self.base = dict(self.seen)
        self.execute(notebook, code)
        self.show(notebook)

    def execute(self, notebook, code):
        """Execute the code cells of a notebook, from the first one that needs it."""
        cells = self.cells
        kept = {done.cell["id"]: done.cell for done in cells.done}
        last = max((k for k, c in enumerate(code) if kept.get(c["id"]) != c), default=0)
        cells.back_to(self.first_changed(code))
        while (position := len(cells.done)) < len(code):
            cell = code[position]
            doing = f"executing cell {position + 1} of {len(code)}"
            state = {"running": cell["id"], "since": time.time(), "stale": cell["id"]}
            self.server.set_state(doing=doing, **state)
            self.keep(cells.execute(cell, self.is_changed))
            if position == last < len(code) - 1:
                self.show(notebook, stale=code[position + 1]["id"])

    def first_changed(self, code):
        """Return the position of the first cell to execute.

        Changed text above it is executed in place, because nothing depends on it.
        """
        cells = self.cells
        for position, (cell, done) in enumerate(zip(code, cells.done, strict=False)):
            if cells.changed_since(done.read):
                return position
            if cell != done.cell:
                if not is_text(cell, done):
                    return position
                self.keep(cells.replace(position, cell, self.is_changed))
        return min(len(code), len(cells.done))

    def keep(self, done):
        """Keep the outputs of a cell; raise UserError if it failed."""
        if done.error:
            error = with_remembered_hint(done.error, self.paths.name)
            raise UserError(error, done.cell["id"])
        self.outputs[done.cell["id"]] = done

    def show(self, notebook, stale=""):
        """Show the page; `stale` is the first cell whose outputs are out of date."""
        for cell in notebook.cells:
            done = self.outputs.get(cell.get("id"))
            if cell.cell_type == "code" and done:
                cell.outputs = nbformat.from_dict(done.outputs)
                cell.execution_count = done.number
        self.last_shown = notebook
        published = descriptions(notebook)
        listed = {e["label"] for d in published for e in d.get("entries", ())}
        for description in published if stale else ():
            if description.get("traced"):
                description["traced"] = description["label"] in listed
        title_of(notebook)  # raises an error if there is none
        try:
            html = to_html(notebook, CARRIED, UNKNOWN, preview=True)
        except UserError:
            if stale:
                return  # an older part refers to something that is missing now
            raise
        state = {} if stale else {"doing": "", "running": "", "error": "", "cell": ""}
        self.server.show(html, stale=stale, at=time.strftime("%H:%M:%S"), **state)

    def place_of(self, error):
        """Return the identifier of the cell that an error of the page is about."""
        cells = cells_of_error(error, self.last_shown) if self.last_shown else []
        return cells[-1].get("id") if cells else ""

    def sweep(self):
        """Run the missing runs of the grid."""
        if not make_plan(experiments_of(self.paths.name)).missing:
            self.is_swept = True
            self.server.set_state(note="")
            return
        limit = os.environ.get("TIME_LIMIT") or "600"
        command = [sys.executable, "-m", "helpers.pipeline.sweep"]
        command += [f"--report={self.paths.name}", f"--time-limit={limit}"]
        options = {"env": environment(**NO_BYTECODE), "cwd": ROOT}
        with (
            tempfile.NamedTemporaryFile("w") as lines,
            subprocess.Popen(command, stdout=lines, stderr=lines, **options) as sweep,
        ):
            log = Path(lines.name)
            try:
                while sweep.poll() is None:
                    if self.is_changed(but=[IN_RUNS]):
                        raise StoppedError
                    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                    self.server.set_state(doing=f"running the experiments: {last}")
                    time.sleep(INTERVAL)
            except BaseException:
                sweep.terminate()
                raise
            status = sweep.returncode
            failed = error_in(log.read_text(), status) if status else ""
        self.seen[IN_RUNS], self.is_swept = file_stamp(RUNS), True
        self.server.set_state(note=failed)

    def restart(self):
        """Restart, since the preview's own code has changed, if it can be imported."""
        module = "helpers.pipeline.preview"
        trial = subprocess.run(
            [sys.executable, "-c", f"import {module}.__main__"],
            env=environment(**NO_BYTECODE),
            capture_output=True,
            text=True,
        )
        if trial.returncode:
            error = error_in(trial.stderr, trial.returncode)
            raise UserError(error + place_in(trial.stderr))
        self.cells.close()
        options = [f"--port={self.server.server_port}", "--again"]
        os.execve(
            sys.executable, [sys.executable, "-m", module, *options], environment()
        )


def as_sent(cell):
    """Return the part of a code cell that is sent to the kernel."""
    counts = not is_added_by_papermill(cell)
    return {"id": cell.get("id"), "source": cell.source, "counts": counts}


def is_text(cell, done):
    """Tell whether a cell is, and was, a ``%%prose`` cell that only shows text.

    Such a cell states no claims.
    """
    kinds = [o["metadata"].get("report", {}).get("kind") for o in done.outputs]
    texts = all(c["source"].startswith(PROSE) for c in (cell, done.cell))
    return texts and kinds == ["prose"] and cell["id"] == done.cell["id"]
