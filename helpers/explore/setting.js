// The setting: as it was typed, in the address, and as numbers.
import { OPTIMISERS, SCALINGS } from "./model.js";

// The settings, by their names in the address: what is typed at the beginning; and of those
// with a field, its label, and what may be chosen or the range of a slider beside it.
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
const MOST_WORK = 2e8; // multiplications: more would be waited for
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

// Reads an address: what it sets, as typed, and notes on what is no setting.
export function readAddress(hash) {
  const [typed, notes] = [{ ...DEFAULTS }, []];
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (Object.hasOwn(DEFAULTS, name)) typed[name] = value;
    else notes.push(`The address sets “${name}”, which is no setting.`);
  }
  return { typed, notes };
}

export function writeAddress(typed) {
  const chosen = Object.entries(typed).filter(([name, value]) => name === "rate" || value !== DEFAULTS[name]);
  return `#${new URLSearchParams(chosen)}`;
}

const numberOf = (text) => NUMBER.test(text) ? Number(text) : NaN;
const isWhole = (value, low, high) => Number.isInteger(value) && low <= value && value <= high;

// Returns the setting as numbers, and what is wrong with what was typed, by name. What
// has no effect is not looked at.
export function numbers(typed, { features: known, n_samples: all, sample }) {
  const { scaling, optimiser } = typed;
  const features = typed.features === "all" ? known : splitNames(typed.features);
  const start = typed.start.trim() ? typed.start.split(",").map(numberOf) : [];
  const [rate, iterations, batch] = [typed.rate, typed.iterations, typed.batch].map(numberOf);
  const momentum = OPTIMISERS[optimiser]?.momentum ? numberOf(typed.momentum) : 0;
  const seed = batch ? numberOf(typed.seed) : 0;
  const update = typed.update ? numberOf(typed.update) : undefined;
  const setting = { features, scaling, optimiser, rate, iterations, batch, start, momentum, seed, update };

  const wrong = {};
  const check = (name, right, message) => right || (wrong[name] ??= message);
  const must = (name, right, what) => check(name, right, `it must be ${what}`);
  const unknown = features.find((name) => !known.includes(name));
  check("features", unknown === undefined, `there is no feature “${unknown}”; there are ${known.join(", ")}`);
  check("features", features.length, "choose at least one feature");
  check("features", new Set(features).size === features.length, "each feature can be chosen once");
  for (const name of ["scaling", "optimiser"]) {
    const { options } = SETTINGS[name];
    must(name, options.includes(typed[name]), `one of ${options.join(", ")}`);
  }
  const size = features.length + 1;
  const most = Math.max(1000, Math.min(1e5, Math.floor(MOST_WORK / size ** 2)));
  must("rate", rate > 0 && rate < Infinity, "a positive number, such as 0.1 or 1e-7");
  must("iterations", isWhole(iterations, 1, most), `a whole number from 1 to ${most}`);
  const drawn = batch === all || isWhole(batch, 0, sample.length);
  must("batch", drawn, `a whole number from 1 to ${sample.length}, or 0 for all samples`);
  must("momentum", momentum >= 0 && momentum < 1, "at least 0 and less than 1");
  must("seed", isWhole(seed, 0, 2 ** 31 - 1), "a whole number of at least 0");
  const complete = [0, size].includes(start.length) && !start.some(Number.isNaN);
  must("start", complete, `${size} numbers with commas between them: the weights, then the offset`);
  const last = wrong.iterations ? most : iterations;
  must("update", update === undefined || isWhole(update, 0, last), "a whole number, at most the iterations");
  return { setting, wrong };
}

// Splits names at commas; one that has a comma is between double quotes, as in Python.
function splitNames(text) {
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
