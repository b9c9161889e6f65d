"""The numbers that the report states, each under one name.

A claim is stated once, from a recorded run; prose and captions then name it, as in
``{{horsepower.cost}}``, and never hold the number itself.
"""

import math
import re
from difflib import get_close_matches
from typing import NamedTuple

from helpers.figures.formatting import number_text

CODE = re.compile(r"(`{3,}|~{3,}).*?\1|(`+).*?\2", re.DOTALL)  # in Markdown
NAME = r"[\w.-]+"
PLACEHOLDER = re.compile(rf"\{{\{{ *({NAME}) *\}}\}}")


class Claim(NamedTuple):
    """One stated number.

    Attributes
    ----------
    value : float, int or str
        As the run recorded it.
    text : str
        As it is printed, inside or outside of mathematics; only inside if it has an
        exponent.
    unit : str
        Unit of the value, empty if it has none.
    run : str
        Name of the run that it came from, empty if it came from no single run.
    """

    value: object
    text: str
    unit: str
    run: str


class Claims(dict):
    """Claims by name."""

    def __init__(self):
        super().__init__()
        self._cell, self._stated_in = None, {}

    def begin_cell(self, cell):
        """Begin the cell of that identifier, which may state its claims again."""
        self._cell = cell
        for name in [name for name, by in self._stated_in.items() if by == cell]:
            del self[name], self._stated_in[name]

    def state(self, name, value, spec="", *, unit="", run=""):
        """Add a claim.

        Parameters
        ----------
        name : str
            Letters, digits, dots and hyphens.
        value : float, int or str
            The value.
        spec : str
            How to print it, see `helpers.figures.formatting.number_text`.
        unit, run : str
            See `Claim`.

        Raises
        ------
        ValueError
            If the name is taken, or could not be used as a placeholder.
        """
        if not re.fullmatch(NAME, name):
            raise ValueError(
                f"a claim's name has letters, digits, dots, hyphens: {name!r}"
            )
        if name in self:
            raise ValueError(f"the claim {name!r} is stated twice")
        self[name] = Claim(value, number_text(value, spec), unit, run)
        self._stated_in[name] = self._cell

    def state_below(self, name, error, least, *, unit="", run=""):
        """Add a claim on a rounding error: the power of ten that it is below.

        The error differs between processors. The power is above three times the
        error, so that it holds on all of them, and never below `least`, so that it is
        the same on all of them if the error is small.
        """
        power = math.ceil(math.log10(max(3 * error, least)))
        self.state(name, float(f"1e{power}"), ".0e", unit=unit, run=run)

    def fill(self, text):
        """Return the text with every ``{{name}}`` replaced by its number.

        Raises
        ------
        ValueError
            If no claim has that name; the message gives the nearest.
        """
        filled = PLACEHOLDER.sub(self._text_of, text)
        rest = re.search(r"\{\{.{,30}", CODE.sub("", filled))
        if rest:
            raise ValueError(
                f"{rest[0]!r} is no claim: it is {{{{name}}}}; in mathematics, put a "
                "space between braces"
            )
        return filled

    def _text_of(self, match):
        name = match[1]
        if name not in self:
            near = get_close_matches(name, self, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"no claim is named {name!r}{hint}")
        return self[name].text
