"""Make everything anew, and say of each stated number whether it is reproduced."""

import math
import tempfile
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import UserError
from helpers.pipeline.records import TOLERANCE
from helpers.pipeline.report.evidence import RESULTS
from helpers.pipeline.verify.compare import (
    DIFFERS,
    HOLDS,
    NOTED,
    Line,
    compare_claims,
    compare_documents,
    compare_runs,
    compare_sources,
    renamed,
)
from helpers.pipeline.verify.reader import Carried, check_results, parse, read_pdf
from helpers.pipeline.verify.rebuild import build_report, copy_project


def checked_tolerance(given):
    """Return a tolerance as a number; None if none is given."""
    try:
        tolerance = None if given is None else float(given)
    except ValueError:
        tolerance = math.nan
    if tolerance is None or 0 <= tolerance < 1:
        return tolerance
    raise UserError(f"the tolerance must be a number from 0 to below 1, got {given!r}")


def verify(pdf=None, tolerance=None, made=None):
    """Reproduce the report in a folder of its own, and compare.

    Parameters
    ----------
    pdf : Path, optional
        A report: what it carries and prints is compared. Else it is what
        ``report/results.json`` has recorded.
    tolerance : float, optional
        Largest relative difference of numbers; printed decimals may then differ by
        one in their last place. By default nothing may differ if the report was made
        on a platform like this, else `TOLERANCE`.
    made : Path, optional
        The report that came of making it anew, where that has been done elsewhere.

    Returns
    -------
    list of Line
        Everything that was checked.

    Raises
    ------
    UserError
        If it could not be run.
    """
    carried = read_pdf(pdf) if pdf else Carried("", {}, {}, recorded(), [], [])
    again = read_pdf(made) if made else make_again(carried.build.get("title"))
    elsewhere = carried.results["platform"] != again.results["platform"]
    if tolerance is None:
        tolerance = TOLERANCE if elsewhere else 0.0
    lines = []
    if elsewhere:
        both = (side.results["platform"] for side in (carried, again))
        lines = [Line("platform", *map(str, both), math.nan, NOTED)]
        carried = renamed(carried, again)
    stated, reproduced = carried.results, again.results
    lines += compare_claims(stated["claims"], reproduced["claims"], tolerance)
    lines += compare_sources(stated)
    lines += compare_runs(stated["runs"], reproduced["runs"], tolerance)
    return lines + (compare_documents(carried, again, tolerance) if pdf else [])


def make_again(title):
    """Make the report anew in a folder of its own, and return what came of it."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = Path(folder, "copy")
        copy_project(copy)
        build_report(copy, {}, title)
        return read_pdf(copy / "report" / "report.pdf")


def compare_beside(folder, pdf):
    """Compare what the PDF carries with the files that were handed in with it."""
    carried = read_pdf(pdf, pages=False).files
    lines = []
    for name in (f"report/{RESULTS.name}", "experiments.yaml"):
        if (folder / name).exists():
            same = (folder / name).read_bytes() == carried.get(Path(name).name)
            verdict = HOLDS if same else DIFFERS
            lines.append(Line(name, "in the PDF", "beside it", math.nan, verdict))
    same = (ROOT / "requirements.txt").read_bytes() == carried.get("requirements.txt")
    verdict = HOLDS if same else DIFFERS
    return [*lines, Line("the lock", "in the PDF", "here", math.nan, verdict)]


def recorded():
    """Return the recorded results of this checkout."""
    if not RESULTS.exists():
        raise UserError(
            f"there is no {RESULTS.relative_to(ROOT)}: `make report` makes it"
        )
    name = str(RESULTS.relative_to(ROOT))
    results = parse(RESULTS.read_bytes(), name)
    check_results(results, name)
    return results
