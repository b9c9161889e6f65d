"""Grade one submission.

This checkout's pipeline makes it again from the submission's notebooks, helpers, data
and grid, and compares the result with the report that came with it. It is then made on
other data, and its grid is run with this checkout's code.
"""

import contextlib
import json
import shutil
import tempfile
import time
from pathlib import Path

from helpers.pipeline.command import first_few
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading import changes
from helpers.pipeline.grading.gradebook import Grade
from helpers.pipeline.grading.pictures import read_pictures
from helpers.pipeline.grading.rebuilt import OUT, read_lines, read_rebuilt
from helpers.pipeline.grading.reference import (
    FALLBACKS,
    PYTHON,
    REUSED,
    SANDBOXED,
    change_tables,
    environment_of,
)
from helpers.pipeline.grading.sandbox import run_confined
from helpers.pipeline.grading.unpack import GRADED, PAGE, PDF, counts, unpack
from helpers.pipeline.report.evidence import BUILD
from helpers.pipeline.report.paths import Paths
from helpers.pipeline.report.revision import COMMIT, Revision, git, revision
from helpers.pipeline.verify.reader import read_build
from helpers.pipeline.verify.verdicts import (
    DIFFERS,
    HOLDS,
    NOT_RUN,
    NOTED,
    ON_PAGE,
    STATUSES,
    Line,
)

COMPARED = {*STATUSES} - {NOT_RUN}
MOST_PICTURES = 8  # of pages that differ


def grade(path, reference, limits, tolerance, walled):
    """Grade one submission, a zip or a folder.

    `reference` holds the results of this checkout. The time in `limits` is for all
    programs of the submission together; they run in a sandbox if `walled`. For
    `tolerance` see `helpers.pipeline.verify.verify`.
    """
    with tempfile.TemporaryDirectory(prefix="submission-") as folder:
        grading = Grading(path, Path(folder), reference, limits, tolerance, walled)
        result = grading.result
        try:
            grading.grade(path)
        except UserError as error:
            problem = str(error).replace(f"{grading.handed_in}/", "")
            result.problem = f"{problem}{version_hint(grading.commit)}"
        except Exception as error:  # it must not stop the grading of the others
            result.problem = f"{type(error).__name__}: {error}"
        result.seconds = time.monotonic() - grading.started
        return result


def version_hint(commit):
    """Return a hint if a report was made from another commit of this repository."""
    now, name = revision().commit, f"{commit}^{{commit}}"
    exists = git("rev-parse", "--verify", "--end-of-options", name)
    if commit in ("", now) or not exists:
        return ""
    mismatch = f"it was made from commit {commit[:12]}, this checkout is {now[:12]}"
    return f"; {mismatch}: grade it with {commit[:12]}"


