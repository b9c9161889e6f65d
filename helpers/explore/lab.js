// The figure in a notebook: two buttons, and what came of them until the setting changes.
import { Live } from "./live.js";
import { writeAddress } from "./setting.js";

const PATIENCE = 5000; // milliseconds
const SILENT = "No answer yet: the kernel is busy, or was restarted; then run all cells.";
const LAB = `
  <section></section>
  <div class="live">
    <div class="live-player"><button>Add to experiments</button><button>Show as a run</button></div>
    <p class="live-note" role="status"></p>
  </div>`;

// A link to a file of the project, where JupyterLab shows this page.
function linkTo(path) {
  const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const link = baseUrl ? { href: `${baseUrl}lab/tree/${path}`, target: "_blank" } : {};
  return Object.assign(document.createElement("a"), { ...link, textContent: path });
}

export default {
  render({ model, el }) {
    const problem = model.get("problem");
    const kept = `live:${problem.data}:${problem.target}`;
    el.innerHTML = LAB;
    const [figure, below] = el.children;
    const [buttons, answer] = below.children;
    let asked, silence; // what an answer must be to; until when it is waited for
    const say = (text, inert = false) => {
      clearTimeout(silence);
      answer.textContent = text;
      buttons.inert = inert;
    };
    const ask = (action) => () => {
      const { setting, fit } = live.result;
      asked = Math.random();
      say("…", true);
      silence = setTimeout(() => say(SILENT), PATIENCE);
      model.send({ action, asked, setting, costs: fit.costs, w: [...fit.path.at(-1).slice(0, -1)] });
    };
    [buttons.firstChild.onclick, buttons.lastChild.onclick] = [ask("add"), ask("run")];
    const onChange = (result, typed) => {
      asked = null;
      say("", !result);
      if (!result) return;
      sessionStorage.setItem(kept, writeAddress(typed));
      model.set("setting", writeAddress(typed));
      model.save_changes();
    };
    model.on("msg:custom", ({ to, text, path }) => {
      if (to !== asked) return;
      say(text);
      if (path) answer.append(" ", linkTo(path));
    });
    const hash = model.get("setting") || sessionStorage.getItem(kept) || "";
    const live = new Live(figure, problem, { hash, onChange });
  },
};
