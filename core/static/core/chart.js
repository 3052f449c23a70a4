// <line-chart>, <bar-chart>, <day-chart>, <histogram-chart>, <confusion-matrix>: SVG charts of figures that the page or the API gives.
// docs/explanation/pages.md shows the attributes. Colours come from classes, since the policy allows no style attribute.

import { call } from "./api.js";
import { figuresTable, scale, svg, ticks, valueAxis } from "./svg.js";
import { formatCount, formatFigure, say } from "./words.js";

// Drawn at the width that there is, within limits, so that letters keep their size on a phone.
const NARROWEST = 260;
const WIDEST = 640;
const HEIGHT = 220;
const LEFT = 48;
const TOP = 8;
const BOTTOM = HEIGHT - 26;
const POLL = 1500;

class Chart extends HTMLElement {
  connectedCallback() {
    this.classList.add("chart");
    const source = document.getElementById(this.dataset.source || "");
    if (source) this.show(JSON.parse(source.textContent));
  }

  show(data) {
    this.wide = Math.max(NARROWEST, Math.min(WIDEST, this.clientWidth || WIDEST));
    const { drawing, legend, head, rows } = this.draw(data);
    const open = this.querySelector("details")?.open;
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", this.dataset.title || "");
    const table = figuresTable(head, rows);
    table.open = Boolean(open);
    this.replaceChildren(...[legend, drawing, table].filter(Boolean));
  }

  showEmpty() {
    const text = document.createElement("p");
    text.className = "muted";
    text.textContent = say("No figures yet.");
    this.replaceChildren(text);
  }
}

