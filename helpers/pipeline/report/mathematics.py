"""Mathematics in Markdown: the ways to write it, and numbers as mathematics."""

import re
from itertools import pairwise

from helpers.figures.formatting import SIGNS, number_text

# In Markdown: a block, which its text may end, or a part of a paragraph.
CODE = re.compile(
    r"(`{3,}|~{3,}).*?(?:\1|\Z)|(?<!\\)(`+)(?:(?!\n\s*\n).)*?\2", re.DOTALL
)
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


def outside_code(change, text):
    """Return Markdown with all of it changed but its code."""
    ends = [0, *(end for code in CODE.finditer(text) for end in code.span()), None]
    parts = [text[begin:end] for begin, end in pairwise(ends)]
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def unify_mathematics(text):
    r"""Return Markdown with all of its mathematics between dollars.

    So is what JupyterLab shows as mathematics, ``$ x $`` and an environment that stands
    alone, and what LaTeX takes for it, ``\(x\)`` and ``\[x\]``. ValueError if dollars
    seem to be a currency, as in ``5$ or 6$``, or one is missing.
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


def markdown_text(value, spec=""):
    """Print a number, or any text, as Markdown outside of mathematics.

    What is more than plain digits, such as a minus or a power of ten, is set as
    mathematics between dollars.
    """
    text, number = format(value, spec), number_text(value, spec)
    if isinstance(value, str):
        return text
    text = text.removesuffix(".")  # as of +#.3g
    if PLAIN.fullmatch(text):
        return text
    return number if PLAIN.fullmatch(number) or number.isalpha() else f"${number}$"


def in_mathematics(text):
    """Return what `markdown_text` has made as it is written within mathematics."""
    own = MATHEMATICS.fullmatch(text)
    if own and own["mathematics"]:
        return text.strip("$")
    if "$" in text:
        raise ValueError(f"{text!r} has mathematics of its own: name it outside of $")
    if PLAIN.fullmatch(text):
        return text.replace(",", "{,}").replace("%", r"\%")
    text = re.sub(rf"\\({SIGNS.pattern})", r"\1", text)  # as Markdown shows it
    text = re.sub(r"[%#&_{}]", r"{\\\g<0>}", text.replace("\\", "\0"))
    text = text.replace("^", r"\textasciicircum{}").replace("~", r"\textasciitilde{}")
    text = text.replace("\0", r"\textbackslash{}")
    return rf"\text{{{text}}}"
