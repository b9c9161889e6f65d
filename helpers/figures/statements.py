"""Compute what sentences of the report state, and check that it holds.

The text discusses runs. What it states about all, none or the best of them is computed
here; a sentence that no longer holds stops the report with an error that quotes it.
"""

import math

from helpers.figures.formatting import list_text, math_text, number_text

WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"]
WORDS += ["nine", "ten", "eleven", "twelve"]


def number_word(number):
    """Return a number as a word if it is small, otherwise in digits."""
    return WORDS[number] if 0 <= number < len(WORDS) else f"{number:,d}"


def count_text(count, total):
    """Return "all three", "both", "the only one", "none", or "two of the six"."""
    if not count:
        return "none"
    if count < total:
        return f"{number_word(count)} of the {number_word(total)}"
    return {1: "the only one", 2: "both"}.get(total, f"all {number_word(total)}")


def at_text(items):
    """Return "at a and b", or "at none of them"."""
    items = list(items)
    return f"at {list_text(items)}" if items else "at none of them"


# How much a model explains, and how good it is, by the lowest R² on held-out samples.
SHARES = {
    1: "all",
    0.95: "almost all",
    0.75: "most",
    0.6: "more than half",
    0.4: "about half",
}
SHARES |= {0.1: "a small part", 0.02: "very little", -math.inf: "nothing"}
FITS = {0.75: "good", 0.4: "moderate", 0.1: "poor"}
FITS |= {-math.inf: "bad: hardly better than the mean, or worse"}
ENDINGS = {
    "converged": "has converged",
    "descending": "has not converged: its cost was still falling",
    "oscillating": "has not converged: its cost neither fell nor rose",
    "diverged": "has diverged",
}


def share_text(share):
    """Describe how much of the variance is explained."""
    return next(text for least, text in SHARES.items() if share >= least)


def fit_text(share):
    """Rate a fit as good, moderate, poor or bad, by its R² on held-out samples."""
    return next(text for least, text in FITS.items() if share >= least)


def first_text(close, share):
    """Say which runs were the first to come within a share of the optimum.

    Parameters
    ----------
    close : dict of str to float
        The iteration at which each run came so close; nan for never.
    share : float
        Fraction of the optimum.
    """
    within = f"within {100 * share:g}\N{NO-BREAK SPACE}% of the optimum"
    reached = {name: count for name, count in close.items() if count == count}
    if not reached:
        return f"None came {within}."
    least = min(reached.values())
    if least == 0:
        return (
            f"The cost at the start is {within} already, so by this share there is "
            "nothing to compare."
        )
    first = list_text(name for name, count in reached.items() if count == least)
    return f"The first {within}: {first}, at iteration {least:,.0f}."


def adam_text(gradient, epsilon):
    r"""Explain why Adam is slow, unless $\varepsilon$ is far below the first gradient.

    `gradient` is the largest derivative of the cost at the start.
    """
    if gradient >= 10 * epsilon:
        return ""
    return (
        rf" Adam adds $\varepsilon = {number_text(epsilon, '.0e')}$ to the size of a "
        "gradient before it divides by it, and no gradient is above "
        f"{math_text(gradient, '.1e')} at the start: its steps are shorter than they "
        "would be for a target in a smaller unit."
    )


def require(holds, sentence):
    """Raise ValueError if a sentence of the report does not hold."""
    if not holds:
        raise ValueError(
            f"the report says {sentence!r}, which no longer holds: change "
            "experiments.yaml, or the text in notebooks/report.ipynb"
        )


def the_run(runs, sentence, **setting):
    """Return the first run with a setting, for a sentence about it.

    Parameters
    ----------
    runs : pandas.DataFrame
        One run in each row.
    sentence : str
        What the report states about the run.
    **setting
        Parameters of the run.

    Raises
    ------
    ValueError
        If there is no such run; the message quotes the sentence.
    """
    for name, value in setting.items():
        runs = runs[runs[name] == value]
    require(len(runs), sentence)
    return runs.iloc[0]
