// What theory says before anything is run: as helpers/theory.py and convergence.py do.
import { EPSILON, average, cost, deviation, dot, isFull } from "./model.js";

export const SCALINGS = ["standardise", "min-max", "none"];

// By optimiser: the limit times the largest eigenvalue, and the sum and product of the
// two factors of an error, from a = 1 - rate * eigenvalue (helpers/theory.py).
const RECURRENCES = {
  plain: { limit: () => 2, roots: (a) => [a, 0] },
  "heavy-ball": { limit: (mu) => 2 * (1 + mu), roots: (a, mu) => [a + mu, mu] },
  nesterov: {
    limit: (mu) => (2 * (1 + mu)) / (1 + 2 * mu),
    roots: (a, mu) => [a * (1 + mu), a * mu],
  },
};

export const hasLimit = (optimiser) => optimiser in RECURRENCES;

// The chosen features, scaled, and what their Hessian says. Errors name the feature.
export function analyse(problem, features, scaling) {
  const chosen = features.map((name) => problem.features.indexOf(name));
  const y = Float64Array.from(problem.rows, (row) => row.at(-1));
  const columns = [];
  const scales = chosen.map((j) => {
    const scale = scaleOf(problem, j, scaling);
    columns.push(Float64Array.from(problem.rows, (row) => (row[j] - scale.shift) / scale.factor));
    return scale;
  });
  columns.push(new Float64Array(y.length).fill(1));
  const parts = singularValues(columns);
  const least = EPSILON * Math.max(problem.n_samples, columns.length) * parts.at(-1).value;
  const best = new Float64Array(columns.length);
  for (const { left, vector, value } of parts) {
    if (value <= least) continue;
    const c = dot(left, y) / value ** 2;
    for (let j = 0; j < best.length; j++) best[j] += c * vector[j];
  }
  const scaled = (row) => [...chosen.map((j, k) => (row[j] - scales[k].shift) / scales[k].factor), 1];
  const data = {
    problem,
    features,
    rows: y.length,
    size: columns.length,
    A: byRows(columns, y.length),
    y,
    best,
    eigenvalues: parts.map(({ value }) => (2 * value ** 2) / y.length),
    vectors: parts.map(({ vector }) => vector),
    spreads: columns.slice(0, -1).map(deviation),
    sample: problem.sample.map(scaled),
    sampleY: problem.sample.map((row) => row.at(-1)),
  };
  data.lowest = cost(data, best);
  return data;
}

function byRows(columns, rows) {
  return Float64Array.from({ length: rows * columns.length }, (_, k) => columns[k % columns.length][Math.floor(k / columns.length)]);
}

function scaleOf(problem, j, scaling) {
  const [low, high] = [problem.minima[j], problem.maxima[j]];
  if (scaling === "none") return { shift: 0, factor: 1 };
  if (low === high) {
    throw new Error(`feature “${problem.features[j]}” is constant (${low}), so it cannot be scaled: leave it out, or set scaling to none`);
  }
  if (scaling === "min-max") return { shift: low, factor: high - low };
  const values = problem.rows.map((row) => row[j]);
  return { shift: average(values), factor: deviation(values) };
}

// One-sided Jacobi: the singular values of the columns, from the smallest, with the
// right singular vectors and the columns turned into left ones times their values.
export function singularValues(columns) {
  const turned = columns.map((column) => Float64Array.from(column));
  const vectors = columns.map((_, i) => Float64Array.from(columns, (_, j) => +(i === j)));
  const largest = Math.max(...turned.map((column) => dot(column, column)));
  const accuracy = EPSILON * Math.max(8, columns[0].length);
  const nothing = largest * accuracy ** 2;
  for (let again = true, sweep = 0; again && sweep < 60; sweep++) {
    again = false;
    for (let i = 0; i < turned.length; i++) {
      for (let j = i + 1; j < turned.length; j++) {
        const [a, b] = [dot(turned[i], turned[i]), dot(turned[j], turned[j])];
        const c = dot(turned[i], turned[j]);
        if (Math.min(a, b) <= nothing || Math.abs(c) <= accuracy * Math.sqrt(a * b)) continue;
        again = true;
        const t = (b - a) / (2 * c);
        const tangent = (t < 0 ? -1 : 1) / (Math.abs(t) + Math.hypot(1, t));
        turn(turned[i], turned[j], tangent);
        turn(vectors[i], vectors[j], tangent);
      }
    }
  }
  return turned
    .map((left, i) => ({ left, vector: vectors[i], value: Math.sqrt(dot(left, left)) }))
    .sort((one, other) => one.value - other.value);
}

function turn(x, y, tangent) {
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let k = 0; k < x.length; k++) {
    [x[k], y[k]] = [cosine * x[k] - sine * y[k], sine * x[k] + cosine * y[k]];
  }
}

export function limitOf(data, { optimiser, momentum, batch }) {
  if (!hasLimit(optimiser) || !isFull(data, batch)) return null;
  return RECURRENCES[optimiser].limit(momentum) / data.eigenvalues.at(-1);
}

// By how much each update multiplies each component of the error, in the end.
export function factorsOf(data, { optimiser, momentum, rate }) {
  return data.eigenvalues.map((value) => {
    const [total, product] = RECURRENCES[optimiser].roots(1 - rate * value, momentum);
    const square = total ** 2 / 4 - product;
    return square < 0 ? Math.sqrt(product) : Math.abs(total / 2) + Math.sqrt(square);
  });
}

// The cost of plain descent after k updates, for each k.
export function predictedCosts(data, { rate }, start, updates) {
  const shift = data.best.map((value, j) => value - start[j]);
  const parts = data.vectors.map((vector, i) => (data.eigenvalues[i] / 2) * dot(vector, shift) ** 2);
  const factors = data.eigenvalues.map((value) => Math.abs(1 - rate * value));
  return updates.map((k) => data.lowest + parts.reduce((sum, part, i) => sum + part * factors[i] ** (2 * k), 0));
}
