"""Show the page of the report while it is written: every save is seen at once.

What a save changes is executed again, from the first cell on that is another one or has
read a file that is another one now; what comes after it is shown as it was until then,
and marked. Text alone changes nothing but itself.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from helpers import ROOT
from helpers.pipeline.command import error_in, run_command
from helpers.pipeline.environment import environment, use_environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels import arithmetic
from helpers.pipeline.kernels.opened import stamp
from helpers.pipeline.kernels.snapshots import Snapshots, StoppedError
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.report.drawing import PAGE_ONLY
from helpers.pipeline.report.evidence import RESULTS
from helpers.pipeline.report.page import BUILD, to_html
from helpers.pipeline.report.revision import LONG_AGO, Revision, left_out
from helpers.pipeline.report.server import PageServer
from helpers.pipeline.report.title import title_block
from helpers.pipeline.report.typeset import cell_of, descriptions
from helpers.pipeline.sweep.execute import prepared
from helpers.pipeline.sweep.inputs import RUNS, modules_behind
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, DamagedError
from helpers.pipeline.sweep.plan import make_plan
from helpers.pipeline.sweep.traces import MADE_BY_PAPERMILL

OFTEN = 0.05  # seconds between two looks at the files
NOT_WATCHED = ("tests", RESULTS.name)
# What a report imports, and its authors hardly ever change.
MODULES = ("helpers.pipeline.report.publish", "helpers.figures.typeface")
FOLDER = ROOT / "build" / "preview"
IN_RUNS = RUNS.relative_to(ROOT).as_posix()
# Two changes within a second would be taken for one.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
# The files in the page, which a preview has not: what is written belongs to no commit.
UNKNOWN = Revision("", LONG_AGO, "preview")
CARRIED = {RESULTS.name: b"", BUILD: json.dumps(UNKNOWN._asdict()).encode()}
SCREEN = dict(os.environ)  # as it was given


def files():
    """Return the stamps of the project's files, by name; of the runs, the folder's."""
    found = {IN_RUNS: stamp(RUNS)}
    for parent, folders, names in os.walk(ROOT):
        within = Path(parent).relative_to(ROOT)
        folders[:] = [name for name in folders if is_watched(name)]
        for name in filter(is_watched, names):
            found[(within / name).as_posix()] = stamp(os.path.join(parent, name))
    return found


def is_watched(name):
    """Tell whether a change of a file or folder of that name is of interest."""
    hidden = name.startswith(".") or name.endswith(("~", ".unfinished"))
    return not (hidden or name in NOT_WATCHED or left_out(name))


class FailedCellError(UserError):
    """A cell that raised; its second argument is the cell's identifier."""

    def __str__(self):
        return self.args[0]


