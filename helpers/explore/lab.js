// The figure in a notebook, with two buttons whose answers stay until the setting changes.
import { Live } from "./live.js";
import { writeAddress } from "./setting.js";

const PATIENCE = 5000; // milliseconds
const SILENT = "No answer yet: the kernel is busy or was restarted. After a restart, run all cells.";
const LAB = `
  <section></section>
  <div class="live">
    <div class="live-player"><button>Add to experiments</button><button>Show as a run</button></div>
    <p class="live-note" role="status"></p>
  </div>`;

// A link to a file of the project, or only its name outside JupyterLab.
function linkTo(path) {
  const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const link = baseUrl ? { href: `${baseUrl}lab/tree/${path}`, target: "_blank" } : {};
  return Object.assign(document.createElement("a"), { ...link, textContent: path });
}

export default {
  render({ model, el, experimental }) {
    const problem = model.get("problem");
    const key = `live:${problem.data}:${problem.target}`;
    el.innerHTML = LAB;
    const [figure, below] = el.children;
    const [buttons, answer] = below.children;
    let pending, timeout; // the last request, and the timer of its answer
    const say = (text, inert = false) => {
      clearTimeout(timeout);
      answer.textContent = text;
      buttons.inert = inert;
    };
    const ask = (action) => async () => {
      const { setting, fit } = live.result;
      const request = { action, setting, costs: fit.costs, w: [...fit.path.at(-1).slice(0, -1)] };
      pending = request;
      say("…", true);
      timeout = setTimeout(() => say(SILENT), PATIENCE);
      const { signal } = new AbortController(); // never aborted: an answer may come late
      const [{ text, path }] = await experimental.invoke("answer", request, { signal });
      if (request !== pending) return;
      say(text);
      if (path) answer.append(" ", linkTo(path));
    };
    [buttons.firstChild.onclick, buttons.lastChild.onclick] = [ask("add"), ask("run")];
    const onChange = (result, typed) => {
      pending = null;
      say("", !result);
      if (!result) return;
      sessionStorage.setItem(key, writeAddress(typed));
      model.set("setting", writeAddress(typed));
      model.save_changes();
    };
    const hash = model.get("setting") || sessionStorage.getItem(key) || "";
    const live = new Live(figure, problem, { hash, onChange });
  },
};
