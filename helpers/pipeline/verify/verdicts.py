"""What a comparison finds: one line for each thing that was compared."""

import math
import os
import re
from typing import NamedTuple

from helpers.pipeline.report.evidence import BUILD

HOLDS, DIFFERS, MISSING, NOTED = "holds", "differs", "missing", "noted"
# The exit status: all holds; something does not; it could not be run; all holds as far
# as a report of another platform was compared.
STATUSES = ALL_HOLD, WRONG, NOT_RUN, LESS_STRICT = 0, 1, 2, 3
ON_PAGE = re.compile(r"^page (\d+)(, .*)?")  # what a line is about: a page, or of it
HEADER = ("claim", "stated", "reproduced", "difference", "verdict")
LONGEST = 300  # letters of a text that is shown
WIDTH, SHORTEST = 80, 12  # letters of a terminal's line, and of what is shown in it


class Line(NamedTuple):
    """One thing that was compared."""

    what: str  # the claim's name; or the run, attachment or page
    stated: str  # what the report says
    reproduced: str  # what the rebuilt one says
    difference: float | None  # relative; None if they are not numbers
    verdict: str  # holds, differs, missing; or noted, which is no fault

    @property
    def wrong(self):
        """Whether it does not hold."""
        return self.verdict not in (HOLDS, NOTED)

    @property
    def depth(self):
        """How far what was compared is from the cause of a difference."""
        begins = {f"attached {BUILD}": 0, "attached ": 1, "run ": 2, "page ": 4}
        begins |= {"section ": 4, "document": 5}
        found = (d for kind, d in begins.items() if self.what.startswith(kind))
        return next(found, 3)

    def cells(self):
        """Return its row below `HEADER`, with long texts cut."""
        gap = "" if self.difference is None else f"{self.difference:.1e}"
        gap = "0" if self.difference == 0 else gap
        pair = readable_pair((self.stated, self.reproduced), [LONGEST] * 2)
        return (readable(self.what), *pair, gap, self.verdict)


def readable(text, longest=LONGEST):
    """Return a text on one line, without control characters, and cut if it is long."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def readable_pair(texts, longest):
    """Return two texts as `readable` does, cut before where they begin to differ."""
    texts = [readable(text, math.inf) for text in texts]
    fits = all(len(text) <= most for text, most in zip(texts, longest, strict=True))
    if texts[0] != texts[1] and not fits:
        begin = len(os.path.commonprefix(texts)) - min(longest) // 2
        texts = [f"…{text[begin:]}" for text in texts] if begin > 0 else texts
    return map(readable, texts, longest)


def fit_to_terminal(rows):
    """Cut the texts of a table until its lines fit into a terminal."""
    name, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    rest = WIDTH - 2 * len(widths) - sum(widths[2:])
    shown = max(SHORTEST, (rest - name) // 2)
    pair = [min(width, shown) for width in widths[:2]]
    name = rest - sum(pair)
    return [
        [
            row[0] if len(row[0]) <= name else f"…{row[0][1 - name :]}",
            *readable_pair(row[1:3], pair),
            *row[3:],
        ]
        for row in rows
    ]
