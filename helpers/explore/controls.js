// The controls: what is typed into them, and what is wrong with it.
import { short } from "./explain.js";
import { OPTIMISERS, SCALINGS } from "./model.js";
import { joinNames, splitNames } from "./setting.js";

const FIELDS = [
  { name: "rate", label: "learning rate", range: [-5, 1, 0.01] }, // its power of ten
  { name: "iterations", label: "iterations", range: [1, 2000, 1] },
  { name: "momentum", label: "momentum", range: [0, 0.99, 0.01] },
  { name: "scaling", label: "scaling", options: SCALINGS },
  { name: "optimiser", label: "optimiser", options: Object.keys(OPTIMISERS) },
  { name: "batch", label: "batch size (0: all)" },
  { name: "seed", label: "seed of the batches" },
  { name: "start", label: "start: weights, offset", placeholder: "zero" },
];

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const button = (textContent, onclick) => make("button", { type: "button", textContent, onclick });

export class Controls {
  // changed(name, text) is called with what is typed into a control.
  constructor(problem, prefix, changed) {
    this.fields = {};
    this.element = make("div", { className: "live-controls" });
    for (const field of FIELDS) {
      this.element.append(this.field(field, `${prefix}-${field.name}`, changed));
    }
    this.element.append(this.features(problem.features, changed));
  }

  field({ name, label, range, options, placeholder = "" }, id, changed) {
    const wrong = make("span", { className: "live-wrong", id: `${id}-wrong`, role: "alert" });
    const about = { id, "aria-describedby": wrong.id };
    const text = options
      ? make(
        "select",
        about,
        ...options.map((value) => make("option", { value, textContent: value })),
      )
      : make("input", { ...about, autocomplete: "off", spellcheck: false, placeholder });
    text.oninput = () => changed(name, text.value);
    const box = make("div", { className: "live-field", "data-name": name });
    box.append(make("label", { htmlFor: id, textContent: label }), text);
    this.fields[name] = { text, wrong };
    if (range) {
      const [min, max, step] = range;
      const about = { id: `${id}-slider`, "aria-label": `${label}, as a slider` };
      const slider = make("input", { type: "range", min, max, step, ...about });
      const typed = () => name === "rate" ? String(Number((10 ** slider.value).toPrecision(3))) : slider.value;
      slider.oninput = () => changed(name, typed());
      const mark = make("span", { className: "live-mark" });
      box.append(make("div", { className: "live-slider" }, slider, mark));
      Object.assign(this.fields[name], { slider, mark });
    }
    box.append(wrong);
    return box;
  }

  features(names, changed) {
    const list = make("div", { className: "live-list" });
    this.boxes = names.map((value) => make("input", { type: "checkbox", value }));
    list.onchange = () => {
      const chosen = this.boxes.filter((box) => box.checked).map((box) => box.value);
      changed("features", chosen.length === names.length ? "all" : joinNames(chosen));
    };
    for (const box of this.boxes) list.append(make("label", {}, box, ` ${box.value}`));
    const wrong = make("span", { className: "live-wrong", role: "alert" });
    this.fields.features = { wrong };
    const title = make("legend", { textContent: "features" });
    const all = button("all", () => changed("features", "all"));
    return make("fieldset", { className: "live-features" }, title, all, list, wrong);
  }

  // Shows what is typed and what is wrong with it; a text that is being typed stays.
  show(typed, wrong) {
    for (const [name, { text, slider, wrong: place }] of Object.entries(this.fields)) {
      place.textContent = wrong[name] ?? "";
      text?.setAttribute("aria-invalid", name in wrong);
      if (text && text.value !== typed[name]) text.value = typed[name];
      if (!slider || name in wrong) continue;
      slider.value = name === "rate" ? Math.log10(typed.rate) : typed[name];
      slider.setAttribute("aria-valuetext", typed[name]);
    }
    const names = splitNames(typed.features);
    for (const box of this.boxes) {
      box.checked = typed.features === "all" || names.includes(box.value);
    }
    const { text, slider } = this.fields.momentum;
    text.disabled = slider.disabled = !OPTIMISERS[typed.optimiser]?.momentum;
    this.fields.seed.text.disabled = !Number(typed.batch); // only batches are drawn
  }

  // Fits the slider of the learning rate to the data, and marks the limit on it.
  mark(limit, scale) {
    const { slider, mark } = this.fields.rate;
    const least = limit === null ? -4 : Math.floor(Math.log10(scale)) - 4;
    Object.assign(slider, { min: least, max: least + 6 });
    mark.hidden = limit === null;
    if (limit === null) return;
    mark.style.setProperty("--share", (Math.log10(limit) - least) / 6);
    mark.textContent = `limit ${short(limit)} ▲`;
  }
}
