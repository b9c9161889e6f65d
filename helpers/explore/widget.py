"""Show the live figure in a notebook, with two buttons that need the kernel."""

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
        A table in a text file, relative to the project's folder.
    target : str
        The column to predict.

    Attributes
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.
    setting : str
        As in a page's address: ``#features=all&rate=0.3``.
    """

    _esm = module("lab")
    _css = style()
    problem = Dict().tag(sync=True)
    setting = Unicode().tag(sync=True)

    def __init__(self, data, target, **options):
        super().__init__(problem=make_problem(data, target), **options)

    @command
    def answer(self, request, _):
        """Perform the action of a button, and return its result."""
        act = {"add": add_to_experiments, "run": show_as_run}[request.pop("action")]
        table = {name: self.problem[name] for name in ("data", "target")}
        table["columns"] = self.problem["features"]
        try:
            return act(request | table), []
        except (UserError, OSError, ValueError) as error:
            return {"text": str(error)}, []
