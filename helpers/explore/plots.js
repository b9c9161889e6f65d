// The five pictures of a descent, drawn by ECharts on one canvas.
import { dot } from "./model.js";
import { short } from "./explain.js";
import { GRIDS, frameOption } from "./frame.js";

const MOST_POINTS = 200; // of a curve: about as many as a picture is wide
const MOST_BARS = 12;
const LEVELS = 8; // lines of equal cost
const DOTS = 60; // of the curve that theory predicts

// Where each picture is: rows of names with their shares of the width.
function layout(width) {
  const wide = [
    [["costs", 0.6], ["surface", 0.4]],
    [["fit", 0.31], ["residuals", 0.31], ["weights", 0.38]],
  ];
  const middle = [
    [["costs", 1]],
    [["surface", 0.5], ["fit", 0.5]],
    [["residuals", 0.45], ["weights", 0.55]],
  ];
  const rows = width >= 900 ? wide : width >= 560 ? middle : GRIDS.map((name) => [[name, 1]]);
  const height = Math.round(Math.min(380, Math.max(250, width * 0.21)));
  const boxes = {};
  rows.forEach((row, number) => {
    let left = 0;
    for (const [name, share] of row) {
      boxes[name] = { left: left * width, top: number * height, width: share * width, height };
      left += share;
    }
  });
  return { boxes, height: rows.length * height };
}

// The first values, and of the others the lowest and the highest of each stretch.
function thinned(values, last) {
  const first = last < MOST_POINTS ? last : MOST_POINTS / 2;
  const kept = Array.from({ length: first + 1 }, (_, k) => k);
  const stretch = (last - first) / (MOST_POINTS / 4);
  for (let from = first + 1; from <= last; from += stretch) {
    let [low, high] = [Math.floor(from), Math.floor(from)];
    for (let k = low + 1; k < Math.min(from + stretch, last); k++) {
      if (values[k] < values[low]) low = k;
      if (values[k] > values[high]) high = k;
    }
    kept.push(Math.min(low, high), Math.max(low, high));
  }
  return [...new Set([...kept, last])];
}

const spanOf = (values) => [Math.min(...values), Math.max(...values)];
// Pairs of numbers as ECharts reads them fastest; anything else as it is.
const flat = (points) => (Array.isArray(points[0]) ? Float64Array.from(points.flat()) : points);
const union = ([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)];
const around = ([low, high], share = 0.05) => {
  const room = share * (high - low || 1);
  return [low - room, high + room];
};

// The cost over two directions through the optimum, and places on it.
export function projectionOf(data) {
  const { best, vectors, size, A, rows } = data;
  const whole = size === 2;
  const basis = (whole ? [[1, 0], [0, 1]] : [vectors.at(-1), vectors[0]]).map((vector) =>
    Float64Array.from(vector, (value) => (!whole && dot(vector, best) < 0 ? -value : value)),
  );
  const place = (theta) => basis.map((vector) => dot(vector, theta));
  const centre = place(best);
  const widest = 0.3 * Math.max(...centre.map((value) => 1.6 * Math.abs(value))) || 1;
  const half = centre.map((value) => Math.max(1.6 * Math.abs(value), widest));
  const row = (i) => A.subarray(i * size, (i + 1) * size);
  const images = basis.map((vector) => Float64Array.from({ length: rows }, (_, i) => dot(row(i), vector)));
  const curvature = images.map((one) => images.map((other) => (2 / rows) * dot(one, other)));
  const start = ([x, y]) =>
    Array.from(best, (value, j) => value + basis[0][j] * (x - centre[0]) + basis[1][j] * (y - centre[1]));
  return { whole, place, start, centre, half, contours: contours(curvature, centre, half) };
}

function contours([[a, b], [, d]], centre, half) {
  const angle = Math.atan2(2 * b, a - d) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = (s, c) => a * c * c + 2 * b * s * c + d * s * s;
  const values = [turned(sin, cos), turned(cos, -sin)].map((value) => Math.max(value, Number.MIN_VALUE));
  const corner = [cos * half[0] + sin * half[1], sin * half[0] - cos * half[1]];
  const far = Math.max(...values.map((value, i) => value * corner[i] ** 2));
  const points = [];
  for (let level = 0; level < LEVELS; level++) {
    const size = far * 1e-3 * 4000 ** (level / (LEVELS - 1));
    for (let k = 0; k <= 48; k++) {
      const u = Math.cos((k * Math.PI) / 24) * Math.sqrt(size / values[0]);
      const v = Math.sin((k * Math.PI) / 24) * Math.sqrt(size / values[1]);
      points.push([centre[0] + cos * u - sin * v, centre[1] + sin * u + cos * v]);
    }
    points.push([NaN, NaN]);
  }
  return points;
}

