"""The live figure in a notebook: the same as on the page, and what needs the kernel."""

import anywidget
from traitlets import Dict, Unicode

from helpers.explore.actions import add_to_experiments, show_as_run
from helpers.explore.page import library, module, style
from helpers.explore.problem import make_problem
from helpers.pipeline.errors import UserError

# Two buttons, and below them what came of them until the setting changes.
HOST = """
function render({ model, el }) {
  const problem = model.get("problem");
  const kept = `live:${problem.data}:${problem.target}`;
  const figure = make("section", { id: "live" });
  const answer = make("p", { className: "live-note" });
  answer.setAttribute("role", "status");
  let shown = null;
  const ask = (action) => {
    const { setting, fit } = shown;
    const w = Array.from(fit.at(fit.updates).slice(0, -1));
    answer.textContent = "…";
    model.send({ action, setting, costs: Array.from(fit.costs), w });
  };
  const button = (text, action) =>
    make("button", { type: "button", textContent: text, onclick: () => ask(action) });
  const buttons = make("div", { className: "live-player" });
  buttons.append(button("Add to experiments", "add"), button("Show as a run", "run"));
  const onChange = (result, typed) => {
    shown = result;
    buttons.inert = !result;
    answer.textContent = "";
    if (!result) return;
    sessionStorage.setItem(kept, writeAddress(typed));
    model.set("setting", writeAddress(typed));
    model.save_changes();
  };
  const answered = ({ text, path }) => {
    answer.textContent = text;
    if (path) answer.append(" ", make("a", { href: path, textContent: path }));
  };
  el.append(figure, make("div", { className: "live" }, buttons, answer));
  const hash = model.get("setting") || sessionStorage.getItem(kept) || "";
  const live = mount(figure, problem, { hash, onChange });
  model.on("msg:custom", answered);
  return () => live.destroy();
}
export default { render };
"""


class Explorer(anywidget.AnyWidget):
    """The live figure of a table, with *Add to experiments* and *Show as a run*.

    Parameters
    ----------
    data : str
        CSV file with a header line, relative to the project's folder.
    target : str
        Column to predict.

    Attributes
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.
    setting : str
        As in the address of a page: ``#features=all&rate=0.3``.
    """

    _esm = "\n".join([library(), module(), HOST])
    _css = style()
    problem = Dict().tag(sync=True)
    setting = Unicode().tag(sync=True)

    def __init__(self, data="data/auto.csv", target="mpg", **options):
        super().__init__(problem=make_problem(data, target), **options)
        self.on_msg(self._answer)

    def _answer(self, _, asked, __):
        """Do what a button asks for, and send back what came of it."""
        act = {"add": add_to_experiments, "run": show_as_run}[asked.pop("action")]
        about = {name: self.problem[name] for name in ("data", "target")}
        about["columns"] = self.problem["features"]
        try:
            answer = act(asked | about)
        except (UserError, OSError, ValueError) as error:
            answer = {"text": str(error)}
        self.send(answer)
