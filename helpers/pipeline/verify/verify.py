"""Make everything again, and tell for each stated number whether it is reproduced."""

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


def checked_tolerance(given):
    """Return a tolerance, as it was typed, as a number; None if none is given."""
    try:
        tolerance = float(given) if given else None
    except ValueError:
        tolerance = math.nan
    if tolerance is None or 0 <= tolerance < 1:
        return tolerance
    raise UserError(f"the tolerance must be a number from 0 to below 1, got {given!r}")


def verify(path=None, tolerance=None, rebuilt=None, beside=None):
    """Make the report again, and compare; return a `Line` for each thing compared.

    Of a PDF or a page, evidence and pages are compared; without a path, the recorded
    numbers of the report that is asked for. The tolerance is the largest relative
    difference of numbers, and a claim may then be printed as its value here is rounded;
    by default it is `TOLERANCE` if the report was made on another platform, else 0.
    The report is made now, unless it was `rebuilt` already; the results in the folder
    `beside`, which came with it, must be those attached to it.
    """
    read = reader_of(path) if path else read_pdf
    stated = read(path) if path else ReadReport(_recorded())
    if not rebuilt:
        table = stated.build.get("table", {}) if path else None
        require_table(stated.build.get("report") or requested_report().name, table)
    again = read(rebuilt) if rebuilt else rebuild(stated.build, read)
    lines = compare_reports(stated, again, tolerance, pages=bool(path))
    return lines + (compare_beside(beside, stated) if beside else [])


def compare_reports(stated, again, tolerance=None, *, pages=True):
    """Compare two reports, or only their results; see `verify`."""
    results, reproduced = stated.results, again.results
    platforms = results["platform"], reproduced["platform"]
    lines = []
    if platforms[0] != platforms[1]:
        lines = [Line("platform", *map(str, platforms), None, NOTED)]
    if tolerance is None:
        tolerance = TOLERANCE if lines else 0.0
    pairs = roundings(results, reproduced, tolerance)
    lines += compare_claims(results["claims"], reproduced["claims"], tolerance, pairs)
    lines += compare_sources(results)
    lines += compare_runs(results["runs"], reproduced["runs"], tolerance)
    if pages:
        lines += compare_documents(stated, again, tolerance, pairs)
    return lines


def compare_beside(folder, report):
    """Compare a report's results with those that were handed in together with it."""
    path = Paths(report.build.get("report") or requested_report().name, folder).results
    if not path.exists():
        return []
    verdict = HOLDS if path.read_bytes() == report.files.get(RESULTS) else DIFFERS
    return [Line(f"report/{path.name}", "in the report", "beside it", None, verdict)]


def _recorded():
    """Return the recorded results of this checkout."""
    path = requested_report().results
    parameters_of(requested_report().name)  # says what is no report
    name = str(path.relative_to(ROOT))
    if not path.exists():
        raise UserError(f"there is no {name}: `make report` makes it")
    return read_results(path.read_bytes(), name)
