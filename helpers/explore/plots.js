// The five pictures of a descent, drawn by ECharts on one canvas.
import { dot } from "./model.js";
import { short } from "./explain.js";

const GRIDS = ["costs", "surface", "fit", "residuals", "weights"];
const MOST_POINTS = 300; // of a curve: about as many as a picture is wide
const MOST_BARS = 12;
const LEVELS = 8; // lines of equal cost

// Where each picture is: rows of names with their shares of the width.
function layout(width) {
  const wide = [[["costs", 0.6], ["surface", 0.4]], [["fit", 0.31], ["residuals", 0.31], ["weights", 0.38]]];
  const middle = [[["costs", 1]], [["surface", 0.5], ["fit", 0.5]], [["residuals", 0.45], ["weights", 0.55]]];
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

// Every value up to most of them, else the lowest and highest of each stretch.
function thinned(values, last) {
  if (last < MOST_POINTS) return Array.from({ length: last + 1 }, (_, k) => k);
  const [kept, stretch] = [[0], last / (MOST_POINTS / 2)];
  for (let part = 0; part < MOST_POINTS / 2; part++) {
    let [low, high] = [Math.ceil(part * stretch), Math.ceil(part * stretch)];
    for (let k = low + 1; k < Math.ceil((part + 1) * stretch); k++) {
      if (values[k] < values[low]) low = k;
      if (values[k] > values[high]) high = k;
    }
    kept.push(Math.min(low, high), Math.max(low, high));
  }
  return [...new Set([...kept, last])];
}

const spanOf = (values) => [Math.min(...values), Math.max(...values)];
const union = ([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)];
const around = ([low, high], share = 0.05) => [low - share * (high - low || 1), high + share * (high - low || 1)];

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
  const images = basis.map((vector) => Float64Array.from({ length: rows }, (_, i) => dot(A.subarray(i * size, (i + 1) * size), vector)));
  const curvature = images.map((one) => images.map((other) => (2 / rows) * dot(one, other)));
  const start = ([x, y]) => Array.from(best, (value, j) => value + basis[0][j] * (x - centre[0]) + basis[1][j] * (y - centre[1]));
  return { whole, place, start, centre, half, contours: contours(curvature, centre, half) };
}

