"""The controls of ``notebooks/explore.ipynb`` and how they are laid out."""

import math
from html import escape

import ipywidgets as widgets

from helpers.data import SCALINGS
from helpers.model import INITIALISATIONS
from helpers.optimisers import OPTIMISERS, options_of

CLICKED = "where clicked"
SLOWEST, FASTEST = -8, 1  # learning rates, as powers of ten
FRAMES = 60  # of an animation: at first each update, in the end many at a time
TRACK = (104, 218)  # where a slider's track begins and how long it is, in pixels
STYLE = {"description_width": "90px"}
WIDE = {"layout": {"width": "400px"}, "style": STYLE}
HALF = {"layout": {"width": "215px"}, "style": STYLE}
MARK = (
    '<div style="position:relative;height:16px;width:400px;font-size:12px">'
    '<span style="position:absolute;left:{left:.0f}px;margin-left:-5px;'
    'color:#b00020;white-space:nowrap">▲ limit {limit:.4g}</span></div>'
)
NO_MARK = '<div style="height:16px"></div>'
EXPLANATION = (
    '<div class="explanation" style="font-size:15px;line-height:1.3;min-height:58px;'
    'max-width:830px;color:{colour}">{text}</div>'
)


class Controls:
    """A control for each parameter of ``descent.ipynb``, and the buttons.

    Attributes
    ----------
    parameters : dict of str to widget
        By the parameter's name.
    step : widget
        The update that is shown.
    play, add, run, reset : widget
        The animation and the buttons.
    answer : widget
        What the buttons did.

    Parameters
    ----------
    columns : list of str
        The features to choose from.
    """

    def __init__(self, columns):
        self.parameters = {
            "features": widgets.SelectMultiple(
                options=columns,
                value=columns,
                rows=3,
                description="features",
                layout={"width": "430px"},
                style=STYLE,
            ),
            "scaling": _choice("scaling", SCALINGS),
            "initialisation": _choice("start", [*INITIALISATIONS, CLICKED]),
            "learning_rate": widgets.FloatLogSlider(
                value=0.1,
                min=SLOWEST,
                max=FASTEST,
                step=0.01,
                readout_format=".3g",
                description="learning rate",
                **WIDE,
            ),
            "n_iterations": _slider("iterations", 1000, 1, 2000),
            "optimiser": _choice("optimiser", list(OPTIMISERS)),
            "momentum": widgets.FloatSlider(
                value=0.9, max=0.99, step=0.01, description="momentum", **WIDE
            ),
            "batch_size": _slider("batch, 0: all", 0, 0, 1000),
            "seed": widgets.BoundedIntText(max=2**31, description="seed", **HALF),
        }
        self.parameters["optimiser"].observe(self._allow_momentum, "value")
        self._allow_momentum()
        self.defaults = self.values
        self.step = _slider("update", 1000, 0, 1000)
        self.play = widgets.Play(interval=100, show_repeat=False, max=FRAMES)
        self.add = _button("Add to experiments", "170px")
        self.run, self.reset = _button("Show as a run"), _button("Start over")
        self.answer = widgets.Output()
        self._mark, self._explanation = widgets.HTML(), widgets.HTML()

    @property
    def values(self):
        """The value of each parameter's control."""
        return {name: control.value for name, control in self.parameters.items()}

    def set(self, values):
        """Set the controls of all parameters."""
        for name, control in self.parameters.items():
            control.value = values[name]

    def mark(self, limit):
        """Mark the limit, if there is one, below the slider of the learning rate."""
        if limit is None:
            self._mark.value = NO_MARK
            return
        share = (math.log10(limit) - SLOWEST) / (FASTEST - SLOWEST)
        left = TRACK[0] + TRACK[1] * min(max(share, 0), 1)
        self._mark.value = MARK.format(left=left, limit=limit)

    def explain(self, text, *, wrong=False):
        """Show what happens and why; or what is wrong, which disables the buttons."""
        self.add.disabled = self.run.disabled = wrong
        colour = "#b00020" if wrong else "inherit"
        self._explanation.value = EXPLANATION.format(colour=colour, text=escape(text))

    def with_figure(self, canvas):
        """Return everything as one widget, no wider than a projected notebook."""
        its, row = self.parameters, widgets.HBox
        left = [its["learning_rate"], self._mark, its["n_iterations"], its["momentum"]]
        left += [its["batch_size"], self.step]
        right = [its["features"], row([its["scaling"], its["initialisation"]])]
        right += [row([its["seed"], its["optimiser"]])]
        right += [row([self.add, self.run, self.reset]), self.play]
        controls = row([widgets.VBox(left), widgets.VBox(right)])
        for column in controls.children:
            column.layout.flex = "0 0 auto"
        return widgets.VBox([controls, self._explanation, canvas, self.answer])

    def _allow_momentum(self, change=None):
        """Enable the slider of the momentum for the optimisers that have one."""
        options = options_of(self.parameters["optimiser"].value)
        self.parameters["momentum"].disabled = "momentum" not in options


def rounded(rate):
    """Return a learning rate with three digits, as its slider shows it.

    Where 0.05 is typed the slider moves to its nearest step, 0.0501187: that is 0.05.
    """
    one_digit = float(f"{rate:.1g}")
    return one_digit if abs(one_digit / rate - 1) < 0.0025 else float(f"{rate:.3g}")


def _choice(name, options):
    return widgets.Dropdown(options=options, description=name, **HALF)


def _slider(name, value, low, high):
    return widgets.IntSlider(value=value, min=low, max=high, description=name, **WIDE)


def _button(name, width="126px"):
    return widgets.Button(description=name, layout={"width": width})
