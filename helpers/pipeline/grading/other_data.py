"""Which numbers of a submission do not come from its data.

It is made again on data that it cannot know: rows are left out at random, the others
stand in another order, and the target is multiplied by a factor. What is stated should
then move, and as it does in the grader's own report.
"""

import contextlib
import csv
import io
import random
import re
from typing import NamedTuple

import numpy as np

from helpers.pipeline.records import alike

SHARE = 0.05  # of the rows that are left out
FACTORS = 1.5, 2.5  # of the target
NEAR = 1e-6  # relative: another order of additions
ROUNDING = 1e-8  # a number below is a rounding error
DIGITS = 3  # a number with more was computed
FEW = 10  # counts below this are in all code
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:e[-+]?\d+)?", re.IGNORECASE)
TARGET = re.compile(r"\btarget\b[^=:\n]*[:=]\s*[\"']?([^\"',}#\n]+)")


class Change(NamedTuple):
    """How data are changed: which rows are left out, and the factor of the target."""

    seed: int
    factor: float


def new_change():
    """Return a change that nobody can know beforehand."""
    chance = random.SystemRandom()
    return Change(chance.getrandbits(64), chance.uniform(*FACTORS))


def change_tables(folder, change, known=None):
    """Change all tables of a project.

    Parameters
    ----------
    folder : Path
        The project.
    change : Change
        How.
    known : dict of bytes to bytes, optional
        Tables that have been changed already, with what they became.

    Returns
    -------
    dict of bytes to bytes
        Each table, with what it became.
    """
    known, changed = known or {}, {}
    grids = [folder / "experiments.yaml", folder / "notebooks" / "descent.ipynb"]
    text = "\n".join(
        path.read_text(errors="replace") for path in grids if path.exists()
    )
    targets = {name.strip().rstrip("\\") for name in TARGET.findall(text)}
    for path in sorted((folder / "data").rglob("*")):
        if path.is_file() and path.suffix.lower() not in (".yaml", ".yml", ".json"):
            content = path.read_bytes()
            if b"\0" not in content:
                found = known.get(content) or changed_table(content, change, targets)
                path.write_bytes(found)
                changed[content] = found
    return changed


def changed_table(content, change, targets):
    """Return a table in text with fewer rows, in another order, and other targets."""
    lines = content.decode("latin-1").splitlines(keepends=True)
    head, rows = lines[:1], [line for line in lines[1:] if line.strip()]
    rows = [row if row.endswith("\n") else f"{row}\n" for row in rows]
    fewer = len(rows) - max(len(rows) > 1, round(SHARE * len(rows)))
    rows = random.Random(change.seed).sample(rows, fewer)
    # If it has another layout, its rows are others, which is enough.
    with contextlib.suppress(ValueError, IndexError, csv.Error):
        rows = _scaled(head[0], rows, change.factor, targets)
    return "".join([*head, *rows]).encode("latin-1")


def _scaled(head, rows, factor, targets):
    """Return the rows of a CSV file with the targets multiplied."""
    names = next(csv.reader([head.removeprefix("ï»¿")]))
    columns = [k for k, name in enumerate(names) if name.strip() in targets]
    table = list(csv.reader(rows))
    for cells in table if columns else ():
        for column in columns:
            cells[column] = repr(float(cells[column]) * factor)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return [text.getvalue()] if columns else rows


def suspicious_claims(own, other, right, right_other, typed):
    """Find the claims that do not come from the data.

    Parameters
    ----------
    own, other : helpers.pipeline.grading.made.Made
        What came of the submission, on its data and on the other data.
    right, right_other : helpers.pipeline.grading.made.Made
        What came of the grader's checkout.
    typed : set of str
        The numbers in the lines of code that the submission added.

    Returns
    -------
    list of str
        One for each: its name and what is wrong.
    """
    free = {*own.constant, *(n for n, v in own.claims.items() if v in own.settings)}
    typed = {float(number) for number in typed} - {*range(FEW)}
    found = []
    for name, value in own.claims.items():
        expected = right_other.claims.get(name)
        if name not in other.claims:
            found.append(f"{name}: not stated on other data")
            continue
        moved = other.claims[name]
        if name in right.claims and _near(value, right.claims[name]):
            if not _near(moved, expected):
                stays = "stays" if moved == value else "becomes"
                found.append(f"{name}: {stays} {moved} on other data, not {expected}")
        elif moved == value and name not in free and _is_typed(value, typed):
            found.append(f"{name}: stays {value} on other data")
    return found


def _near(value, other):
    """Tell whether values agree but for rounding, or are rounding errors."""
    numbers = all(isinstance(side, float) for side in (value, other))
    tiny = numbers and max(abs(value), abs(other)) < ROUNDING
    return tiny or alike(value, other, NEAR)


def _is_typed(value, typed):
    """Tell whether a value that stays should move: it is typed, or has many digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    digits = f"{value:.9e}".partition("e")[0].strip("-0").replace(".", "").rstrip("0")
    return abs(value) in typed or (value % 1 != 0 and len(digits) > DIGITS)


def other_curves(own, trusted):
    """Name the runs whose costs are others than with the grader's helpers."""
    return [
        run
        for run, costs in own.costs.items()
        if costs
        and trusted.costs.get(run)
        and not _same_curve(costs, trusted.costs[run])
    ]


def _same_curve(costs, expected):
    return len(costs) == len(expected) and bool(
        np.allclose(costs, expected, NEAR, NEAR**2 * abs(expected[0]), equal_nan=True)
    )