class Grading:
    """The grading of one submission, with its `result` so far."""

    def __init__(self, path, folder, reference, limits, tolerance, walled):
        self.folder, self.reference = folder, reference
        self.limits, self.tolerance, self.walled = limits, tolerance, walled
        self.handed_in = folder / "handed-in"
        self.started, self.result = time.monotonic(), Grade(path.name)
        self.commit = ""

    def run(self, folder, command, allowed=(0,), **options):
        """Run an untrusted program in the sandbox, and return its output."""
        options |= {"walled": self.walled, "started": self.started}
        command = list(map(str, command))
        return run_confined(command, folder, self.limits, **options).output(allowed)

    def grade(self, path):
        """Unpack, rebuild and compare the submission; fill in `result`."""
        unpack(path, self.handed_in)
        report, reference = Paths(GRADED.name, self.handed_in).pdf, self.reference
        self.result.pdf = report.read_bytes()
        command = [*PYTHON, "helpers.pipeline.verify.reader", report]
        out = self.run(reference.checkout, command, visible=[report])
        build = read_build(out, OUT)
        self.result.student = build["title"]["student"]
        self.commit = build["commit"]
        ours, theirs = reference.sources, changes.sources_in(self.handed_in)
        changed = changes.compare_files(ours, theirs, self.folder / "texts", self.run)
        suspicious = changes.changed_data(changed)
        suspicious += changes.typed_in_prose(ours, theirs)
        self.result.changed, self.result.suspicious = changed, suspicious
        project = self.assemble("project", build)
        runs, claims = changes.reach_of(changed, ours, theirs)
        lines = []
        if not claims:
            with contextlib.suppress(UserError):  # executing it gives a better message
                rebuilt = self.make(project, build, reference.build, "texts")
                lines = self.compare(rebuilt)
        if not lines or any(line.wrong for line in lines):
            rebuilt = self.make(project, build, reference.build, "report")
            lines = self.compare(rebuilt)
        self.result.lines = lines
        if runs:
            suspicious += self.check_runs(build, rebuilt)
        if claims:
            typed = changes.typed_numbers(changed)
            suspicious += self.check_claims(build, rebuilt, typed)
        if numbers := pages_to_draw(lines):
            with contextlib.suppress(UserError):  # the table names the pages anyway
                self.result.pictures = self.draw(report, numbers)

    def assemble(self, name, build):
        """Combine the grader's pipeline with the submission in a new folder.

        Its version is the one that the submitted report states in its `build`.
        """
        project = self.folder / name
        shutil.copytree(self.reference.checkout, project)
        for path in sorted(project.rglob("*")):
            file = path.relative_to(project).as_posix()
            if path.is_file() and counts(file) and file not in FALLBACKS:
                path.unlink()
        shutil.copytree(self.handed_in, project, dirs_exist_ok=True)
        paths = Paths(GRADED.name, project)
        for output in (paths.pdf, paths.html, paths.results):  # they are made again
            output.unlink(missing_ok=True)
        version = [build[name] for name in Revision._fields]
        (project / COMMIT.name).write_text(json.dumps(version))
        return project

    def make(self, project, build, build_folder, what, *accepted):
        """Make a project with the settings of its report; see `grading.sandboxed`."""
        variables = environment_of(project, build["title"] | build.get("table", {}))
        variables["PYTHONPATH"] = str(self.reference.checkout)
        command = [*SANDBOXED, what, build_folder, *accepted]
        visible = [*filter(Path.exists, (build_folder / n for n in REUSED[what]))]
        visible.append(self.reference.checkout / "helpers")
        options = {"visible": visible, "environment": variables}
        return read_rebuilt(self.run(project, command, **options))

    def compare(self, rebuilt):
        """Compare the PDF, and the page if there is one, with the rebuilt ones."""
        lines = self.compare_file("--pdf", PDF, rebuilt.pdf)
        if (self.handed_in / PAGE).exists():
            try:
                for line in self.compare_file("--html", PAGE, rebuilt.html):
                    # Only the page states this: PDF and page are of different builds.
                    of = f" of {PAGE}" if line.wrong and line.depth == 0 else ""
                    lines.append(line._replace(what=f"{line.what}{of}"))
            except UserError as error:
                lines.append(Line(PAGE, str(error), "made again", None, DIFFERS))
        return [*dict.fromkeys(lines)]  # what PDF and page share counts once

    def compare_file(self, option, name, content):
        """Compare a file that was handed in with its rebuilt version."""
        rebuilt = (self.folder / "rebuilt").with_suffix(Path(name).suffix)
        rebuilt.write_bytes(content)
        command = [*PYTHON, "helpers.pipeline.verify", "--json"]
        command += [option, self.handed_in / name]
        command += ["--rebuilt", rebuilt, "--beside", self.handed_in]
        if self.tolerance is not None:
            command += ["--tolerance", self.tolerance]
        visible, checkout = [self.handed_in, rebuilt], self.reference.checkout
        out = self.run(checkout, command, allowed=COMPARED, visible=visible)
        return [with_code_noted(line) for line in read_lines(out)]

    def check_claims(self, build, rebuilt, typed):
        """Find claims that do not change with the data, or why this is unknown."""
        reference, failed = self.reference, "numbers on other data not compared"
        if reference.problem:  # not the fault of the submission
            self.result.notes.append(f"{failed}: {reference.problem}")
            return []
        project = self.assemble("other", build)
        target = build.get("table", {}).get("target", "")
        change_tables(project, reference.change, reference.tables, target)
        # A run with the same results has them on other data too, whatever made it.
        equal = changes.same_results(rebuilt, reference.rebuilt)
        try:
            moved = self.make(project, build, reference.other_build, "claims", *equal)
        except UserError as error:
            return [f"{failed}: {error}"]
        if declared := sorted({*rebuilt.constant} - {*reference.rebuilt.constant}):
            self.result.notes.append(f"declared constant: {', '.join(declared)}")
        if names := changes.different_claims(rebuilt, reference.rebuilt):
            names = first_few(names, changes.NAMED, ", ")
            self.result.notes.append(f"different from your report: {names}")
        ours = reference.rebuilt, reference.on_other_data
        return changes.suspicious_claims(rebuilt, moved, *ours, typed)

    def check_runs(self, build, rebuilt):
        """Find runs with other results under the grader's code, or say why they failed.

        Runs that this code cannot make alone are made with the submission's additions.
        """
        records, trusted, failed = rebuilt.records, {}, "own runs not compared"
        for alone in (True, False):
            project = self.assemble_trusted(build, alone)
            try:
                made = self.make(project, build, self.reference.build, "runs", *trusted)
            except UserError as error:
                found = changes.different_results(records, trusted)
                return [*found, f"{failed}: {error}"]
            trusted = {run: it for run, it in made.records.items() if it} | trusted
            left = [run for run in records if records[run] and run not in trusted]
            if not left:
                break
        else:
            left = first_few(left, changes.NAMED, ", ")
            self.result.notes.append(f"{failed}: {left}")
        return changes.different_results(records, trusted)

    def assemble_trusted(self, build, alone):
        """Put the grader's code into the submission, `alone` or with its additions."""
        project = self.assemble("alone" if alone else "trusted", build)
        for part in changes.RUNNING:
            if alone:  # an added package would shadow the module of that name
                shutil.rmtree(project / part)
            code = self.reference.checkout / part
            shutil.copytree(code, project / part, dirs_exist_ok=True)
        optimisers = self.handed_in / changes.OPTIMISERS
        if not alone and optimisers.exists():
            shutil.copy(optimisers, project / changes.OPTIMISERS)
        return project

    def draw(self, report, numbers):
        """Draw pages of the report and of the rebuilt one; keep those that differ."""
        rebuilt = self.folder / "rebuilt.pdf"
        command = [*PYTHON, "helpers.pipeline.grading.pictures", report, rebuilt]
        checkout, visible = self.reference.checkout, [report, rebuilt]
        out = self.run(checkout, [*command, *numbers], visible=visible)
        return [page for page in read_pictures(out) if page[1] != page[2]]


def pages_to_draw(lines):
    """Return the numbers of pages that differ, at most `MOST_PICTURES`.

    Visible differences come first: a line such as ``page 3, links`` may show nothing.
    """
    matches = (ON_PAGE.match(line.what) for line in lines if line.wrong)
    pages = sorted(filter(None, matches), key=lambda page: bool(page[2]))
    return sorted([*dict.fromkeys(int(page[1]) for page in pages)][:MOST_PICTURES])


def with_code_noted(line):
    """Turn a difference in attached code that was not run into a mere note."""
    name = line.what.removeprefix("attached ")
    if name == line.what or line.verdict == HOLDS:
        return line
    blamed = counts(name) or name in (BUILD, "requirements.txt")
    return line if blamed else line._replace(verdict=NOTED)
