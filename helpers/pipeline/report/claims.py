"""The numbers that the report states, each under one name.

A claim is stated once, from a recorded run; prose and captions then name it, as in
``{{best.cost}}``, and never hold the number itself.
"""

import json
import math
import re
from difflib import get_close_matches
from typing import NamedTuple

from helpers.figures.formatting import number_text
from helpers.pipeline.report.paths import opened

CODE = re.compile(r"(`{3,}|~{3,}).*?\1|(`+).*?\2", re.DOTALL)  # in Markdown
NAME = r"[\w.-]+"
PLACEHOLDER = re.compile(rf"\{{\{{ *({NAME}) *\}}\}}")
PLAIN = re.compile(r"[+\d.,%]+")  # a number that looks the same outside of mathematics
# In Markdown; code and what is escaped come first, as their dollars mean nothing.
DOLLARS = r"\$\$.+?\$\$|\$(?=\S)(?:\\.|(?!\n\s*\n)[^\\$])+?(?<=\S)\$(?!\d)"
MATHEMATICS = re.compile(
    rf"{CODE.pattern}|\\\$|(?P<mathematics>{DOLLARS}"
    r"|\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})",
    re.DOTALL,
)
OPEN_DOLLAR = re.compile(r"\$[A-Za-z\\(|].{,20}")
# The other ways to write it: with blanks, as LaTeX, and as an environment that stands
# alone.
OTHER_WAYS = re.compile(
    rf"{CODE.pattern}|\\\$|{DOLLARS}"
    r"|\\{1,2}\((?P<inline>.+?)\\{1,2}\)"
    r"|^[ \t]*\\{1,2}\[(?P<display>.+?)\\{1,2}\][ \t]*$"
    r"|\$[ \t]+(?P<spaced>[^$\n]+?)[ \t]*\$"
    r"|\\begin\{(?P<name>equation|align|gather)(?P<star>\*?)\}"
    r"(?P<body>.*?)\\end\{(?P=name)(?P=star)\}",
    re.DOTALL | re.MULTILINE,
)
# What prose may hold digits in.
NOT_TYPED = re.compile(
    r"\$\$.*?\$\$ *(\{#[\w:-]+\})?|\$.*?\$|`.*?`|\{\{[\w.-]+\}\}|@(?:\w+:)?[\w-]+"
    r"|Exercises? \d( and \d)?",
    re.DOTALL,
)
PROSE = "%%prose"  # how a cell of text begins
CAPTION = re.compile(r"caption=((?:\s*\"[^\"]*\")+)")


def typed_digits(source):
    """Return the numbers that a code cell's prose or captions hold outside of claims.

    Digits in mathematics, code and references are none.
    """
    prose = source.startswith(PROSE)
    text = source.removeprefix(PROSE) if prose else " ".join(CAPTION.findall(source))
    return re.findall(r"\d[\d.,]*", NOT_TYPED.sub("", text))


def unify_mathematics(text):
    r"""Return Markdown with all of its mathematics between dollars.

    So is what JupyterLab shows as mathematics, ``$ x $`` and an environment that stands
    alone, and what LaTeX takes for it, ``\(x\)`` and ``\[x\]``.

    Raises
    ------
    ValueError
        If dollars seem to be a currency, as in ``5$ or 6$``, or one is missing.
    """

    def between_dollars(match):
        found, before = match.groupdict(), match.string[: match.start()][-1:]
        if found["spaced"] and (before == "$" or before.isalnum()):
            wrong = f"{before + match[0]!r} would be mathematics"
            raise ValueError(rf"{wrong}; write \$ for the currency")
        if found["inline"] or found["spaced"]:
            return f"${(found['inline'] or found['spaced']).strip()}$"
        if found["display"]:
            return f"$${found['display']}$$"
        if found["name"] is None:
            return match[0]
        inner = {"align": "aligned", "gather": "gathered"}.get(found["name"])
        body = found["body"].strip()
        return (
            f"$$\\begin{{{inner}}}{body}\\end{{{inner}}}$$" if inner else f"$${body}$$"
        )

    return OTHER_WAYS.sub(between_dollars, text)


class Claim(NamedTuple):
    """One stated number.

    Attributes
    ----------
    value : float, int or str
        As the run recorded it.
    text : str
        As it is printed, in Markdown: with dollars if it is set as mathematics.
    unit : str
        Unit of the value, empty if it has none.
    run : str
        Name of the run that it came from, empty if it came from no single run.
    cell : int
        Number of the code cell that stated it, as in ``In [7]``; 0 if there is none.
    """

    value: object
    text: str
    unit: str
    run: str
    cell: int = 0


