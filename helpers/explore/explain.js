// A few sentences that say what happened and why, for the live figure.
import { isFull } from "./model.js";
import { factorsOf } from "./theory.js";

const SHARE = 0.01; // of the optimum: how close counts as there

// A number with a few significant digits, as Python's format "g" prints it.
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : String(value);
  const exponent = value && Math.floor(Math.log10(Math.abs(value)));
  const text = value.toPrecision(digits);
  if (exponent >= -4 && exponent < Math.max(digits, 6)) return String(Number(text));
  return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
}

export function explain(data, setting, fit, limit) {
  return `${limit === null ? withoutLimit(data, setting, fit) : withLimit(data, setting, limit)} ${ending(data, fit)}`;
}

function withoutLimit(data, { batch, optimiser, rate }, fit) {
  const { n_samples: all } = data.problem;
  if (isFull(data, batch)) {
    return `Learning rate ${short(rate)}: theory gives no limit for the optimiser ${optimiser}.`;
  }
  const from = data.sample.length < all ? ` (drawn from the sample of ${data.sample.length})` : "";
  if (fit.divergedAt) {
    return `Learning rate ${short(rate)} is too large for batches of ${batch}${from}; theory gives no limit here.`;
  }
  return (
    `Each update sees ${batch} of ${all} samples${from}, so its gradient is an estimate: ` +
    "near the optimum the cost jitters, the more the larger the learning rate. " +
    "This page draws them with its own generator; a run draws others."
  );
}

function withLimit(data, setting, limit) {
  const factors = factorsOf(data, setting);
  const slowest = factors.indexOf(Math.max(...factors));
  const name = direction(data, slowest);
  const [rate, most] = [short(setting.rate), short(limit)];
  if (Math.abs(setting.rate / limit - 1) < 1e-9) {
    return `Learning rate ${rate} is on the limit: the component along ${name} changes its sign at each step and keeps its size.`;
  }
  if (setting.rate > limit) {
    return `Learning rate ${rate} is above the limit ${most}: the component along ${name} grows by ${short(factors[slowest], 3)} at each step.`;
  }
  const below = `Learning rate ${rate} is below the limit ${most}: every component of the error shrinks`;
  if (factors[slowest] > 1 - 1e-12) return `${below} but that along ${name}, which the data do not determine.`;
  return `${below}. The slowest, along ${name}, is multiplied by ${nearOne(factors[slowest])} at each step.`;
}

// Names an eigenvector of the Hessian by its largest parts.
export function direction({ features, vectors }, number) {
  const vector = vectors[number];
  const names = [...features, "offset"];
  const largest = Math.max(...vector.map(Math.abs));
  const [first, second] = names
    .map((_, j) => j)
    .filter((j) => Math.abs(vector[j]) >= 0.6 * largest)
    .sort((i, j) => Math.abs(vector[j]) - Math.abs(vector[i]));
  if (second === undefined) return names[first];
  return `${names[first]} ${vector[first] * vector[second] > 0 ? "+" : "−"} ${names[second]}`;
}

function ending(data, fit) {
  if (fit.divergedAt) return `It was stopped after ${fit.divergedAt} updates, its cost exploding.`;
  const reached = fit.costs.findIndex((J) => J <= (1 + SHARE) * data.lowest);
  const cost = `The cost is ${short(fit.costs[fit.updates], 6)}, the optimum ${short(data.lowest, 6)}`;
  if (reached < 0) return `${cost}; ${fit.updates} updates are too few to come within 1 % of it.`;
  return `${cost}; it came within 1 % of it after ${reached} updates.`;
}

// Prints a factor with enough digits to tell it from one.
function nearOne(factor) {
  const digits = 2 - Math.floor(Math.log10(Math.max(1e-12, Math.abs(1 - factor))));
  return short(factor, Math.max(3, digits));
}
