"""Verify all submissions of a class."""

import argparse
from pathlib import Path

from helpers import ROOT
from helpers.pipeline.command import aligned, checked_time_limit, run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.gradebook import GRADES, HEADER, write_gradebook
from helpers.pipeline.grading.pool import grade_all
from helpers.pipeline.grading.sandbox import Limits, walls_work
from helpers.pipeline.grading.unpack import GRADED, submissions_in
from helpers.pipeline.report.title import table_from_environment
from helpers.pipeline.verify.verdicts import readable
from helpers.pipeline.verify.verify import checked_tolerance

# The columns of the table in the terminal, and their greatest width in characters.
PRINTED, WIDTH = ("submission", "verdict", "suspicious", "why"), 50
COLUMNS = [*map(HEADER.index, PRINTED)]


def main():
    """Grade all submissions; return status 1 if one of them should be looked at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("submissions", help="a folder with zips and folders")
    parser.add_argument("--tolerance", help="relative, as for verify")
    parser.add_argument("--time-limit", default="600", help="seconds for each")
    parser.add_argument("--walls", default="", help="none: run without bubblewrap")
    options = parser.parse_args()
    if not options.submissions:
        raise UserError("name the folder of the submissions: SUBMISSIONS=folder")
    if options.walls not in ("", "none"):
        raise UserError(f"WALLS must be none or left out, got {options.walls!r}")
    walled = not options.walls
    submissions = submissions_in(Path(options.submissions))
    table_from_environment(GRADED.name)  # raises UserError if it is no report
    tolerance = checked_tolerance(options.tolerance)
    limits = Limits(seconds=checked_time_limit(options.time_limit))
    if walled and not walls_work():
        raise UserError(
            "submissions run inside bubblewrap, which is not installed or does not "
            "work here: apt-get install bubblewrap; WALLS=none runs them without it, "
            "but they can then read your files and use the network"
        )
    grades = []
    try:
        for grade in grade_all(submissions, limits, tolerance, walled):
            grades.append(grade)
            progress = f"{len(grades)} of {len(submissions)}"
            print(f"{progress}: {readable(grade.name)}: {grade.verdict}", flush=True)
    finally:  # after an interruption, write what was graded before
        grades.sort(key=lambda grade: grade.name)
        if grades:
            write_gradebook(GRADES, grades)
            table = [[grade.cells[k] for k in COLUMNS] for grade in grades]
            table = [[readable(it, WIDTH) for it in row] for row in (PRINTED, *table)]
            print("\n".join(["", *aligned(table), ""]))
            folder = GRADES.relative_to(ROOT)
            print(f"written: {folder}/index.html and grades.csv", flush=True)
    return 0 if all(grade.fine for grade in grades) else 1


if __name__ == "__main__":
    run_command(main)