class Preview:
    """What is shown of a report, and the executed cells behind it.

    Attributes
    ----------
    server : object
        With the methods `show` and `tell` of `server.PageServer`.
    report : str
        The name of its notebook.
    """

    def __init__(self, server, report="report"):
        self.server, self.report = server, report
        self.path = f"notebooks/{report}.ipynb"
        self.seen, self.base, self.outputs, self.shown = {}, {}, {}, None
        FOLDER.mkdir(parents=True, exist_ok=True)
        packages = [n for n in modules_behind(report) if n.split(".")[0] != "helpers"]
        self.cells = Snapshots([*packages, *MODULES], NOTEBOOKS, FOLDER / "opened")
        paths = {getattr(module, "__file__", None) for module in sys.modules.values()}
        own = {os.path.relpath(path, ROOT) for path in paths if path}
        self.own = {
            name: found
            for name, found in files().items()
            if name in own or name.startswith("report/page/")
        }
        self.own |= self.cells.preloaded

    def watch(self):
        """Follow the files, until Ctrl-C."""
        while True:
            self.look()
            time.sleep(OFTEN)

    def look(self):
        """Show what has become of the report, if a file has changed."""
        now = files()
        if now == self.seen:
            return
        others = self.seen.keys() != now.keys() or any(
            self.seen[name] != now[name] for name in now if name != self.path
        )
        self.seen = now
        try:
            self.follow(others)
        except StoppedError:  # by the next change, which will be seen in turn
            self.server.tell(doing="")
        except DamagedError as error:  # it may be in the middle of being written
            self.server.tell(doing=f"waiting: {error}")
        except FailedCellError as error:
            self.tell_error(error, error.args[1])
        except UserError as error:
            self.tell_error(error, self.place_of(str(error)))

    def tell_error(self, error, cell):
        """Tell an error of a cell, or of none."""
        self.server.tell(doing="", running="", error=str(error), cell=cell)

    def is_changed(self, but=()):
        """Tell whether a file, but for some, has changed since the last look."""
        now = files()
        return any(
            now.get(name) != self.seen.get(name)
            for name in {*now, *self.seen}.difference(but)
        )

    def follow(self, others):
        """Execute what is not as it was, and show the page.

        `others` tells whether other files than the notebook may have changed.
        """
        cells = self.cells
        if others and cells.changed_since(self.own):
            self.begin_again()
        try:
            notebook = prepared(self.report, title_block(with_pdf=False))
        except UserError:
            raise
        except Exception as error:  # nbformat has many
            raise DamagedError(f"{self.path}: {str(error).splitlines()[0]}") from None
        code = [as_sent(cell) for cell in notebook.cells if cell.cell_type == "code"]
        if others:
            self.sweep()
            read = {self.path}.union(*(done.read for done in cells.done))
            if any(
                self.seen.get(name) != self.base.get(name)
                for name in {*self.seen, *self.base} - read
            ):  # who rests on it is not known
                cells.back_to(0)
                self.base = self.seen
        texts = self.changed_texts(code)
        for position in texts:
            self.keep(cells.instead(position, code[position], self.is_changed))
        if not texts:
            self.execute(notebook, code)
        self.show(notebook)

    def execute(self, notebook, code):
        """Execute the code cells of a notebook, from the first one that must be."""
        cells, kept = (
            self.cells,
            {done.cell["id"]: done.cell for done in self.cells.done},
        )
        cells.back_to(self.first_changed(code))
        last = max((k for k, c in enumerate(code) if kept.get(c["id"]) != c), default=0)
        while (position := len(cells.done)) < len(code):
            cell = code[position]
            doing = f"executing cell {position + 1} of {len(code)}"
            self.server.tell(doing=doing, running=cell["id"], stale=cell["id"])
            self.keep(cells.execute(cell, self.is_changed))
            if position == last < len(code) - 1:
                self.show(notebook, stale=code[position + 1]["id"])

    def first_changed(self, code):
        """Return the position of the first cell that must be executed."""
        for position, done in enumerate(self.cells.done):
            same = position < len(code) and code[position] == done.cell
            if not same or self.cells.changed_since(done.read):
                return position
        return len(self.cells.done)

    def changed_texts(self, code):
        """Return the positions of the changed cells, if they are ``%%prose`` only.

        Such a cell states nothing, and nothing depends on what it shows.
        """
        done = self.cells.done
        if len(done) != len(code) or any(
            self.cells.changed_since(e.read) for e in done
        ):
            return []
        pairs = [*enumerate(zip(done, code, strict=True))]
        changed = [(k, old, new) for k, (old, new) in pairs if old.cell != new]
        texts = all(
            is_text(new)
            and is_text(old.cell)
            and new["id"] == old.cell["id"]
            and [o["metadata"].get("report", {}).get("kind") for o in old.outputs]
            == ["prose"]
            for _, old, new in changed
        )
        return [k for k, _, _ in changed] if texts else []

    def keep(self, done):
        """Keep what a cell shows; raise if it failed."""
        if done.error:
            raise FailedCellError(done.error, done.cell["id"])
        self.outputs[done.cell["id"]] = done

    def show(self, notebook, stale=""):
        """Show the page; `stale` is the first cell whose outputs are older."""
        for cell in notebook.cells:
            done = self.outputs.get(identifier(cell))
            if cell.cell_type == "code" and done:
                cell.outputs = nbformat.from_dict(done.outputs)
                cell.execution_count = done.number
        self.shown = notebook
        shown = descriptions(notebook)
        listed = {e["label"] for d in shown for e in d.get("entries", ())}
        for description in shown if stale else ():
            if description.get("traced"):
                description["traced"] = description["label"] in listed
        if not any(d["kind"] == "title" for d in shown):
            raise UserError("no cell has made a title block: report.title(…)")
        try:
            html = to_html(notebook, CARRIED, UNKNOWN, preview=True)
        except UserError:
            if stale:
                return  # an older part refers to what is not there now
            raise
        state = {} if stale else {"doing": "", "running": "", "error": "", "cell": ""}
        self.server.show(html, stale=stale, at=time.strftime("%H:%M:%S"), **state)

    def place_of(self, error):
        """Return the identifier of the cell that an error of the page speaks of."""
        place = cell_of(error, self.shown) if self.shown else ""
        numbers = {
            f"In [{cell.get('execution_count')}]": identifier(cell)
            for cell in (self.shown.cells if self.shown else ())
        }
        return numbers.get(place, "")

    def sweep(self):
        """Run what is new of the grid."""
        if not make_plan().missing:
            self.server.tell(note="")
            return
        limit = os.environ.get("TIME_LIMIT") or "600"
        command = [
            sys.executable,
            "-m",
            "helpers.pipeline.sweep",
            f"--time-limit={limit}",
        ]
        log = FOLDER / "sweep"
        with (
            log.open("w") as lines,
            subprocess.Popen(
                command,
                stdout=lines,
                stderr=lines,
                env=environment(**NO_BYTECODE),
                cwd=ROOT,
            ) as sweep,
        ):
            try:
                while sweep.poll() is None:
                    if self.is_changed(but=[IN_RUNS]):
                        raise StoppedError
                    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                    self.server.tell(doing=f"running the experiments: {last}")
                    time.sleep(OFTEN)
            except BaseException:
                sweep.terminate()
                raise
        self.seen[IN_RUNS] = stamp(RUNS)
        failed = error_in(log.read_text(), sweep.returncode) if sweep.returncode else ""
        self.server.tell(note=failed)

    def begin_again(self):
        """Replace this process, as its own code has changed, if it can be imported."""
        module = "helpers.pipeline.report.preview"
        tried = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            env=environment(**NO_BYTECODE),
            capture_output=True,
            text=True,
        )
        if tried.returncode:
            raise UserError(error_in(tried.stderr, tried.returncode))
        self.cells.close()
        options = [f"--port={self.server.server_port}", "--again"]
        os.execve(
            sys.executable, [sys.executable, "-m", module, *options], environment()
        )


