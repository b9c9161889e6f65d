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

// What all pictures have alike, and what one has of its own.
function optionsOf({ title, names, x, series, axes = [], scales, ...more }, { ink, muted, grid, em }) {
  const font = `${em}px system-ui, sans-serif`;
  const axis = (i) => ({
    label: names()[i],
    labelSize: 1.5 * em,
    space: (i ? 2.5 : 4) * em,
    size: (i ? 4.2 : 2.3) * em,
    font,
    labelFont: font,
    stroke: ink,
    grid: { stroke: grid, width: 0.5 },
    ticks: { stroke: muted, width: 1, size: 4 },
    values: (_, splits) => splits.map((value) => short(value, 3)),
    ...axes[i],
  });
  const value = (_, number) => (number === null ? "–" : short(number, 6));
  return {
    title: title(),
    padding: [8, 18, 0, 0],
    scales: { x: { time: false, ...scales.x }, y: scales.y },
    series: [{ value, ...x }, ...series.map((one) => ({ value, pxAlign: 0, points: { show: false }, ...one }))],
    axes: [axis(0), axis(1)],
    ...more,
  };
}

export class Plots {
  // begin(start) is called while the start is moved over the surface.
  constructor(element, begin) {
    Object.assign(this, { element, begin, shown: {}, charts: {} });
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
    const { shown } = this;
    const { data, fit: { path } } = result;
    if (data !== shown.data) Object.assign(shown, { projection: projectionOf(data), bars: barsOf(data) });
    const route = routeOf(shown.projection, path, update);
    if (this.handle.matches(":active")) route.spans = shown.spans; // they stay under it
    const predictions = data.sample.map((row) => dot(path[update], row));
    Object.assign(shown, result, route, { update, theta: path[update], predictions });
    const share = (x, [low, high]) => `${100 * (x - low) / (high - low)}%`;
    const [left, bottom] = route.places[0].map((x, i) => share(x, route.spans[i]));
    Object.assign(this.handle.style, { left, bottom });
    if (this.charts.costs) this.fill();
    else this.frame();
  }

  fill() {
    for (const chart of Object.values(this.charts)) {
      const { title, names, note, data } = chart.picture;
      chart.root.firstChild.textContent = title();
      if (note) chart.over.dataset.note = note();
      names().forEach((text, i) => (chart.axes[i].label = text));
      chart.setData(data());
    }
  }

  // Draws everything anew: for another width, another theme, or at the beginning.
  frame() {
    this.width = this.element.clientWidth;
    for (const chart of Object.values(this.charts)) chart.destroy();
    this.charts = {};
    if (!this.width || !this.shown.data) return; // it is hidden, or gone
    const css = getComputedStyle(this.element);
    const colours = Object.fromEntries(COLOURS.map((name) => [name, css.getPropertyValue(`--live-${name}`).trim()]));
    colours.em = parseInt(css.fontSize);
    const height = Math.round(Math.min(300, Math.max(200, this.width * 0.18)));
    Object.entries(PICTURES).forEach(([name, pictureOf], i) => {
      const [figure, picture] = [this.element.children[i], pictureOf(this.shown, colours)];
      const size = { width: figure.clientWidth, height };
      this.charts[name] = new uPlot({ ...size, ...optionsOf(picture, colours) }, picture.data(), figure);
      this.charts[name].picture = picture;
    });
    this.charts.surface.over.append(this.handle);
    this.fill();
  }
}
