// The pictures without what a control moves: axes, titles, colours, places.
import { short } from "./explain.js";

const GRIDS = ["costs", "surface", "fit", "residuals", "weights"];

// What stays as it is while a control is moved.
export function frameOption(boxes, colours) {
  const font = { color: colours.ink, fontSize: 12, fontFamily: "system-ui, sans-serif" };
  const line = (id, grid, more) => ({ id, type: "line", grid, showSymbol: false, ...more });
  const dots = (id, grid, more) => ({ id, type: "scatter", grid, ...more });
  const stroke = (color, width = 2, type = "solid") => ({ lineStyle: { color, width, type }, itemStyle: { color } });
  const fill = (color, symbolSize, symbol = "circle") => {
    const borderWidth = symbolSize > 6 ? 1.5 : 0;
    return { symbol, symbolSize, itemStyle: { color, borderColor: colours.paper, borderWidth } };
  };
  const many = { large: true, largeThreshold: 1 }; // drawn as one
  const cloud = { ...many, symbolSize: 4, itemStyle: { color: colours.data, opacity: 0.6 } };
  const endLabel = { show: true, formatter: "optimum", color: colours.muted, offset: [-58, -8] };
  const growth = { position: "left", offset: [0, -14], color: colours.wrong, fontSize: 13, fontWeight: "bold" };
  const series = [
    line("optimum", 0, { ...stroke(colours.muted, 1.5, "dashed"), endLabel }),
    line("cost", 0, stroke(colours.curve, 2.5)),
    dots("predicted", 0, { ...many, ...fill(colours.ink, 4), name: "theory" }),
    dots("now", 0, { ...fill(colours.curve, 11), label: growth }),
    line("contours", 1, stroke(colours.grid, 1)),
    line("path", 1, stroke(colours.path, 1.5)),
    dots("steps", 1, { ...many, ...fill(colours.path, 3) }),
    dots("best", 1, { ...fill(colours.ink, 15, "diamond"), itemStyle: { color: colours.ink } }),
    dots("start", 1, { ...fill(colours.ink, 14, "rect"), cursor: "grab" }),
    dots("here", 1, fill(colours.path, 11)),
    dots("points", 2, cloud),
    line("line", 2, stroke(colours.path, 2)),
    dots("residuals", 3, cloud),
    line("zero", 3, stroke(colours.muted, 1)),
    { id: "bars", type: "bar", grid: 4, itemStyle: { color: colours.path }, barMaxWidth: 22 },
    dots("goals", 4, { symbol: "rect", symbolSize: [3, 16], itemStyle: { color: colours.ink } }),
  ];
  const axis = (name, gridIndex, more) => ({
    gridIndex,
    name,
    type: "value",
    splitNumber: 4,
    nameLocation: "middle",
    nameMoveOverlap: false,
    nameTextStyle: font,
    axisLabel: { ...font, formatter: (value) => short(value, 3), showMinLabel: false, showMaxLabel: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.muted } },
    axisTick: { show: true, lineStyle: { color: colours.muted } },
    splitLine: { show: gridIndex === 0, lineStyle: { color: colours.grid, opacity: 0.5 } },
    ...more,
  });
  const places = GRIDS.map((name) => boxes[name]);
  const titles = ["", "Path on the cost: drag its start", "Fit", "Residuals", "Weights"];
  return {
    animation: false,
    tooltip: {
      trigger: "item",
      confine: true,
      renderMode: "richText",
      valueFormatter: (value) => short(Number(value), 6),
    },
    grid: places.map(({ left, top, width, height }, i) => ({
      left: left + (i === 4 ? 112 : 66),
      top: top + 34,
      width: width - (i === 4 ? 126 : 82),
      height: height - 84,
      outerBoundsMode: "none",
      tooltip: { show: i === 0, trigger: "axis" },
    })),
    title: places.map(({ left, top, width }, i) => ({
      left: left + 6,
      top: top + 8,
      text: titles[i],
      textStyle: { ...font, fontSize: 13, fontWeight: 600, width: width - 24, overflow: "truncate" },
    })),
    xAxis: GRIDS.map((_, i) => axis(i === 0 ? "update" : "", i, { nameGap: 28 })),
    yAxis: [
      axis("cost", 0, { nameGap: 48 }),
      ...[1, 2, 3].map((i) => axis("", i, { nameGap: 48 })),
      axis("", 4, { type: "category", inverse: true, axisLabel: { ...font, width: 100, overflow: "truncate" } }),
    ],
    dataZoom: [
      { type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, filterMode: "none" },
    ],
    series: series.map(({ grid, ...one }) => ({
      xAxisIndex: grid,
      yAxisIndex: grid,
      silent: one.id !== "start",
      clip: true,
      emphasis: { disabled: true },
      data: [],
      ...one,
    })),
  };
}
