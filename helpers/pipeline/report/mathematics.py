"""Mathematics in Markdown: its notations, and numbers as mathematics."""

import re
from itertools import pairwise

from helpers.figures.formatting import SIGNS, number_text

# Code in Markdown: a block up to a fence or the end of the text, or inline code.
CODE = re.compile(
    r"(`{3,}|~{3,}).*?(?:\1|\Z)|(?<!\\)(`+)(?:(?!\n\s*\n).)*?\2", re.DOTALL
)
PLAIN = re.compile(r"[+\d.,%]+")  # a number that looks the same outside mathematics
# Mathematics; code and escaped dollars match first, as their dollars mean nothing.
DOLLARS = r"\$\$.+?\$\$|\$(?=\S)(?:\\.|(?!\n\s*\n)[^\\$])+?(?<=\S)\$(?!\d)"
MATHEMATICS = re.compile(
    rf"{CODE.pattern}|\\\$|(?P<mathematics>{DOLLARS}"
    r"|\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})",
    re.DOTALL,
)
OPEN_DOLLAR = re.compile(r"\$[A-Za-z\\(|].{,20}")
# The other notations: with spaces, as in LaTeX, and as an environment on its own.
OTHER_NOTATIONS = re.compile(
    rf"{CODE.pattern}|\\\$|{DOLLARS}"
    r"|\\{1,2}\((?P<inline>.+?)\\{1,2}\)"
    r"|^[ \t]*\\{1,2}\[(?P<display>.+?)\\{1,2}\][ \t]*$"
    r"|\$[ \t]+(?P<spaced>[^$\n]+?)[ \t]*\$"
    r"|\\begin\{(?P<name>equation|align|gather)(?P<star>\*?)\}"
    r"(?P<body>.*?)\\end\{(?P=name)(?P=star)\}",
    re.DOTALL | re.MULTILINE,
)


def outside_code(change, text):
    """Apply a function to all of a Markdown text except its code."""
    ends = [0, *(end for code in CODE.finditer(text) for end in code.span()), None]
    parts = [text[begin:end] for begin, end in pairwise(ends)]
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def unify_mathematics(text):
    r"""Return Markdown with all of its mathematics between dollars.

    This includes what JupyterLab also shows as mathematics, ``$ x $`` and environments
    on their own, and LaTeX's ``\(x\)`` and ``\[x\]``. Raises ValueError if dollars seem
    to be a currency, as in ``5$ or 6$``, or one is missing.
    """

    def between_dollars(match):
        parts, before = match.groupdict(), match.string[: match.start()][-1:]
        if parts["spaced"] and (before == "$" or before.isalnum()):
            problem = f"{before + match[0]!r} would be mathematics"
            raise ValueError(rf"{problem}; write \$ for the currency")
        if parts["inline"] or parts["spaced"]:
            return f"${(parts['inline'] or parts['spaced']).strip()}$"
        if parts["display"]:
            return f"$${parts['display']}$$"
        if parts["name"] is None:
            return match[0]
        inner = {"align": "aligned", "gather": "gathered"}.get(parts["name"])
        body = parts["body"].strip()
        return (
            f"$$\\begin{{{inner}}}{body}\\end{{{inner}}}$$" if inner else f"$${body}$$"
        )

    return OTHER_NOTATIONS.sub(between_dollars, text)


def markdown_text(value, spec=""):
    """Return a number, or any text, as Markdown outside mathematics.

    A number with more than plain digits, such as a minus or a power of ten, becomes
    mathematics between dollars.
    """
    text, number = format(value, spec), number_text(value, spec)
    if isinstance(value, str):
        return text
    text = text.removesuffix(".")  # as #.3g leaves one
    if PLAIN.fullmatch(text):
        return text
    return number if PLAIN.fullmatch(number) or number.isalpha() else f"${number}$"


def in_mathematics(text):
    """Return a result of `markdown_text` as it is written within mathematics."""
    match = MATHEMATICS.fullmatch(text)
    if match and match["mathematics"]:
        return text.strip("$")
    if "$" in text:
        raise ValueError(f"{text!r} has mathematics of its own: use it outside of $")
    if PLAIN.fullmatch(text):
        return text.replace(",", "{,}").replace("%", r"\%")
    text = re.sub(rf"\\({SIGNS.pattern})", r"\1", text)  # undo escapes of Markdown
    text = re.sub(r"[%#&_{}]", r"{\\\g<0>}", text.replace("\\", "\0"))
    text = text.replace("^", r"\textasciicircum{}").replace("~", r"\textasciitilde{}")
    text = text.replace("\0", r"\textbackslash{}")
    return rf"\text{{{text}}}"
