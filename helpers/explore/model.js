// The descent, on a few rows with the same costs as all, and the theory of it: the same as
// in helpers/descent.py, optimisers.py, theory.py and convergence.py.

export const SCALINGS = ["standardise", "min-max", "none"];
const { EPSILON } = Number;
const TOLERANCE = 1e-9; // as in helpers/descent.py

// Step functions turn a gradient into a step, in place.
const momentumStep = (ahead) => (rate, momentum, size) => {
  const velocity = new Float64Array(size);
  return (g) => {
    for (let j = 0; j < size; j++) {
      velocity[j] = momentum * velocity[j] + rate * g[j];
      g[j] = ahead ? momentum * velocity[j] + rate * g[j] : velocity[j];
    }
  };
};

const adaptiveStep = (decay, squareDecay, corrected) => (rate, _, size) => {
  const [m, v] = [new Float64Array(size), new Float64Array(size)];
  let t = 0;
  return (g) => {
    t += 1;
    const [first, second] = corrected ? [1 - decay ** t, 1 - squareDecay ** t] : [1, 1];
    for (let j = 0; j < size; j++) {
      m[j] = decay * m[j] + (1 - decay) * g[j];
      v[j] = squareDecay * v[j] + (1 - squareDecay) * g[j] ** 2;
      g[j] = (rate * (m[j] / first)) / (Math.sqrt(v[j] / second) + 1e-8);
    }
  };
};

// roots(a, momentum): the sum and product of the two factors of an error component, with
// a = 1 - rate * eigenvalue. momentum: whether it can be set; otherwise it is 0.
const heavyBall = { step: momentumStep(false), roots: (a, mu) => [a + mu, mu] };
export const OPTIMISERS = {
  plain: heavyBall,
  "heavy-ball": { ...heavyBall, momentum: true },
  nesterov: { step: momentumStep(true), roots: (a, mu) => [a * (1 + mu), a * mu], momentum: true },
  adam: { step: adaptiveStep(0.9, 0.999, true) },
  rmsprop: { step: adaptiveStep(0, 0.9, false) },
};

export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values) {
  const mean = average(values);
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
}

// The page's own generator of random numbers from [0, 1): mulberry32.
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled(count, random) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// Yields batches of rows like helpers.descent.draw_batches.
function* batches(rows, size, seed) {
  for (const random = generator(seed);;) {
    const order = shuffled(rows.length, random).map((i) => rows[i]);
    for (let first = 0; first < rows.length; first += size) yield order.slice(first, first + size);
  }
}

export const isFull = (data, batch) => batch === 0 || batch === data.problem.n_samples;

// Descends; setting: optimiser, rate, momentum, iterations, start, batch, seed.
export function descend(data, setting) {
  const { rows, sample, best } = data;
  const theta = setting.start.length ? Float64Array.from(setting.start) : best.map(() => 0);
  const step = OPTIMISERS[setting.optimiser].step(setting.rate, setting.momentum, best.length);
  const drawn = isFull(data, setting.batch) ? null : batches(sample, setting.batch, setting.seed);
  const [costs, path, g] = [[], [], best.slice()];
  const zero = costOfRounding(rows, theta);
  while (costs.length <= setting.iterations) {
    const J = costAndGradient(rows, theta, g);
    if (!(J * EPSILON <= Math.max(costs[0] ?? J, zero))) break;
    costs.push(J);
    path.push(theta.slice());
    if (drawn) costAndGradient(drawn.next().value, theta, g);
    step(g);
    for (let j = 0; j < theta.length; j++) theta[j] -= g[j];
  }
  const divergedAt = costs.length <= setting.iterations ? costs.length : null;
  const close = costs.at(-1) - data.lowest <= Math.max(TOLERANCE * costs[0], zero);
  const status = divergedAt ? "diverged" : close ? "converged" : trend(costs);
  return { costs, path, divergedAt, status, updates: costs.length - 1 };
}

// Returns the cost, and writes its gradient into g.
function costAndGradient(rows, theta, g) {
  let sum = 0;
  g.fill(0);
  for (const row of rows) {
    const error = dot(theta, row) - row[theta.length];
    sum += error * error;
    for (let j = 0; j < g.length; j++) g[j] += error * row[j];
  }
  for (let j = 0; j < g.length; j++) g[j] *= 2 / rows.length;
  return sum / rows.length;
}

function costOfRounding(rows, theta) {
  const size = (row) => theta.reduce((sum, w, j) => sum + Math.abs(w * row[j]), Math.abs(row[theta.length]));
  return average(rows.map((row) => (EPSILON * rows.length * size(row)) ** 2));
}

function trend(costs) {
  const quarter = Math.max(1, Math.floor((costs.length - 1) / 4));
  const before = costs.slice(-2 * quarter, -quarter);
  const after = costs.slice(-quarter);
  const change = average(after) - average(before);
  const noise = 2 * Math.min(deviation(before), deviation(after));
  if (Math.abs(change) <= Math.max(noise, 1e-12 * average(before))) return "oscillating";
  if (change > 0) return "diverged";
  return average(after) <= costs[0] ? "descending" : "oscillating";
}