class Claims(dict):
    """Claims by name.

    Attributes
    ----------
    cell : str or None
        Identifier of the cell that is executed.
    number : int
        Its number, as in ``In [7]``.
    """

    def __init__(self):
        super().__init__()
        self.cell, self.number, self._stated_in = None, 0, {}

    def __missing__(self, name):
        raise _unknown(name, self)

    def begin_cell(self, cell, number=0):
        """Begin a cell of that identifier and number.

        If it has an identifier, it may state its claims again.
        """
        self.cell, self.number = cell, number
        again = [name for name, by in self._stated_in.items() if cell and by == cell]
        for name in again:
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
            If the name is taken, or could not be used as a placeholder; if the value
            is nan.
        """
        if not re.fullmatch(NAME, name):
            raise ValueError(
                f"a claim's name has letters, digits, dots, hyphens: {name!r}"
            )
        if name in self:
            raise ValueError(f"the claim {name!r} is stated twice")
        if value != value:  # nan is not itself
            raise ValueError(f"the claim {name!r} is {value}, which is no number")
        try:
            text = markdown_text(value, spec)
        except (ValueError, TypeError):
            raise ValueError(
                f"the claim {name!r} is {value!r}, which cannot be printed as {spec!r}"
            ) from None
        self[name] = Claim(value, text, unit, run, self.number)
        self._stated_in[name] = self.cell

    def state_below(self, name, error, least, *, unit="", run=""):
        """Add a claim on a rounding error: the power of ten that it is below.

        The error differs between processors. The power is above three times the
        error, so that it holds on all of them, and never below `least`, so that it is
        the same on all of them if the error is small.
        """
        power = math.ceil(math.log10(max(3 * error, least)))
        self.state(name, float(f"1e{power}"), ".0e", unit=unit, run=run)

    def fill(self, text):
        """Return the Markdown with every ``{{name}}`` replaced, see `fill_in`."""
        return fill_in(text, self)

    def named_in(self, text):
        """Return the claims that the Markdown names, each as a dict, by their names."""
        return {name: self[name]._asdict() for name in PLACEHOLDER.findall(text)}


def fill_in(text, claims, mark=None):
    """Return the Markdown with every ``{{name}}`` replaced by its number.

    Parameters
    ----------
    text : str
        The Markdown.
    claims : dict of str to Claim
        By their names.
    mark : callable, optional
        Called with a name and its number, it returns what is put in the place.

    Raises
    ------
    ValueError
        If no claim has that name; the message gives the nearest. If a claim that
        stands in mathematics is a text with mathematics of its own.
    """
    text = unify_mathematics(text)
    rest = re.search(r"\{\{.{,30}", PLACEHOLDER.sub("0", CODE.sub("", text)))
    if rest:
        raise ValueError(
            f"{rest[0]!r} is no claim: it is {{{{name}}}}; in mathematics, put a "
            "space between braces"
        )

    if opened := OPEN_DOLLAR.search(MATHEMATICS.sub("", text)):
        raise ValueError(
            rf"mathematics is left open: {opened[0]!r}; write \$ for the currency"
        )

    def number(match):
        name = match[1]
        if name not in claims:
            raise _unknown(name, claims)
        return claims[name].text

    def in_text(match):
        return mark(match[1], number(match)) if mark else number(match)

    def in_formula(match):
        text = in_mathematics(number(match))
        return f"{{{mark(match[1], text)}}}" if mark else text

    def filled(match):
        mathematics = match["mathematics"]
        return PLACEHOLDER.sub(in_formula, mathematics) if mathematics else match[0]

    return PLACEHOLDER.sub(in_text, MATHEMATICS.sub(filled, text))


def _unknown(name, claims):
    near = get_close_matches(name, claims, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ValueError(f"no claim is named {name!r}{_stated_later(name) or hint}")


def _stated_later(name):
    """Say in which cell of the report a claim is stated; nothing if in none."""
    path = opened().notebook
    cells = (
        json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else ()
    )
    for cell in cells:
        if re.search(
            rf"state(_below)?\(\s*[\"']{re.escape(name)}[\"']", "".join(cell["source"])
        ):
            return f" yet: the cell {cell.get('id')!r} states it, which must come first"
    return ""


def markdown_text(value, spec=""):
    """Print a number, or any text, as Markdown outside of mathematics.

    What is more than plain digits, such as a minus or a power of ten, is set as
    mathematics between dollars.
    """
    text, number = format(value, spec), number_text(value, spec)
    if isinstance(value, str) or PLAIN.fullmatch(text):
        return text
    return number if PLAIN.fullmatch(number) or number.isalpha() else f"${number}$"


def in_mathematics(text):
    """Return what `markdown_text` has made as it is written within mathematics.

    Raises
    ------
    ValueError
        If only a part of it is mathematics.
    """
    own = MATHEMATICS.fullmatch(text)
    if own and own["mathematics"]:
        return text.strip("$")
    if "$" in text:
        raise ValueError(f"{text!r} has mathematics of its own: name it outside of $")
    if PLAIN.fullmatch(text):
        return text.replace(",", "{,}").replace("%", r"\%")
    return rf"\text{{{text}}}"
