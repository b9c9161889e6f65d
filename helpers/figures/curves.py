"""Plot the cost against the iteration, and set the ticks of logarithmic axes.

Runs need no other plot, so that changes in `plots` do not cause any run to be repeated.
"""

import math

from matplotlib.ticker import Formatter, LogLocator, NullLocator

SHORT = 1e3  # ratio of the ends below which an axis has ticks at 2 and 5, too
SUPERSCRIPTS = str.maketrans(
    "-0123456789",
    "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079",
)


def in_unit(text, unit):
    """Append a unit in parentheses to a text, if there is one."""
    return f"{text} ({unit})" if unit else text


def label_costs(ax, unit, text="cost $J$"):
    """Label the axes of the iterations and the costs, and set their ticks."""
    label = f"{text} in {unit}" if unit else text
    ax.set(xlabel="iteration", ylabel=label, yscale="log")
    number_ticks(ax.yaxis)
    whole_ticks(ax.xaxis)


def plot_costs(ax, curves, *, unit, best=None):
    """Plot the cost against the iteration.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; it is returned.
    curves : dict of str to ndarray
        The cost after each update, keyed by the label of its line.
    unit : str
        Unit of the cost.
    best : dict of str to float, optional
        Lowest attainable costs, keyed by label and drawn as thin lines.
    """
    for label, costs in curves.items():
        (line,) = ax.plot(costs, label=label)
        if best:
            ax.axhline(best[label], color=line.get_color(), linewidth=0.6)
    label_costs(ax, unit)
    ax.legend()
    return ax


def whole_ticks(axis):
    """Restrict the ticks of an axis of iterations to whole numbers, if it is linear."""
    if axis.get_scale() == "linear":
        axis.get_major_locator().set_params(integer=True)


class LogTicks(LogLocator):
    """Ticks of a logarithmic axis: decades; if these are few, also 2 and 5, or 1 to 9.

    Every tick has a number. Matplotlib's eight minor ticks in each decade would take a
    third of the time of a figure.
    """

    def tick_values(self, vmin, vmax):
        """Return the positions of the ticks between two values."""
        low, high = sorted((vmin, vmax))
        for subs in ([1, 2, 5], range(1, 10)) if vmax < SHORT * vmin else ([1],):
            self.set_params(subs=subs)
            ticks = super().tick_values(vmin, vmax)
            ticks = ticks[(ticks > 0.99 * low) & (ticks < 1.01 * high)]
            if len(ticks) > 2:
                break
        return ticks


class LogNumbers(Formatter):
    """Numbers of a logarithmic axis as plain text: 600, or a power of ten.

    Matplotlib would typeset them as mathematics, which takes most of a figure's time.
    """

    def __call__(self, value, position=None):
        """Return the text of a tick."""
        low, high = sorted(self.axis.get_view_interval())
        if value == 0 or (low > 1e-4 and high < min(1e5, SHORT * low)):
            return f"{value:g}"
        exponent = math.floor(math.log10(abs(value)) + 1e-9)
        power = "10" + str(exponent).translate(SUPERSCRIPTS)
        factor = f"{value / 10**exponent:g}"
        return power if factor == "1" else f"{factor}×{power}"


def number_ticks(*axes):
    """Use the ticks and numbers above on axes."""
    for axis in axes:
        if axis.get_scale() == "log":
            axis.set_major_locator(LogTicks())
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(LogNumbers())
