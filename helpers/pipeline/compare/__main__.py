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
FEW = 4  # names in a line of the summary


def main():
    """Compare two reports; the status is 0 whether they differ or not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--a", default="", help="a commit, PDF, page or results.json")
    parser.add_argument("--b", default="", help="the same; by default this checkout")
    options = parser.parse_args()
    if not options.a:
        raise UserError("name a commit, PDF, page or results to compare with: A=HEAD")
    sides = load_sides(options.a, options.b)
    differences = compare_sides(*sides)
    notes, lines = notes_on(*sides), summary(sides, differences)
    WRITTEN.parent.mkdir(exist_ok=True)
    page = to_page(
        "compare/page.html.j2",
        title="What changed",
        old=sides[0],
        new=sides[1],
        differences=differences,
        notes=notes,
        summary=lines,
        header=HEADER,
    )
    with atomic_write(WRITTEN) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    print_table(differences, lines, notes)
    print(f"written: {WRITTEN.relative_to(ROOT)}")


def notes_on(old, new):
    """Return a sentence on each thing that could not be compared."""
    notes = [f"{side.name}: {side.note}" for side in (old, new) if side.note]
    if old.kind != new.kind:
        kinds = [RESULTS if s.kind == NUMBERS else f"a {s.kind}" for s in (old, new)]
        notes.append(
            "Prose and figures are not compared, because one side is "
            f"{kinds[0]}, the other {kinds[1]}."
        )
        if NUMBERS in (old.kind, new.kind):
            notes.append("Files are not compared either.")
    elif old.kind == NUMBERS:
        notes.append("Recorded results contain no prose, figures or files.")
    platforms = [readable(str(side.results["platform"])) for side in (old, new)]
    if platforms[0] != platforms[1]:
        notes.append(f"The platforms differ: {platforms[0]}; {platforms[1]}.")
    return notes


def summary(sides, differences):
    """Return a line for each kind of thing that was compared, by its name."""
    old, new = (side.kind for side in sides)
    kinds = {
        "claims": [claim[0] for claim in differences.claims],
        "experiments": [f"{name} ({kind})" for name, kind in differences.experiments],
        "runs": [f"{name}: {settings}" for name, settings, *_ in differences.runs],
    }
    if old == new != NUMBERS:
        looks = "pages" if new == PRINT else "figures"
        kinds[looks] = [drawing[0] for drawing in differences.drawings]
        if new == PAGE:  # in a PDF, tables are parts of pages
            kinds["tables"] = [table[0] for table in differences.tables]
        kinds["prose"] = [*dict.fromkeys(place for place, _ in differences.prose)]
    if NUMBERS not in (old, new):
        kinds["files"] = [str(file) for file in differences.files]
    lines = {}
    for kind, names in kinds.items():
        count = len(differences.prose if kind == "prose" else names)
        more = ", …" * (len(names) > FEW)
        listed = f": {', '.join(names[:FEW])}{more}" if names else ""
        verb = "added or removed" if kind == "experiments" else "changed"
        lines[kind] = f"{count or 'none'} {verb}{listed}"
    return lines


def print_table(differences, lines, notes):
    """Print the claims that changed, then a line for everything else."""
    if differences.claims:
        rows = [[readable(text) for text in claim] for claim in differences.claims]
        print("\n".join(aligned(fit_to_terminal([HEADER, *rows]))))
    for kind, line in lines.items():
        if kind != "claims" or not differences.claims:
            print(readable(f"{kind}: {line}", WIDTH))
    if differences.rounded:
        print(f"claims that differ in their last digits only: {differences.rounded}")
    for note in notes:
        print(f"note: {readable(note)}")


if __name__ == "__main__":
    run_command(main)
