// The live figure: controls, pictures and the sentence about them in one element.
import { descend } from "./model.js";
import { analyse, hasLimit, limitOf, predictedCosts } from "./theory.js";
import { explain } from "./explain.js";
import { DEFAULTS, numbers, readAddress, writeAddress } from "./setting.js";
import { Plots } from "./plots.js";
import { Controls, make } from "./controls.js";

const FRAMES = 60; // of an animation: at first each update, in the end many at a time
const PAUSE = 100; // milliseconds between them
const MOST_CHOICES = 20; // choices of features and scaling

// Computes all that is shown of a setting, given as numbers.
function solve(data, setting) {
  const fit = descend(data, setting);
  const limit = limitOf(data, setting);
  const plain = setting.optimiser === "plain" && limit !== null;
  const predicted = plain ? (updates) => predictedCosts(data, setting, fit.at(0), updates) : null;
  return { data, setting, fit, limit, predicted };
}

class Live {
  constructor(element, problem, { address, onChange }) {
    Object.assign(this, { element, problem, address, onChange, known: new Map() });
    this.controls = new Controls(problem, element.id || "live", (name, text) => this.change(name, text));
    this.says = make("p", { className: "live-says" });
    this.says.setAttribute("role", "status");
    this.note = make("p", { className: "live-note" });
    this.note.setAttribute("role", "status");
    this.canvas = make("div", { className: "live-plots", tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Cost, path on the cost surface, fit, residuals and weights; arrow keys move the start");
    this.canvas.addEventListener("keydown", (event) => this.nudge(event));
    element.replaceChildren(this.controls.element, this.says, this.canvas, this.makePlayer(), this.note);
    this.plots = new Plots(this.canvas, { begin: (place) => this.begin(place) });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
    this.theme = () => this.plots.frame();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.theme);
    if (address) address.addEventListener("hashchange", () => this.follow());
  }

  makePlayer() {
    const button = (textContent, onclick) => make("button", { type: "button", textContent, onclick });
    this.player = button("Play", () => this.play());
    this.slider = make("input", { type: "range", min: "0", step: "1" });
    this.slider.setAttribute("aria-label", "update that is shown");
    this.slider.addEventListener("input", () => this.step(Number(this.slider.value)));
    this.counter = make("output", { className: "live-counter" });
    const parts = [button("Step back", () => this.step(this.update - 1)), this.player];
    parts.push(button("Step forward", () => this.step(this.update + 1)), this.slider, this.counter);
    parts.push(button("Start over", () => this.set({ ...DEFAULTS }, [])));
    if (this.address) parts.push(button("Copy link", () => this.copy()));
    this.buttons = make("div", { className: "live-player" }, ...parts);
    return this.buttons;
  }

  // Shows another setting, as typed.
  set(typed, notes) {
    this.typed = typed;
    this.note.textContent = notes.join(" ");
    this.refresh();
  }

  follow() {
    const { hash } = this.address.location;
    if (hash && !hash.includes("=")) return; // the place of something else
    const { typed, notes } = readAddress(hash, this.problem);
    this.set(typed, notes);
    if (hash) this.element.scrollIntoView({ block: "nearest" });
  }

  change(name, text) {
    const typed = { ...this.typed, [name]: text, update: "" };
    if (name === "features" || name === "scaling") typed.start = ""; // a place elsewhere
    this.set(typed, []);
    if (name === "features" || name === "scaling") this.adaptRate();
  }

  // Takes half the limit where the rate is far from it, so that something happens.
  adaptRate() {
    const { setting, limit } = this.result;
    if (this.wrong || limit === null || (setting.rate < 2 * limit && setting.rate > limit / 1000)) return;
    const rate = String(Number((limit / 2).toPrecision(1)));
    this.set({ ...this.typed, rate }, [`The learning rate is ${rate} now, about half the limit: ${setting.rate} suited other features.`]);
  }

  refresh() {
    const { setting, wrong } = numbers(this.typed, this.problem);
    this.wrong = Object.keys(wrong).length > 0;
    if (!this.wrong) {
      try {
        this.result = solve(this.dataOf(setting), setting);
      } catch (error) {
        this.wrong = true;
        wrong[error.message.startsWith("feature") ? "scaling" : "start"] = error.message;
      }
    }
    this.controls.show(this.typed, wrong);
    this.buttons.inert = this.wrong;
    this.says.classList.toggle("live-stale", this.wrong);
    if (!this.wrong) this.draw(setting);
    this.onChange?.(this.wrong ? null : this.result, this.typed);
    if (this.address && !this.wrong) this.writeAddress();
  }

  draw(setting) {
    const { data, fit, limit } = this.result;
    const scale = 2 / data.eigenvalues.at(-1);
    this.controls.mark(limit, scale, setting.optimiser);
    this.controls.show(this.typed, {});
    this.says.textContent = explain(data, setting, fit, limit);
    this.slider.max = String(fit.updates);
    this.show(Math.min(setting.update ?? fit.updates, fit.updates));
  }

  show(update) {
    this.update = update;
    this.slider.value = String(update);
    this.counter.textContent = `update ${update} of ${this.result.fit.updates}`;
    this.plots.show(this.result, update);
  }

  dataOf({ features, scaling }) {
    const key = JSON.stringify([scaling, features]);
    if (!this.known.has(key)) {
      if (this.known.size >= MOST_CHOICES) this.known.clear();
      this.known.set(key, analyse(this.problem, features, scaling));
    }
    return this.known.get(key);
  }

  // Starts the descent at a place on the surface.
  begin(place) {
    this.stop();
    this.change("start", this.plots.projection.start(place).join(","));
  }

  nudge(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!(event.key in moves) || this.wrong) return;
    event.preventDefault();
    const { half } = this.plots.projection;
    this.begin(this.plots.startPlace.map((value, i) => value + (moves[event.key][i] * half[i]) / 20));
  }

