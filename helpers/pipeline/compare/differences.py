"""What differs between two sides, in the order in which a reader asks."""

import json
import re
import subprocess
import tempfile
from collections import Counter
from itertools import zip_longest
from math import isnan
from pathlib import Path
from typing import NamedTuple

from helpers.pipeline.records import TOLERANCE, relative_difference, values_agree
from helpers.pipeline.verify.agreement import look_alike, opcodes
from helpers.pipeline.verify.file_diffs import Changed, compare_files
from helpers.pipeline.verify.rounding import close, roundings

SIMILAR = 0.5  # the part of their words that two paragraphs share, to be one
AROUND = 12  # words that are shown on either side of a change
# What numbers come from, the first cause first.
CAUSES = ("experiments.yaml", "data/", "notebooks/", "helpers/")
NO_CAUSE = ("helpers/pipeline/", "helpers/explore/")


class Differences(NamedTuple):
    """All that differs."""

    claims: list[tuple]  # name, old, new and difference, as texts
    rounded: int  # how many other claims differ in their last digits only
    experiments: list[tuple]  # name, and whether it was added or removed
    runs: list[tuple]  # experiment, settings, and how it ended, old and new
    drawings: list[tuple]  # label, and how it looked and looks; None if it is missing
    tables: list[tuple]  # label, header, and for each changed row its `marked` cells
    prose: list[tuple]  # section, and a changed paragraph, `marked`
    files: list[Changed]  # the first can explain the numbers


def compare_sides(old, new):
    """Compare two of `helpers.pipeline.compare.sides.Side`."""
    claims, rounded = compare_claims(old.results, new.results)
    runs = [_by_place(side.results) for side in (old, new)]
    of = [{experiment: "" for experiment, _ in side} for side in runs]
    experiments = [
        (name, "added" if name in of[1] else "removed")
        for name in of[0] | of[1]
        if (name in of[0]) != (name in of[1])
    ]
    shown = ([], [], [])
    if old.kind == new.kind:
        shown = (
            compare_drawings(old.drawings, new.drawings),
            compare_tables(old.tables, new.tables),
            compare_prose(old.prose, new.prose),
        )
    files = compare_sources(old.sources, new.sources)
    return Differences(claims, rounded, experiments, compare_runs(*runs), *shown, files)


def compare_claims(old, new):
    """Return the claims that changed, and how many differ by rounding only."""
    pairs, found, rounded = roundings(old, new, TOLERANCE), [], 0
    for name in old["claims"] | new["claims"]:
        pair = [side["claims"].get(name) for side in (old, new)]
        if not all(isinstance(claim, dict) for claim in pair):
            difference = "added" if pair[0] is None else "removed"
            found.append((name, *map(_stated, pair), difference))
            continue
        texts = [*map(_stated, pair)]
        values = [claim.get("value") for claim in pair]
        gap = relative_difference(*values)
        if close(*texts, pairs) and (gap <= TOLERANCE or isnan(gap)):
            rounded += values[0] != values[1] or texts[0] != texts[1]
            continue
        if texts[0] == texts[1]:  # what is printed is the same
            texts = [f"{value:.10g}" for value in values]
        found.append((name, *texts, _difference(*values)))
    found.sort(key=lambda claim: claim[-1] in ("added", "removed"))
    return found, rounded


def _stated(claim):
    if not isinstance(claim, dict):
        return "" if claim is None else str(claim)
    text = re.sub(r"^\$([^$]*)\$$", r"\1", str(claim.get("text")))
    return f"{text} {claim.get('unit', '')}".strip()


def _difference(old, new):
    """Return new minus old, and relative to old."""
    if not all(isinstance(value, int | float) for value in (old, new)):
        return ""
    if new == old:
        return "only as printed"
    share = f" ({(new - old) / abs(old):+.2g})" if old else ""
    if old and 1e-4 <= abs((new - old) / old) < 10:
        share = f" ({(new - old) / abs(old):+.2%})"
    return f"{new - old:+.3g}{share}"


def _by_place(results):
    """Return the runs by their place in the grid: experiment and settings."""
    return {
        (str(experiment), json.dumps(run.get("parameters"), sort_keys=True)): run
        for run in results["runs"].values()
        for experiment in run.get("experiments", [])
    }


