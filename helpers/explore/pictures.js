// The five pictures, in given colours. Each has functions that return its title, the names
// of its axes, its data and a note for the current state, and options for uPlot.
import { cut, numbersAt, short } from "./explain.js";

const WHOLE = [1, 10, 100, 1e3, 1e4, 1e5].flatMap((power) => [power, 2 * power, 5 * power]);
const MOST_LETTERS = 16; // in a name beside a bar
const fill = (values, value) => values.map(() => value);
// The width that an axis needs for the texts at its ticks.
export const widthOf = (em) => (_, texts) =>
  em * (texts?.length ? Math.max(4.2, 1 + 0.6 * Math.max(...texts.map((text) => text.length))) : 0.5);
// The range of a scale, with a margin.
export const around = (_, low, high) => {
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low - room, high + room];
};
// Numbers, preceded by the two ends of an axis that shows them. The ends are data since
// uPlot draws nothing if all numbers are the same.
const withEnds = (values, others = values) => [...around(null, Math.min(...others), Math.max(...others)), ...values];
// Columns of numbers, sorted by the first column.
const ordered = (columns) => {
  const order = columns[0].map((_, i) => i).sort((i, j) => columns[0][i] - columns[0][j]);
  return columns.map((column) => order.map((i) => column[i]));
};
const unitOf = ({ unit }) => (unit ? ` (${unit})` : "");
const targetOf = (problem) => problem.target + unitOf(problem);
const partOf = ({ sample, problem }) =>
  sample.length < problem.n_samples ? `: ${sample.length} of ${problem.n_samples} samples` : "";

const dots = (label, colour, size) => ({
  label,
  fill: colour,
  paths: () => null,
  points: { show: true, size, width: 0, fill: colour },
});

// Draws the logarithms of the costs, since uPlot's logarithmic axis has no labels if it is wide.
function costs({ curve, ink, muted }) {
  const value = (_, power) => (power == null ? "–" : short(10 ** power, 6));
  // 1, 2 and 5 times each power of ten, or only some of the powers.
  const splits = (_, __, low, high) => {
    const step = Math.ceil((high - low) / 6);
    const digits = high - low < 3 ? [1, 2, 5] : [1];
    const powers = Array.from({ length: 8 }, (_, i) => Math.floor(low) + i * step);
    const marks = powers.flatMap((power) => digits.map((digit) => power + Math.log10(digit)));
    return marks.filter((mark) => mark >= low && mark <= high);
  };
  return {
    title: ({ fit, update }) => `Cost ${short(fit.costs[update], 6)} at update ${update}`,
    names: () => ["update", "cost"],
    data({ fit: { costs }, data, predicted, update }) {
      // Nothing is drawn below the rounding error of the first cost.
      const power = (J) => Math.log10(Math.max(J, 1e-16 * costs[0], 1e-300));
      const theory = predicted?.map(power) ?? [];
      const current = fill(costs, null).with(update, power(costs[update]));
      return [[...costs.keys()], costs.map(power), theory, fill(costs, power(data.lowest)), current];
    },
    note({ fit: { costs, divergedAt }, update }) {
      if (!divergedAt || !update) return "";
      const factor = costs[update] / costs[update - 1];
      const times = (name, number) => `${name} × ${short(number, 3)}`.replaceAll(" ", "\u00a0");
      return `${times("cost", factor)}, ${times("error", Math.sqrt(factor))} a\u00a0step`;
    },
    x: { label: "update" },
    scales: { y: { range: (_, low, high) => around(_, low, Math.max(high, low + 1)) } },
    series: [
      { label: "cost", stroke: curve, width: 2.5, value },
      { label: "theory", class: "live-theory", stroke: ink, width: 3, dash: [0, 8], cap: "round", value },
      { label: "optimum", stroke: muted, width: 1.5, dash: [6, 4], value },
      { ...dots("", curve, 11), class: "live-unnamed" },
    ],
    axes: [{ incrs: WHOLE }, { splits, values: (_, marks) => marks.map((mark) => short(10 ** mark, 3)) }],
  };
}

