// The live figure: controls, explanation, pictures and player in one element.
import { Controls } from "./controls.js";
import { explain, rounded } from "./explain.js";
import { analyse, descend, limitOf, predictedCosts } from "./model.js";
import { Plots } from "./plots.js";
import { mistakesIn, numbers, readAddress, writeAddress } from "./setting.js";

const FRAMES = 40; // most frames of an animation: at first each update, later many at a time
const PAUSE = 100; // milliseconds between frames
const MARKUP = `
  <form class="live-controls" autocomplete="off" spellcheck="false"></form>
  <p class="live-says" role="status"></p>
  <div class="live-plots"></div>
  <div class="live-player">
    <button>Step back</button>
    <button>Play</button>
    <button>Step forward</button>
    <input type="range" aria-label="update that is shown">
    <output class="live-counter"></output>
    <button>Start over</button>
    <button>Copy link</button>
  </div>
  <p class="live-note" role="status"></p>`;

// Shows the figure in an element; the setting is kept in the address of the window `address`.
export class Live {
  constructor(element, problem, { address = null, hash = "", onChange = null } = {}) {
    element.classList.add("live");
    element.live = this;
    element.innerHTML = MARKUP;
    const [form, explanation, pictures, player, note] = element.children;
    const [back, play, forward, slider, counter, over, copy] = player.children;
    Object.assign(this, { element, problem, address, onChange, explanation, note, play, slider, counter });
    this.inputs = [back, play, forward, slider, copy];
    this.controls = new Controls(form, problem, (name, text) => this.change(name, text));
    this.plots = new Plots(pictures, (start) => this.change("start", start.join(",")));
    back.onclick = () => this.step(this.update - 1);
    play.onclick = () => this.timer ? this.step(this.update) : this.start();
    forward.onclick = () => this.step(this.update + 1);
    slider.oninput = () => this.step(slider.valueAsNumber);
    over.onclick = () => {
      this.open("");
      this.saveAddress();
    };
    copy.onclick = () => this.copy();
    copy.hidden = !address;
    address?.addEventListener("hashchange", () => this.openAddress());
    const link = address?.location.hash.includes("=");
    this.open(link ? address.location.hash : hash);
    if (link) element.scrollIntoView();
  }

  // Shows the setting in the page's address, unless that is a link to a place on the page.
  openAddress() {
    clearTimeout(this.writing);
    const { hash } = this.address.location;
    if (!hash || hash.includes("=")) this.open(hash);
  }

  // Shows the setting of an address.
  open(hash) {
    const { typed, notes } = readAddress(hash, this.problem);
    this.set(typed, notes.join(" "));
  }

  change(name, text) {
    const typed = { ...this.typed, [name]: text, update: "" };
    const rescaled = name === "features" || name === "scaling";
    if (rescaled) typed.start = ""; // its numbers would mean another point
    const valid = this.set(typed);
    this.saveAddress();
    if (!rescaled || !valid) return;
    const { setting, limit } = this.result;
    if (limit === null || (setting.rate < 2 * limit && setting.rate > limit / 1000)) return;
    const rate = rounded(limit / 2, 1); // so that something happens
    const reason = `about half the limit: ${setting.rate} suited the previous ${name}`;
    this.set({ ...this.typed, rate }, `The learning rate is now ${rate}, ${reason}.`);
  }

  // Computes and shows a setting, as typed; returns whether it is valid.
  set(typed, note = "") {
    this.stop();
    this.typed = typed;
    this.note.textContent = note;
    const setting = numbers(typed, this.problem);
    const mistakes = mistakesIn(setting, this.problem);
    const valid = !Object.keys(mistakes).length;
    for (const input of this.inputs) input.disabled = !valid;
    if (valid) {
      this.result = this.solve(setting);
      const { fit, limit, data } = this.result;
      this.controls.fit(limit, 2 / data.eigenvalues.at(-1));
      this.explanation.textContent = explain(this.result);
      this.slider.max = fit.updates;
      this.show(setting.update ?? fit.updates);
    }
    this.controls.show(typed, setting, mistakes);
    this.onChange?.(valid ? this.result : null, typed);
    return valid;
  }

  solve(setting) {
    const choice = JSON.stringify([setting.scaling, setting.features]);
    if (choice !== this.choice) this.data = analyse(this.problem, setting.features, setting.scaling);
    this.choice = choice;
    const { data } = this;
    const [fit, limit] = [descend(data, setting), limitOf(data, setting)];
    const plain = setting.optimiser === "plain" && limit !== null;
    const predicted = plain ? predictedCosts(data, setting, fit.path[0], fit.updates) : null;
    return { data, setting, fit, limit, predicted };
  }

  // Shows an update, or the closest that exists; the address leaves out the last one.
  show(update) {
    const { updates } = this.result.fit;
    this.slider.value = update; // which keeps it in its range
    this.update = this.slider.valueAsNumber;
    this.typed.update = this.update === updates ? "" : String(this.update);
    this.counter.textContent = `update ${this.update} of ${updates}`;
    this.plots.show(this.result, this.update);
  }

  step(update) {
    this.stop();
    this.show(update);
    this.saveAddress();
  }

  // Plays from the current update, or from the start if that is the last one.
  start() {
    const { updates } = this.result.fit;
    const growth = (updates + 1) ** (1 / FRAMES);
    if (this.update === updates) this.show(0);
    this.typed.update = ""; // it will end at the last one
    this.saveAddress();
    this.play.textContent = "Pause";
    this.timer = setInterval(() => {
      this.show(Math.ceil(growth * (this.update + 1)) - 1);
      if (this.update === updates) this.stop();
    }, PAUSE);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
  }

  // Writes the reader's setting into the address. Browsers allow only few changes per
  // second, so only the last of several is written.
  saveAddress() {
    if (!this.address) return;
    clearTimeout(this.writing);
    const link = writeAddress(this.typed);
    this.writing = setTimeout(() => this.address.history.replaceState(null, "", link), 200);
  }

  async copy() {
    const link = this.address.location.href.replace(/#.*$/, "") + writeAddress(this.typed);
    try {
      await this.address.navigator.clipboard.writeText(link);
      this.note.textContent = "The link is copied.";
    } catch {
      this.note.textContent = `This browser does not allow copying. The link: ${link}`;
    }
  }
}