export class Plots {
  // begin(place) is called while the start is dragged over the surface.
  constructor(element, { begin }) {
    this.element = element;
    this.chart = echarts.init(element, null, { renderer: "canvas" });
    this.dragged = false;
    this.begin = begin;
    const zr = this.chart.getZr();
    zr.on("mousedown", (event) => this.grab(event));
    zr.on("mousemove", (event) => this.drag(event));
    zr.on("mouseup", () => (this.dragged = false));
    zr.on("globalout", () => (this.dragged = false));
  }

  grab(event) {
    const at = [event.offsetX, event.offsetY];
    if (!this.shown || !this.chart.containPixel({ gridIndex: 1 }, at)) return;
    const [x, y] = this.chart.convertToPixel({ gridIndex: 1 }, this.startPlace);
    if (event.event.zrByTouch && Math.hypot(x - at[0], y - at[1]) > 30) return; // it scrolls
    this.dragged = true;
    this.drag(event);
  }

  drag(event) {
    if (!this.dragged) return;
    event.event.preventDefault();
    this.begin(this.chart.convertFromPixel({ gridIndex: 1 }, [event.offsetX, event.offsetY]));
  }

  // Draws everything anew: for another width, another theme, or at the beginning.
  frame() {
    if (!this.element.clientWidth) return; // it is hidden
    const css = getComputedStyle(this.element);
    const colour = (name) => css.getPropertyValue(`--live-${name}`).trim();
    const names = ["ink", "muted", "grid", "curve", "path", "data", "wrong", "paper"];
    const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
    const { boxes, height } = layout(this.element.clientWidth);
    this.element.style.height = `${height}px`;
    this.chart.resize();
    this.colours = colours;
    this.chart.clear();
    this.base = frameOption(boxes, colours);
    this.chart.setOption(this.base);
    this.projection = null;
    this.sent = {};
    if (this.shown) this.show(...this.shown);
  }

  show(result, update) {
    this.shown = [result, update];
    if (!this.colours) return this.frame();
    const { data } = result;
    const option = { series: [], xAxis: [], yAxis: [], title: GRIDS.map(() => ({})) };
    if (data !== this.data || !this.projection) {
      this.data = data;
      this.projection = projectionOf(data);
    }
    const { colours, base } = this;
    const draw = { ...result, update, option, theta: result.fit.at(update), colours, base };
    draw.add = (id, points) => option.series.push({ id, data: flat(points) });
    draw.axes = (number, x, y) => ((option.xAxis[number] = x), (option.yAxis[number] = y));
    drawCosts(draw);
    this.drawSurface(draw);
    drawFit(draw);
    drawWeights(draw);
    this.chart.setOption(this.changes(option), { silent: true });
    this.chart.getZr().flush();
  }

  // Leaves out the axes and titles that are as they were: ECharts would build them anew.
  changes({ series, ...parts }) {
    const option = { series };
    for (const [name, all] of Object.entries(parts)) {
      const texts = all.map((one) => JSON.stringify(one));
      if (texts.some((text, i) => text !== this.sent[name]?.[i])) {
        option[name] = all.map((one, i) => (texts[i] === this.sent[name]?.[i] ? {} : one));
      }
      this.sent[name] = texts;
    }
    return option;
  }

  drawSurface({ fit, update, add, axes, theta, data }) {
    const { projection } = this;
    const frame = projection.centre.map((c, i) => [c - projection.half[i], c + projection.half[i]]);
    const points = thinned(fit.costs, Math.min(update, 2000)).map((k) => projection.place(fit.at(k)));
    this.startPlace = points[0];
    const { centre, half, whole } = projection;
    const near = (place) => place.every((value, i) => Math.abs(value - centre[i]) < 8 * half[i]);
    const leaves = points.findIndex((place) => !near(place));
    const seen = leaves < 0 ? points : points.slice(0, leaves);
    if (!this.dragged) {
      this.surface = frame.map((span, i) => union(span, spanOf([centre[i], ...seen.map((place) => place[i])])));
    }
    const names = whole ? [`weight of ${data.features[0]}`, "offset"] : ["steepest direction", "flattest direction"];
    const numbers = { axisLabel: { show: whole }, axisTick: { show: whole } };
    const gaps = whole ? [28, 48] : [28, 12];
    axes(1, ...this.surface.map(([min, max], i) => ({ min, max, name: names[i], nameGap: gaps[i], ...numbers })));
    add("contours", projection.contours);
    const drawn = leaves < 0 ? points : points.slice(0, leaves + 1);
    add("path", drawn);
    add("steps", drawn);
    add("start", [points[0]]);
    add("best", [projection.centre]);
    add("here", [projection.place(theta)]);
  }
}

