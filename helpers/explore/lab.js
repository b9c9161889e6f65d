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
  render({ model, el, experimental }) {
    const problem = model.get("problem");
    const kept = `live:${problem.data}:${problem.target}`;
    el.innerHTML = LAB;
    const [figure, below] = el.children;
    const [buttons, answer] = below.children;
    let asked, silence; // what is to be answered; until when that is waited for
    const say = (text, inert = false) => {
      clearTimeout(silence);
      answer.textContent = text;
      buttons.inert = inert;
    };
    const ask = (action) => async () => {
      const { setting, fit } = live.result;
      const question = { action, setting, costs: fit.costs, w: [...fit.path.at(-1).slice(0, -1)] };
      asked = question;
      say("…", true);
      silence = setTimeout(() => say(SILENT), PATIENCE);
      const { signal } = new AbortController(); // an answer may come late
      const [{ text, path }] = await experimental.invoke("answer", question, { signal });
      if (question !== asked) return;
      say(text);
      if (path) answer.append(" ", linkTo(path));
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
    const hash = model.get("setting") || sessionStorage.getItem(kept) || "";
    const live = new Live(figure, problem, { hash, onChange });
  },
};
