"""Find the differences between two sides, the most interesting first."""

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

SIMILAR = 0.5  # least share of common words in two versions of a paragraph
CONTEXT = 12  # words that are shown on either side of a change
# The sources of numbers, the root cause first.
CAUSES = ("experiments.yaml", "data/", "notebooks/", "helpers/")
NO_CAUSE = ("helpers/pipeline/", "helpers/explore/")


class Differences(NamedTuple):
    """All differences between two sides."""

    claims: list[tuple]  # name, old, new and difference, as texts
    rounded: int  # number of other claims that differ in their last digits only
    experiments: list[tuple]  # name, and ``added`` or ``removed``
    runs: list[tuple]  # experiment, settings, and how it ended before and now
    drawings: list[tuple]  # label, and the looks before and now; None if missing
    tables: list[tuple]  # label, header, and the `marked` cells of changed rows
    prose: list[tuple]  # section, and a `marked` paragraph that changed
    files: list[Changed]  # those that can explain the numbers come first


def compare_sides(old, new):
    """Compare two `Side`s; see `helpers.pipeline.compare.sides`."""
    claims, rounded = compare_claims(old.results, new.results)
    runs = [_by_place(side.results) for side in (old, new)]
    before, now = ({experiment: "" for experiment, _ in side} for side in runs)
    experiments = [
        (name, "added" if name in now else "removed")
        for name in before | now
        if (name in before) != (name in now)
    ]
    parts = ([], [], [])
    if old.kind == new.kind:
        parts = (
            compare_drawings(old.drawings, new.drawings),
            compare_tables(old.tables, new.tables),
            compare_prose(old.prose, new.prose),
        )
    files = compare_sources(old.sources, new.sources)
    return Differences(claims, rounded, experiments, compare_runs(*runs), *parts, files)


def compare_claims(old, new):
    """Return the claims that changed, and how many differ by rounding only."""
    pairs, changes, rounded = roundings(old, new, TOLERANCE), [], 0
    for name in old["claims"] | new["claims"]:
        pair = [side["claims"].get(name) for side in (old, new)]
        if not all(isinstance(claim, dict) for claim in pair):
            difference = "added" if pair[0] is None else "removed"
            changes.append((name, *map(_stated, pair), difference))
            continue
        texts = [*map(_stated, pair)]
        values = [claim.get("value") for claim in pair]
        gap = relative_difference(*values)
        if close(*texts, pairs) and (gap <= TOLERANCE or isnan(gap)):
            rounded += values[0] != values[1] or texts[0] != texts[1]
            continue
        if texts[0] == texts[1]:  # the printed texts do not show the difference
            texts = [f"{value:.10g}" for value in values]
        changes.append((name, *texts, _difference(*values)))
    changes.sort(key=lambda claim: claim[-1] in ("added", "removed"))
    return changes, rounded


def _stated(claim):
    if not isinstance(claim, dict):
        return "" if claim is None else str(claim)
    text = re.sub(r"^\$([^$]*)\$$", r"\1", str(claim.get("text")))
    return f"{text} {claim.get('unit', '')}".strip()


def _difference(old, new):
    """Return the difference new minus old, also relative to old, as a text."""
    if not all(isinstance(value, int | float) for value in (old, new)):
        return ""
    if new == old:
        return "only as printed"
    share = f" ({(new - old) / abs(old):+.2g})" if old else ""
    if old and 1e-4 <= abs((new - old) / old) < 10:
        share = f" ({(new - old) / abs(old):+.2%})"
    return f"{new - old:+.3g}{share}"


def _by_place(results):
    """Return the runs by their place in the grid, experiment and settings."""
    return {
        (str(experiment), json.dumps(run.get("parameters"), sort_keys=True)): run
        for run in results["runs"].values()
        for experiment in run.get("experiments", [])
    }


def compare_runs(old, new):
    """Return the runs that were added or removed, or whose outcome differs."""
    common = {}  # for each experiment, the settings that all its runs share
    for experiment, settings in old | new:
        items = {*map(json.dumps, (json.loads(settings) or {}).items())}
        common[experiment] = common.get(experiment, items) & items
    changes = []
    for place in old | new:
        pair = old.get(place), new.get(place)
        if None not in pair:
            outcomes = [[run.get("status"), run.get("cost")] for run in pair]
            if values_agree(*outcomes, TOLERANCE):
                continue
        experiment, text = place
        settings = json.loads(text) or {}
        varying = {
            key: value
            for key, value in settings.items()
            if json.dumps((key, value)) not in common[experiment]
        }
        named = ", ".join(f"{k} {value}" for k, value in (varying or settings).items())
        changes.append((experiment, named, *map(_outcome, pair)))
    return changes