class LineChart extends Chart {
  connectedCallback() {
    this.rows = [];
    this.last = -1;
    super.connectedCallback();
    if (this.dataset.url) this.load();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async load() {
    try {
      const { results } = await call("GET", `${this.dataset.url}?after=${this.last}`);
      if (results.length || !this.rows.length) {
        this.rows.push(...results.map((row) => row.data));
        this.last = results.at(-1)?.number ?? this.last;
        this.show(this.rows);
      }
    } catch (error) {
      if (error.status >= 400 && error.status < 500) return;
    }
    if ("live" in this.dataset) this.timer = setTimeout(() => this.load(), POLL);
  }

  /** Stops asking for new rows once the ones written until now are drawn. */
  finish() {
    delete this.dataset.live;
    clearTimeout(this.timer);
    if (this.dataset.url) this.load();
  }

  show(rows) {
    if (this.points(rows).some((series) => series.points.length)) super.show(rows);
    else this.showEmpty();
  }

  points(rows) {
    const xName = this.dataset.x;
    return this.dataset.series.split(",").map((name) => ({
      name: name.trim(),
      points: rows
        .map((row, place) => [xName in row ? Number(row[xName]) : place, row[name.trim()]])
        .filter(([, value]) => typeof value === "number" && Number.isFinite(value)),
    }));
  }

  draw(rows) {
    const all = this.points(rows);
    const points = all.flatMap((series) => series.points);
    const [lowX, highX] = range(points.map(([x]) => x));
    // The ends of a scale that is known, such as that of shares, before those of the figures.
    const ends = [this.dataset.low, this.dataset.high].filter((end) => end !== undefined).map(Number);
    const [lowY, highY] = range([...points.map(([, value]) => value), ...ends]);
    const right = this.wide - 8;
    const x = scale(lowX, highX, LEFT, right);
    const marks = ticks(lowY, highY === lowY ? lowY + 1 : highY, 4);
    const y = scale(Math.min(lowY, marks[0]), Math.max(highY, marks.at(-1)), BOTTOM, TOP);
    const drawing = svg("svg", { viewBox: `0 0 ${this.wide} ${HEIGHT}` });
    valueAxis(drawing, marks, y, LEFT, right);
    for (const value of ticks(lowX, highX, 6)) {
      drawing.append(svg("text", { class: "mid", x: x(value), y: HEIGHT - 8 }, formatFigure(value)));
    }
    all.forEach((series, place) => drawLine(drawing, series.points, x, y, (place % 6) + 1));
    const names = all.map((series) => this.dataset[`name${capital(series.name)}`] || series.name.replaceAll("_", " "));
    const head = [this.dataset.x || "", ...names];
    const table = rows.map((row, place) => [row[this.dataset.x] ?? place, ...all.map((series) => row[series.name] ?? "")]);
    return { drawing, legend: legendOf(names), head, rows: table };
  }
}

function drawLine(drawing, points, x, y, colour) {
  const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ");
  drawing.append(svg("polyline", { class: `line s${colour}${colour === 2 ? " dash" : ""}`, points: path }));
  const last = points.at(-1);
  if (last) drawing.append(svg("circle", { class: `dot s${colour}`, cx: x(last[0]), cy: y(last[1]), r: 3 }));
}

function legendOf(names) {
  const list = document.createElement("ul");
  list.className = "legend";
  names.forEach((name, place) => {
    const item = document.createElement("li");
    item.className = `s${(place % 6) + 1}`;
    item.textContent = name;
    list.append(item);
  });
  return list;
}

class BarChart extends Chart {
  draw(rows) {
    const line = 26;
    const height = rows.length * line;
    const longest = Math.max(...rows.map((row) => row.value), 0) || 1;
    const left = Math.min(160, Math.round(this.wide * 0.35));
    const x = scale(0, longest, left, this.wide - 60);
    const drawing = svg("svg", { viewBox: `0 0 ${this.wide} ${height || line}` });
    rows.forEach((row, place) => {
      const top = place * line;
      drawing.append(svg("text", { class: "end", x: left - 8, y: top + 17 }, shorten(String(row.label), Math.floor(left / 7))));
      drawing.append(svg("rect", { class: "bar s1", x: left, y: top + 5, width: Math.max(1, x(row.value) - left), height: 16 }));
      drawing.append(svg("text", { x: x(row.value) + 6, y: top + 17 }, formatFigure(row.value)));
    });
    return { drawing, head: ["", say("count")], rows: rows.map((row) => [row.label, row.value]) };
  }
}

class DayChart extends Chart {
  draw(rows) {
    const right = this.wide - 8;
    const highest = Math.max(...rows.map((row) => row.value), 1);
    const marks = ticks(0, highest, 4);
    const y = scale(0, Math.max(highest, marks.at(-1)), BOTTOM, TOP);
    const step = (right - LEFT) / rows.length;
    const drawing = svg("svg", { viewBox: `0 0 ${this.wide} ${HEIGHT}` });
    valueAxis(drawing, marks, y, LEFT, right);
    // As many dates as fit side by side.
    const every = Math.ceil(48 / step);
    rows.forEach((row, place) => {
      const left = LEFT + place * step;
      const gap = Math.min(2, step / 5);
      const bar = svg("rect", { class: "bar s1", x: left + gap / 2, y: y(row.value), width: Math.min(48, step - gap), height: BOTTOM - y(row.value) });
      bar.append(svg("title", {}, `${row.day}: ${formatCount(row.value)}`));
      drawing.append(bar);
      if (place % every === 0) drawing.append(svg("text", { x: left, y: HEIGHT - 8 }, row.day.slice(5)));
    });
    return { drawing, head: [say("day"), say("count")], rows: rows.map((row) => [row.day, row.value]) };
  }
}

class HistogramChart extends Chart {
  draw({ edges, counts }) {
    const right = this.wide - 8;
    const x = scale(edges[0], edges.at(-1), LEFT, right);
    const highest = Math.max(...counts, 1);
    const y = scale(0, highest, BOTTOM, TOP);
    const drawing = svg("svg", { viewBox: `0 0 ${this.wide} ${HEIGHT}` });
    valueAxis(drawing, ticks(0, highest, 4), y, LEFT, right);
    counts.forEach((count, place) => {
      const left = x(edges[place]);
      const width = Math.max(0.5, x(edges[place + 1]) - left - 1);
      drawing.append(svg("rect", { class: "bar s1", x: left, y: y(count), width, height: BOTTOM - y(count) }));
    });
    for (const value of ticks(edges[0], edges.at(-1), 6)) {
      drawing.append(svg("text", { class: "mid", x: x(value), y: HEIGHT - 8 }, formatFigure(value)));
    }
    const rows = counts.map((count, place) => [edges[place], edges[place + 1], count]);
    return { drawing, head: [say("from"), say("to"), say("count")], rows };
  }
}

class ConfusionMatrix extends Chart {
  draw({ labels, rows }) {
    const left = Math.min(110, Math.round(this.wide * 0.3));
    const cell = Math.max(14, Math.min(64, (this.wide - left) / labels.length));
    const top = 42;
    const drawing = svg("svg", { viewBox: `0 0 ${Math.max(this.wide, left + cell * labels.length)} ${top + cell * labels.length + 4}` });
    drawing.append(svg("text", { x: left, y: 12 }, say("Predicted")), svg("text", { x: 0, y: top - 8 }, say("Actual")));
    labels.forEach((label, place) => {
      const middle = cell * (place + 0.5);
      drawing.append(svg("text", { class: "mid", x: left + middle, y: top - 8 }, shorten(label, Math.floor(cell / 6))));
      drawing.append(svg("text", { class: "end", x: left - 8, y: top + middle + 4 }, shorten(label, Math.floor(left / 7))));
    });
    rows.forEach((row, actual) => {
      const sum = row.reduce((total, count) => total + count, 0) || 1;
      row.forEach((count, predicted) => drawCell(drawing, { count, share: count / sum, cell, labels, actual, predicted, left, top }));
    });
    const head = [`${say("Actual")} \\ ${say("Predicted")}`, ...labels];
    return { drawing, head, rows: rows.map((row, place) => [labels[place], ...row]) };
  }
}

function drawCell(drawing, { count, share, cell, labels, actual, predicted, left, top }) {
  const right = actual === predicted;
  const place = { x: left + predicted * cell + 1, y: top + actual * cell + 1, width: cell - 2, height: cell - 2 };
  const square = svg("rect", { class: right ? "cell" : "cell cell-bad", ...place, "fill-opacity": (0.06 + 0.94 * share).toFixed(3) });
  square.append(svg("title", {}, `${labels[actual]} → ${labels[predicted]}: ${formatCount(count)}`));
  drawing.append(square);
  if (cell < 24 || count === 0) return;
  const middle = { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  drawing.append(svg("text", { class: share > 0.82 ? "cell-text on" : "cell-text", ...middle }, formatCount(count)));
}

function range(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

const capital = (name) => name.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
const shorten = (text, limit = 20) => (text.length > limit ? `${text.slice(0, Math.max(1, limit - 1))}…` : text);

customElements.define("line-chart", LineChart);
customElements.define("bar-chart", BarChart);
customElements.define("day-chart", DayChart);
customElements.define("histogram-chart", HistogramChart);
customElements.define("confusion-matrix", ConfusionMatrix);
