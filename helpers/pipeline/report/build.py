"""Make a report: run its experiments, execute its notebook, and write PDF and HTML."""

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
from helpers.pipeline.report.drawing import IN_BACKGROUND
from helpers.pipeline.report.evidence import RESULTS, attachments
from helpers.pipeline.report.paths import ASSIGNMENT, relevant_files, requested_report
from helpers.pipeline.report.revision import changed_since_commit, revision
from helpers.pipeline.report.title import table_from_environment, title_block
from helpers.pipeline.sweep.executed import with_magic_hint
from helpers.pipeline.sweep.experiments import experiments_of
from helpers.pipeline.sweep.inputs import explain_outside, modules_used_by
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import FailedRunsError, sweep


def report(*, with_pdf=True, with_page=True):
    """Write the requested report; an older one stays in place until this is done."""
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
    """Wait for any process that holds the lock: both would write the same files."""
    import fcntl

    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another `make report`", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_report(paths, with_pdf, with_page, thread):
    """Run the experiments, execute the notebook and write the report; needs the lock.

    `thread` is an executor for work that can be done at the same time.
    """
    title, table = title_block(with_pdf=with_pdf), table_from_environment(paths.name)
    time_limit = checked_time_limit(os.environ.get("TIME_LIMIT") or "600")
    scheduler = checked_scheduler(os.environ.get("SCHEDULER", ""))
    experiments = experiments_of(paths.name)
    version, plan, stamps_before = revision(), make_plan(experiments), stamps()
    data_table = requested_table(paths.name, table)
    if data_table and (why := explain_outside(data_table["data"])):
        print(f"note: {why}", file=sys.stderr, flush=True)
    report_modules = partial(modules_used_by, paths.name)
    if not with_page:  # to verify a PDF, in a folder that is removed
        os.environ[FORMATS] = "pdf"
    with warm_kernels(modules_for(plan) or report_modules(), later=report_modules):
        # Import these while the forkserver imports its modules, which takes as long.
        from helpers.pipeline.report.page import to_html
        from helpers.pipeline.report.pdf import compile_preamble
        from helpers.pipeline.report.typeset import title_of, unpublished_text_note

        failed = run_experiments(plan, scheduler, time_limit)
        preamble = with_pdf and thread.submit(compile_preamble, paths.tex)
        if CAN_FORK:
            os.environ[IN_BACKGROUND] = "1"
        notebook = execute_on_runs(title | table, time_limit, paths, failed)
    if note := unpublished_text_note(notebook):
        print(note, file=sys.stderr, flush=True)
    recorded = read_record(paths.executed)
    claims = recorded.get("claims")
    if not isinstance(claims, dict):
        name = paths.notebook.relative_to(ROOT)
        raise UserError(
            f"{name} records no claims: its last cell must be record(claims=…)"
        )
    heading = title_of(notebook)
    made_for = {"title": heading, "report": paths.name, "table": table}
    attached = attachments(claims, made_for, version, experiments)
    print("typesetting the report", file=sys.stderr, flush=True)
    page = with_page and thread.submit(to_html, notebook, attached, version)
    outputs = {}
    with errors_at_cells(notebook):
        if with_pdf:
            arguments = notebook, attached, version, paths.tex, preamble.result
            outputs[paths.pdf] = print_report(*arguments)
        if with_page:
            outputs[paths.html] = page.result().encode()
    if revision() != version:
        names = sorted(changed_files(stamps_before, stamps()))
        files = ", ".join(names) or "the commit or a file"
        raise UserError(f"{files} changed in the meantime; run make report again")
    write_all(outputs, paths.results, attached[RESULTS])
    names = " and ".join(str(path.relative_to(ROOT)) for path in outputs)
    summary = table_summary(data_table, recorded)
    print(f"made {names} for {heading['student']}{summary and f', on {summary}'}")


def run_experiments(plan, scheduler, time_limit):
    """Run what is missing; return the error that names the failed runs, if any."""
    try:
        if plan.runs:
            sweep(plan, scheduler, time_limit)
    except FailedRunsError as error:
        return error
    return None


def execute_on_runs(parameters, time_limit, paths, failed):
    """Execute the report's notebook; an error also names the runs that `failed`."""
    name = paths.notebook.relative_to(ROOT)
    print(f"executing {name}", file=sys.stderr, flush=True)
    try:
        notebook = execute_report(parameters, time_limit, paths)
    except UserError as error:
        error = with_remembered_hint(str(error), paths.name)
        cause = f"{failed}; then the report: " if failed else ""
        raise UserError(f"{cause}{error}") from None
    if failed:
        print(f"{failed} (the report says so)", file=sys.stderr, flush=True)
    return notebook


@contextlib.contextmanager
def errors_at_cells(notebook):
    """Add to a UserError the cells of the notebook that it is about."""
    from helpers.pipeline.report.typeset import cell_of

    try:
        yield
    except UserError as error:
        where = cell_of(str(error), notebook)
        raise UserError(f"{error} ({where})" if where else error) from None


def write_all(outputs, results_path, results):
    """Write the PDF and the page, and the results if they have changed; all or none."""
    contents = dict(outputs)
    if not results_path.exists() or results_path.read_bytes() != results:
        contents[results_path] = results
    with contextlib.ExitStack() as all_or_none:
        for path, content in contents.items():
            all_or_none.enter_context(atomic_write(path)).write_bytes(content)


def stamps():
    """Return the time stamp and size of each file that differs from the commit."""
    return {
        name: file_stamp(ROOT / name)
        for name in relevant_files(requested_report().name, changed_since_commit())
    }


def print_report(notebook, attached, version, folder, preamble=None):
    """Return the bytes of an executed report's PDF; see `to_latex` and `to_pdf`.

    `preamble` is called for the result of `compile_preamble`; without it, the preamble
    is compiled here.
    """
    from helpers.pipeline.report.pdf import compile_preamble, to_pdf
    from helpers.pipeline.report.typeset import to_latex

    latex, files = to_latex(notebook, attached)
    name = preamble() if preamble else compile_preamble(folder)
    return to_pdf(latex, files, folder, name, version.time).read_bytes()


def execute_report(parameters, time_limit, paths=ASSIGNMENT):
    """Execute the notebook of a report, write it to ``build``, and return it.

    `parameters` replace the notebook's own. Raises UserError if a cell fails; the
    written notebook then has the error on top.
    """
    import nbformat

    from helpers.pipeline.sweep.execute import execute

    os.environ["JPY_SESSION_NAME"] = str(paths.notebook)  # as JupyterLab does
    result = execute(paths.name, parameters, time_limit=time_limit)
    paths.executed.write_text(result.notebook, encoding="utf-8")
    if result.error:
        where = f"{paths.executed.relative_to(ROOT)}, {result.cell}".rstrip(", ")
        error = with_magic_hint(result.error, MAGICS)
        raise UserError(f"{error} (see {where})")
    return nbformat.reads(result.notebook, as_version=4)
