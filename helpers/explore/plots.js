// The pictures of a descent, each drawn by uPlot, and the start, which can be moved.
import { short } from "./explain.js";
import { dot } from "./model.js";
import { PICTURES } from "./pictures.js";
import { projectionOf, routeOf } from "./surface.js";

const MOST_BARS = 12;
const COLOURS = ["ink", "muted", "grid", "curve", "path", "data", "wrong"];
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The features whose weights are drawn: those with the largest effects, in their order.
function barsOf({ best, spreads }) {
  const effect = (j) => Math.abs(best[j] * spreads[j]);
  const order = spreads.map((_, j) => j).sort((i, j) => effect(j) - effect(i));
  return order.slice(0, MOST_BARS).sort((i, j) => i - j);
}

// What all pictures have alike, and what one has of its own. Texts come with the data.
function optionsOf({ options, draw }, colours, shown) {
  const { x, series, axes = [], scales = {}, ...more } = options(colours, shown);
  const { ink, muted, grid, em } = colours;
  const font = `${em}px system-ui, sans-serif`;
  const axis = (i) => ({
    label: "",
    labelSize: 1.5 * em,
    space: (i ? 2.5 : 4) * em,
    size: (i ? 4.2 : 2.3) * em,
    font,
    labelFont: font,
    stroke: ink,
    grid: { stroke: grid, width: 0.5 },
    ticks: { stroke: muted, width: 1, size: 4 },
    values: (_, splits) => splits.map((value) => (value === null ? "" : short(value, 3))),
    ...axes[i],
  });
  const onTop = (chart) => {
    chart.ctx.save();
    draw?.(chart, shown(), colours);
    chart.ctx.restore();
  };
  const value = (_, number) => (number === null ? "–" : short(number, 6));
  return {
    title: " ",
    padding: [8, 18, 0, 0],
    scales: { x: { time: false, ...scales.x }, y: scales.y },
    series: [{ value, ...x }, ...series.map((one) => ({ value, pxAlign: 0, points: { show: false }, ...one }))],
    axes: [axis(0), axis(1)],
    hooks: { draw: [onTop] },
    ...more,
  };
}

export class Plots {
  // begin(start) is called while the start is moved over the surface.
  constructor(element, begin) {
    Object.assign(this, { element, begin, charts: {} });
    element.innerHTML = "<figure></figure>".repeat(Object.keys(PICTURES).length);
    this.handle = document.createElement("button");
    this.handle.className = "live-handle";
    this.handle.setAttribute("aria-label", "start: drag it, or move it with the arrow keys");
    this.handle.onpointerdown = ({ pointerId }) => this.handle.setPointerCapture(pointerId);
    this.handle.onpointermove = (event) => this.drag(event);
    this.handle.onkeydown = (event) => this.nudge(event);
    new ResizeObserver(() => element.clientWidth !== this.width && this.frame()).observe(element);
    // Another theme: the style sheet makes a change of the colour a transition.
    element.ontransitionend = () => this.frame();
  }

  drag({ pointerId, clientX, clientY }) {
    if (!this.handle.hasPointerCapture(pointerId)) return;
    const { over, posToVal } = this.charts.surface;
    const { left, top } = over.getBoundingClientRect();
    const place = [posToVal(clientX - left, "x"), posToVal(clientY - top, "y")];
    this.begin(this.shown.projection.start(place));
  }

  nudge(event) {
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    const { places: [from], projection: { start, half } } = this.shown;
    this.begin(start(from.map((value, i) => value + MOVES[event.key][i] * half[i] / 20)));
  }

  show(result, update) {
    const { data, fit: { path } } = result;
    if (data !== this.shown?.data) this.scene = { projection: projectionOf(data), bars: barsOf(data) };
    const route = routeOf(this.scene.projection, path, update);
    if (this.handle.matches(":active")) route.spans = this.shown.spans; // they stay under it
    const predictions = data.sample.map((row) => dot(path[update], row));
    this.shown = { ...result, ...this.scene, ...route, update, theta: path[update], predictions };
    const share = (x, [low, high]) => `${100 * (x - low) / (high - low)}%`;
    const [left, bottom] = route.places[0].map((x, i) => share(x, route.spans[i]));
    Object.assign(this.handle.style, { left, bottom });
    if (this.charts.costs) this.fill();
    else this.frame();
  }

  fill() {
    for (const [name, { title, names, note, data }] of Object.entries(PICTURES)) {
      const chart = this.charts[name];
      chart.root.firstChild.textContent = title(this.shown);
      chart.over.dataset.note = note?.(this.shown) ?? "";
      names(this.shown).forEach((text, i) => (chart.axes[i].label = text));
      chart.setData(data(this.shown));
    }
  }

  // Draws everything anew: for another width, another theme, or at the beginning.
  frame() {
    this.width = this.element.clientWidth;
    for (const chart of Object.values(this.charts)) chart.destroy();
    this.charts = {};
    if (!this.width || !this.shown) return; // it is hidden, or gone
    const css = getComputedStyle(this.element);
    const colours = Object.fromEntries(COLOURS.map((name) => [name, css.getPropertyValue(`--live-${name}`).trim()]));
    colours.em = parseInt(css.fontSize);
    const height = Math.round(Math.min(300, Math.max(200, this.width * 0.18)));
    Object.entries(PICTURES).forEach(([name, picture], i) => {
      const figure = this.element.children[i];
      const size = { width: figure.clientWidth, height };
      this.charts[name] = new uPlot({ ...size, ...optionsOf(picture, colours, () => this.shown) }, null, figure);
    });
    this.charts.surface.over.append(this.handle);
    this.fill();
  }
}
