"""What happens in ``notebooks/explore.ipynb`` when a control is moved."""

import asyncio
import contextlib
import io
import json
import threading
from html import escape
from itertools import product

from ipympl.backend_nbagg import Canvas, FigureManager
from IPython.display import Markdown, display
from matplotlib.figure import Figure
from PIL import Image
from traitlets import TraitError

from helpers import ROOT
from helpers.data import SCALINGS, load_data
from helpers.explore.actions import EXPLORED, add_to_experiments, show_as_run
from helpers.explore.controls import CLICKED, FRAMES, Controls, rounded
from helpers.explore.trial import explain, make_problem, try_setting
from helpers.explore.views import Views
from helpers.model import INITIALISATIONS
from helpers.pipeline.errors import UserError

PAUSE = 0.01  # seconds in which more changes may come before anything is drawn
OPENING = 2  # seconds after which the page is there, and there is time to draw ahead
BETWEEN = 0.05  # seconds between two drawings ahead
SIZE = (8.4, 4.2)  # inches at 100 dots: all of it fits on a projected 1280 x 800
SAVED = EXPLORED / "setting.json"  # for when the kernel is restarted


class WholeCanvas(Canvas):
    """A canvas that sends whole pictures, and is drawn by one thread at a time.

    A busy page skips a picture when the next one is there already. None of ipympl's
    own may be skipped, since they hold only what has changed. And JupyterLab may have
    the kernel answer each message in a thread of its own.
    """

    def __init__(self, figure):
        super().__init__(figure)
        self.lock = threading.RLock()

    def draw(self):
        """Draw everything."""
        with self.lock:
            super().draw()

    def get_diff_image(self):
        """Return the whole picture as PNG; None if the page has it."""
        if not self._png_is_old:
            return None
        self._png_is_old = self._force_full = False
        self.set_image_mode("full")
        png = io.BytesIO()
        picture = Image.frombuffer("RGBA", self.get_width_height(), self.buffer_rgba())
        picture.convert("RGB").save(png, "png", compress_level=1)
        return png.getvalue()