def _outcome(run):
    if run is None:
        return "none"
    cost = run.get("cost")
    cost = f", cost {cost:.10g}" if isinstance(cost, int | float) else ""
    return f"{run.get('status')}{cost}"


def compare_drawings(old, new):
    """Return the figures or pages that look different, with both looks."""
    changes = []
    for label in old | new:
        looks = [side[label]() if label in side else None for side in (old, new)]
        if any(look is None for look in looks) or not look_alike(*looks):
            changes.append((label, *looks))
    return changes


def compare_tables(old, new):
    """Return the changed rows of each table."""
    changes = []
    for label in old | new:
        rows = [[tuple(row) for row in side.get(label, [])] for side in (old, new)]
        marked_rows = [
            [marked(*cells) for cells in zip_longest(*pair, fillvalue="")]
            for tag, i, j, k, m in opcodes(*rows)
            if tag != "equal"
            for pair in zip_longest(rows[0][i:j], rows[1][k:m], fillvalue=())
        ]
        if marked_rows:
            begin = 0 if all(rows) else 1  # a new or removed table has its header first
            changes.append((label, (rows[1] or rows[0])[0], marked_rows[begin:]))
    return changes


def compare_prose(old, new):
    """Return the changed paragraphs by section; removed ones come last in each."""
    before, now = ({text for _, text in side} for side in (old, new))
    removed = [(place, text) for place, text in old if text not in now]
    changes = []
    for place, text in new:
        if text in before:
            continue
        near = max(removed, key=lambda it: _similarity(it[1], text), default=None)
        if near and _similarity(near[1], text) >= SIMILAR:
            removed.remove(near)
            changes.append((place, marked(near[1], text)))
        else:
            changes.append((place, [("ins", text)]))
    changes += [(place, [("del", text)]) for place, text in removed]
    order = [place for place, _ in [*new, *old]]
    return sorted(changes, key=lambda change: order.index(change[0]))


def _similarity(old, new):
    words = Counter(old.split()), Counter(new.split())
    return 2 * (words[0] & words[1]).total() / max(1, sum(w.total() for w in words))


def marked(old, new):
    """Return both texts as pieces: those that are kept, and ``del`` and ``ins``.

    Long pieces that are kept are cut.
    """
    words = old.split(), new.split()
    pieces = []
    for tag, i, j, k, m in opcodes(*words):
        if tag == "equal":
            kept = words[0][i:j]
            before, after = CONTEXT * (i > 0), CONTEXT * (j < len(words[0]))
            if len(kept) > before + after + 1:
                kept = [*kept[:before], "…", *kept[len(kept) - after :]]
            pieces.append(("", " ".join(kept)))
        else:
            both = ("del", words[0][i:j]), ("ins", words[1][k:m])
            pieces += [(kind, " ".join(part)) for kind, part in both if part]
    return pieces


def compare_sources(old, new):
    """Return the files that differ; those that can explain the numbers come first."""
    if not (old and new):  # recorded results carry no files
        return []
    # A report carries no data tables; they are compared if both sides have some.
    with_tables = all(any(map(_is_table, side)) for side in (old, new))
    old, new = (
        {name: side[name] for name in side if with_tables or not _is_table(name)}
        for side in (old, new)
    )

    def run(folder, command, allowed):
        done = subprocess.run(command, cwd=folder, capture_output=True)
        return done.stdout if done.returncode in allowed else b""

    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        files = compare_files(old, new, Path(folder, "texts"), run)
    return sorted(files, key=lambda file: (_distance(file.name), file.name))


def _is_table(name):
    return name.startswith("data/") and not name.endswith(".yaml")


def _distance(name):
    """Return how far a file is from the numbers."""
    if name.startswith(NO_CAUSE):
        return len(CAUSES)
    ranks = (n for n, cause in enumerate(CAUSES) if name.startswith(cause))
    return next(ranks, len(CAUSES))
