"""The live figure in a notebook: the same as on the page, and what needs the kernel."""

import anywidget
from anywidget.experimental import command
from traitlets import Dict, Unicode

from helpers.explore.actions import add_to_experiments, show_as_run
from helpers.explore.page import module, style
from helpers.explore.problem import make_problem
from helpers.pipeline.errors import UserError


class Explorer(anywidget.AnyWidget):
    """The live figure of a table, with *Add to experiments* and *Show as a run*.

    Parameters
    ----------
    data : str
        A table in text, relative to the project's folder.
    target : str
        Column to predict.

    Attributes
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.
    setting : str
        As in the address of a page: ``#features=all&rate=0.3``.
    """

    _esm = module("lab")
    _css = style()
    problem = Dict().tag(sync=True)
    setting = Unicode().tag(sync=True)

    def __init__(self, data, target, **options):
        super().__init__(problem=make_problem(data, target), **options)

    @command
    def answer(self, asked, _):
        """Do what a button asks for, and return what came of it."""
        act = {"add": add_to_experiments, "run": show_as_run}[asked.pop("action")]
        about = {name: self.problem[name] for name in ("data", "target")}
        about["columns"] = self.problem["features"]
        try:
            return act(asked | about), []
        except (UserError, OSError, ValueError) as error:
            return {"text": str(error)}, []
