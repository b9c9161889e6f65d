// The live figure: controls, the sentence, the pictures and the player in one element.
import { button, Controls, make } from "./controls.js";
import { explain } from "./explain.js";
import { analyse, descend, limitOf, predictedCosts } from "./model.js";
import { Plots } from "./plots.js";
import { DEFAULTS, numbers, readAddress, writeAddress } from "./setting.js";

const FRAMES = 40; // of an animation: at first each update, in the end many at a time
const PAUSE = 100; // milliseconds between them

class Live {
  constructor(element, problem, { address, onChange }) {
    Object.assign(this, { element, problem, address, onChange });
    this.controls = new Controls(
      problem,
      element.id || "live",
      (name, text) => this.change(name, text),
    );
    this.says = make("p", { className: "live-says", role: "status" });
    this.note = make("p", { className: "live-note", role: "status" });
    const pictures = make("div", { className: "live-plots" });
    element.replaceChildren(
      this.controls.element,
      this.says,
      pictures,
      this.makePlayer(),
      this.note,
    );
    this.plots = new Plots(pictures, (start) => this.change("start", start.join(",")));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
    // Another theme: the style sheet makes a change of the colour a transition.
    element.addEventListener(
      "transitionend",
      ({ target }) => target === element && this.plots.frame(),
    );
    address?.addEventListener("hashchange", () => this.follow());
  }

  makePlayer() {
    this.player = button("Play", () => (this.timer ? this.stop() : this.play()));
    this.slider = make("input", {
      type: "range",
      min: 0,
      step: 1,
      "aria-label": "update that is shown",
    });
    this.slider.oninput = () => this.step(Number(this.slider.value));
    this.counter = make("output", { className: "live-counter" });
    this.buttons = make("div", { className: "live-player" });
    this.buttons.append(button("Step back", () => this.step(this.update - 1)), this.player);
    this.buttons.append(
      button("Step forward", () => this.step(this.update + 1)),
      this.slider,
      this.counter,
    );
    this.buttons.append(button("Start over", () => this.set({ ...DEFAULTS })));
    if (this.address) this.buttons.append(button("Copy link", () => this.copy()));
    return this.buttons;
  }

  // Shows the setting of the address, unless that is the place of something else.
  follow() {
    const { hash } = this.address.location;
    if (hash && !hash.includes("=")) return;
    const { typed, notes } = readAddress(hash, this.problem);
    this.set(typed, notes.join(" "));
    if (hash) this.element.scrollIntoView({ block: "nearest" });
  }

  change(name, text) {
    this.stop();
    const typed = { ...this.typed, [name]: text, update: "" };
    const moved = name === "features" || name === "scaling";
    if (moved) typed.start = ""; // a place elsewhere
    this.set(typed);
    if (!moved || this.wrong) return;
    const { setting, limit } = this.result;
    if (limit === null || (setting.rate < 2 * limit && setting.rate > limit / 1000)) return;
    const rate = String(Number((limit / 2).toPrecision(1))); // so that something happens
    const why = `about half the limit: ${setting.rate} suited other features`;
    this.set({ ...this.typed, rate }, `The learning rate is ${rate} now, ${why}.`);
  }

  // Computes and shows a setting, as typed.
  set(typed, note = "") {
    this.typed = typed;
    this.note.textContent = note;
    const { setting, wrong } = numbers(typed, this.problem);
    try {
      if (!Object.keys(wrong).length) this.result = this.solve(setting);
    } catch (error) {
      wrong[error.message.startsWith("feature") ? "scaling" : "start"] = error.message;
    }
    this.wrong = Object.keys(wrong).length > 0;
    this.buttons.inert = this.wrong;
    this.says.classList.toggle("live-stale", this.wrong);
    if (!this.wrong) {
      const { fit, limit, data } = this.result;
      this.controls.mark(limit, 2 / data.eigenvalues.at(-1));
      this.says.textContent = explain(this.result);
      this.slider.max = fit.updates;
      this.show(Math.min(setting.update ?? fit.updates, fit.updates));
    }
    this.controls.show(typed, wrong);
    this.onChange?.(this.wrong ? null : this.result, typed);
  }

  solve(setting) {
    const choice = JSON.stringify([setting.scaling, setting.features]);
    if (choice !== this.choice) {
      this.data = analyse(this.problem, setting.features, setting.scaling);
    }
    this.choice = choice;
    const { data } = this;
    const [fit, limit] = [descend(data, setting), limitOf(data, setting)];
    const plain = setting.optimiser === "plain" && limit !== null;
    const predicted = plain ? predictedCosts(data, setting, fit.path[0], fit.updates) : null;
    return { data, setting, fit, limit, predicted };
  }

  show(update) {
    this.update = update;
    this.slider.value = update;
    this.counter.textContent = `update ${update} of ${this.result.fit.updates}`;
    this.plots.show(this.result, update);
    this.writeAddress();
  }

  step(update) {
    this.stop();
    this.goTo(Math.min(Math.max(update, 0), this.result.fit.updates));
  }

  goTo(update) {
    this.typed.update = update === this.result.fit.updates ? "" : String(update);
    this.show(update);
  }

  play() {
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
    const { clientWidth } = this.element;
    if (clientWidth && clientWidth !== this.width) this.plots.frame();
    this.width = clientWidth;
  }

  // Browsers allow few changes of an address a second, so the last of several counts.
  writeAddress() {
    if (!this.address) return;
    clearTimeout(this.writing);
    const write = () => this.address.history.replaceState(null, "", writeAddress(this.typed));
    this.writing = setTimeout(write, 200);
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
    this.plots.destroy();
  }
}

// Shows the figure in an element; address is the window whose address keeps the setting.
export function mount(element, problem, { address = null, hash = "", onChange = null } = {}) {
  element.classList.add("live");
  const live = new Live(element, problem, { address, onChange });
  element.live = live;
  const { typed, notes } = readAddress(hash, problem);
  if (address?.location.hash.includes("=")) live.follow();
  else live.set(typed, notes.join(" "));
  return live;
}
