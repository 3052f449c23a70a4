// Where the map is looked at from, and how its points are drawn.

const NEAREST = 60;
// Above this many points on the screen shapes could not be told apart, and squares are ten times faster to draw.
const SHAPED = 6000;
const SERIES = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
// Dark to light in even steps of lightness, told apart with any colour vision (the ends of viridis).
const STEPS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];

export function makeView(canvas, points, draw) {
  const state = { scale: 1, left: 0, top: 0, wide: 1, high: 1, dots: 1 };

  function fit() {
    const box = canvas.getBoundingClientRect();
    Object.assign(state, { wide: box.width, high: box.height, dots: window.devicePixelRatio || 1 });
    canvas.width = Math.round(box.width * state.dots);
    canvas.height = Math.round(box.height * state.dots);
    draw();
  }

  // One unit of the map is the shorter side of the canvas, so that no side is squeezed.
  const unit = () => Math.min(state.wide, state.high) * 0.94 * state.scale;
  const toScreen = (x, y) => [state.wide / 2 + (x - 0.5 - state.left) * unit(), state.high / 2 + (y - 0.5 - state.top) * unit()];
  const toMap = (px, py) => [(px - state.wide / 2) / unit() + 0.5 + state.left, (py - state.high / 2) / unit() + 0.5 + state.top];

  function zoom(factor, px = state.wide / 2, py = state.high / 2) {
    const before = toMap(px, py);
    state.scale = Math.min(NEAREST, Math.max(0.7, state.scale * factor));
    const after = toMap(px, py);
    state.left += before[0] - after[0];
    state.top += before[1] - after[1];
    draw();
  }

  function move(dx, dy) {
    state.left = Math.min(0.7, Math.max(-0.7, state.left - dx / unit()));
    state.top = Math.min(0.7, Math.max(-0.7, state.top - dy / unit()));
    draw();
  }

  function whole() {
    Object.assign(state, { scale: 1, left: 0, top: 0 });
    draw();
  }

  /** Moves so that a point is on the screen. */
  function show(row) {
    const [px, py] = toScreen(points.x[row], points.y[row]);
    if (px > 20 && py > 20 && px < state.wide - 20 && py < state.high - 20) return;
    state.left = points.x[row] - 0.5;
    state.top = points.y[row] - 0.5;
  }

  return { state, fit, toScreen, toMap, unit, zoom, move, whole, show };
}

export const style = (number) => ({ series: number % SERIES.length, shape: Math.floor(number / SERIES.length) % 4 });

function colours(canvas) {
  // A canvas knows no light-dark(): what the browser made of a colour is read back from a property that holds one.
  const probe = document.createElement("i");
  canvas.after(probe);
  const read = (name) => {
    probe.className = `map-probe${name}`;
    return getComputedStyle(probe).color;
  };
  const found = { series: SERIES.map(read), ink: read("--ink"), faint: read("--line-strong"), accent: read("--accent") };
  probe.remove();
  return found;
}

function trace(pen, shape, x, y, size) {
  if (shape === 0) pen.arc(x, y, size, 0, 7);
  else if (shape === 1) pen.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else if (shape === 2) {
    pen.moveTo(x, y - size * 1.1);
    pen.lineTo(x + size * 1.1, y + size);
    pen.lineTo(x - size * 1.1, y + size);
  } else {
    pen.moveTo(x, y - size * 1.25);
    pen.lineTo(x + size * 1.25, y);
    pen.lineTo(x, y + size * 1.25);
    pen.lineTo(x - size * 1.25, y);
  }
  pen.closePath();
}

/** Draws all points: those chosen in full colour, the others faint while any is chosen. */
export function paint(canvas, view, points, { by, chosen, here, lasso }) {
  const pen = canvas.getContext("2d");
  const { dots, wide, high } = view.state;
  const palette = colours(canvas);
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.clearRect(0, 0, wide, high);
  const seen = visible(view, points);
  const size = Math.min(6, Math.max(1.2, 60 / Math.sqrt(seen.length + 1) + Math.log2(view.state.scale + 1)));
  for (const [key, rows] of grouped(points, seen, by, chosen)) {
    const { group, shape, faint } = unpack(key);
    pen.globalAlpha = faint ? 0.16 : 0.85;
    pen.fillStyle = by === "strangeness" ? STEPS[group] : group < 0 ? palette.faint : palette.series[group];
    if (seen.length > SHAPED) {
      for (const row of rows) {
        const [x, y] = view.toScreen(points.x[row], points.y[row]);
        pen.fillRect(x - size, y - size, 2 * size, 2 * size);
      }
    } else {
      pen.beginPath();
      for (const row of rows) {
        const [x, y] = view.toScreen(points.x[row], points.y[row]);
        pen.moveTo(x, y);
        trace(pen, shape, x, y, size);
      }
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
  if (here >= 0) {
    pen.strokeStyle = palette.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(...view.toScreen(points.x[here], points.y[here]), size + 4, 0, 7);
    pen.stroke();
  }
  if (lasso.length > 1) drawLine(pen, view, lasso, palette.accent);
}

function drawLine(pen, view, lasso, colour) {
  pen.beginPath();
  for (const corner of lasso) pen.lineTo(...view.toScreen(...corner));
  pen.closePath();
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.stroke();
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
}

function visible(view, points) {
  const [left, top] = view.toMap(-8, -8);
  const [right, bottom] = view.toMap(view.state.wide + 8, view.state.high + 8);
  const seen = [];
  for (let row = 0; row < points.count; row += 1) {
    const [x, y] = [points.x[row], points.y[row]];
    if (x >= left && x <= right && y >= top && y <= bottom) seen.push(row);
  }
  return seen;
}

/** Returns how a point is drawn: colour (-1 for none), shape, and whether it is faint, packed into one number. */
function look(points, row, by, faint) {
  if (by === "strangeness") {
    const step = Math.min(STEPS.length - 1, Math.floor((points.strangeness[row] / 255) * 1.4 * STEPS.length));
    return pack(step, 0, faint);
  }
  if (by === "label" && !points.hasLabel(row)) return pack(-1, 0, faint);
  const { series, shape } = style(by === "label" ? points.label[row] : points.cluster[row]);
  return pack(series, shape, faint);
}

const pack = (group, shape, faint) => (faint ? 0 : 1000) + (group + 1) * 10 + shape;
const unpack = (key) => ({ faint: key < 1000, group: Math.floor((key % 1000) / 10) - 1, shape: key % 10 });

/** Sorts rows by how they are drawn, faint ones first, so that each colour is set once. */
function grouped(points, seen, by, chosen) {
  const groups = new Map();
  for (const row of seen) {
    const key = look(points, row, by, chosen.size > 0 && !chosen.has(row));
    const rows = groups.get(key);
    if (rows) rows.push(row);
    else groups.set(key, [row]);
  }
  return [...groups].sort(([one], [other]) => one - other);
}
