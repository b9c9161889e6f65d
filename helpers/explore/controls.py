"""The controls of ``notebooks/explore.ipynb`` and how they are laid out."""

import math
from html import escape

import ipywidgets as widgets

from helpers.data import SCALINGS
from helpers.model import INITIALISATIONS

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
SAID = (
    '<div class="explanation" style="font-size:15px;line-height:1.3;min-height:58px;'
    'max-width:830px;color:{colour}">{text}</div>'
)


class Controls:
    """A control for each parameter of ``descent.ipynb``, and what belongs to them.

    Attributes
    ----------
    parameters : dict of str to widget
        By the parameter's name.
    step : widget
        The update that is shown.
    play, add, run, anew : widget
        The animation and the buttons.
    answer : widget
        Where the buttons' outcome is shown.

    Parameters
    ----------
    columns : list of str
        The features that there are.
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
            "momentum": widgets.FloatSlider(
                value=0.0, max=0.99, step=0.01, description="momentum", **WIDE
            ),
            "batch_size": _slider("batch, 0: all", 0, 0, 1000),
            "nesterov": widgets.Checkbox(description="Nesterov", **HALF),
            "seed": widgets.BoundedIntText(max=2**31, description="seed", **HALF),
        }
        self.defaults = self.values
        self.step = _slider("update", 1000, 0, 1000)
        self.play = widgets.Play(interval=100, show_repeat=False, max=FRAMES)
        self.add, self.run, self.anew = map(
            _button, ("Add to experiments", "Show as a run", "Start anew")
        )
        self.answer = widgets.Output()
        self._mark, self._said = widgets.HTML(), widgets.HTML()

    @property
    def values(self):
        """The value of each parameter's control."""
        return {name: control.value for name, control in self.parameters.items()}

    def set(self, values):
        """Set the controls of all parameters."""
        for name, control in self.parameters.items():
            control.value = values[name]

    def mark(self, limit):
        """Mark the limit below the slider of the learning rate."""
        share = (math.log10(limit) - SLOWEST) / (FASTEST - SLOWEST)
        left = TRACK[0] + TRACK[1] * min(max(share, 0), 1)
        self._mark.value = MARK.format(left=left, limit=limit)

    def say(self, text, *, wrong=False):
        """Say what happens and why; or what is wrong, while nothing can be done."""
        self.add.disabled = self.run.disabled = wrong
        colour = "#b00020" if wrong else "inherit"
        self._said.value = SAID.format(colour=colour, text=escape(text))

    def with_figure(self, canvas):
        """Return everything as one widget, no wider than a projected notebook."""
        its, row = self.parameters, widgets.HBox
        left = [its["learning_rate"], self._mark, its["n_iterations"], its["momentum"]]
        left += [its["batch_size"], self.step]
        right = [its["features"], row([its["scaling"], its["initialisation"]])]
        right += [row([its["seed"], its["nesterov"]])]
        right += [row([self.add, self.run, self.anew]), self.play]
        controls = row([widgets.VBox(left), widgets.VBox(right)])
        for column in controls.children:
            column.layout.flex = "0 0 auto"
        return widgets.VBox([controls, self._said, canvas, self.answer])


def _choice(name, options):
    return widgets.Dropdown(options=options, description=name, **HALF)


def _slider(name, value, low, high):
    return widgets.IntSlider(value=value, min=low, max=high, description=name, **WIDE)


def _button(name):
    width = "170px" if len(name) > 15 else "126px"
    return widgets.Button(description=name, layout={"width": width})
