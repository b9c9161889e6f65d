"""Make everything again, and tell for each stated number whether it is reproduced."""

import argparse
import json
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from helpers.pipeline.command import FLAG, aligned, checked_flag, run_command
from helpers.pipeline.records import TOLERANCE
from helpers.pipeline.verify import verdicts
from helpers.pipeline.verify.verify import checked_tolerance, verify

# How far what was compared is from the cause of a difference, see `Line.depth`.
KINDS = ["versions", "files", "runs", "claims", "pages", "parts of the document"]
FILES = KINDS.index("files")
DEPTH = attrgetter("depth")
MANY = 10  # differences that are summed up, if files differ
RELAXED = (
    " as far as they were compared: the platforms differ, so\n"
    f"numbers may differ by {TOLERANCE:g}, and pages by what cannot be seen; with "
    f"TOLERANCE={TOLERANCE:g}\nyou accept that"
)


def main():
    """Verify as the command line asks; return one of `verdicts.STATUSES`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", help="a report; else the recorded results")
    parser.add_argument("--html", help="a report as a page")
    parser.add_argument("--tolerance", help="relative; by default exact if possible")
    parser.add_argument("--json", **FLAG, help="for a grading script")
    parser.add_argument("--all", **FLAG, help="print also what holds")
    parser.add_argument("--rebuilt", type=Path, help="the report made again already")
    parser.add_argument("--beside", type=Path, help="what came with the PDF: a folder")
    asked = parser.parse_args()
    tolerance = checked_tolerance(asked.tolerance)
    as_json = checked_flag("JSON", asked.json)
    everything = checked_flag("ALL", asked.all)
    given = [Path(name) for name in (asked.pdf, asked.html) if name] or [None]
    lines = {}  # what is the same in a PDF and a page counts once
    for path in given:
        lines |= dict.fromkeys(verify(path, tolerance, asked.rebuilt, asked.beside))
    lines = [*lines]
    wrong = sum(line.wrong for line in lines)
    # What the report says of its platform may not make this less strict in silence.
    platforms = [line for line in lines if line.what == "platform"]
    relaxed = tolerance is None and bool(platforms)
    if as_json:
        result = {
            "holds": not wrong,
            "less_strict": relaxed,
            "checked": [line._asdict() for line in lines],
        }
        print(json.dumps(result, indent=1, allow_nan=False))
    else:
        print_table(lines, everything)
        print(f"{len(lines) - wrong} of {len(lines)} hold{RELAXED if relaxed else ''}")
    if wrong:
        return verdicts.WRONG
    return verdicts.LESS_STRICT if relaxed else verdicts.ALL_HOLD


def print_table(lines, everything=False):
    """Print what does not hold, the cause first; or everything that was compared.

    Where files differ, and much else with them, that is summed up.
    """
    shown = [line for line in lines if everything or line.wrong]
    shown.sort(key=DEPTH)
    causes = [line for line in shown if line.depth <= FILES]
    rest = shown[len(causes) :]
    summed_up = causes and len(rest) > MANY and not everything
    listed = causes if summed_up else shown
    if listed:
        rows = (line.cells() for line in listed)
        print("\n".join(aligned(verdicts.fit_to_terminal([verdicts.HEADER, *rows]))))
    for depth, those in groupby(rest if summed_up else (), key=DEPTH):
        found = (verdicts.ON_PAGE.sub(r"page \1", line.what) for line in those)
        names = [*dict.fromkeys(found)]  # a page may differ in several ways
        begin = f"and {KINDS[depth]} ({len(names)}): "
        print(begin + verdicts.readable(", ".join(names), verdicts.WIDTH - len(begin)))
    for line in lines:
        if line.verdict == verdicts.NOTED:
            print(f"{line.what}: {verdicts.readable(line.stated)}")
            print(f"{'here':>{len(line.what)}}: {verdicts.readable(line.reproduced)}")


if __name__ == "__main__":
    run_command(main)