function contours([[a, b], [, d]], centre, half) {
  const angle = Math.atan2(2 * b, a - d) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = (s, c) => a * c * c + 2 * b * s * c + d * s * s;
  const values = [turned(sin, cos), turned(cos, -sin)].map((value) => Math.max(value, Number.MIN_VALUE));
  const far = Math.max(values[0] * (cos * half[0] + sin * half[1]) ** 2, values[1] * (sin * half[0] - cos * half[1]) ** 2);
  const points = [];
  for (let level = 0; level < LEVELS; level++) {
    const size = far * 1e-3 * 4000 ** (level / (LEVELS - 1));
    for (let k = 0; k <= 48; k++) {
      const [u, v] = [Math.cos((k * Math.PI) / 24) * Math.sqrt(size / values[0]), Math.sin((k * Math.PI) / 24) * Math.sqrt(size / values[1])];
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
    const draw = { ...result, update, option, theta: result.fit.at(update), colours: this.colours, base: this.base };
    draw.add = (id, points) => option.series.push({ id, data: Array.isArray(points[0]) ? Float64Array.from(points.flat()) : points });
    draw.axes = (number, x, y) => ((option.xAxis[number] = x), (option.yAxis[number] = y));
    drawCosts(draw);
    this.drawSurface(draw);
    drawFit(draw);
    drawWeights(draw);
    this.chart.setOption(option, { silent: true });
    this.chart.getZr().flush();
  }

  drawSurface({ fit, update, add, axes, theta, data }) {
    const { projection } = this;
    const frame = projection.centre.map((c, i) => [c - projection.half[i], c + projection.half[i]]);
    const points = thinned(fit.costs, Math.min(update, 2000)).map((k) => projection.place(fit.at(k)));
    this.startPlace = points[0];
    const leaves = points.findIndex((place) => place.some((value, i) => !(Math.abs(value - projection.centre[i]) < 8 * projection.half[i])));
    const seen = leaves < 0 ? points : points.slice(0, leaves);
    if (!this.dragged) this.surface = frame.map((span, i) => seen.reduce((all, place) => union(all, [place[i], place[i]]), span));
    const names = projection.whole ? [`weight of ${data.features[0]}`, "offset"] : ["steepest direction", "flattest direction"];
    const [x, y] = this.surface.map(([min, max], i) => ({ min, max, name: names[i], axisLabel: { show: projection.whole }, axisTick: { show: projection.whole } }));
    axes(1, x, y);
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
  const low = Math.max(Math.min(data.lowest, ...updates.map((k) => fit.costs[k])), high * 1e-30, fit.costs[0] * 1e-12);
  const log = high > 20 * low;
  const [min, max] = log ? [low / 1.5, high * 2] : around([low, high], 0.1);
  axes(0, { min: 0, max: fit.divergedAt ?? setting.iterations }, { ...base.yAxis[0], type: log ? "log" : "value", min, max });
  add("optimum", [[0, data.lowest], [fit.divergedAt ?? setting.iterations, data.lowest]]);
  add("predicted", predicted ? predicted(updates).map((J, i) => [updates[i], J]) : []);
  add("cost", updates.filter((k) => k <= update).map((k) => [k, fit.costs[k]]));
  const grows = fit.divergedAt && update > 0 && fit.costs[update] / fit.costs[update - 1];
  const text = grows ? `at each step: cost × ${short(grows, 3)}, error × ${short(Math.sqrt(grows), 3)}` : "";
  add("now", [{ value: [update, fit.costs[update]], label: { show: Boolean(grows), formatter: text } }]);
  option.title[0] = { text: `Cost ${short(fit.costs[update], 6)} after ${update} updates (dotted: theory)`, textStyle: { color: fit.divergedAt ? colours.wrong : colours.ink } };
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
  axes(2, { min: xMin, max: xMax, name: single ? features[0] : `observed ${target}` }, { min: low, max: high, name: single ? target : "predicted" });
  add("points", x.map((value, i) => [value, single ? sampleY[i] : z[i]]));
  const ends = [x.indexOf(Math.min(...x)), x.indexOf(Math.max(...x))];
  add("line", single ? ends.map((i) => [x[i], z[i]]) : [[xMin, xMin], [xMax, xMax]]);
  const errors = z.map((value, i) => sampleY[i] - value);
  const half = 0.75 * (ySpan[1] - ySpan[0]);
  const [rMin, rMax] = union([-half, half], around(spanOf(errors)));
  const [zMin, zMax] = union(around(ySpan, 0.25), around(spanOf(z)));
  axes(3, { min: zMin, max: zMax, name: `predicted ${target}` }, { min: rMin, max: rMax, name: "observed − predicted" });
  add("residuals", z.map((value, i) => [value, errors[i]]));
  add("zero", [[zMin, 0], [zMax, 0]]);
  const part = sample.length < problem.n_samples ? `: ${sample.length} of ${problem.n_samples} samples` : "";
  option.title[2] = { text: `Fit${part}` };
  option.title[3] = { text: `Residuals${part}` };
}

// What one standard deviation of each feature does to the prediction: that compares.
function drawWeights({ data, theta, add, axes, option }) {
  const effects = data.features.map((name, j) => ({ name, now: theta[j] * data.spreads[j], goal: data.best[j] * data.spreads[j] }));
  const shown = effects.length <= MOST_BARS ? effects : [...effects].sort((a, b) => Math.abs(b.goal) - Math.abs(a.goal)).slice(0, MOST_BARS);
  const names = shown.map(({ name }) => name);
  const most = 1.2 * Math.max(...shown.map(({ now, goal }) => Math.max(Math.abs(now), Math.abs(goal)))) || 1;
  const unit = data.problem.units[data.problem.target];
  axes(4, { min: -most, max: most, name: `effect of one standard deviation${unit ? ` (${unit})` : ""}` }, { data: names });
  add("bars", shown.map(({ now }) => now));
  add("goals", shown.map(({ goal }, i) => [goal, i]));
  const part = shown.length < effects.length ? `: the ${MOST_BARS} that matter most of ${effects.length}` : "";
  option.title[4] = { text: `Weights${part} (marks: optimum)` };
}

// What stays as it is while a control is moved.
function frameOption(boxes, colours) {
  const font = { color: colours.ink, fontSize: 12, fontFamily: "system-ui, sans-serif" };
  const line = (id, grid, more) => ({ id, type: "line", grid, showSymbol: false, ...more });
  const dots = (id, grid, more) => ({ id, type: "scatter", grid, ...more });
  const stroke = (color, width = 2, type = "solid") => ({ lineStyle: { color, width, type }, itemStyle: { color } });
  const fill = (color, symbolSize, symbol = "circle") => ({ symbol, symbolSize, itemStyle: { color, borderColor: colours.paper, borderWidth: symbolSize > 6 ? 1.5 : 0 } });
  const cloud = { ...fill(colours.data, 4), large: true, largeThreshold: 1, itemStyle: { color: colours.data, opacity: 0.6 } };
  const series = [
    line("optimum", 0, { ...stroke(colours.muted, 1.5, "dashed"), endLabel: { show: true, formatter: "optimum", color: colours.muted, offset: [-58, -8] } }),
    line("cost", 0, stroke(colours.curve, 2.5)),
    line("predicted", 0, { ...stroke(colours.ink, 1.5, "dotted"), name: "theory" }),
    dots("now", 0, { ...fill(colours.curve, 11), label: { position: "left", distance: 10, color: colours.wrong, fontSize: 13, fontWeight: "bold" } }),
    line("contours", 1, stroke(colours.grid, 1)),
    line("path", 1, stroke(colours.path, 1.5)),
    dots("steps", 1, { ...cloud, ...fill(colours.path, 3) }),
    dots("best", 1, { ...fill(colours.ink, 15, "diamond"), itemStyle: { color: colours.ink } }),
    dots("start", 1, { ...fill(colours.ink, 14, "rect"), cursor: "grab" }),
    dots("here", 1, fill(colours.path, 11)),
    dots("points", 2, cloud),
    line("line", 2, stroke(colours.path, 2)),
    dots("residuals", 3, cloud),
    line("zero", 3, stroke(colours.muted, 1)),
    { id: "bars", type: "bar", grid: 4, itemStyle: { color: colours.path }, barWidth: "60%" },
    dots("goals", 4, { symbol: "rect", symbolSize: [3, 16], itemStyle: { color: colours.ink } }),
  ];
  const axis = (name, gridIndex, more) => ({
    gridIndex, name, type: "value", nameLocation: "middle", nameMoveOverlap: false, nameTextStyle: font, splitNumber: 4,
    axisLabel: { ...font, formatter: (value) => short(value, 3), showMinLabel: false, showMaxLabel: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.muted } },
    axisTick: { show: true, lineStyle: { color: colours.muted } },
    splitLine: { show: gridIndex === 0, lineStyle: { color: colours.grid, opacity: 0.5 } }, minorTick: { show: false }, ...more,
  });
  const places = GRIDS.map((name) => boxes[name]);
  const titles = ["", "Path on the cost: drag to start elsewhere", "Fit", "Residuals", "Weights"];
  return {
    animation: false,
    tooltip: { trigger: "item", confine: true, renderMode: "richText", valueFormatter: (value) => short(Number(value), 6) },
    grid: places.map(({ left, top, width, height }, i) => ({
      left: left + (i === 4 ? 112 : 66), top: top + 34, width: width - (i === 4 ? 126 : 82), height: height - 84,
      tooltip: { show: i === 0, trigger: "axis" }, outerBoundsMode: "none",
    })),
    title: places.map(({ left, top, width }, i) => ({
      left: left + (i === 4 ? 10 : 66), top: top + 8, text: titles[i],
      textStyle: { ...font, fontSize: 13, fontWeight: 600, width: width - 80, overflow: "truncate" },
    })),
    xAxis: GRIDS.map((_, i) => axis(i === 0 ? "update" : "", i, { nameGap: 28 })),
    yAxis: [
      axis("cost", 0, { nameGap: 48 }), ...[1, 2, 3].map((i) => axis("", i, { nameGap: i === 1 ? 12 : 48 })),
      { ...axis("", 4), type: "category", inverse: true, axisLabel: { ...font, width: 100, overflow: "truncate" } },
    ],
    dataZoom: [{ type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, filterMode: "none" }],
    series: series.map(({ grid, ...one }) => ({ xAxisIndex: grid, yAxisIndex: grid, silent: one.id !== "start", clip: true, emphasis: { disabled: true }, data: [], ...one })),
  };
}
