// <interval-chart data-source="ID" data-title="…">: a dot with its interval for each row of {label, value, low, high, tone, shown}.
// data-reference draws a line at a value, such as 0; data-low and data-high are ends of the scale that are known.
// The page has a table with the same figures beside it. Colours come from classes, since the policy allows no style attribute.

import { scale, svg, ticks } from "../core/svg.js";
import { formatFigure } from "../core/words.js";

const NARROW = 520;
const WIDEST = 900;
const FIGURE = 64;

class IntervalChart extends HTMLElement {
  connectedCallback() {
    this.classList.add("chart");
    this.rows = JSON.parse(document.getElementById(this.dataset.source).textContent);
    // Drawn at the width that there is, so that letters keep their size on a phone.
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this);
    this.draw();
  }

  disconnectedCallback() {
    this.watch.disconnect();
  }

  draw() {
    const wide = Math.max(240, Math.min(WIDEST, this.clientWidth || WIDEST));
    if (wide === this.wide) return;
    this.wide = wide;
    const narrow = wide < NARROW;
    const height = narrow ? 44 : 28;
    const left = narrow ? 8 : Math.round(wide * 0.38);
    const right = wide - FIGURE;
    const { x, marks } = this.axis(left, right);
    const bottom = this.rows.length * height + 6;
    const drawing = svg("svg", { viewBox: `0 0 ${wide} ${bottom + 20}`, role: "img", "aria-label": this.dataset.title || "" });
    for (const value of marks) {
      drawing.append(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: 0, y2: bottom }));
      drawing.append(svg("text", { class: "mid", x: x(value), y: bottom + 15 }, formatFigure(value)));
    }
    if (this.dataset.reference !== undefined) {
      const at = x(Number(this.dataset.reference));
      drawing.append(svg("line", { class: "reference", x1: at, x2: at, y1: 0, y2: bottom }));
    }
    this.rows.forEach((row, place) => drawRow(drawing, row, { x, left, right, narrow, top: place * height, height }));
    this.replaceChildren(drawing);
  }

  axis(left, right) {
    const known = [this.dataset.reference, this.dataset.low, this.dataset.high].filter((end) => end !== undefined).map(Number);
    const ends = [...this.rows.flatMap((row) => [row.low, row.value, row.high]), ...known];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const room = high > low ? (high - low) * 0.04 : 1;
    const from = this.dataset.low === undefined ? low - room : Math.min(low, Number(this.dataset.low));
    const to = this.dataset.high === undefined ? high + room : Math.max(high, Number(this.dataset.high));
    return { x: scale(from, to, left, right), marks: ticks(from, to, right - left < 300 ? 4 : 6) };
  }
}

function drawRow(drawing, row, { x, left, right, narrow, top, height }) {
  const middle = top + (narrow ? 30 : height / 2);
  const group = svg("g", { class: row.tone ? `tone-${row.tone}` : "s1" });
  const label = narrow
    ? svg("text", { class: "interval-label", x: left, y: top + 16 }, shorten(row.label, Math.floor((right + FIGURE) / 6.2)))
    : svg("text", { class: "interval-label end", x: left - 12, y: middle + 4 }, shorten(row.label, Math.floor(left / 6.2)));
  label.append(svg("title", {}, row.label));
  group.append(label);
  group.append(svg("line", { class: "reach", x1: x(row.low), x2: x(row.high), y1: middle, y2: middle }));
  for (const end of [row.low, row.high]) {
    group.append(svg("line", { class: "reach", x1: x(end), x2: x(end), y1: middle - 4, y2: middle + 4 }));
  }
  const dot = svg("circle", { class: "dot", cx: x(row.value), cy: middle, r: 5 });
  dot.append(svg("title", {}, `${row.label}: ${row.shown}`));
  group.append(dot, svg("text", { class: "interval-figure", x: right + 10, y: middle + 4 }, row.shown));
  drawing.append(group);
}

const shorten = (text, limit) => (text.length > limit ? `${text.slice(0, Math.max(1, limit - 1))}…` : text);

customElements.define("interval-chart", IntervalChart);
