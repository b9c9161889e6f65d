"""Make everything again, and tell whether each stated number is reproduced."""

import argparse
import json
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from helpers.pipeline.command import FLAG, aligned, checked_flag, run_command
from helpers.pipeline.records import TOLERANCE
from helpers.pipeline.verify import verdicts
from helpers.pipeline.verify.verify import checked_tolerance, verify

# The kinds of lines by their distance from the cause of a difference (`Line.depth`).
KINDS = ["versions", "files", "runs", "claims", "pages", "parts of the document"]
FILES = KINDS.index("files")
DEPTH = attrgetter("depth")
MANY = 10  # more differences than this are summed up if files differ
RELAXED = (
    " as far as they were compared: the platforms differ, so\n"
    f"numbers may differ by {TOLERANCE:g}, and pages by what the eye cannot see; "
    f"set\nTOLERANCE={TOLERANCE:g} to accept that"
)


def main():
    """Verify a report; return one of `verdicts.STATUSES`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", help="a report; by default the recorded results")
    parser.add_argument("--html", help="a report as a page")
    parser.add_argument("--tolerance", help="relative; by default exact if possible")
    parser.add_argument("--json", **FLAG, help="print JSON, for a script")
    parser.add_argument("--all", **FLAG, help="also print what holds")
    parser.add_argument("--rebuilt", type=Path, help="the report, already made again")
    parser.add_argument("--beside", type=Path, help="the folder that came with the PDF")
    options = parser.parse_args()
    tolerance = checked_tolerance(options.tolerance)
    as_json = checked_flag("JSON", options.json)
    everything = checked_flag("ALL", options.all)
    paths = [Path(name) for name in (options.pdf, options.html) if name] or [None]
    lines = {}  # a line that a PDF and a page share counts once
    for path in paths:
        lines |= dict.fromkeys(verify(path, tolerance, options.rebuilt, options.beside))
    lines = [*lines]
    wrong = sum(line.wrong for line in lines)
    # A report that claims another platform must not relax this silently.
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

    If files differ, and many other lines with them, the others are summed up.
    """
    selected = [line for line in lines if everything or line.wrong]
    selected.sort(key=DEPTH)
    causes = [line for line in selected if line.depth <= FILES]
    rest = selected[len(causes) :]
    summed_up = causes and len(rest) > MANY and not everything
    listed = causes if summed_up else selected
    if listed:
        rows = (line.cells() for line in listed)
        print("\n".join(aligned(verdicts.fit_to_terminal([verdicts.HEADER, *rows]))))
    for depth, group in groupby(rest if summed_up else (), key=DEPTH):
        names = (verdicts.ON_PAGE.sub(r"page \1", line.what) for line in group)
        names = [*dict.fromkeys(names)]  # a page may differ in several ways
        start = f"and {KINDS[depth]} ({len(names)}): "
        print(start + verdicts.readable(", ".join(names), verdicts.WIDTH - len(start)))
    for line in lines:
        if line.verdict == verdicts.NOTED:
            print(f"{line.what}: {verdicts.readable(line.stated)}")
            print(f"{'here':>{len(line.what)}}: {verdicts.readable(line.reproduced)}")


if __name__ == "__main__":
    run_command(main)
