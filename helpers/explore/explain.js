// A few sentences that say what happened and why.
import { factorsOf, isFull } from "./model.js";

const SHARE = 0.01; // of the optimum: how close counts as there

export const rounded = (value, digits) => String(Number(value.toPrecision(digits)));

// A number with a few significant digits, as Python's format "g" prints it.
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : String(value);
  const exponent = value && Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < Math.max(digits, 6)) return rounded(value, digits);
  return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
}

export function explain({ data, setting, fit, limit }) {
  const rate = `Learning rate ${short(setting.rate)}`;
  const why = limit === null ? withoutLimit(data, setting, fit) : withLimit(data, setting, limit);
  return `${rate}${why} ${ending(data, fit)}`;
}

function withoutLimit(data, { batch, optimiser }, fit) {
  if (isFull(data, batch)) return `: theory gives no limit for the optimiser ${optimiser}.`;
  const { n_samples: all } = data.problem;
  const from = data.sample.length < all ? ` (drawn from the sample of ${data.sample.length})` : "";
  if (fit.divergedAt) {
    return ` is too large for batches of ${batch}${from}; theory gives no limit here.`;
  }
  return (
    `: each update sees ${batch} of ${all} samples${from}, so its gradient is an ` +
    "estimate, and near the optimum the cost jitters, the more the larger the learning rate. " +
    "This page draws them with its own generator; a run draws others."
  );
}

function withLimit(data, setting, limit) {
  const factors = factorsOf(data, setting);
  const slowest = factors.indexOf(Math.max(...factors));
  const factor = factors[slowest];
  const along = `along ${direction(data, slowest)}`;
  if (Math.abs(setting.rate / limit - 1) < 1e-9) {
    return ` is on the limit: the component ${along} changes its sign at each step and keeps its size.`;
  }
  if (setting.rate > limit) {
    const grows = `the component ${along} grows by ${short(factor, 3)} at each step`;
    return ` is above the limit ${short(limit)}: ${grows}.`;
  }
  const below = ` is below the limit ${short(limit)}: every component of the error shrinks`;
  if (factor > 1 - 1e-12) return `${below} but that ${along}, which the data do not determine.`;
  // Enough digits to tell it from one.
  const digits = Math.max(3, 2 - Math.floor(Math.log10(1 - factor)));
  return `${below}. The slowest, ${along}, is multiplied by ${short(factor, digits)} at each step.`;
}

// Names an eigenvector of the Hessian by its largest parts.
function direction({ features, vectors }, number) {
  const parts = Array.from(vectors[number], (value, j) => ({ value, size: Math.abs(value), j }));
  const [first, second] = parts.sort((one, other) => other.size - one.size);
  const names = [...features, "offset"];
  if (!second || second.size < 0.6 * first.size) return names[first.j];
  return `${names[first.j]} ${first.value * second.value > 0 ? "+" : "−"} ${names[second.j]}`;
}

function ending(data, { costs, divergedAt, updates }) {
  if (divergedAt) return `It was stopped after ${divergedAt} updates, its cost exploding.`;
  const cost = `The cost is ${short(costs[updates], 6)}, the optimum ${short(data.lowest, 6)}`;
  const reached = costs.findIndex((J) => J <= (1 + SHARE) * data.lowest);
  if (reached < 0) return `${cost}; ${updates} updates are too few to come within 1 % of it.`;
  return `${cost}; it came within 1 % of it after ${reached} updates.`;
}
