// The descent on a few rows that have the costs of all: as helpers/descent.py does it.

export const EPSILON = Number.EPSILON;
const TOLERANCE = 1e-9; // as in helpers/descent.py

// An optimiser maps a gradient g to a step, both at places of the same array.
const momentumStep = (ahead) => (rate, momentum, size) => {
  const velocity = new Float64Array(size);
  return (g) => {
    for (let j = 0; j < size; j++) {
      velocity[j] = momentum * velocity[j] + rate * g[j];
      g[j] = ahead ? momentum * velocity[j] + rate * g[j] : velocity[j];
    }
  };
};

export const OPTIMISERS = {
  plain: (rate, _, size) => (g) => {
    for (let j = 0; j < size; j++) g[j] *= rate;
  },
  "heavy-ball": momentumStep(false),
  nesterov: momentumStep(true),
  adam: (rate, _, size) => {
    const m = new Float64Array(size);
    const v = new Float64Array(size);
    let t = 0;
    return (g) => {
      t += 1;
      for (let j = 0; j < size; j++) {
        m[j] = 0.9 * m[j] + (1 - 0.9) * g[j];
        v[j] = 0.999 * v[j] + (1 - 0.999) * g[j] ** 2;
        const mean = m[j] / (1 - 0.9 ** t);
        g[j] = (rate * mean) / (Math.sqrt(v[j] / (1 - 0.999 ** t)) + 1e-8);
      }
    };
  },
  rmsprop: (rate, _, size) => {
    const v = new Float64Array(size);
    return (g) => {
      for (let j = 0; j < size; j++) {
        v[j] = 0.9 * v[j] + (1 - 0.9) * g[j] ** 2;
        g[j] = (rate * g[j]) / (Math.sqrt(v[j]) + 1e-8);
      }
    };
  },
};

export const hasMomentum = (optimiser) =>
  optimiser === "heavy-ball" || optimiser === "nesterov";

export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function deviation(values) {
  const mean = average(values);
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
}

export function cost(data, theta) {
  let sum = 0;
  for (let i = 0; i < data.rows; i++) sum += errorOf(data.A, data.y[i], i * data.size, theta) ** 2;
  return sum / data.rows;
}

function errorOf(A, y, first, theta) {
  let z = -y;
  for (let j = 0; j < theta.length; j++) z += A[first + j] * theta[j];
  return z;
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

// Yields rows of the sample as helpers.descent.draw_batches does.
function* batches(data, size, seed) {
  for (const random = generator(seed); ; ) {
    const order = shuffled(data.sample.length, random);
    for (let first = 0; first < order.length; first += size) yield order.slice(first, first + size);
  }
}

export const isFull = (data, batch) => batch === 0 || batch === data.problem.n_samples;

// Descends; setting: optimiser, rate, momentum, iterations, start, batch, seed.
export function descend(data, setting) {
  const { size } = data;
  const theta = setting.start.length ? Float64Array.from(setting.start) : new Float64Array(size);
  const step = OPTIMISERS[setting.optimiser](setting.rate, setting.momentum, size);
  const drawn = isFull(data, setting.batch) ? null : batches(data, setting.batch, setting.seed);
  const path = new Float64Array((setting.iterations + 1) * size);
  const costs = new Float64Array(setting.iterations + 1);
  const g = new Float64Array(size);
  const zero = costOfRounding(data, theta);
  let divergedAt = null;
  for (let k = 0; ; k++) {
    costs[k] = costAndGradient(data, theta, g);
    if (k === 0 && !Number.isFinite(costs[0])) {
      throw new Error("the cost at the start is too large a number: start from smaller weights");
    }
    if (!(costs[k] * EPSILON <= Math.max(costs[0], zero))) {
      divergedAt = k;
      break;
    }
    path.set(theta, k * size);
    if (k === setting.iterations) break;
    if (drawn) gradientOf(data, drawn.next().value, theta, g);
    step(g);
    for (let j = 0; j < size; j++) theta[j] -= g[j];
  }
  const recorded = costs.subarray(0, divergedAt ?? costs.length);
  const last = recorded.length - 1;
  const fit = { costs: recorded, path, size, divergedAt, updates: last };
  fit.at = (k) => path.subarray(k * size, (k + 1) * size);
  const close = recorded[last] - data.lowest <= Math.max(TOLERANCE * costs[0], zero);
  fit.status = divergedAt ? "diverged" : close ? "converged" : trend(recorded);
  return fit;
}

function costAndGradient({ A, y, rows, size }, theta, g) {
  let sum = 0;
  g.fill(0);
  for (let i = 0; i < rows; i++) {
    const error = errorOf(A, y[i], i * size, theta);
    sum += error * error;
    for (let j = 0; j < size; j++) g[j] += error * A[i * size + j];
  }
  for (let j = 0; j < size; j++) g[j] *= 2 / rows;
  return sum / rows;
}

function gradientOf({ sample, sampleY, size }, batch, theta, g) {
  g.fill(0);
  for (const i of batch) {
    const error = dot(sample[i], theta) - sampleY[i];
    for (let j = 0; j < size; j++) g[j] += (2 / batch.length) * error * sample[i][j];
  }
}

function costOfRounding({ A, y, rows, size }, theta) {
  const sizes = Array.from(y, (value, i) => {
    let sum = Math.abs(value);
    for (let j = 0; j < size; j++) sum += Math.abs(A[i * size + j] * theta[j]);
    return sum;
  });
  return average(sizes.map((sum) => (EPSILON * rows * sum) ** 2));
}

function trend(costs) {
  const quarter = Math.max(1, Math.floor((costs.length - 1) / 4));
  const before = Array.from(costs.slice(-2 * quarter, -quarter));
  const after = Array.from(costs.slice(-quarter));
  const change = average(after) - average(before);
  const noise = 2 * Math.min(deviation(before), deviation(after));
  if (Math.abs(change) <= Math.max(noise, 1e-12 * average(before))) return "oscillating";
  return change < 0 ? "descending" : "diverged";
}
