"""Show what changed between two reports: ``build/compare.html``, and a table."""

import argparse

from helpers import ROOT
from helpers.pipeline.command import aligned, run_command
from helpers.pipeline.compare.differences import compare_sides
from helpers.pipeline.compare.pages import to_page
from helpers.pipeline.compare.sides import NUMBERS, PAGE, PRINT, load_sides
from helpers.pipeline.errors import UserError
from helpers.pipeline.files import atomic_write
from helpers.pipeline.report.evidence import RESULTS
from helpers.pipeline.verify.verdicts import WIDTH, fit_to_terminal, readable

WRITTEN = ROOT / "build" / "compare.html"
HEADER = ("claim", "old", "new", "difference")
FEW = 4  # names in a line of the table


def main():
    """Compare what the command line names; whether it is equal is no matter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--a", default="", help="commit, PDF, page or results.json")
    parser.add_argument("--b", default="", help="the same; by default this checkout")
    asked = parser.parse_args()
    if not asked.a:
        raise UserError("A is what to compare with: a commit, a PDF, a page or results")
    sides = load_sides(asked.a, asked.b)
    found = compare_sides(*sides)
    notes, lines = notes_on(*sides), summary(sides, found)
    WRITTEN.parent.mkdir(exist_ok=True)
    page = to_page(
        "compare/page.html.j2",
        title="What changed",
        old=sides[0],
        new=sides[1],
        found=found,
        notes=notes,
        summary=lines,
        header=HEADER,
    )
    with atomic_write(WRITTEN) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    print_table(found, lines, notes)
    print(f"written: {WRITTEN.relative_to(ROOT)}")


def notes_on(old, new):
    """Say what could not be compared, a sentence each."""
    notes = [f"{side.name}: {side.note}" for side in (old, new) if side.note]
    if old.kind != new.kind:
        kinds = [RESULTS if s.kind == NUMBERS else f"a {s.kind}" for s in (old, new)]
        notes.append(
            "Prose and figures are not compared: on one side there is "
            f"{kinds[0]}, on the other {kinds[1]}."
        )
        if NUMBERS in (old.kind, new.kind):
            notes.append("Files are not compared either.")
    elif old.kind == NUMBERS:
        notes.append("Prose, figures and files are not in recorded results.")
    platforms = [readable(str(side.results["platform"])) for side in (old, new)]
    if platforms[0] != platforms[1]:
        notes.append(f"The platforms differ: {platforms[0]}; {platforms[1]}.")
    return notes


def summary(sides, found):
    """Return for each kind of thing that was compared its name and a line about it."""
    old, new = (side.kind for side in sides)
    kinds = {
        "claims": [claim[0] for claim in found.claims],
        "experiments": [f"{name} ({kind})" for name, kind in found.experiments],
        "runs": [f"{name}: {settings}" for name, settings, *_ in found.runs],
    }
    if old == new != NUMBERS:
        looks = "pages" if new == PRINT else "figures"
        kinds[looks] = [drawn[0] for drawn in found.drawings]
        if new == PAGE:  # in a PDF, they are in pages
            kinds["tables"] = [table[0] for table in found.tables]
        kinds["prose"] = [*dict.fromkeys(place for place, _ in found.prose)]
    if NUMBERS not in (old, new):
        kinds["files"] = [str(file) for file in found.files]
    lines = {}
    for kind, names in kinds.items():
        count = len(found.prose if kind == "prose" else names)
        more = ", …" * (len(names) > FEW)
        named = f": {', '.join(names[:FEW])}{more}" if names else ""
        how = "added or removed" if kind == "experiments" else "changed"
        lines[kind] = f"{count or 'none'} {how}{named}"
    return lines


def print_table(found, lines, notes):
    """Print the claims that changed, then the lines about everything else."""
    if found.claims:
        rows = [[readable(text) for text in claim] for claim in found.claims]
        print("\n".join(aligned(fit_to_terminal([HEADER, *rows]))))
    for kind, line in lines.items():
        if kind != "claims" or not found.claims:
            print(readable(f"{kind}: {line}", WIDTH))
    if found.rounded:
        print(f"only in their last digits: {found.rounded} of the claims")
    for note in notes:
        print(f"note: {readable(note)}")


if __name__ == "__main__":
    run_command(main)