def identifier(cell):
    """Return the identifier of a cell; papermill gives its own another each time."""
    made = MADE_BY_PAPERMILL & {*cell.metadata.get("tags", [])}
    return "parameters-given" if made else cell.get("id")


def as_sent(cell):
    """Return what of a code cell is executed."""
    name = identifier(cell)
    return {"id": name, "source": cell.source, "counts": name != "parameters-given"}


def is_text(cell):
    """Tell whether a cell only shows text."""
    return cell["source"].startswith("%%prose")


def main():
    """Serve the page on this machine, until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", default="", help="a free one by default")
    parser.add_argument("--again", action="store_true", help="a page is open already")
    asked = parser.parse_args()
    if not CAN_FORK:
        raise UserError("a preview forks processes, as Linux can: make html")
    if asked.port and not asked.port.isdecimal():
        raise UserError(f"PORT must be a number from 1024 to 65535, got {asked.port!r}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = PageServer(int(asked.port or 0))
    if not asked.again:
        print(f"the report, as it is written: {server.address}", flush=True)
        print("Ctrl-C ends it", flush=True)
    settings = arithmetic.settings() | {"IPYTHONDIR": str(FOLDER / "ipython")}
    use_environment(**settings, **{PAGE_ONLY: "1"})
    preview = None
    try:
        preview = Preview(server)
        if not asked.again:
            open_browser(server.address)
        preview.watch()
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        if preview:
            preview.cells.close()


def open_browser(address):
    """Open an address in the browser of a person's desktop, if there is one."""
    if any(SCREEN.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", address], env=SCREEN, **quiet
        )


if __name__ == "__main__":
    run_command(main)
