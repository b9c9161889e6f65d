"""Make a report: sweep, execute its notebook, set it as PDF and HTML."""

import contextlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from helpers import ROOT
from helpers.pipeline.command import checked_scheduler, checked_time_limit, system_error
from helpers.pipeline.environment import FORMATS
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write
from helpers.pipeline.kernels.audit import changed_files, file_stamp
from helpers.pipeline.kernels.warm import CAN_FORK, warm_kernels
from helpers.pipeline.records import read_record
from helpers.pipeline.report.claims import MAGICS
from helpers.pipeline.report.datasets import (
    requested_table,
    table_summary,
    with_remembered_hint,
)
from helpers.pipeline.report.drawing import BESIDE
from helpers.pipeline.report.evidence import RESULTS, attachments
from helpers.pipeline.report.paths import ASSIGNMENT, relevant_files, requested_report
from helpers.pipeline.report.revision import changed, revision
from helpers.pipeline.report.title import given_table, title_block
from helpers.pipeline.sweep.executed import with_magic_hint
from helpers.pipeline.sweep.experiments import experiments_of
from helpers.pipeline.sweep.inputs import modules_used_by, why_outside
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import FailedRunsError, sweep


def report(*, with_pdf=True, with_page=True):
    """Write the report that is asked for; an older one stays until this one is done."""
    paths = requested_report()
    build = paths.executed.parent
    try:
        build.mkdir(exist_ok=True)
        with one_at_a_time(build / "report.lock"), ThreadPoolExecutor(1) as thread:
            make_report(paths, with_pdf, with_page, thread)
    except OSError as error:
        if reason := system_error(error):
            raise UserError(f"the report cannot be written: {reason}") from None
        raise


@contextlib.contextmanager
def one_at_a_time(path):
    """Wait until no other process holds the lock: both would write the same files."""
    import fcntl

    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another `make report`", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_report(paths, with_pdf, with_page, thread):
    """Sweep, execute the report's notebook and set it, in a locked ``build``.

    `thread` is an executor for what can be done meanwhile.
    """
    title, table = title_block(with_pdf=with_pdf), given_table(paths.name)
    time_limit = checked_time_limit(os.environ.get("TIME_LIMIT") or "600")
    scheduler = checked_scheduler(os.environ.get("SCHEDULER", ""))
    experiments = experiments_of(paths.name)
    now, plan, before = revision(), make_plan(experiments), stamps()
    own = requested_table(paths.name, table)
    if own and (why := why_outside(own["data"])):
        print(f"note: {why}", file=sys.stderr, flush=True)
    behind = partial(modules_used_by, paths.name)
    if not with_page:  # to verify a PDF, in a folder that is removed
        os.environ[FORMATS] = "pdf"
    with warm_kernels(modules_for(plan) or behind(), later=behind):
        # Imported while the forkserver imports its modules, which takes as long.
        from helpers.pipeline.report.page import to_html
        from helpers.pipeline.report.pdf import compile_preamble
        from helpers.pipeline.report.typeset import cell_of, note_of_printed, title_of

        failed = None
        try:
            if plan.runs:
                sweep(plan, scheduler, time_limit)
        except FailedRunsError as error:
            failed = error
        preamble = with_pdf and thread.submit(compile_preamble, paths.tex)
        name = paths.notebook.relative_to(ROOT)
        print(f"executing {name}", file=sys.stderr, flush=True)
        if CAN_FORK:
            os.environ[BESIDE] = "1"
        try:
            notebook = execute_report(title | table, time_limit, paths)
        except UserError as error:
            error = with_remembered_hint(str(error), paths.name)
            if failed:  # the text may rest on it
                raise UserError(f"{failed}; then the report: {error}") from None
            raise UserError(error) from None
        if failed:
            print(f"the report lists as failed: {failed}", file=sys.stderr, flush=True)
    if note := note_of_printed(notebook):
        print(note, file=sys.stderr, flush=True)
    recorded = read_record(paths.executed)
    claims = recorded.get("claims")
    if not isinstance(claims, dict):
        raise UserError(
            f"{name} records no claims: its last cell must be record(claims=…)"
        )
    made_for = {"title": title_of(notebook), "report": paths.name, "table": table}
    attached = attachments(claims, made_for, now, experiments)
    print("setting the pages", file=sys.stderr, flush=True)
    try:
        page = with_page and thread.submit(to_html, notebook, attached, now)
        made = {}
        if with_pdf:
            given = notebook, attached, now, paths.tex, preamble.result
            made[paths.pdf] = print_report(*given)
        if with_page:
            made[paths.html] = page.result().encode()
    except UserError as error:
        where = cell_of(str(error), notebook)
        raise UserError(f"{error} ({where})" if where else error) from None
    if revision() != now:
        names = sorted(changed_files(before, stamps()))
        found = ", ".join(names) or "the commit, or a file"
        raise UserError(f"changed while the report was made: {found}: make report")
    with contextlib.ExitStack() as all_or_none:
        for path, content in {**made, paths.results: attached[RESULTS]}.items():
            # Results that are the same keep their date.
            if path in made or not path.exists() or path.read_bytes() != content:
                all_or_none.enter_context(atomic_write(path)).write_bytes(content)
    names = " and ".join(str(path.relative_to(ROOT)) for path in made)
    of = table_summary(own, recorded)
    print(f"made: {names}, for {title_of(notebook)['student']}{of and f', of {of}'}")


def stamps():
    """Return when each file that differs from the commit was changed, and its size."""
    return {
        name: file_stamp(ROOT / name)
        for name in relevant_files(requested_report().name, changed())
    }


def print_report(notebook, attached, now, folder, preamble=None):
    """Return the bytes of an executed report's PDF; see `to_latex` and `to_pdf`.

    `preamble` waits for `compile_preamble` and returns what it does; without it, the
    preamble is compiled here.
    """
    from helpers.pipeline.report.pdf import compile_preamble, to_pdf
    from helpers.pipeline.report.typeset import to_latex

    latex, files = to_latex(notebook, attached)
    name = preamble() if preamble else compile_preamble(folder)
    return to_pdf(latex, files, folder, name, now.time).read_bytes()


def execute_report(given, time_limit, paths=ASSIGNMENT):
    """Execute the notebook of a report, also into ``build``, and return it.

    `given` are some of its parameters. UserError if a cell raises; the written notebook
    has the error on top.
    """
    import nbformat

    from helpers.pipeline.sweep.execute import execute

    os.environ["JPY_SESSION_NAME"] = str(paths.notebook)  # as JupyterLab does
    done = execute(paths.name, given, time_limit=time_limit)
    paths.executed.write_text(done.notebook, encoding="utf-8")
    if done.error:
        where = f"{paths.executed.relative_to(ROOT)}, {done.cell}".rstrip(", ")
        error = with_magic_hint(done.error, MAGICS)
        raise UserError(f"{error} (see {where})")
    return nbformat.reads(done.notebook, as_version=4)
