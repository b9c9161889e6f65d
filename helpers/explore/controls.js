// The form: shows and reads the controls, with messages beside wrong ones.
import { rounded, short } from "./explain.js";
import { OPTIMISERS } from "./model.js";
import { joinNames, SETTINGS } from "./setting.js";

const FIELDS = Object.entries(SETTINGS).filter(([, { label }]) => label);
const FEATURES = `
  <fieldset class="live-features" data-name="features">
    <legend>features</legend>
    <button type="button">all</button>
    <div class="live-list"></div>
    <span class="live-wrong" role="alert"></span>
  </fieldset>`;

// Identifiers begin with that of the figure, since a page may have several figures.
function markupOf(figure, name, { label, options, range, more = "" }) {
  const id = `${figure}-${name}`;
  const attributes = `id="${id}" name="${name}" aria-describedby="${id}-wrong" ${more}`;
  const choices = options?.map((value) => `<option>${value}</option>`).join("");
  const slider = `<input type="range" name="${name}" aria-label="${label}, as a slider" ${range}>`;
  return `
    <div class="live-field" data-name="${name}">
      <label for="${id}">${label}</label>
      ${options ? `<select ${attributes}>${choices}</select>` : `<input ${attributes}>`}
      ${range ? `<div class="live-slider">${slider}<span class="live-mark"></span></div>` : ""}
      <span class="live-wrong" id="${id}-wrong" role="alert"></span>
    </div>`;
}

export class Controls {
  // Calls changed(name, text) when a control has changed.
  constructor(form, { features }, changed) {
    const figure = `live-${Math.random().toString(36).slice(2)}`;
    form.innerHTML = FIELDS.map((field) => markupOf(figure, ...field)).join("") + FEATURES;
    const list = form.querySelector(".live-list");
    list.innerHTML = '<label><input type="checkbox" name="features"></label>'.repeat(features.length);
    this.boxes = Array.from(list.querySelectorAll("input"));
    this.boxes.forEach((box, i) => Object.assign(box, { value: features[i] }).after(` ${features[i]}`));
    this.mark = form.querySelector(".live-mark");
    this.messages = form.querySelectorAll(".live-wrong");
    this.fields = Object.fromEntries(FIELDS.map(([name]) => [name, form.querySelectorAll(`[name=${name}]`)]));
    form.oninput = ({ target }) => changed(target.name, this.textOf(target));
    form.querySelector("button").onclick = () => changed("features", "all");
  }

  // Returns the text that one would type instead of using a control.
  textOf({ name, type, value }) {
    if (name === "rate" && type === "range") return rounded(10 ** value, 3);
    if (name !== "features") return value;
    const chosen = this.boxes.filter(({ checked }) => checked);
    return chosen.length === this.boxes.length ? "all" : joinNames(chosen.map((box) => box.value));
  }

  // Shows what is typed, the resulting setting, and its mistakes. Unchanged texts are not
  // set again, since that takes time.
  show(typed, setting, mistakes) {
    for (const message of this.messages) message.textContent = mistakes[message.parentElement.dataset.name] ?? "";
    for (const [name, [text, slider]] of Object.entries(this.fields)) {
      text.setAttribute("aria-invalid", name in mistakes);
      if (text.value !== typed[name]) text.value = typed[name];
      if (!slider || name in mistakes) continue;
      slider.value = name === "rate" ? Math.log10(typed.rate) : typed[name];
      slider.setAttribute("aria-valuetext", typed[name]);
    }
    for (const box of this.boxes) box.checked = setting.features.includes(box.value);
    const { momentum, seed } = this.fields;
    for (const input of momentum) input.disabled = !OPTIMISERS[typed.optimiser]?.momentum;
    seed[0].disabled = !setting.batch; // only batches are random
  }

  // Adapts the slider of the learning rate to the data, and marks the limit on it.
  fit(limit, scale) {
    const least = limit === null ? -4 : Math.floor(Math.log10(scale)) - 4;
    Object.assign(this.fields.rate[1], { min: least, max: least + 6 });
    this.mark.hidden = limit === null;
    if (limit === null) return;
    this.mark.style.setProperty("--share", (Math.log10(limit) - least) / 6);
    this.mark.textContent = `limit ${short(limit)} ▲`;
  }
}