// Scales the chosen features and analyses their Hessian. A row consists of the features,
// 1 for the offset, and the target.
export function analyse(problem, features, scaling) {
  const chosen = features.map((name) => scaleOf(problem, problem.features.indexOf(name), scaling));
  const scaled = (row) => {
    const values = chosen.map(({ j, shift, factor }) => (row[j] - shift) / factor);
    return Float64Array.from([...values, 1, row.at(-1)]);
  };
  const [rows, sample] = [problem.rows.map(scaled), problem.sample.map(scaled)];
  const columns = Array.from(rows[0], (_, j) => Float64Array.from(rows, (row) => row[j]));
  const y = columns.pop();
  const triples = singularValues(columns);
  const least = EPSILON * Math.max(problem.n_samples, columns.length) * triples.at(-1).value;
  const best = new Float64Array(columns.length);
  for (const { left, vector, value } of triples) {
    if (value <= least) continue;
    const c = dot(left, y) / value ** 2;
    for (let j = 0; j < best.length; j++) best[j] += c * vector[j];
  }
  return {
    problem,
    features,
    rows,
    sample,
    observed: sample.map((row) => row.at(-1)),
    best,
    lowest: costAndGradient(rows, best, best.slice()),
    eigenvalues: triples.map(({ value }) => (2 * value ** 2) / y.length),
    vectors: triples.map(({ vector }) => vector),
    undetermined: triples.map(({ value }) => value <= least), // directions in which the cost is flat
    spreads: columns.slice(0, -1).map(deviation),
  };
}

function scaleOf(problem, j, scaling) {
  const [low, high] = [problem.minima[j], problem.maxima[j]];
  if (scaling === "none") return { j, shift: 0, factor: 1 };
  if (scaling === "min-max") return { j, shift: low, factor: high - low };
  const values = problem.rows.map((row) => row[j]);
  return { j, shift: average(values), factor: deviation(values) };
}

// The singular values of the columns, in ascending order, by one-sided Jacobi rotations,
// with the right singular vectors and the left ones times their values.
export function singularValues(columns) {
  const rotated = columns.map((column) => column.slice());
  const vectors = columns.map((_, i) => Float64Array.from(columns, (_, j) => +(i === j)));
  const largest = Math.max(...rotated.map((column) => dot(column, column)));
  const accuracy = EPSILON * Math.max(8, columns[0].length);
  const negligible = largest * accuracy ** 2;
  for (let again = true, sweep = 0; again && sweep < 60; sweep++) {
    again = false;
    for (let i = 0; i < rotated.length; i++) {
      for (let j = i + 1; j < rotated.length; j++) {
        const [a, b] = [dot(rotated[i], rotated[i]), dot(rotated[j], rotated[j])];
        const c = dot(rotated[i], rotated[j]);
        if (Math.min(a, b) <= negligible || Math.abs(c) <= accuracy * Math.sqrt(a * b)) continue;
        again = true;
        const t = (b - a) / (2 * c);
        const tangent = (t < 0 ? -1 : 1) / (Math.abs(t) + Math.hypot(1, t));
        rotate(rotated[i], rotated[j], tangent);
        rotate(vectors[i], vectors[j], tangent);
      }
    }
  }
  return rotated
    .map((left, i) => ({ left, vector: vectors[i], value: Math.sqrt(dot(left, left)) }))
    .sort((one, other) => one.value - other.value);
}

function rotate(x, y, tangent) {
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let k = 0; k < x.length; k++) {
    const [a, b] = [x[k], y[k]];
    x[k] = cosine * a - sine * b;
    y[k] = sine * a + cosine * b;
  }
}

// The largest stable learning rate, or null if theory gives none.
export function limitOf(data, { optimiser, momentum, batch }) {
  const { roots } = OPTIMISERS[optimiser];
  if (!roots || !isFull(data, batch)) return null;
  // At the limit a factor is -1, so sum + product is -1; it is a linear function of a.
  const [atZero, atOne] = [0, 1].map((a) => roots(a, momentum)).map(([sum, product]) => sum + product);
  return (1 + (1 + atZero) / (atOne - atZero)) / data.eigenvalues.at(-1);
}

// The factors by which, in the long run, each update multiplies the components of the error.
export function factorsOf(data, { optimiser, momentum, rate }) {
  return data.eigenvalues.map((value) => {
    const [total, product] = OPTIMISERS[optimiser].roots(1 - rate * value, momentum);
    const half = Math.abs(total / 2);
    const radicand = 1 - product / half / half; // large squares would overflow
    return radicand < 0 ? Math.sqrt(product) : half * (1 + Math.sqrt(radicand)) || 0;
  });
}

// The costs of plain descent at the start and after each update.
export function predictedCosts(data, { rate }, start, updates) {
  const shift = data.best.map((value, j) => value - start[j]);
  const parts = data.vectors.map((v, i) => (data.eigenvalues[i] / 2) * dot(v, shift) ** 2);
  const factors = data.eigenvalues.map((value) => (1 - rate * value) ** 2);
  return Array.from({ length: updates + 1 }, () => {
    const J = parts.reduce((sum, part) => sum + part, data.lowest);
    parts.forEach((_, i) => (parts[i] *= factors[i]));
    return J;
  });
}
