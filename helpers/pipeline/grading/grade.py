"""Grade one submission.

It is made again by this checkout's own pipeline, from the submission's notebooks,
helpers, data and grid, and compared with the report that came with it. It is made once
more on other data, and its grid with this checkout's code.
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
    INSIDE,
    KEPT,
    LENT,
    PYTHON,
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
PICTURES = 8  # pages that differ, at most


def grade(path, own, limits, tolerance, walled):
    """Grade one submission, a zip or a folder.

    The time of the `limits` is for all that it runs. `own` is what came of this
    checkout, `walled` whether there are walls; for `tolerance` see
    `helpers.pipeline.verify.verify`.
    """
    with tempfile.TemporaryDirectory(prefix="submission-") as folder:
        grading = Grading(path, Path(folder), own, limits, tolerance, walled)
        found = grading.found
        try:
            grading.grade(path)
        except UserError as error:
            problem = str(error).replace(f"{grading.handed_in}/", "")
            found.problem = f"{problem}{other_version(grading.commit)}"
        except Exception as error:  # whatever it is, the others are graded
            found.problem = f"{type(error).__name__}: {error}"
        found.seconds = time.monotonic() - grading.started
        return found


def other_version(commit):
    """Return what to do if a report is of another commit of this checkout, else ""."""
    now, name = revision().commit, f"{commit}^{{commit}}"
    known = git("rev-parse", "--verify", "--end-of-options", name)
    if commit in ("", now) or not known:
        return ""
    made = f"it was made from commit {commit[:12]}, this checkout is {now[:12]}"
    return f"; {made}: grade it with {commit[:12]}"


class Grading:
    """One submission that is being graded; `found` is what is known of it by now."""

    def __init__(self, path, folder, own, limits, tolerance, walled):
        self.folder, self.own = folder, own
        self.limits, self.tolerance, self.walled = limits, tolerance, walled
        self.handed_in = folder / "handed-in"
        self.started, self.found = time.monotonic(), Grade(path.name)
        self.commit = ""

    def run(self, folder, command, fine=(0,), **options):
        """Run a program that is not trusted, and return its output."""
        options |= {"walled": self.walled, "started": self.started}
        command = list(map(str, command))
        return run_confined(command, folder, self.limits, **options).output(fine)

    def grade(self, path):
        """Find out all that there is to say."""
        unpack(path, self.handed_in)
        report, trusted = Paths(GRADED.name, self.handed_in).pdf, self.own.checkout
        self.found.pdf = report.read_bytes()
        command = [*PYTHON, "helpers.pipeline.verify.reader", report]
        build = read_build(self.run(trusted, command, shown=[report]), OUT)
        self.found.student = build["title"]["student"]
        self.commit = build["commit"]
        right, theirs = self.own.sources, changes.sources_in(self.handed_in)
        changed = changes.compare_files(right, theirs, self.folder / "texts", self.run)
        suspicious = changes.changed_data(changed)
        suspicious += changes.typed_in_prose(right, theirs)
        self.found.changed, self.found.suspicious = changed, suspicious
        project = self.assemble("project", build)
        runs, claims = changes.reach_of(changed, right, theirs)
        lines = []
        if not claims:
            with contextlib.suppress(UserError):  # which executing it will say better
                made = self.make(project, build, self.own.known, "texts")
                lines = self.compare(made)
        if not lines or any(line.wrong for line in lines):
            made = self.make(project, build, self.own.known, "report")
            lines = self.compare(made)
        self.found.lines = lines
        if runs:
            suspicious += self.check_runs(build, made)
        if claims:
            suspicious += self.check_claims(build, made, changes.typed_numbers(changed))
        if numbers := pages_to_draw(lines):
            with contextlib.suppress(UserError):  # what differs is said in words
                self.found.pictures = self.draw(report, numbers)

    def assemble(self, name, build):
        """Put together the grader's pipeline and the submission, in a new folder.

        The project is of the version that the submitted report states in its `build`.
        """
        project, trusted = self.folder / name, self.own.checkout
        shutil.copytree(trusted, project)
        for path in sorted(project.rglob("*")):
            file = path.relative_to(project).as_posix()
            if path.is_file() and counts(file) and file not in LENT:
                path.unlink()
        shutil.copytree(self.handed_in, project, dirs_exist_ok=True)
        paths = Paths(GRADED.name, project)
        for made in (paths.pdf, paths.html, paths.results):  # which it is to make
            made.unlink(missing_ok=True)
        version = [build[name] for name in Revision._fields]
        (project / COMMIT.name).write_text(json.dumps(version))
        return project

    def make(self, project, build, known, what, *same):
        """Make a project as its report says; see `grading.sandboxed`."""
        given = environment_of(project, build["title"] | build.get("table", {}))
        given["PYTHONPATH"] = str(self.own.checkout)
        command = [*INSIDE, what, known, *same]
        shown = [*filter(Path.exists, (known / name for name in KEPT[what]))]
        shown.append(self.own.checkout / "helpers")
        return read_rebuilt(self.run(project, command, shown=shown, environment=given))

    def compare(self, made):
        """Compare the PDF, and the page if there is one, with those made again."""
        lines = self.compare_file("--pdf", PDF, made.pdf)
        if (self.handed_in / PAGE).exists():
            try:
                for line in self.compare_file("--html", PAGE, made.html):
                    # What only the page says, as it is of another build than the PDF.
                    of = f" of {PAGE}" if line.wrong and line.depth == 0 else ""
                    lines.append(line._replace(what=f"{line.what}{of}"))
            except UserError as error:
                lines.append(Line(PAGE, str(error), "made again", None, DIFFERS))
        return [*dict.fromkeys(lines)]  # what is the same in both counts once

    def compare_file(self, option, name, content):
        """Compare a file that was handed in with what was made again."""
        rebuilt = (self.folder / "rebuilt").with_suffix(Path(name).suffix)
        rebuilt.write_bytes(content)
        command = [*PYTHON, "helpers.pipeline.verify", "--json"]
        command += [option, self.handed_in / name]
        command += ["--rebuilt", rebuilt, "--beside", self.handed_in]
        if self.tolerance is not None:
            command += ["--tolerance", self.tolerance]
        shown = [self.handed_in, rebuilt]
        out = self.run(self.own.checkout, command, fine=COMPARED, shown=shown)
        return [with_code_noted(line) for line in read_lines(out)]

    def check_claims(self, build, made, typed):
        """Find the claims that do not move with the data, or why that is not known."""
        own, failed = self.own, "numbers on other data not compared"
        if own.problem:  # of which the submission is innocent
            self.found.notes.append(f"{failed}: {own.problem}")
            return []
        project = self.assemble("other", build)
        target = build.get("table", {}).get("target", "")
        change_tables(project, own.change, own.tables, target)
        # A run with the same results has them on other data too, whatever made it.
        same = changes.same_results(made, own.made)
        try:
            other = self.make(project, build, own.other_known, "claims", *same)
        except UserError as error:
            return [f"{failed}: {error}"]
        if declared := sorted({*made.constant} - {*own.made.constant}):
            constant = ", ".join(declared)
            self.found.notes.append(f"said to be constant: {constant}")
        if unlike := changes.other_claims(made, own.made):
            named = first_few(unlike, changes.NAMED, ", ")
            self.found.notes.append(f"other than in your report: {named}")
        return changes.suspicious_claims(made, other, own.made, own.other, typed)

    def check_runs(self, build, made):
        """Find the runs that the grader's code makes otherwise, or why it could not.

        What it cannot make alone, it makes with what the submission adds to it.
        """
        own, trusted, failed = made.records, {}, "own runs not compared"
        for alone in (True, False):
            project = self.assemble_trusted(build, alone)
            try:
                again = self.make(project, build, self.own.known, "runs", *trusted)
            except UserError as error:
                return [*changes.other_results(own, trusted), f"{failed}: {error}"]
            trusted = {run: it for run, it in again.records.items() if it} | trusted
            left = [run for run in own if own[run] and run not in trusted]
            if not left:
                break
        else:
            self.found.notes.append(f"{failed}: {first_few(left, changes.NAMED, ', ')}")
        return changes.other_results(own, trusted)

    def assemble_trusted(self, build, alone):
        """Put together the grader's code, `alone` or with what is added to it."""
        project = self.assemble("alone" if alone else "trusted", build)
        for part in changes.RUNNING:
            if alone:  # a package that was added would come before a module
                shutil.rmtree(project / part)
            code = self.own.checkout / part
            shutil.copytree(code, project / part, dirs_exist_ok=True)
        optimisers = self.handed_in / changes.OPTIMISERS
        if not alone and optimisers.exists():
            shutil.copy(optimisers, project / changes.OPTIMISERS)
        return project

    def draw(self, report, numbers):
        """Draw pages of the report, and of the one that was made again."""
        rebuilt = self.folder / "rebuilt.pdf"
        command = [*PYTHON, "helpers.pipeline.grading.pictures", report, rebuilt]
        out = self.run(self.own.checkout, [*command, *numbers], shown=[report, rebuilt])
        return [it for it in read_pictures(out) if it[1] != it[2]]


def pages_to_draw(lines):
    """Return the numbers of pages that differ; if these are many, of those one sees.

    A line such as ``page 3, links`` is about what need not be seen.
    """
    found = (ON_PAGE.match(line.what) for line in lines if line.wrong)
    seen_first = sorted(filter(None, found), key=lambda page: bool(page[2]))
    return sorted([*dict.fromkeys(int(page[1]) for page in seen_first)][:PICTURES])


def with_code_noted(line):
    """Note, and do not blame, attached code in whose place the grader's own was run."""
    name = line.what.removeprefix("attached ")
    if name == line.what or line.verdict == HOLDS:
        return line
    blamed = counts(name) or name in (BUILD, "requirements.txt")
    return line if blamed else line._replace(verdict=NOTED)
