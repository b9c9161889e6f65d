// The setting: as it was typed, as an address, and as numbers.
import { OPTIMISERS, SCALINGS } from "./model.js";

// The settings, by their names in the address, with their initial texts. Those with a field
// have a label, and perhaps options or the range of a slider.
export const SETTINGS = {
  features: { initial: "all" },
  rate: { initial: "0.1", label: "learning rate", range: 'step="0.01"' }, // its power of ten
  iterations: { initial: "1000", label: "iterations", range: 'min="1" max="2000"' },
  momentum: { initial: "0.9", label: "momentum", range: 'max="0.99" step="0.01"' },
  scaling: { initial: "standardise", label: "scaling", options: SCALINGS },
  optimiser: { initial: "plain", label: "optimiser", options: Object.keys(OPTIMISERS) },
  batch: { initial: "0", label: "batch size (0: all)" },
  seed: { initial: "0", label: "seed of the batches" },
  start: { initial: "", label: "start: weights, offset", more: 'placeholder="zero"' },
  update: { initial: "" },
};
export const DEFAULTS = Object.fromEntries(Object.entries(SETTINGS).map(([name, { initial }]) => [name, initial]));
const MOST_WORK = 2e8; // multiplications: more would be slow
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

// Reads the setting from an address, as typed, with notes on its mistakes. Wrong values are
// replaced by the initial ones.
export function readAddress(hash, problem) {
  const [typed, notes] = [{ ...DEFAULTS }, []];
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (Object.hasOwn(DEFAULTS, name)) typed[name] = value;
    else notes.push(`The address sets “${name}”, which is not a setting.`);
  }
  let mistakes;
  do {
    mistakes = Object.entries(mistakesIn(numbers(typed, problem), problem));
    mistakes = mistakes.filter(([name]) => typed[name] !== DEFAULTS[name]);
    for (const [name, message] of mistakes) {
      notes.push(`The address sets ${name} to “${typed[name]}”: ${message}.`);
      typed[name] = DEFAULTS[name];
    }
  } while (mistakes.length); // a start may become wrong with other features
  return { typed, notes };
}

export function writeAddress(typed) {
  const chosen = Object.entries(typed).filter(([name, value]) => name === "rate" || value !== DEFAULTS[name]);
  return `#${new URLSearchParams(chosen)}`;
}

const numberOf = (text) => NUMBER.test(text) ? Number(text) : NaN;
const isWhole = (value, low, high) => Number.isInteger(value) && low <= value && value <= high;

// Returns the setting as numbers; those without an effect are 0.
export function numbers(typed, { features: all }) {
  const batch = numberOf(typed.batch);
  return {
    features: typed.features === "all" ? all : splitNames(typed.features),
    scaling: typed.scaling,
    optimiser: typed.optimiser,
    rate: numberOf(typed.rate),
    iterations: numberOf(typed.iterations),
    momentum: OPTIMISERS[typed.optimiser]?.momentum ? numberOf(typed.momentum) : 0,
    batch,
    seed: batch ? numberOf(typed.seed) : 0,
    start: typed.start.trim() ? typed.start.split(",").map(numberOf) : [],
    update: typed.update ? numberOf(typed.update) : null,
  };
}

// Returns the first mistake in each setting, by name.
export function mistakesIn(setting, { features: names, minima, maxima, n_samples: all, sample }) {
  const { features, scaling, optimiser, rate, iterations, momentum, batch, seed, start, update } = setting;
  const mistakes = {};
  const check = (name, valid, message) => {
    if (!valid) mistakes[name] ??= message;
  };
  const oneOf = (options) => `it must be one of ${options.join(", ")}`;
  const unknown = features.find((name) => !names.includes(name));
  check("features", unknown === undefined, `there is no feature “${unknown}”; there are ${names.join(", ")}`);
  check("features", features.length, "choose at least one feature");
  check("features", new Set(features).size === features.length, "each feature can be chosen only once");
  check("optimiser", Object.hasOwn(OPTIMISERS, optimiser), oneOf(Object.keys(OPTIMISERS)));
  check("scaling", SCALINGS.includes(scaling), oneOf(SCALINGS));
  const flat = names.findIndex((name, j) => features.includes(name) && minima[j] === maxima[j]);
  const constant = `feature “${names[flat]}” is constant (${minima[flat]}), so it cannot be scaled`;
  check("scaling", flat < 0 || scaling === "none", `${constant}: leave it out, or set scaling to none`);
  const size = features.length + 1;
  const most = Math.max(1000, Math.min(1e5, Math.floor(MOST_WORK / size ** 2)));
  check("rate", rate > 0 && rate < Infinity, "it must be a positive number, such as 0.1 or 1e-7");
  check("iterations", isWhole(iterations, 1, most), `it must be a whole number from 1 to ${most}`);
  check("momentum", momentum >= 0 && momentum < 1, "it must be at least 0 and less than 1");
  const possible = batch === all || isWhole(batch, 0, sample.length);
  check("batch", possible, `it must be a whole number from 1 to ${sample.length}, or 0 for all samples`);
  check("seed", isWhole(seed, 0, 2 ** 31 - 1), "it must be a whole number of at least 0");
  const complete = [0, size].includes(start.length) && !start.some(Number.isNaN);
  check("start", complete, `it must be ${size} numbers separated by commas: the weights, then the offset`);
  const far = start.find((value) => Math.abs(value) > 1e20); // SVG has numbers up to 3e38
  check("start", far === undefined, `${far} is too large a number: start from at most 1e20`);
  const last = mistakes.iterations ? most : iterations;
  check("update", isWhole(update ?? 0, 0, last), "it must be a whole number, at most the number of iterations");
  return mistakes;
}

// Splits names at commas, except inside double quotes, like helpers.data.split_names.
function splitNames(text) {
  if (text.split('"').length % 2 === 0) return [text]; // a quote is left open
  const names = Array.from(
    text.matchAll(/"((?:[^"]|"")*)"|[^,"]+/g),
    ([name, quoted]) => quoted?.replaceAll('""', '"') ?? name,
  );
  return names.map((name) => name.trim()).filter(Boolean);
}

export function joinNames(names) {
  const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
  return names.map((name) => /[",]|^all$/.test(name) ? quoted(name) : name).join(", ");
}
