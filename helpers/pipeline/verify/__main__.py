"""Make everything anew, and say of each stated number whether it is reproduced."""

import argparse
import json
import math
from pathlib import Path

from helpers.pipeline.command import aligned, run_command
from helpers.pipeline.verify.compare import HOLDS, NOTED
from helpers.pipeline.verify.verify import checked_tolerance, compare_beside, verify


def main():
    """Verify as the command line asks; status 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", type=Path, help="a report; else the recorded results")
    parser.add_argument("--tolerance", help="relative; else exact if can be")
    parser.add_argument("--json", action="store_true", help="for a grading script")
    parser.add_argument("--made", type=Path, help="a report made elsewhere: compare it")
    parser.add_argument("--beside", type=Path, help="what came with the PDF: a folder")
    asked = parser.parse_args()
    tolerance = checked_tolerance(asked.tolerance)
    lines = verify(asked.pdf, tolerance, asked.made)
    if asked.beside:
        lines += compare_beside(asked.beside, asked.pdf)
    wrong = [line for line in lines if line.verdict not in (HOLDS, NOTED)]
    if asked.json:
        checked = [_without_nan(line._asdict()) for line in lines]
        told = {"holds": not wrong, "checked": checked}
        print(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print_table(lines)
        print(f"{len(lines) - len(wrong)} of {len(lines)} hold")
    return 1 if wrong else 0


def print_table(lines):
    """Print what was checked; of runs and pages, only those that do not hold."""
    shown = [
        line
        for line in lines
        if line.verdict != HOLDS or not line.what.startswith(("run ", "page "))
    ]
    table = [("claim", "stated", "reproduced", "difference", "verdict")]
    # What does not hold comes last, where it is seen.
    for line in sorted(shown, key=lambda line: line.verdict not in (HOLDS, NOTED)):
        gap = "" if math.isnan(line.difference) else f"{line.difference:.1e}"
        gap = "0" if line.difference == 0 else gap
        pair = (_cut(line.stated), _cut(line.reproduced))
        table.append((line.what, *pair, gap, line.verdict))
    print("\n".join(aligned(table)))


def _without_nan(line):
    """JSON has no word for a difference that is no number."""
    return line | ({"difference": None} if math.isnan(line["difference"]) else {})


def _cut(text, width=48):
    return text if len(text) <= width else text[: width - 1] + "…"


if __name__ == "__main__":
    run_command(main)
