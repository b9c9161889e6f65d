// The cost over two directions through the optimum, and the path of a descent on it.
import { dot } from "./model.js";

const LEVELS = 8; // lines of equal cost

// Both weights of one feature, or the steepest and the flattest direction of more.
export function projectionOf({ best, vectors, rows }) {
  const whole = best.length === 2;
  const flip = (vector) => dot(vector, best) < 0 ? vector.map((value) => -value) : vector;
  const basis = whole ? [[1, 0], [0, 1]] : [flip(vectors.at(-1)), flip(vectors[0])];
  const place = (theta) => basis.map((vector) => dot(vector, theta));
  const centre = place(best);
  const widest = 0.48 * Math.max(...centre.map(Math.abs)) || 1;
  const half = centre.map((value) => Math.max(1.6 * Math.abs(value), widest));
  const start = ([x, y]) =>
    Array.from(best, (w, j) => w + basis[0][j] * (x - centre[0]) + basis[1][j] * (y - centre[1]));
  const [p, q] = basis.map((vector) => rows.map((row) => dot(vector, row)));
  const [a, b, d] = [dot(p, p), dot(p, q), dot(q, q)];
  const far = a * half[0] ** 2 + 2 * Math.abs(b) * half[0] * half[1] + d * half[1] ** 2;
  const circles = new Path2D();
  for (let level = 0; level < LEVELS; level++) {
    const radius = Math.sqrt(far * 1e-3 * 4000 ** (level / (LEVELS - 1)));
    circles.moveTo(radius, 0);
    circles.arc(0, 0, radius, 0, 2 * Math.PI);
  }
  // The inverse of the Cholesky factor makes circles lines of equal cost.
  const least = 1e-9 * Math.max(a, d); // the data may not determine a direction
  const first = Math.sqrt(Math.max(a, least));
  const second = Math.sqrt(Math.max(d - (b / first) ** 2, least));
  const shape = new DOMMatrix([1 / first, 0, -b / first ** 2 / second, 1 / second, 0, 0]);
  return { whole, place, start, centre, half, circles, shape };
}

// The places of a descent, at first after each update and later after ever fewer, until it
// leaves for good; and the spans of the surface that show them and the optimum.
export function routeOf({ place, centre, half }, path, last) {
  const isNear = (at) => at.every((value, i) => Math.abs(value - centre[i]) <= 8 * half[i]);
  const all = [place(path[0])];
  for (let k = 0; k < last;) {
    k = Math.min(last, Math.max(k + 1, Math.floor(1.02 * k)));
    all.push(place(path[k]));
  }
  const places = all.slice(0, all.findLastIndex(isNear) + 2);
  const near = places.filter(isNear);
  const spans = centre.map((c, i) => {
    const values = near.map((at) => at[i]);
    return [Math.min(c - half[i], ...values), Math.max(c + half[i], ...values)];
  });
  return { places, spans };
}

// Where a place is on the canvas, also where x goes downwards.
export function pixels({ valToPos, scales }, [x, y]) {
  const at = [valToPos(x, "x", true), valToPos(y, "y", true)];
  return scales.x.ori ? at.reverse() : at;
}

// What is drawn on a chart, as uPlot takes it.
export function circleOn(chart, place) {
  const circle = new Path2D();
  circle.arc(...pixels(chart, place), 5.5 * devicePixelRatio, 0, 2 * Math.PI);
  return { fill: circle };
}

export function contoursOn(chart, { centre, half, circles, shape }) {
  const [x0, y0] = pixels(chart, centre);
  const [x1, y1] = pixels(chart, [centre[0] + half[0], centre[1] + half[1]]);
  const contours = new Path2D();
  const scale = new DOMMatrix([(x1 - x0) / half[0], 0, 0, (y1 - y0) / half[1], x0, y0]);
  contours.addPath(circles, scale.multiply(shape));
  return { stroke: contours };
}

export function pathOn(chart, places) {
  const [line, steps, side] = [new Path2D(), new Path2D(), 3 * devicePixelRatio];
  for (const [x, y] of places.map((place) => pixels(chart, place))) {
    line.lineTo(x, y);
    steps.rect(x - side / 2, y - side / 2, side, side);
  }
  return { stroke: line, fill: steps };
}