function surface({ path, ink }, shown) {
  const values = (...ticks) => shown.projection.complete ? numbersAt(...ticks) : [];
  const axis = { values, grid: { show: false }, ticks: { show: false } };
  const directions = ["steepest direction", "flattest direction"];
  return {
    title: () => "Path on the cost surface: drag the start",
    names: ({ projection, data }) => projection.complete ? [`weight of ${data.features[0]}`, "offset"] : directions,
    data({ spans, projection: { centre, half } }) {
      const [x, y] = spans.map((span, i) => span.map((value) => centre[i] + half[i] * value));
      return [x, y, y];
    },
    scales: { y: { range: (_, low, high) => [low, high] } },
    series: [{ label: "path", fill: path, paths: () => null }, { label: "optimum", fill: ink, paths: () => null }],
    axes: [axis, axis],
    legend: { live: false },
    cursor: { show: false, drag: { x: false } },
  };
}

const fit = ({ data, path }) => ({
  title: ({ data }) => `Fit${partOf(data)}`,
  names: ({ data: { features, problem } }) =>
    features.length > 1 ? [`observed ${targetOf(problem)}`, "predicted"] : [features[0], targetOf(problem)],
  data({ data: { problem, features, observed }, predictions }) {
    const number = problem.features.indexOf(features[0]);
    const x = features.length > 1 ? observed : problem.sample.map((row) => row[number]);
    const [y, line] = features.length > 1 ? [predictions, withEnds(x)] : [observed, [null, null, ...predictions]];
    return ordered([withEnds(x), [null, null, ...y], line]);
  },
  x: { label: "x" },
  series: [dots("sample", `${data}99`, 4), { label: "line", stroke: path, width: 2 }],
});

const residuals = ({ data, muted }) => ({
  title: ({ data }) => `Residuals${partOf(data)}`,
  names: ({ data }) => [`predicted ${targetOf(data.problem)}`, "residual"],
  data({ data: { observed }, predictions }) {
    const [x, y] = [withEnds(predictions, [...predictions, ...observed]), predictions.map((z, i) => observed[i] - z)];
    return ordered([x, [null, null, ...y], fill(x, 0)]);
  },
  x: { label: "predicted" },
  series: [dots("residual", `${data}99`, 4), { label: "zero", stroke: muted, width: 1 }],
});

// The effect of one standard deviation of each feature, which makes weights comparable.
function weights({ path, ink, em }, shown) {
  const name = (i) => shown.data.features[shown.bars[i]] ?? "–";
  const symmetric = (_, low, high) => {
    const most = 1.1 * Math.max(-low, high) || 1;
    return [-most, most];
  };
  return {
    title({ bars, data: { features } }) {
      return bars.length < features.length ? `Weights: the largest ${bars.length} of ${features.length}` : "Weights";
    },
    names: ({ data }) => [null, `per standard deviation${unitOf(data.problem)}`],
    data({ bars, data: { best, spreads }, theta }) {
      return [[...bars.keys()], ...[theta, best].map((weights) => bars.map((j) => weights[j] * spreads[j]))];
    },
    x: { label: "feature", value: (_, i) => name(i) },
    scales: {
      x: { ori: 1, dir: -1, range: () => [-0.5, shown.bars.length - 0.5] },
      y: { ori: 0, range: symmetric },
    },
    series: [
      { label: "weight", fill: path, pxAlign: 1, paths: uPlot.paths.bars({ size: [0.7, 22] }) },
      dots("optimum", ink, 7),
    ],
    axes: [
      {
        side: 3,
        size: widthOf(em),
        splits: () => shown.bars.map((_, i) => i),
        values: (_, places) => places.map((i) => cut(name(i), MOST_LETTERS)),
        grid: { show: false },
      },
      { side: 2, size: 2.3 * em, space: 5 * em },
    ],
  };
}

export const PICTURES = { costs, surface, fit, residuals, weights };
