"""The numbers that a report states, each under a name.

A claim is stated once, from a recorded run. Prose and captions refer to it by name, as
in ``{{best.cost}}``, and never contain the number itself.
"""

import math
import re
from typing import NamedTuple

from helpers.pipeline.errors import did_you_mean
from helpers.pipeline.report.mathematics import (
    CODE,
    MATHEMATICS,
    OPEN_DOLLAR,
    in_mathematics,
    markdown_text,
    unify_mathematics,
)
from helpers.pipeline.report.paths import current_cells

NAME = r"[\w.-]+"
PLACEHOLDER = re.compile(rf"\{{\{{ *({NAME}) *\}}\}}")
SINGLE_BRACES = re.compile(rf"(?<![{{\\]){{ *({NAME}) *}}(?!}})")  # perhaps a mistake
# Where digits in prose are allowed.
DIGITS_ALLOWED = re.compile(
    r"\$\$.*?\$\$ *(\{#[\w:-]+\})?|\$.*?\$|`.*?`|\{\{[\w.-]+\}\}|@(?:\w+:)?[\w-]+"
    r"|Exercises? \d( and \d)?",
    re.DOTALL,
)
STATEMENT = re.compile(rf"state(?:_below)?\(\s*[\"']({NAME})[\"']")
PROSE = "%%prose"  # the first line of a cell of text
MAGICS = (PROSE, "%%capture", "%%time", "%%timeit")  # what a report may use
CAPTION = re.compile(r"caption=((?:\s*\"[^\"]*\")+)")


def typed_digits(source):
    """Return the numbers that are typed into the prose or captions of a code cell."""
    prose = source.startswith(PROSE)
    text = source.removeprefix(PROSE) if prose else " ".join(CAPTION.findall(source))
    return re.findall(r"\d(?:[\d.,]*\d)?", DIGITS_ALLOWED.sub("", text))


class Claim(NamedTuple):
    """A number that the report states."""

    value: float | int | str  # as the run recorded it
    text: str  # as printed, in Markdown: between dollars if it is set as mathematics
    unit: str  # empty if it has none
    run: str  # name of the run that it is from; empty if it is from no single run
    cell: int = 0  # number of the cell that states it, as in ``In [7]``; 0 if none does


class Claims(dict):
    """Claims by name; `cell` and `number` identify the cell that is being executed."""

    def __init__(self, claims=()):
        super().__init__(claims)
        self.cell, self.number, self._stated_in = None, 0, {}

    def __missing__(self, name):
        in_notebook = {  # the claims in the source of the report, each with its cell
            stated: cell.get("id")
            for cell in reversed(current_cells())
            for stated in STATEMENT.findall("".join(cell["source"]))
        }
        hint = did_you_mean(name, [*self, *in_notebook], repr)
        if name in in_notebook:
            cell = in_notebook[name]
            hint = f" yet: the cell {cell!r} states it, which must come first"
        raise ValueError(f"no claim is named {name!r}{hint}")

    def begin_cell(self, cell, number):
        """Begin a cell; if it has an identifier, forget the claims it stated before."""
        self.cell, self.number = cell, number
        stale = [name for name, by in self._stated_in.items() if cell and by == cell]
        for name in stale:
            del self[name], self._stated_in[name]

    def state(self, name, value, spec="", *, unit="", run=""):
        """Add a claim.

        Parameters
        ----------
        name : str
            Letters, digits, dots, hyphens and underscores.
        value : float, int or str
            The value.
        spec : str
            How to print it; see `helpers.figures.formatting.number_text`.
        unit, run : str
            See `Claim`.

        Raises
        ------
        ValueError
            If the name is taken or cannot be a placeholder, or the value is nan.
        """
        if not re.fullmatch(NAME, name):
            raise ValueError(
                "the name of a claim has only letters, digits, dots, hyphens and "
                f"underscores: {name!r}"
            )
        if name in self:
            raise ValueError(f"the claim {name!r} is stated twice")
        is_text = isinstance(value, str)
        # An array without axes, such as from SciPy's interpolation, is one number.
        if hasattr(value, "__len__") and not is_text and getattr(value, "ndim", 1):
            kind = type(value).__name__
            raise ValueError(
                f"the claim {name!r} must be one number or text, not {kind}"
            )
        if value != value:  # nan is not itself
            raise ValueError(f"the claim {name!r} is {value}, which is not a number")
        try:
            text = markdown_text(value, spec)
        except (ValueError, TypeError):
            raise ValueError(
                f"the claim {name!r} is {value!r}, which cannot be printed as {spec!r}"
            ) from None
        self[name] = Claim(value, text, unit, run, self.number)
        self._stated_in[name] = self.cell

    def state_below(self, name, error, least, *, unit="", run=""):
        """Add a claim about a rounding error: a power of ten that it is below.

        The error differs between processors. The power is at least three times the
        error, so that the claim holds on all of them, and at least `least`, so that
        small errors give the same claim on all of them.
        """
        power = math.ceil(math.log10(max(3 * error, least)))
        self.state(name, float(f"1e{power}"), ".0e", unit=unit, run=run)

    def fill(self, text, mark=None):
        """Return Markdown with every ``{{name}}`` replaced by the claim's number.

        `mark` is called with a name and its number, and returns what to insert instead.
        Raises ValueError if no claim has that name, or if a claim within mathematics is
        a text with mathematics of its own.
        """
        text = unify_mathematics(text)
        stray = re.search(r"\{\{.{,30}", PLACEHOLDER.sub("\n", CODE.sub("", text)))
        plain = MATHEMATICS.sub("", text)
        single = (m for m in SINGLE_BRACES.finditer(plain) if m[1] in self)
        if stray := stray or next(single, None):
            raise ValueError(
                f"{stray[0]!r} is not a claim: write {{{{name}}}}; in mathematics, put "
                "a space between braces"
            )
        if unclosed := OPEN_DOLLAR.search(plain):
            raise ValueError(
                rf"mathematics is left open: {unclosed[0]!r}; write \$ for the currency"
            )

        def in_text(match):
            text = self[match[1]].text
            return mark(match[1], text) if mark else text

        def in_formula(match):
            text = in_mathematics(self[match[1]].text)
            return f"{{{mark(match[1], text)}}}" if mark else text

        def filled(match):
            mathematics = match["mathematics"]
            return PLACEHOLDER.sub(in_formula, mathematics) if mathematics else match[0]

        return PLACEHOLDER.sub(in_text, MATHEMATICS.sub(filled, text))


def output_metadata(claims, **description):
    """Return an output's metadata: its description, with the claims that it names."""
    text = description.get("text", "") + description.get("caption", "")
    named = {name: claims[name]._asdict() for name in PLACEHOLDER.findall(text)}
    return {"report": description | {"claims": named}}
