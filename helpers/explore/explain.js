// Explains in a few sentences what happened and why.
import { factorsOf, isFull } from "./model.js";

const CLOSE = 0.01; // relative distance that counts as reaching the optimum
const ROUNDING = 1e-9; // relative difference of equal numbers
const ENDINGS = {
  converged: "it has converged",
  descending: "it is still falling",
  oscillating: "it oscillates",
  diverged: "it rises",
};

export const rounded = (value, digits) => String(Number(value.toPrecision(digits)));

// A number with a few significant digits, as Python's format "g" prints it.
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : String(value);
  const [number, power] = value.toExponential(digits - 1).split("e").map(Number);
  return power >= -4 && power < Math.max(digits, 6) ? rounded(value, digits) : `${number}e${power}`;
}

// The numbers at the ticks of an axis, with enough digits to distinguish neighbours.
export function numbersAt(_, values, __, ___, step) {
  const most = Math.max(...values.map(Math.abs));
  return values.map((value) => short(value, Math.max(3, Math.ceil(Math.log10(most / step)) + 2)));
}

// A number with enough digits to distinguish it from another one.
function distinct(value, other, digits = 4) {
  const text = short(value, digits);
  return text === short(other, digits) && digits < 17 ? distinct(value, other, digits + 1) : text;
}

export const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;
const updatesOf = (count) => `${count} update${count === 1 ? "" : "s"}`;

export function explain({ data, setting, fit, limit }) {
  const rate = `Learning rate ${distinct(setting.rate, limit ?? 0)}`;
  const reason = limit === null ? withoutLimit(data, setting, fit) : withLimit(data, setting, limit);
  return `${rate}${reason} ${ending(data, fit)}`;
}

function withoutLimit(data, { batch, optimiser }, fit) {
  if (isFull(data, batch)) return `: theory gives no limit for the optimiser ${optimiser}.`;
  const { n_samples: all } = data.problem;
  const from = data.sample.length < all ? ` (drawn from the sample of ${data.sample.length})` : "";
  if (fit.status === "diverged") {
    return ` is too large for batches of ${batch}${from}; theory gives no limit here.`;
  }
  return (
    `: each update sees ${batch} of ${all} samples${from}, so its gradient is an ` +
    "estimate, and near the optimum the cost jitters, more so for a larger learning rate. " +
    "This page draws the batches with its own generator; a run draws others."
  );
}

function withLimit(data, setting, limit) {
  const factors = factorsOf(data, setting);
  const factor = Math.max(...factors);
  const along = `along ${direction(data, factors.indexOf(factor))}`;
  if (Math.abs(setting.rate / limit - 1) < ROUNDING) {
    return ` is on the limit: the component ${along} changes its sign at each step but keeps its size.`;
  }
  if (setting.rate > limit) {
    const grows = `the component ${along} grows by the factor ${distinct(factor, 1, 3)} at each step`;
    return ` is above the limit ${distinct(limit, setting.rate)}: ${grows}.`;
  }
  const below = ` is below the limit ${distinct(limit, setting.rate)}: every component of the error shrinks`;
  const flat = `except the one ${along}, which the data do not determine`;
  if (data.undetermined[factors.indexOf(factor)]) return `${below} ${flat}.`;
  const slowest = factors.filter((other) => other > factor - ROUNDING).length;
  const which = slowest === factors.length
    ? "Each is"
    : slowest > 1
    ? `The slowest ${slowest} are`
    : `The slowest, ${along}, is`;
  const by = factor < ROUNDING ? "nearly 0" : 1 - factor < 1e-6 ? "more than 0.999999" : distinct(factor, 1, 3);
  return `${below}. ${which} multiplied by ${by} at each step.`;
}

// Names an eigenvector of the Hessian by its largest components.
function direction({ features, vectors }, number) {
  const [parts, names] = [vectors[number], [...features, "offset"]];
  const [i, j] = [...parts.keys()].sort((i, j) => Math.abs(parts[j]) - Math.abs(parts[i]));
  if (Math.abs(parts[j]) < 0.6 * Math.abs(parts[i])) return names[i];
  return `${names[i]} ${parts[i] * parts[j] > 0 ? "+" : "−"} ${names[j]}`;
}

function ending(data, { costs, divergedAt, status, updates }) {
  if (divergedAt) return `The descent was stopped after ${updatesOf(divergedAt)}, as its cost exploded.`;
  const cost = `The cost is ${short(costs[updates], 6)}, the optimum ${short(data.lowest, 6)}`;
  const reached = costs.findIndex((J) => J <= (1 + CLOSE) * data.lowest);
  if (reached >= 0) {
    const but = status === "diverged" ? ", but rises in the end" : "";
    return `${cost}; it came within 1 % of that after ${updatesOf(reached)}${but}.`;
  }
  const far = status === "descending" ? `, but did not come within 1 % of the optimum in ${updatesOf(updates)}` : "";
  return `${cost}; ${ENDINGS[status]}${far}.`;
}