function drawCosts({ data, fit, setting, update, predicted, add, axes, option, colours, base }) {
  const updates = thinned(fit.costs, fit.updates);
  const high = Math.max(...updates.map((k) => fit.costs[k]));
  const lowest = Math.min(data.lowest, ...updates.map((k) => fit.costs[k]));
  const low = Math.max(lowest, high * 1e-30, fit.costs[0] * 1e-12);
  const end = fit.divergedAt ?? setting.iterations;
  const log = high > 20 * low;
  const [min, max] = log ? [low / 1.5, high * (high / low) ** 0.1] : around([low, high], 0.1);
  axes(0, { min: 0, max: end }, { ...base.yAxis[0], type: log ? "log" : "value", min, max });
  add("optimum", [[0, data.lowest], [end, data.lowest]]);
  const some = Array.from({ length: DOTS + 1 }, (_, i) => Math.round((i * fit.updates) / DOTS));
  add("predicted", predicted ? predicted(some).map((J, i) => [some[i], J]) : []);
  add("cost", updates.filter((k) => k <= update).map((k) => [k, fit.costs[k]]));
  const grows = fit.divergedAt && update > 0 && fit.costs[update] / fit.costs[update - 1];
  const text = grows ? `at each step: cost × ${short(grows, 3)}, error × ${short(Math.sqrt(grows), 3)}` : "";
  add("now", [{ value: [update, fit.costs[update]], label: { show: Boolean(grows), formatter: text } }]);
  option.title[0] = {
    text: `Cost ${short(fit.costs[update], 5)} at update ${update}${predicted ? ", dots: theory" : ""}`,
    textStyle: { color: fit.divergedAt ? colours.wrong : colours.ink },
  };
}

function drawFit({ data, theta, add, axes, option }) {
  const { problem, features, sample, sampleY } = data;
  const unit = problem.units[problem.target];
  const target = unit ? `${problem.target} (${unit})` : problem.target;
  const z = sample.map((row) => dot(row, theta));
  const ySpan = spanOf(sampleY);
  const single = features.length === 1;
  const number = problem.features.indexOf(features[0]);
  const x = single ? problem.sample.map((row) => row[number]) : sampleY;
  const [xMin, xMax] = around(spanOf(x));
  const [low, high] = union(around(ySpan, 0.25), around(spanOf(z), 0.05));
  const [xName, yName] = single ? [features[0], target] : [`observed ${target}`, "predicted"];
  axes(2, { min: xMin, max: xMax, name: xName }, { min: low, max: high, name: yName });
  add("points", x.map((value, i) => [value, single ? sampleY[i] : z[i]]));
  const ends = [x.indexOf(Math.min(...x)), x.indexOf(Math.max(...x))];
  add("line", single ? ends.map((i) => [x[i], z[i]]) : [[xMin, xMin], [xMax, xMax]]);
  const errors = z.map((value, i) => sampleY[i] - value);
  const half = 0.75 * (ySpan[1] - ySpan[0]);
  const [rMin, rMax] = union([-half, half], around(spanOf(errors)));
  const [zMin, zMax] = union(around(ySpan, 0.25), around(spanOf(z)));
  const residual = { min: rMin, max: rMax, name: "observed − predicted" };
  axes(3, { min: zMin, max: zMax, name: `predicted ${target}` }, residual);
  add("residuals", z.map((value, i) => [value, errors[i]]));
  add("zero", [[zMin, 0], [zMax, 0]]);
  const part = sample.length < problem.n_samples ? `: ${sample.length} of ${problem.n_samples} samples` : "";
  option.title[2] = { text: `Fit${part}` };
  option.title[3] = { text: `Residuals${part}` };
}

// What one standard deviation of each feature does to the prediction: that compares.
function drawWeights({ data, theta, add, axes, option }) {
  const effects = data.features.map((name, j) => {
    return { name, now: theta[j] * data.spreads[j], goal: data.best[j] * data.spreads[j] };
  });
  const ordered = [...effects].sort((a, b) => Math.abs(b.goal) - Math.abs(a.goal));
  const shown = effects.length <= MOST_BARS ? effects : ordered.slice(0, MOST_BARS);
  const names = shown.map(({ name }) => name);
  const most = 1.2 * Math.max(...shown.flatMap(({ now, goal }) => [Math.abs(now), Math.abs(goal)])) || 1;
  const unit = data.problem.units[data.problem.target];
  const name = `effect of one standard deviation${unit ? ` (${unit})` : ""}`;
  axes(4, { min: -most, max: most, name }, { data: names });
  add("bars", shown.map(({ now }) => now));
  add("goals", shown.map(({ goal }, i) => [goal, i]));
  const part = shown.length < effects.length ? `: the ${MOST_BARS} that matter most of ${effects.length}` : "";
  option.title[4] = { text: `Weights${part} (marks: optimum)` };
}
