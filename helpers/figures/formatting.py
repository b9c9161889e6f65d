"""Numbers, names and outcomes as the report prints them."""

import numpy as np

# What the page calls a choice of the parameters; others are called what they are.
NAMES = {
    "horsepower": "horsepower only",
    "all": "all features",
    "standardise": "standardised",
    "min-max": "min–max",
    "none": "unscaled",
}


def name_of(choice):
    """Return what the page calls a choice of features or of scaling."""
    return NAMES.get(choice, choice)


def list_text(items):
    """Print texts as one: a, b and c; no, if there are none."""
    *others, last = list(items) or ["no"]
    return f"{', '.join(others)} and {last}" if others else last


def number_text(value, spec=""):
    r"""Print a number for the page.

    Parameters
    ----------
    value : float, int or str
        The value.
    spec : str
        A Python format specification. With the type ``e`` the exponent is set
        as a power of ten, for use in mathematics: ``4.2 \times 10^{-3}``, and
        ``10^{-3}`` where the mantissa is one.

    Returns
    -------
    str
        Text for Markdown, LaTeX and MathJax alike.
    """
    text = format(value, spec)
    if not spec.endswith("e"):
        return text
    mantissa, exponent = text.split("e")
    if int(exponent) == 0:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def math_text(value, spec=""):
    """Print a number as mathematics between dollars; a missing one as a dash."""
    if value is None or value != value:  # nan is not itself
        return "–"
    return r"$\infty$" if value == float("inf") else f"${number_text(value, spec)}$"


def rate_text(rate):
    """Print a learning rate: as a power of ten if it is one."""
    power = round(np.log10(rate))
    return math_text(rate, ".0e" if rate == float(f"1e{power}") else "g")


def outcome_text(run):
    """Say how a run ended, and where, if it had to be stopped."""
    if run.diverged_at is None:
        return run.status
    return f"{run.status} at {run.diverged_at}"


def final_cost(run):
    """Return a run's last cost; None if it diverged, for then it says nothing."""
    return None if run.status == "diverged" else run.costs[-1]
