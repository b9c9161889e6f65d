// The setting: as it was typed, in the address, and as numbers.
import { OPTIMISERS } from "./model.js";
import { SCALINGS } from "./theory.js";

// What may be typed, by its name in the address, at the beginning.
export const DEFAULTS = {
  features: "all",
  scaling: "standardise",
  optimiser: "plain",
  rate: "0.1",
  iterations: "1000",
  momentum: "0.9",
  batch: "0",
  seed: "0",
  start: "",
  update: "",
};
const MOST_KEPT = 5e6; // numbers of a path
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// Reads an address: what it sets, and a note on what it cannot set.
export function readAddress(hash, problem) {
  const [typed, notes] = [{ ...DEFAULTS }, []];
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!(name in DEFAULTS)) notes.push(`The address sets “${name}”, which is no setting.`);
    else typed[name] = value;
  }
  for (const [name, message] of Object.entries(numbers(typed, problem).wrong)) {
    notes.push(`The address sets ${name} to “${typed[name]}”: ${message}.`);
    typed[name] = DEFAULTS[name];
  }
  return { typed, notes };
}

export function writeAddress(typed) {
  const chosen = Object.entries(typed).filter(([name, value]) => name === "rate" || value !== DEFAULTS[name]);
  return `#${new URLSearchParams(chosen)}`;
}

// Returns the setting as numbers, and what is wrong with what was typed, by name.
export function numbers(typed, problem) {
  const wrong = {};
  const read = (name, check, message) => {
    const value = Number(typed[name]);
    if (!NUMBER.test(typed[name].trim()) || !check(value)) wrong[name] = message;
    return value;
  };
  const whole = (low, high) => (value) => Number.isInteger(value) && low <= value && value <= high;
  const oneOf = (name, known) => {
    if (!known.includes(typed[name])) wrong[name] = `it must be one of ${known.join(", ")}`;
    return typed[name];
  };
  const features = readFeatures(typed.features, problem, wrong);
  const size = features.length + 1;
  const most = Math.min(1e5, Math.floor(MOST_KEPT / size));
  const { n_samples: all, sample } = problem;
  const drawn = sample.length;
  const setting = {
    features,
    scaling: oneOf("scaling", SCALINGS),
    optimiser: oneOf("optimiser", Object.keys(OPTIMISERS)),
    rate: read("rate", (value) => value > 0 && value < Infinity, "it must be a positive number, such as 0.1 or 1e-7"),
    iterations: read("iterations", whole(1, most), `it must be a whole number from 1 to ${most}`),
    momentum: read("momentum", (value) => value >= 0 && value < 1, "it must be at least 0 and less than 1"),
    batch: read(
      "batch",
      (value) => whole(0, drawn)(value) || value === all,
      `it must be a whole number from 1 to ${drawn}, or 0 for all samples`,
    ),
    seed: read("seed", whole(0, 2 ** 31 - 1), "it must be a whole number of at least 0"),
  };
  const given = typed.start.trim() ? typed.start.split(",") : [];
  if (given.length && (given.length !== size || !given.every((text) => NUMBER.test(text.trim())))) {
    wrong.start = `it must be ${size} numbers with commas between them: the weights, then the offset`;
  }
  setting.start = given.map(Number);
  if (typed.update.trim()) {
    setting.update = read("update", whole(0, setting.iterations), "it must be a whole number, at most the iterations");
  }
  return { setting, wrong };
}

// Splits names at commas; one that has a comma is between double quotes, as in Python.
export function splitNames(text) {
  const names = text.match(/"(?:[^"]|"")*"|[^,"]+/g) ?? [];
  const bare = names.map((name) => (name[0] === '"' ? name.slice(1, -1).replaceAll('""', '"') : name));
  return bare.map((name) => name.trim()).filter(Boolean);
}

export function joinNames(names) {
  return names.map((name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(", ");
}

function readFeatures(text, problem, wrong) {
  if (text === "all") return problem.features;
  const names = splitNames(text);
  const unknown = names.find((name) => !problem.features.includes(name));
  const known = problem.features.join(", ");
  if (unknown !== undefined) wrong.features = `there is no feature “${unknown}”; there are ${known}`;
  else if (!names.length) wrong.features = "choose at least one feature";
  else if (new Set(names).size < names.length) wrong.features = "each feature can be chosen once";
  return names;
}
