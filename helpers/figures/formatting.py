"""Format numbers, names and statuses as the report prints them."""

import re

# Characters with a special meaning in Markdown or LaTeX.
SIGNS = re.compile(r"[\\`*_{}\[\]<>#$@~^|&]")
BREAK = "\N{ZERO WIDTH SPACE}"  # allows a line break
DOLLAR = "\N{FULLWIDTH DOLLAR SIGN}"  # printed as a normal one in tables
LONG = re.compile(r"\S{25,}")
NUMBER = re.compile(r"([+-]?)([\d,]*\.?\d+)(?:e([+-]\d+))?(%?)")
# What the report calls choices of parameters.
NAMES = {
    "all": "all features",
    "standardise": "standardised",
    "min-max": "min–max",
    "none": "unscaled",
}


def name_of(choice):
    """Return what the report calls a choice of features or of scaling."""
    return NAMES.get(choice, choice if "," in choice else f"{choice} only")


def literal(text):
    """Escape a text, such as a name, so that Markdown shows it literally."""
    return SIGNS.sub(r"\\\g<0>", breakable(text))


def breakable(text):
    """Allow line breaks within the very long words of a text."""
    return LONG.sub(lambda word: re.sub(".{3}(?=.)", rf"\g<0>{BREAK}", word[0]), text)


def shortened(text, length=24):
    """Shorten a long text in its middle, since texts may begin or end alike."""
    half = length // 2
    return text if len(text) <= length else f"{text[: half - 1]}…{text[-half:]}"


def distinct(names, length=48):
    """Shorten names, but keep different names different."""
    for size in range(length, max(map(len, names)), length // 2):
        short = [shortened(name, size) for name in names]
        if len({*short}) == len({*names}):
            return short
    return names


def cell_text(text):
    """Protect dollars in a table's cell, where they would enclose a formula."""
    return text.replace("$", DOLLAR) if text.count("$") > 1 else text


def list_text(items):
    """Join texts as in "a, b and c"; return "no" if there are none."""
    *rest, last = list(items) or ["no"]
    return f"{', '.join(rest)} and {last}" if rest else last


def number_text(value, spec=""):
    r"""Format a number for mathematics in LaTeX and MathJax.

    An exponent becomes a power of ten: ``4.2 \times 10^{-3}``, or ``10^{-3}`` if the
    mantissa is one. A text is returned unchanged.
    """
    text = format(value, spec).removesuffix(".")
    if isinstance(value, str):
        return text
    match = NUMBER.fullmatch(text)
    if not match:
        return text.replace("inf", r"\infty").replace("%", r"\%")
    sign, digits, exponent, percent = match.groups()
    sign = sign if digits.strip("0.") else sign.strip("-")  # zero is not negative
    digits = digits.replace(",", "{,}")  # otherwise TeX would add a space after it
    power = f"10^{{{int(exponent)}}}" if int(exponent or 0) else ""
    scaled = power if digits == "1" else rf"{digits} \times {power}"
    return sign + (scaled if power else digits) + (percent and r"\%")


def spec_of(value, digits=3):
    """Return a format with that many significant digits, without trailing zeros.

    Large numbers have no decimals, very large or small ones an exponent, which
    `number_text` turns into a power of ten.
    """
    if 10**digits <= abs(value) < 1e5:
        return ",.0f"
    moderate = value == 0 or 1e-3 <= abs(value) < 1e5
    return f",.{digits}g" if moderate else f".{digits - 1}e"


def signed_spec(value):
    """Return the format of a weight: a sign, and three digits or no decimals."""
    return "+,.0f" if 1e3 <= abs(value) < 1e5 else "+#.3g"


def short_text(value, digits=3):
    """Format a number with a few digits, as mathematics."""
    missing = value is None or value != value
    return math_text(value, "" if missing else spec_of(value, digits))


def math_text(value, spec=""):
    """Format a number as mathematics between dollars, a missing one as a dash."""
    if value is None or value != value:  # only nan differs from itself
        return "–"
    return r"$\infty$" if value == float("inf") else f"${number_text(value, spec)}$"


def plain_text(value, decimals, least=0.01):
    """Format a number with that many decimals, a large one without decimals.

    Huge numbers, and those below `least`, get three digits and a power of ten.
    """
    size = abs(value)
    if 1e3 <= size < 1e7:
        return math_text(value, ",.0f")
    moderate = size == 0 or least <= size < 1e3
    return math_text(value, f".{decimals}f" if moderate else ".2e")


def spread_text(mean, deviation, least=0.01):
    r"""Format a mean ± a standard deviation to the same precision.

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
    """Format a learning rate with all its digits: 0.001, but ``10^{-5}``."""
    digits = (d for d in range(6, 17) if float(f"{rate:.{d}g}") == rate)
    return math_text(rate, f".{next(digits, 17)}g")


def status_text(status, at):
    """Return a run's status, with the iteration at which it was stopped, if any."""
    return status if at is None else f"{status} at {at}"
