"""Numbers, names and statuses as the report prints them."""

import re

# What Markdown or LaTeX would take for more than a letter.
SIGNS = re.compile(r"[\\`*_{}\[\]<>#$@~^|&]")
BREAK = "\N{ZERO WIDTH SPACE}"  # a line may end there
DOLLAR = "\N{FULLWIDTH DOLLAR SIGN}"  # in a table, is printed as one of usual width
LONG = re.compile(r"\S{25,}")
NUMBER = re.compile(r"([+-]?)([\d,]*\.?\d+)(?:e([+-]\d+))?(%?)")
# How the page writes the choice of a parameter, if not as it is.
NAMES = {
    "all": "all features",
    "standardise": "standardised",
    "min-max": "min–max",
    "none": "unscaled",
}


def name_of(choice):
    """Return how the page writes a choice of features or of scaling."""
    return NAMES.get(choice, choice if "," in choice else f"{choice} only")


def literal(text):
    """Return a text, such as a name, for Markdown that shows it as it is."""
    return SIGNS.sub(r"\\\g<0>", breakable(text))


def breakable(text):
    """Return a text whose very long words may be broken into lines."""
    return LONG.sub(lambda word: re.sub(".{3}(?=.)", rf"\g<0>{BREAK}", word[0]), text)


def shortened(text, length=24):
    """Cut a long text in its middle: beginnings may be alike, and so may ends."""
    half = length // 2
    return text if len(text) <= length else f"{text[: half - 1]}…{text[-half:]}"


def distinct(names, length=48):
    """Shorten names, but not so much that different ones would become the same."""
    for most in range(length, max(map(len, names)), length // 2):
        short = [shortened(name, most) for name in names]
        if len({*short}) == len({*names}):
            return short
    return names


def cell_text(text):
    """Return a text for a cell of a table, where dollars would enclose a formula."""
    return text.replace("$", DOLLAR) if text.count("$") > 1 else text


def list_text(items):
    """Join texts as in "a, b and c"; return "no" if there are none."""
    *others, last = list(items) or ["no"]
    return f"{', '.join(others)} and {last}" if others else last


def number_text(value, spec=""):
    r"""Print a number by a format specification, for mathematics in LaTeX and MathJax.

    An exponent makes a power of ten: ``4.2 \times 10^{-3}``, or ``10^{-3}`` where the
    mantissa is one. A text that is no number is returned as it is.
    """
    text = format(value, spec).removesuffix(".")
    if isinstance(value, str):
        return text
    found = NUMBER.fullmatch(text)
    if not found:
        return text.replace("inf", r"\infty").replace("%", r"\%")
    sign, digits, exponent, percent = found.groups()
    sign = sign if digits.strip("0.") else sign.strip("-")  # zero is not negative
    digits = digits.replace(",", "{,}")  # else a space would follow it
    power = f"10^{{{int(exponent)}}}" if int(exponent or 0) else ""
    alone = power if digits == "1" else rf"{digits} \times {power}"
    return sign + (alone if power else digits) + (percent and r"\%")


def spec_of(value, digits=3):
    """Return the format of a number with that many digits, exact ones without zeros.

    A large one has no decimals. Where it is very small or large, it is the type ``e``:
    see `number_text`.
    """
    if 10**digits <= abs(value) < 1e5:
        return ",.0f"
    usual = value == 0 or 1e-3 <= abs(value) < 1e5
    return f",.{digits}g" if usual else f".{digits - 1}e"


def signed_spec(value):
    """Return the format of a weight: with a sign, and three digits or no decimals."""
    return "+,.0f" if 1e3 <= abs(value) < 1e5 else "+#.3g"


def short_text(value, digits=3):
    """Print a number with a few digits, as mathematics."""
    missing = value is None or value != value
    return math_text(value, "" if missing else spec_of(value, digits))


def math_text(value, spec=""):
    """Print a number as mathematics between dollars; a missing one as a dash."""
    if value is None or value != value:  # nan is not itself
        return "–"
    return r"$\infty$" if value == float("inf") else f"${number_text(value, spec)}$"


def plain_text(value, decimals, least=0.01):
    """Print a number with so many decimals, a large one with none.

    One that is huge, or smaller than the least, has three digits and a power of ten.
    """
    size = abs(value)
    if 1e3 <= size < 1e7:
        return math_text(value, ",.0f")
    usual = size == 0 or least <= size < 1e3
    return math_text(value, f".{decimals}f" if usual else ".2e")


def spread_text(mean, deviation, least=0.01):
    r"""Print a mean ± a standard deviation as exact as each other.

    If they need a power of ten, as in `plain_text`, they share it:
    ``(5.12 \pm 0.07) \times 10^{-4}``.
    """
    if mean != mean or deviation != deviation:
        return "–"
    size = max(abs(mean), deviation)
    if size == 0 or least <= size < 1e7:
        small = 0.01 <= least <= size < 0.1
        spec = ",.0f" if size >= 1e3 else ".5f" if small else ".3f"
        pair = [number_text(value, spec) for value in (mean, deviation)]
        return rf"${pair[0]} \pm {pair[1]}$"
    exponent = int(f"{size:.2e}".partition("e")[2])
    pair = [f"{value / 10.0**exponent:.2f}" for value in (mean, deviation)]
    return rf"$({pair[0]} \pm {pair[1]}) \times 10^{{{exponent}}}$"


def rate_text(rate):
    """Print a learning rate with all its digits: 0.001, but ``10^{-5}``."""
    digits = (d for d in range(6, 17) if float(f"{rate:.{d}g}") == rate)
    return math_text(rate, f".{next(digits, 17)}g")


def status_text(status, at):
    """Return a run's status, and the iteration at which it was stopped, if it was."""
    return status if at is None else f"{status} at {at}"
