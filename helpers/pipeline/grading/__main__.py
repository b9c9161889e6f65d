"""Verify everything that a class has handed in."""

import argparse
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import aligned, checked_time_limit, run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.gradebook import GRADES, HEADER, write_gradebook
from helpers.pipeline.grading.pool import grade_all
from helpers.pipeline.grading.sandbox import Limits, walls_work
from helpers.pipeline.grading.unpack import GRADED, handed_in
from helpers.pipeline.report.title import given_table
from helpers.pipeline.verify.verdicts import readable
from helpers.pipeline.verify.verify import checked_tolerance

# What the terminal shows of the table, and how many letters of each.
PRINTED, WIDTH = ("submission", "verdict", "suspicious", "why"), 50
COLUMNS = [*map(HEADER.index, PRINTED)]


def main():
    """Grade as the command line asks; status 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("submissions", help="a folder of zips and folders")
    parser.add_argument("--tolerance", help="relative; see verify")
    parser.add_argument("--time-limit", default="600", help="seconds each")
    parser.add_argument("--walls", default="", help="none: without bubblewrap")
    asked = parser.parse_args()
    if not asked.submissions:
        raise UserError("name the folder of what is handed in: SUBMISSIONS=folder")
    if asked.walls not in ("", "none"):
        raise UserError(f"WALLS must be none, or not be given, got {asked.walls!r}")
    walled = not asked.walls
    submissions = handed_in(Path(asked.submissions))
    given_table(GRADED.name)  # says if it is no report
    tolerance = checked_tolerance(asked.tolerance)
    limits = Limits(seconds=checked_time_limit(asked.time_limit))
    if walled and not walls_work():
        raise UserError(
            "what is handed in is only run behind walls, and bubblewrap is not there, "
            "or may not work here: apt-get install bubblewrap; WALLS=none runs it "
            "without, and it can then read your files and use the network"
        )
    grades = []
    try:
        for grade in grade_all(submissions, limits, tolerance, walled):
            grades.append(grade)
            done = f"{len(grades)} of {len(submissions)}"
            print(f"{done}: {readable(grade.name)}: {grade.verdict}", flush=True)
    finally:  # also of what was done before an interruption
        grades.sort(key=lambda grade: grade.name)
        if grades:
            write_gradebook(GRADES, grades)
            table = [[grade.cells[k] for k in COLUMNS] for grade in grades]
            table = [[readable(it, WIDTH) for it in row] for row in (PRINTED, *table)]
            print("\n".join(["", *aligned(table), ""]))
            where = f"{GRADES.relative_to(ROOT)}/index.html and grades.csv"
            print(f"written: {where}", flush=True)
    return 0 if all(grade.fine for grade in grades) else 1


if __name__ == "__main__":
    run_command(main)