class Explorer:
    """The controls and the pictures, and what happens when a control is moved.

    Parameters
    ----------
    data : str
        CSV file with a header line, relative to the project's folder.
    target : str
        Column to predict.
    """

    def __init__(self, data="data/auto.csv", target="mpg"):
        self.data, self.target = data, target
        self.stamp, self.problems, self.trial, self.start = None, {}, None, ""
        self.columns = load_data(data, target).features
        self.controls = Controls(self.columns)
        self.canvas = WholeCanvas(Figure(figsize=SIZE))
        FigureManager(self.canvas, 0)
        for part in ("header", "footer", "toolbar"):
            setattr(self.canvas, f"{part}_visible", False)
        self.canvas.resizable = False
        self.canvas.syncing_data_url = False  # the page asks for it once it is there
        self.views = Views(self.canvas.figure, self.columns)
        self.waiting = False
        self._restore()
        self._connect()
        self.update()
        self.ahead = self.others()
        with contextlib.suppress(RuntimeError):  # outside of Jupyter there is no loop
            asyncio.get_running_loop().call_later(OPENING, self._draw_ahead)

    @property
    def widget(self):
        """Everything, as one widget."""
        return self.controls.with_figure(self.canvas)

    @property
    def setting(self):
        """The parameters of ``descent.ipynb`` that the controls stand for."""
        setting, chosen = self.controls.values, self.controls.values["features"]
        every = set(chosen) == set(self.columns)
        setting["features"] = "all" if every else ", ".join(chosen)
        setting["start"] = ""
        if setting["initialisation"] == CLICKED:
            setting |= {"initialisation": INITIALISATIONS[0], "start": self.start}
        setting["learning_rate"] = rounded(setting["learning_rate"])
        has_momentum = not self.controls.parameters["momentum"].disabled
        setting["momentum"] = round(setting["momentum"], 2) if has_momentum else None
        return {"data": self.data, "target": self.target} | setting

    def update(self):
        """Descend with the present setting, and draw what comes of it."""
        with self.canvas.lock:
            self.waiting = False
            try:
                self._update()
            except (ValueError, UserError, OSError) as error:
                self.controls.explain(str(error), wrong=True)

    def _update(self):
        step, known = self.controls.step, self.trial
        problem, setting, shown = self._problem(), self.setting, step.value
        if not known or known.problem is not problem or known.setting != setting:
            self._try(problem, setting)
            shown = None  # a new descent is shown at its end
        self.views.show(self.trial, shown)
        if shown is None:
            step.value = self.views.step

    def _try(self, problem, setting):
        """Descend, update the controls, and save the setting."""
        self.trial = try_setting(problem, setting)
        self.controls.step.max = len(self.trial.fit.path) - 1
        self.controls.mark(self.trial.limit)
        self.controls.explain(explain(self.trial))
        EXPLORED.mkdir(parents=True, exist_ok=True)
        state, temporary = [self.controls.values, self.start], SAVED.with_suffix(".new")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(SAVED)  # the kernel may be ended at any moment

    def _problem(self):
        """Return the chosen data, read again if the file has changed."""
        about = (ROOT / self.data).stat()
        stamp = (about.st_mtime_ns, about.st_size)
        if stamp != self.stamp:
            self._read_columns()
            self.stamp, self.problems = stamp, {}
        if not self.setting["features"]:
            raise ValueError("Choose at least one feature.")
        return self._problem_of(self.setting["features"], self.setting["scaling"])

    def _problem_of(self, features, scaling):
        """Return the same object each time, which is what `Views` compares."""
        if (features, scaling) not in self.problems:
            sample = load_data(self.data, self.target, features)
            self.problems[features, scaling] = make_problem(sample, scaling)
        return self.problems[features, scaling]

    def others(self):
        """Yield the problems that are one click away."""
        for scaling, features in product(SCALINGS, ("all", *self.columns)):
            with contextlib.suppress(ValueError):  # shown once they are chosen
                yield self._problem_of(features, scaling)

    def _draw_ahead(self):
        """Draw the axes of other problems, a few at a time, while nobody waits."""
        with self.canvas.lock:
            problem = next(self.ahead, None)
            if problem:
                self.views.prepare(problem)
                asyncio.get_running_loop().call_later(BETWEEN, self._draw_ahead)

    def _read_columns(self):
        """Offer the features that the file has now, and keep what is chosen of them."""
        sample = load_data(self.data, self.target)
        control = self.controls.parameters["features"]
        if list(control.options) != sample.features:
            kept = [name for name in control.value if name in sample.features]
            self.columns = self.views.columns = sample.features
            control.options = sample.features
            control.value = kept or sample.features
        self.controls.parameters["batch_size"].max = len(sample.y)

    def _connect(self):
        """React to every control and every click."""
        its = self.controls
        for control in (*its.parameters.values(), its.step):
            control.observe(self._changed, "value")
        its.play.observe(self._played, "value")
        its.add.on_click(lambda _: self._answer(add_to_experiments, self.trial.setting))
        its.run.on_click(lambda _: self._answer(show_as_run, self.trial))
        its.reset.on_click(lambda _: self._start_over())
        self.canvas.mpl_connect("button_press_event", self._clicked)

    def _changed(self, change):
        """Update soon: only the last of several quick changes is drawn."""
        its, owner = self.controls.parameters, change["owner"]
        if owner is self.controls.step and change["new"] == self.views.step:
            return  # it was moved by the update itself
        if owner in (its["features"], its["scaling"]):
            self.start = ""  # a place on another surface
            if its["initialisation"].value == CLICKED:
                its["initialisation"].value = INITIALISATIONS[0]
        self._update_soon()

    def _update_soon(self):
        if not self.waiting:
            try:
                asyncio.get_running_loop().call_later(PAUSE, self.update)
                self.waiting = True
            except RuntimeError:  # outside of Jupyter there is no loop
                self.update()

    def _played(self, change):
        """Show the next frame of the animation, which can be played again."""
        frame, play, step = change["new"], self.controls.play, self.controls.step
        if frame or play.playing:
            step.value = round((step.max + 1) ** (frame / FRAMES)) - 1
        if frame == FRAMES:
            play.playing, play.value = False, 0

    def _clicked(self, event):
        """Start the descent where the surface was clicked."""
        if event.inaxes is self.views.axes["surface"]:
            place = self.views.projection.start(event.xdata, event.ydata)
            self.start = ",".join(repr(float(number)) for number in place)
            self.controls.parameters["initialisation"].value = CLICKED
            self._update_soon()

    def _restore(self):
        """Take up the setting that was saved last."""
        try:
            values, self.start = json.loads(SAVED.read_text(encoding="utf-8"))
            self.controls.set(values)
        except (OSError, ValueError, KeyError, TypeError, TraitError):
            self.start = ""  # there is none, or it does not fit any more
            self.controls.set(self.controls.defaults)

    def _start_over(self):
        self.controls.set(self.controls.defaults | {"features": self.columns})
        self.controls.step.value = self.controls.step.max

    def _answer(self, act, subject):
        """Do something, and show below the figure what came of it."""
        self.controls.answer.clear_output()
        with self.controls.answer:
            try:
                display(Markdown(act(subject)))
            except (UserError, OSError, ValueError) as error:
                display(Markdown(f"**{escape(str(error))}**"))
