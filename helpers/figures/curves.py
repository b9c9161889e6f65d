"""The cost against the iteration, and the ticks of logarithmic axes.

A run's notebook needs no other plot: what is added to `plots` runs nothing again.
"""

import math

from matplotlib.ticker import Formatter, LogLocator, NullLocator

FEW = 1e3  # an axis that ends below so many times its start has ticks at 2 and 5
SUPERSCRIPTS = str.maketrans(
    "-0123456789",
    "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079",
)


def in_unit(text, unit):
    """Add a unit to a text in parentheses, if there is one."""
    return f"{text} ({unit})" if unit else text


def label_costs(ax, unit, text="cost $J$"):
    """Label the axes of iterations and of their costs, and give both their ticks."""
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
        The cost after each update, by the label of its line.
    unit : str
        Unit of the cost.
    best : dict of str to float, optional
        Lowest attainable cost by label, drawn as a thin line.
    """
    for label, costs in curves.items():
        (line,) = ax.plot(costs, label=label)
        if best:
            ax.axhline(best[label], color=line.get_color(), linewidth=0.6)
    label_costs(ax, unit)
    ax.legend()
    return ax


def whole_ticks(axis):
    """Give an axis of iterations ticks at whole numbers only, if it is linear."""
    if axis.get_scale() == "linear":
        axis.get_major_locator().set_params(integer=True)


class LogTicks(LogLocator):
    """Ticks of a logarithmic axis: each decade; 2 and 5, or all, where these are few.

    Every tick has its number. Matplotlib's eight further ticks in each decade would
    take a third of the time of a figure.
    """

    def tick_values(self, vmin, vmax):
        """Return where the ticks between two values are."""
        low, high = sorted((vmin, vmax))
        for subs in ([1, 2, 5], range(1, 10)) if vmax < FEW * vmin else ([1],):
            self.set_params(subs=subs)
            ticks = super().tick_values(vmin, vmax)
            ticks = ticks[(ticks > 0.99 * low) & (ticks < 1.01 * high)]  # none beyond
            if len(ticks) > 2:
                break
        return ticks


class LogNumbers(Formatter):
    """Numbers of a logarithmic axis as plain text: 600, or a power of ten.

    Matplotlib would set them as mathematics, in most of the time of a figure.
    """

    def __call__(self, value, position=None):
        """Return the text of a tick."""
        low, high = sorted(self.axis.get_view_interval())
        if value == 0 or (low > 1e-4 and high < min(1e5, FEW * low)):
            return f"{value:g}"
        exponent = math.floor(math.log10(abs(value)) + 1e-9)
        power = "10" + str(exponent).translate(SUPERSCRIPTS)
        factor = f"{value / 10**exponent:g}"
        return power if factor == "1" else f"{factor}×{power}"


def number_ticks(*axes):
    """Give axes the ticks above, each with its number."""
    for axis in axes:
        if axis.get_scale() == "log":
            axis.set_major_locator(LogTicks())
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(LogNumbers())
