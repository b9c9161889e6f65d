// The pictures of a descent, drawn by uPlot, and its start, which can be moved.
import { cut, numbersAt, short } from "./explain.js";
import { dot } from "./model.js";
import { around, PICTURES, widthOf } from "./pictures.js";
import { drawingOf, projectionOf, routeOf } from "./surface.js";

const MOST_BARS = 12;
const COLOURS = ["ink", "muted", "grid", "curve", "path", "data"];
const within = (share) => Math.min(Math.max(share, 0), 1);
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const SURFACE = `
  <div class="live-drawing"></div>
  <button class="live-handle" aria-label="start: drag it, or move it with the arrow keys"></button>`;

// The features whose weights are drawn: those with the largest effects, in table order.
function barsOf({ best, spreads }) {
  const effect = (j) => Math.abs(best[j] * spreads[j]);
  const order = spreads.map((_, j) => j).sort((i, j) => effect(j) - effect(i));
  return order.slice(0, MOST_BARS).sort((i, j) => i - j);
}

// The common options of all pictures, and the specific ones of one.
function optionsOf({ names, x, series, axes = [], scales = {}, ...more }, shown, { ink, muted, grid, em }) {
  const font = `${em}px system-ui, sans-serif`;
  const axis = (i) => ({
    label: names(shown)[i],
    labelSize: 1.5 * em,
    space: (i ? 2.5 : 4) * em,
    size: i ? widthOf(em) : 2.3 * em,
    font,
    labelFont: font,
    stroke: ink,
    grid: { stroke: grid, width: 0.5 },
    ticks: { stroke: muted, width: 1, size: 4 },
    values: numbersAt,
    ...axes[i],
  });
  const value = (_, number) => (number === null ? "–" : short(number, 6));
  return {
    title: " ",
    padding: [8, 18, 0, 0],
    scales: { x: { time: false, ...scales.x }, y: { range: around, ...scales.y } },
    series: [{ value, ...x }, ...series.map((line) => ({ value, pxAlign: 0, points: { show: false }, ...line }))],
    axes: [axis(0), axis(1)],
    ...more,
  };
}

export class Plots {
  // Calls onStart(start) while the start is moved over the surface.
  constructor(element, onStart) {
    Object.assign(this, { element, onStart, shown: {}, charts: {} });
    element.innerHTML = "<figure></figure>".repeat(Object.keys(PICTURES).length);
    this.surface = document.createElement("div");
    this.surface.innerHTML = SURFACE;
    [this.drawing, this.handle] = this.surface.children;
    this.handle.onpointerdown = ({ pointerId }) => this.handle.setPointerCapture(pointerId);
    this.handle.ongotpointercapture = () => (this.dragging = true);
    this.handle.onlostpointercapture = () => this.release();
    this.handle.onpointermove = (event) => this.dragging && this.drag(event);
    this.handle.onkeydown = (event) => this.nudge(event);
    new ResizeObserver(() => element.clientWidth !== this.width && this.redraw()).observe(element);
    // A new theme: the style sheet turns the change of colour into a transition.
    element.ontransitionend = () => this.redraw();
  }

  // Moves the start with the pointer within the picture, whose axes stay until its release.
  drag({ clientX, clientY }) {
    const { left, bottom, width, height } = this.drawing.getBoundingClientRect();
    const shares = [(clientX - left) / width, (bottom - clientY) / height];
    const place = this.shown.spans.map(([low, high], i) => low + within(shares[i]) * (high - low));
    this.onStart(this.shown.projection.start(place));
  }

  release() {
    this.dragging = false;
    this.show(this.shown, this.shown.update);
  }

  nudge(event) {
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    const { places: [from], projection: { start } } = this.shown;
    this.onStart(start(from.map((value, i) => value + MOVES[event.key][i] / 20)));
  }

  show(result, update) {
    const { shown } = this;
    const { data, fit: { path } } = result;
    if (data !== shown.data) Object.assign(shown, { projection: projectionOf(data), bars: barsOf(data) });
    const route = routeOf(shown.projection, path, update);
    if (this.dragging) route.spans = shown.spans;
    const samePath = path === shown.fit?.path;
    const predictions = data.sample.map((row) => dot(path[update], row));
    Object.assign(shown, result, route, { update, theta: path[update], predictions });
    const [left, bottom] = route.spans.map(([low, high], i) =>
      `${100 * within((route.places[0][i] - low) / (high - low))}%`
    );
    Object.assign(this.handle.style, { left, bottom });
    this.drawing.innerHTML = drawingOf(shown.projection, route);
    if (this.charts.costs) this.fill(samePath);
    else this.redraw();
  }

  // Fills the pictures; a zoomed view may stay.
  fill(keepZoom) {
    this.element.classList.toggle("live-unpredicted", !this.shown.predicted);
    for (const chart of Object.values(this.charts)) {
      const { title, names, note, data } = chart.picture;
      chart.root.firstChild.textContent = title(this.shown);
      if (note) chart.over.dataset.note = note(this.shown);
      names(this.shown).forEach((text, i) => {
        const room = (chart.axes[i].side % 2 ? chart.height - 55 : chart.width - 75) / (0.52 * this.em);
        chart.axes[i].label = text && cut(text, Math.floor(room));
      });
      const [{ x: { min, max } }, [x]] = [chart.scales, chart.data];
      const zoomed = keepZoom && (min > x[0] || max < x.at(-1));
      chart.setData(data(this.shown), !zoomed);
      if (zoomed) chart.redraw();
    }
  }

  // Draws everything anew: at first, and for a new width or theme.
  redraw() {
    this.width = this.element.clientWidth;
    const focused = document.activeElement === this.handle;
    for (const chart of Object.values(this.charts)) chart.destroy();
    this.charts = {};
    if (!this.width || !this.shown.data) return; // hidden or removed
    const css = getComputedStyle(this.element);
    const colours = Object.fromEntries(COLOURS.map((name) => [name, css.getPropertyValue(`--live-${name}`).trim()]));
    this.em = colours.em = parseInt(css.fontSize);
    const height = Math.round(Math.min(300, Math.max(200, this.width * 0.18)));
    Object.entries(PICTURES).forEach(([name, pictureOf], i) => {
      const [figure, picture] = [this.element.children[i], pictureOf(colours, this.shown)];
      const size = { width: figure.clientWidth, height };
      this.charts[name] = new uPlot({ ...size, ...optionsOf(picture, this.shown, colours) }, [], figure);
      this.charts[name].picture = picture;
    });
    this.charts.surface.over.append(this.surface);
    if (focused) this.handle.focus({ preventScroll: true });
    this.fill();
  }
}