  step(update) {
    this.stop();
    this.goTo(Math.min(Math.max(update, 0), this.result.fit.updates));
  }

  goTo(update) {
    this.typed.update = update === this.result.fit.updates ? "" : String(update);
    this.show(update);
    if (this.address) this.writeAddress();
  }

  play() {
    if (this.timer) return this.stop();
    let frame = 0;
    this.player.textContent = "Pause";
    this.timer = setInterval(() => {
      this.goTo(Math.round((this.result.fit.updates + 1) ** (frame / FRAMES)) - 1);
      if (frame++ === FRAMES) this.stop();
    }, PAUSE);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.player.textContent = "Play";
  }

  resize() {
    if (this.element.clientWidth && this.element.clientWidth !== this.width) {
      this.width = this.element.clientWidth;
      this.plots.frame();
    }
  }

  // Browsers allow few changes of an address a second, so the last of several counts.
  writeAddress() {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.address.history.replaceState(null, "", writeAddress(this.typed)), 200);
  }

  async copy() {
    const link = this.address.location.href.replace(/#.*$/, "") + writeAddress(this.typed);
    try {
      await this.address.navigator.clipboard.writeText(link);
      this.note.textContent = "The link is copied.";
    } catch {
      this.note.textContent = `This browser does not let the page copy. The link: ${link}`;
    }
  }

  destroy() {
    this.stop();
    this.observer.disconnect();
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.theme);
    this.plots.chart.dispose();
  }
}

// Shows the figure in an element; address is the window whose address keeps the setting.
export function mount(element, problem, { address = null, hash = "", onChange = null } = {}) {
  element.classList.add("live");
  const live = new Live(element, problem, { address, onChange });
  if (address) live.follow();
  else live.set(...Object.values(readAddress(hash, problem)));
  if (address && !live.typed) live.set({ ...DEFAULTS }, []);
  element.live = live;
  return live;
}
