"""Make everything anew, and say of each stated number whether it is reproduced."""

import argparse
import json
import math
import tempfile
from pathlib import Path

from helpers.data import ROOT
from helpers.pipeline.carried import check_results, parse, read_pdf
from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.compare import (
    HOLDS,
    compare_claims,
    compare_documents,
    compare_runs,
)
from helpers.pipeline.elsewhere import build_report, copy_project
from helpers.pipeline.evidence import RESULTS, here

TOLERANCE = 1e-9  # relative, where the platform is another one


def main():
    """Verify as the command line asks; status 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", type=Path, help="a report; else the recorded results")
    parser.add_argument(
        "--tolerance", type=float, help="relative; else exact if can be"
    )
    parser.add_argument("--json", action="store_true", help="for a grading script")
    asked = parser.parse_args()
    lines = verify(asked.pdf, asked.tolerance)
    wrong = [line for line in lines if line.verdict != HOLDS]
    if asked.json:
        checked = [_without_nan(line._asdict()) for line in lines]
        told = {"holds": not wrong, "checked": checked}
        print(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print_table(lines)
        print(f"{len(lines) - len(wrong)} of {len(lines)} hold")
    return 1 if wrong else 0


def verify(pdf=None, tolerance=None):
    """Reproduce the report in a folder of its own, and compare.

    Parameters
    ----------
    pdf : Path, optional
        A report: what it carries and prints is compared. Else it is what
        ``report/results.json`` has recorded.
    tolerance : float, optional
        Largest relative difference of numbers. By default none is allowed if the
        report was made on a platform like this, else `TOLERANCE`.

    Returns
    -------
    list of Line
        Everything that was checked.

    Raises
    ------
    UserError
        If it could not be run.
    """
    carried = read_pdf(pdf) if pdf else None
    stated = carried.results if carried else recorded()
    build = carried.build if carried else {}
    if tolerance is None:
        same = build.get("platform", here()) == here()
        tolerance = 0.0 if same else TOLERANCE
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = Path(folder, "copy")
        copy_project(copy)
        build_report(copy, {}, build.get("title"))
        made = read_pdf(copy / "report" / "report.pdf")
    lines = compare_claims(stated["claims"], made.results["claims"], tolerance)
    lines += compare_runs(stated["runs"], made.results["runs"], tolerance)
    return lines + (compare_documents(carried, made, tolerance) if carried else [])


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


def print_table(lines):
    """Print what was checked; of runs and pages, only those that do not hold."""
    shown = [
        line
        for line in lines
        if line.verdict != HOLDS or not line.what.startswith(("run ", "page "))
    ]
    table = [("claim", "stated", "reproduced", "difference", "verdict")]
    for line in shown:
        gap = "" if math.isnan(line.difference) else f"{line.difference:.1e}"
        gap = "0" if line.difference == 0 else gap
        pair = (_cut(line.stated), _cut(line.reproduced))
        table.append((line.what, *pair, gap, line.verdict))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(map(str.ljust, row, widths)).rstrip())


def _without_nan(line):
    """JSON has no word for a difference that is no number."""
    return line | ({"difference": None} if math.isnan(line["difference"]) else {})


def _cut(text, width=48):
    return text if len(text) <= width else text[: width - 1] + "…"


if __name__ == "__main__":
    run_command(main)
