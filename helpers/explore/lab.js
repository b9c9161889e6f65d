// The figure in a notebook: two buttons, and what came of them until the setting changes.
import { Live } from "./live.js";
import { writeAddress } from "./setting.js";

const LAB = `
  <section id="live"></section>
  <div class="live">
    <div class="live-player"><button>Add to experiments</button><button>Show as a run</button></div>
    <p class="live-note" role="status"></p>
  </div>`;

export default {
  render({ model, el }) {
    const problem = model.get("problem");
    const kept = `live:${problem.data}:${problem.target}`;
    el.innerHTML = LAB;
    const [figure, below] = el.children;
    const [buttons, answer] = below.children;
    const ask = (action) => () => {
      const { setting, fit } = live.result;
      answer.textContent = "…";
      model.send({ action, setting, costs: fit.costs, w: [...fit.path.at(-1).slice(0, -1)] });
    };
    [buttons.firstChild.onclick, buttons.lastChild.onclick] = [ask("add"), ask("run")];
    const onChange = (result, typed) => {
      buttons.inert = !result;
      answer.textContent = "";
      if (!result) return;
      sessionStorage.setItem(kept, writeAddress(typed));
      model.set("setting", writeAddress(typed));
      model.save_changes();
    };
    model.on("msg:custom", ({ text, path }) => {
      answer.textContent = text;
      if (path) answer.append(" ", Object.assign(document.createElement("a"), { href: path, textContent: path }));
    });
    const hash = model.get("setting") || sessionStorage.getItem(kept) || "";
    const live = new Live(figure, problem, { hash, onChange });
  },
};
