// Small parts that the charts share: SVG elements, nice axis ticks, and a table with the same figures.

import { formatFigure, say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== "") made.textContent = text;
  return made;
}

/** Returns round numbers that cover low to high in about `count` steps. */
export function ticks(low, high, count = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** Maps [low, high] to [from, to]. */
export function scale(low, high, from, to) {
  const width = high - low || 1;
  return (value) => from + ((value - low) / width) * (to - from);
}

/** The figures of a chart as a table, for screen readers and for copying. */
export function figuresTable(head, rows) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = say("Show the figures");
  const table = document.createElement("table");
  table.className = "table";
  table.append(line(head, "th"), ...rows.map((row) => line(row, "td")));
  const wrap = document.createElement("div");
  wrap.className = "table-wrap";
  wrap.append(table);
  details.append(summary, wrap);
  return details;
}

function line(cells, kind) {
  const row = document.createElement("tr");
  for (const value of cells) {
    const cell = document.createElement(kind);
    if (kind === "th") cell.scope = "col";
    const isNumber = typeof value === "number";
    if (isNumber) cell.className = "num";
    cell.textContent = isNumber ? formatFigure(value) : String(value ?? "");
    row.append(cell);
  }
  return row;
}

/** Draws value ticks with grid lines and labels at the left. */
export function valueAxis(root, values, y, left, right) {
  for (const value of values) {
    root.append(svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }));
    root.append(svg("text", { class: "end", x: left - 6, y: y(value) + 4 }, formatFigure(value)));
  }
}
