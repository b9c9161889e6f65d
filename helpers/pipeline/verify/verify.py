"""Make everything again, and tell whether each stated number is reproduced."""

import math

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.records import TOLERANCE
from helpers.pipeline.report.datasets import require_table
from helpers.pipeline.report.evidence import RESULTS
from helpers.pipeline.report.paths import Paths, requested_report
from helpers.pipeline.report.title import parameters_of
from helpers.pipeline.verify.agreement import (
    compare_claims,
    compare_documents,
    compare_runs,
    compare_sources,
)
from helpers.pipeline.verify.reader import (
    ReadReport,
    read_pdf,
    read_results,
    reader_of,
)
from helpers.pipeline.verify.rebuild import rebuild
from helpers.pipeline.verify.rounding import roundings
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, NOTED, Line


def checked_tolerance(text):
    """Return a tolerance, given as text, as a number; None if there is none."""
    try:
        tolerance = float(text) if text else None
    except ValueError:
        tolerance = math.nan
    if tolerance is None or 0 <= tolerance < 1:
        return tolerance
    raise UserError(f"the tolerance must be a number from 0 to below 1, got {text!r}")


def verify(path=None, tolerance=None, rebuilt=None, beside=None):
    """Make the report again, and compare; return a `Line` for each item compared.

    For a PDF or a page, evidence and pages are compared; without a path, the recorded
    numbers of the requested report. The tolerance is the largest relative difference of
    numbers; printed numbers may then differ by the rounding. By default, it is
    `TOLERANCE` if the report was made on another platform, otherwise 0. The report is
    made now, unless its path `rebuilt` is given. The results in the folder `beside`,
    which came with it, must be those attached to it.
    """
    read = reader_of(path) if path else read_pdf
    stated = read(path) if path else ReadReport(_recorded())
    if not rebuilt:
        table = stated.build.get("table", {}) if path else None
        require_table(stated.build.get("report") or requested_report().name, table)
    reproduced = read(rebuilt) if rebuilt else rebuild(stated.build, read)
    lines = compare_reports(stated, reproduced, tolerance, pages=bool(path))
    return lines + (compare_beside(beside, stated) if beside else [])


def compare_reports(stated, reproduced, tolerance=None, *, pages=True):
    """Compare two reports, or only their results; see `verify`."""
    old, new = stated.results, reproduced.results
    platforms = old["platform"], new["platform"]
    lines = []
    if platforms[0] != platforms[1]:
        lines = [Line("platform", *map(str, platforms), None, NOTED)]
    if tolerance is None:
        tolerance = TOLERANCE if lines else 0.0
    pairs = roundings(old, new, tolerance)
    lines += compare_claims(old["claims"], new["claims"], tolerance, pairs)
    lines += compare_sources(old)
    lines += compare_runs(old["runs"], new["runs"], tolerance)
    if pages:
        lines += compare_documents(stated, reproduced, tolerance, pairs)
    return lines


def compare_beside(folder, report):
    """Compare the results in a report with the file that was handed in with it."""
    path = Paths(report.build.get("report") or requested_report().name, folder).results
    if not path.exists():
        return []
    verdict = HOLDS if path.read_bytes() == report.files.get(RESULTS) else DIFFERS
    return [Line(f"report/{path.name}", "in the report", "beside it", None, verdict)]


def _recorded():
    """Return the recorded results of this checkout."""
    path = requested_report().results
    parameters_of(requested_report().name)  # raises UserError if it is no report
    name = str(path.relative_to(ROOT))
    if not path.exists():
        raise UserError(f"there is no {name}: `make report` makes it")
    return read_results(path.read_bytes(), name)