def compare_runs(old, new):
    """Return the runs that were added or removed, or ended otherwise."""
    common = {}  # of an experiment: the settings of all its runs
    for experiment, settings in old | new:
        items = {*map(json.dumps, (json.loads(settings) or {}).items())}
        common[experiment] = common.get(experiment, items) & items
    found = []
    for place in old | new:
        pair = old.get(place), new.get(place)
        if None not in pair:
            ends = [(run.get("status"), run.get("cost")) for run in pair]
            if values_agree(*map(list, ends), TOLERANCE):
                continue
        experiment, text = place
        settings = json.loads(text) or {}
        own = {
            key: value
            for key, value in settings.items()
            if json.dumps((key, value)) not in common[experiment]
        }
        shown = ", ".join(f"{key} {value}" for key, value in (own or settings).items())
        found.append((experiment, shown, *map(_ended, pair)))
    return found


def _ended(run):
    if run is None:
        return "none"
    cost = run.get("cost")
    cost = f", cost {cost:.10g}" if isinstance(cost, int | float) else ""
    return f"{run.get('status')}{cost}"


def compare_drawings(old, new):
    """Return what looks otherwise, drawn."""
    found = []
    for label in old | new:
        looks = [side[label]() if label in side else None for side in (old, new)]
        if any(look is None for look in looks) or not look_alike(*looks):
            found.append((label, *looks))
    return found


def compare_tables(old, new):
    """Return the rows that changed, of each table."""
    found = []
    for label in old | new:
        rows = [[tuple(row) for row in side.get(label, [])] for side in (old, new)]
        changed = [
            [marked(*cells) for cells in zip_longest(*pair, fillvalue="")]
            for tag, i, j, k, m in opcodes(*rows)
            if tag != "equal"
            for pair in zip_longest(rows[0][i:j], rows[1][k:m], fillvalue=())
        ]
        if changed:
            whole = not all(rows)  # its first row is the header
            found.append((label, (rows[1] or rows[0])[0], changed[whole:]))
    return found


def compare_prose(old, new):
    """Return the changed paragraphs by section, in each those removed last."""
    before, now = ({text for _, text in side} for side in (old, new))
    gone = [(place, text) for place, text in old if text not in now]
    found = []
    for place, text in new:
        if text in before:
            continue
        near = max(gone, key=lambda block: _similar(block[1], text), default=None)
        if near and _similar(near[1], text) >= SIMILAR:
            gone.remove(near)
            found.append((place, marked(near[1], text)))
        else:
            found.append((place, [("ins", text)]))
    found += [(place, [("del", text)]) for place, text in gone]
    order = [place for place, _ in [*new, *old]]
    return sorted(found, key=lambda block: order.index(block[0]))


def _similar(text, other):
    words = Counter(text.split()), Counter(other.split())
    return 2 * (words[0] & words[1]).total() / max(1, sum(w.total() for w in words))


def marked(old, new):
    """Return the words of both texts, in pieces: what is kept, ``del`` and ``ins``.

    Long pieces that are kept are cut.
    """
    words = old.split(), new.split()
    pieces = []
    for tag, i, j, k, m in opcodes(*words):
        if tag == "equal":
            kept = words[0][i:j]
            before, after = AROUND * (i > 0), AROUND * (j < len(words[0]))
            if len(kept) > before + after + 1:
                kept = [*kept[:before], "…", *kept[len(kept) - after :]]
            pieces.append(("", " ".join(kept)))
        else:
            both = ("del", words[0][i:j]), ("ins", words[1][k:m])
            pieces += [(kind, " ".join(part)) for kind, part in both if part]
    return pieces


def compare_sources(old, new):
    """Return the files that differ, those first that can explain the numbers."""
    if not (old and new):  # of recorded results no file is known
        return []
    # A report carries no tables of data; where both are known, they are compared.
    known = [any(map(_is_table, side)) for side in (old, new)]
    old, new = (
        {name: side[name] for name in side if all(known) or not _is_table(name)}
        for side in (old, new)
    )

    def run(folder, command, fine):
        done = subprocess.run(command, cwd=folder, capture_output=True)
        return done.stdout if done.returncode in fine else b""

    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        found = compare_files(old, new, Path(folder, "texts"), run)
    return sorted(found, key=lambda file: (_depth(file.name), file.name))


def _is_table(name):
    return name.startswith("data/") and not name.endswith(".yaml")


def _depth(name):
    """Return how far a file is from the numbers."""
    if name.startswith(NO_CAUSE):
        return len(CAUSES)
    near = (n for n, cause in enumerate(CAUSES) if name.startswith(cause))
    return next(near, len(CAUSES))
