// The figure in a notebook: two buttons, and what came of them until the setting changes.
import { button, make } from "./controls.js";
import { mount } from "./live.js";
import { writeAddress } from "./setting.js";

export default {
  render({ model, el }) {
    const problem = model.get("problem");
    const kept = `live:${problem.data}:${problem.target}`;
    const figure = make("section", { id: "live" });
    const answer = make("p", { className: "live-note", role: "status" });
    let shown = null;
    const ask = (action) => () => {
      const { setting, fit } = shown;
      answer.textContent = "…";
      model.send({ action, setting, costs: fit.costs, w: [...fit.path.at(-1).slice(0, -1)] });
    };
    const buttons = make("div", { className: "live-player" });
    buttons.append(button("Add to experiments", ask("add")), button("Show as a run", ask("run")));
    const onChange = (result, typed) => {
      shown = result;
      buttons.inert = !result;
      answer.textContent = "";
      if (!result) return;
      sessionStorage.setItem(kept, writeAddress(typed));
      model.set("setting", writeAddress(typed));
      model.save_changes();
    };
    model.on("msg:custom", ({ text, path }) => {
      answer.textContent = text;
      if (path) answer.append(" ", make("a", { href: path, textContent: path }));
    });
    el.append(figure, make("div", { className: "live" }, buttons, answer));
    const hash = model.get("setting") || sessionStorage.getItem(kept) || "";
    const live = mount(figure, problem, { hash, onChange });
    return () => live.destroy();
  },
};
