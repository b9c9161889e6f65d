// The controls: what is typed into them, and what is wrong with it.
import { rounded, short } from "./explain.js";
import { OPTIMISERS, SCALINGS } from "./model.js";
import { joinNames } from "./setting.js";

const FIELDS = [
  { name: "rate", label: "learning rate", range: 'step="0.01"' }, // its power of ten
  { name: "iterations", label: "iterations", range: 'min="1" max="2000"' },
  { name: "momentum", label: "momentum", range: 'max="0.99" step="0.01"' },
  { name: "scaling", label: "scaling", options: SCALINGS },
  { name: "optimiser", label: "optimiser", options: Object.keys(OPTIMISERS) },
  { name: "batch", label: "batch size (0: all)" },
  { name: "seed", label: "seed of the batches" },
  { name: "start", label: "start: weights, offset", more: 'placeholder="zero"' },
];
const FEATURES = `
  <fieldset class="live-features" data-name="features">
    <legend>features</legend>
    <button type="button">all</button>
    <div class="live-list"></div>
    <span class="live-wrong" role="alert"></span>
  </fieldset>`;

// The identifiers begin with that of the figure, as a page may have several.
function markupOf({ name, label, options, range, more = "" }, figure) {
  const id = `${figure}-${name}`;
  const about = `id="${id}" aria-describedby="${id}-wrong" ${more}`;
  const choices = options?.map((value) => `<option>${value}</option>`).join("");
  const slider = `<input type="range" aria-label="${label}, as a slider" ${range}>`;
  return `
    <div class="live-field" data-name="${name}">
      <label for="${id}">${label}</label>
      ${options ? `<select ${about}>${choices}</select>` : `<input ${about}>`}
      ${range ? `<div class="live-slider">${slider}<span class="live-mark"></span></div>` : ""}
      <span class="live-wrong" id="${id}-wrong" role="alert"></span>
    </div>`;
}

export class Controls {
  // changed(name, text) is called with what is typed into a control.
  constructor(form, { features }, changed) {
    const figure = `live-${Math.random().toString(36).slice(2)}`;
    form.innerHTML = FIELDS.map((field) => markupOf(field, figure)).join("") + FEATURES;
    Object.assign(this, { features, fields: {} });
    for (const { name } of FIELDS) {
      const field = form.querySelector(`[data-name="${name}"]`);
      const [text, slider] = ["input:not([type]), select", "[type=range]"].map((part) => field.querySelector(part));
      const typed = () => name === "rate" ? rounded(10 ** slider.value, 3) : slider.value;
      text.oninput = () => changed(name, text.value);
      if (slider) slider.oninput = () => changed(name, typed());
      this.fields[name] = { text, slider };
    }
    const list = form.querySelector(".live-list");
    list.innerHTML = '<label><input type="checkbox"></label>'.repeat(features.length);
    this.boxes = Array.from(list.querySelectorAll("input"));
    this.boxes.forEach((box, i) => box.after(` ${features[i]}`));
    list.onchange = () => {
      const chosen = features.filter((_, i) => this.boxes[i].checked);
      changed("features", chosen.length === features.length ? "all" : joinNames(chosen));
    };
    this.mark = form.querySelector(".live-mark");
    this.places = form.querySelectorAll(".live-wrong");
    form.querySelector("button").onclick = () => changed("features", "all");
  }

  // Shows what is typed, what it sets and what is wrong with it. A text that is there is
  // not set again: that takes time.
  show(typed, setting, wrong) {
    for (const place of this.places) place.textContent = wrong[place.parentElement.dataset.name] ?? "";
    for (const [name, { text, slider }] of Object.entries(this.fields)) {
      text.setAttribute("aria-invalid", name in wrong);
      if (text.value !== typed[name]) text.value = typed[name];
      if (!slider || name in wrong) continue;
      slider.value = name === "rate" ? Math.log10(typed.rate) : typed[name];
      slider.setAttribute("aria-valuetext", typed[name]);
    }
    this.boxes.forEach((box, i) => (box.checked = setting.features.includes(this.features[i])));
    const { momentum: { text, slider }, seed } = this.fields;
    text.disabled = slider.disabled = !OPTIMISERS[typed.optimiser]?.momentum;
    seed.text.disabled = !setting.batch; // only batches are drawn
  }

  // Fits the slider of the learning rate to the data, and marks the limit on it.
  fit(limit, scale) {
    const least = limit === null ? -4 : Math.floor(Math.log10(scale)) - 4;
    Object.assign(this.fields.rate.slider, { min: least, max: least + 6 });
    this.mark.hidden = limit === null;
    if (limit === null) return;
    this.mark.style.setProperty("--share", (Math.log10(limit) - least) / 6);
    this.mark.textContent = `limit ${short(limit)} ▲`;
  }
}
