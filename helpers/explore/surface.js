// The cost over two directions through the optimum, and the path of a descent on it. The
// optimum is at [0, 0]; the square from -1 to 1 in both directions is always visible.
import { dot } from "./model.js";

const LEVELS = [...Array(8).keys()]; // of equal cost
const CIRCLES = LEVELS.map((level) => `<circle r="${Math.sqrt(1e-3 * 4000 ** (level / 7))}"/>`);

// The axes: weight and offset of a single feature, or the steepest and flattest directions.
export function projectionOf({ best, vectors, rows }) {
  const complete = best.length === 2;
  const flip = (vector) => dot(vector, best) < 0 ? vector.map((value) => -value) : vector;
  const basis = complete ? [[1, 0], [0, 1]] : [flip(vectors.at(-1)), flip(vectors[0])];
  const centre = basis.map((vector) => dot(vector, best));
  const widest = 0.48 * Math.max(...centre.map(Math.abs)) || 1;
  const half = centre.map((value) => Math.max(1.6 * Math.abs(value), widest));
  const place = (theta) => basis.map((vector, i) => (dot(vector, theta) - centre[i]) / half[i]);
  const start = ([x, y]) => Array.from(best, (w, j) => w + basis[0][j] * x * half[0] + basis[1][j] * y * half[1]);
  const [p, q] = basis.map((vector, i) => rows.map((row) => half[i] * dot(vector, row)));
  return { complete, place, start, centre, half, contours: contoursOf(dot(p, p), dot(p, q), dot(q, q)) };
}

// Contours of axx + 2bxy + dyy: circles, transformed by the inverse of a Cholesky factor.
function contoursOf(a, b, d) {
  const least = 1e-9 * Math.max(a, d); // the data may not determine a direction
  const first = Math.sqrt(Math.max(a, least));
  const second = Math.sqrt(Math.max(d - (b / first) ** 2, least));
  const far = Math.sqrt(a + 2 * Math.abs(b) + d);
  const shape = [far / first, 0, -far * (b / first ** 2) / second, far / second, 0, 0];
  return `<g transform="matrix(${shape})">${CIRCLES.join("")}</g>`;
}

// The places of a descent after updates at growing distances, until it leaves the surface
// for good; and the spans of the surface that contain them and the optimum.
export function routeOf({ place }, path, last) {
  const isNear = (at) => at.every((value) => Math.abs(value) <= 8);
  const all = [place(path[0])];
  for (let k = 0; k < last;) {
    k = Math.min(last, Math.max(k + 1, Math.floor(1.02 * k)));
    all.push(place(path[k]));
  }
  const places = all.slice(0, all.findLastIndex(isNear) + 2);
  const near = places.filter(isNear);
  const spans = [0, 1].map((i) => {
    const values = near.map((at) => at[i]);
    return [Math.min(-1, ...values), Math.max(1, ...values)];
  });
  return { places, spans };
}

// The lines of equal cost, the path and the optimum, as SVG. A dot is a very short line
// (browsers differ on zero length), whose width and round ends the style sheet sets.
export function drawingOf({ contours }, { places, spans: [[left, right], [bottom, top]] }) {
  const dots = (places) => places.map((place) => `M${place}h1e-5`).join("");
  return `
    <svg viewBox="${[left, -top, right - left, top - bottom]}" preserveAspectRatio="none">
      <g transform="scale(1 -1)">
        ${contours}
        <path class="live-route" d="M${places.join("L")}"/>
        <path class="live-route live-steps" d="${dots(places)}"/>
        <path class="live-dot" d="${dots([[0, 0]])}"/>
        <path class="live-dot live-route" d="${dots(places.slice(-1))}"/>
      </g>
    </svg>`;
}
