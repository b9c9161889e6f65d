"""Make everything again, and tell for each stated number whether it is reproduced."""

import argparse
import json
from pathlib import Path

from helpers.pipeline.command import aligned, checked_flag, run_command
from helpers.pipeline.verify.verdicts import HEADER, HOLDS
from helpers.pipeline.verify.verify import checked_tolerance, verify


def main():
    """Verify as the command line asks; status 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", help="a report; else the recorded results")
    parser.add_argument("--tolerance", help="relative; by default exact if possible")
    flag = {"nargs": "?", "const": "1", "default": "0"}
    parser.add_argument("--json", **flag, help="for a grading script")
    parser.add_argument("--rebuilt", type=Path, help="the report made again already")
    parser.add_argument("--beside", type=Path, help="what came with the PDF: a folder")
    asked = parser.parse_args()
    tolerance, as_json = (
        checked_tolerance(asked.tolerance),
        checked_flag("JSON", asked.json),
    )
    pdf = Path(asked.pdf) if asked.pdf else None
    lines = verify(pdf, tolerance, asked.rebuilt, asked.beside)
    wrong = sum(line.wrong for line in lines)
    if as_json:
        result = {"holds": not wrong, "checked": [line._asdict() for line in lines]}
        print(json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print_table(lines)
        print(f"{len(lines) - wrong} of {len(lines)} hold")
    return 1 if wrong else 0


def print_table(lines):
    """Print what was compared; of runs, pages and files, only what does not hold."""
    shown = [
        line
        for line in lines
        if line.verdict != HOLDS
        or not line.what.startswith(("run ", "page ", "attached "))
    ]
    shown.sort(key=lambda line: line.wrong)  # what is wrong last, where it is seen
    print("\n".join(aligned([HEADER, *(line.cells(48) for line in shown)])))


if __name__ == "__main__":
    run_command(main)
