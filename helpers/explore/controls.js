// The controls of the live figure: what is typed into them, and what is wrong with it.
import { OPTIMISERS, hasMomentum } from "./model.js";
import { SCALINGS, hasLimit } from "./theory.js";
import { short } from "./explain.js";
import { joinNames, splitNames } from "./setting.js";

const FIELDS = [
  { name: "rate", label: "learning rate", range: true },
  { name: "iterations", label: "iterations", range: [1, 2000, 1] },
  { name: "momentum", label: "momentum", range: [0, 0.99, 0.01] },
  { name: "scaling", label: "scaling", options: SCALINGS },
  { name: "optimiser", label: "optimiser", options: Object.keys(OPTIMISERS) },
  { name: "batch", label: "batch size (0: all)" },
  { name: "seed", label: "seed of the batches" },
  { name: "start", label: "start: weights, offset", hint: "zero" },
];
const HALF_OF_MARK = 8; // pixels: half the width of a slider's handle

export function make(tag, properties = {}, ...children) {
  const { dataset = {}, ...others } = properties;
  const element = Object.assign(document.createElement(tag), others);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

export class Controls {
  // changed(name, text) is called with what is typed into a control.
  constructor(problem, prefix, changed) {
    this.problem = problem;
    this.prefix = prefix;
    this.changed = changed;
    this.fields = {};
    this.element = make("div", { className: "live-controls" });
    for (const field of FIELDS) this.element.append(this.addField(field));
    this.element.append(this.addFeatures());
  }

  addField({ name, label, range, options, hint }) {
    const id = `${this.prefix}-${name}`;
    const wrong = make("span", { className: "live-wrong", id: `${id}-wrong` });
    wrong.setAttribute("role", "alert");
    const text = options
      ? make("select", { id }, ...options.map((value) => make("option", { value, textContent: value })))
      : make("input", { id, type: "text", autocomplete: "off", spellcheck: false, placeholder: hint ?? "" });
    text.setAttribute("aria-describedby", wrong.id);
    text.addEventListener(options ? "change" : "input", () => this.changed(name, text.value));
    const caption = make("label", { htmlFor: id, textContent: label });
    const box = make("div", { className: "live-field", dataset: { name } }, caption, text, wrong);
    this.fields[name] = { text, wrong };
    if (range) this.addRange(name, label, range, box);
    return box;
  }

  addRange(name, label, bounds, box) {
    const slider = make("input", { type: "range", id: `${this.prefix}-${name}-slider` });
    slider.setAttribute("aria-label", `${label}, as a slider`);
    if (bounds.length) [slider.min, slider.max, slider.step] = bounds.map(String);
    else Object.assign(slider, { min: "-5", max: "1", step: "0.01" });
    const scale = bounds.length ? (value) => value : (value) => String(Number((10 ** value).toPrecision(3)));
    slider.addEventListener("input", () => this.changed(name, scale(slider.value)));
    const mark = make("span", { className: "live-mark" });
    box.insertBefore(make("div", { className: "live-slider" }, slider, mark), box.lastChild);
    Object.assign(this.fields[name], { slider, mark });
  }

  addFeatures() {
    this.boxes = this.problem.features.map((value) => make("input", { type: "checkbox", value }));
    const list = make("div", { className: "live-list" });
    for (const box of this.boxes) {
      box.addEventListener("change", () => this.changed("features", this.chosen()));
      list.append(make("label", {}, box, ` ${box.value}`));
    }
    const all = make("button", { type: "button", textContent: "all", onclick: () => this.changed("features", "all") });
    const wrong = make("span", { className: "live-wrong" });
    wrong.setAttribute("role", "alert");
    this.fields.features = { wrong };
    const title = make("legend", { textContent: "features" });
    return make("fieldset", { className: "live-features" }, title, all, list, wrong);
  }

  chosen() {
    const names = this.boxes.filter((box) => box.checked).map((box) => box.value);
    return names.length === this.boxes.length ? "all" : joinNames(names);
  }

  // Shows what is typed and what is wrong with it; a text that is being typed stays.
  show(typed, wrong) {
    for (const [name, { text, slider, wrong: place }] of Object.entries(this.fields)) {
      if (text && text.value !== typed[name]) text.value = typed[name];
      if (slider && !(name in wrong)) {
        const value = Number(typed[name]);
        slider.value = String(name === "rate" ? Math.log10(value) : value);
        slider.setAttribute("aria-valuetext", typed[name]);
      }
      place.textContent = name in wrong ? wrong[name] : "";
      text?.setAttribute("aria-invalid", String(name in wrong));
    }
    const names = splitNames(typed.features);
    for (const box of this.boxes) box.checked = typed.features === "all" || names.includes(box.value);
    const { text, slider } = this.fields.momentum;
    text.disabled = slider.disabled = !hasMomentum(typed.optimiser);
    this.fields.seed.text.disabled = !Number(typed.batch); // only batches are drawn
  }

  // Fits the slider of the learning rate to the data, and marks the limit on it.
  mark(limit, scale, optimiser) {
    const { slider, mark } = this.fields.rate;
    const power = hasLimit(optimiser) ? Math.floor(Math.log10(scale)) : 0;
    slider.min = String(power - 4);
    slider.max = String(power + 2);
    mark.hidden = limit === null;
    if (limit === null) return;
    const share = (Math.log10(limit) - power + 4) / 6;
    mark.style.left = `calc(${HALF_OF_MARK}px + ${share} * (100% - ${2 * HALF_OF_MARK}px))`;
    const left = share > 0.5; // or its text would run into the box beside the slider
    mark.textContent = left ? `limit ${short(limit)} ▲` : `▲ limit ${short(limit)}`;
    mark.classList.toggle("live-mark-left", left);
  }
}
