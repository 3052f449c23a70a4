// The map of meaning: pan, zoom, hover, draw around items, walk with the keyboard, and hand the chosen items on.

import { call } from "../core/api.js";
import { formatCount, say } from "../core/words.js";
import { inside, makeGrid, readPoints, writeRanges } from "./map-points.js";
import { makeView, paint } from "./map-view.js";

const frame = document.getElementById("map");
const canvas = document.getElementById("map-canvas");
const tip = document.getElementById("map-tip");
const said = document.getElementById("map-said");
const facts = JSON.parse(document.getElementById("map-facts").textContent);
const SHOWN = 12;
const REACH = 14;

const look = { by: "cluster", chosen: new Set(), here: -1, lasso: [] };
const texts = new Map();
const images = new Map();
const pointers = new Map();
let points;
let view;
let grid;
let mode = "lasso";
let walk = [];
let waiting = 0;
let asked = 0;

const draw = () => {
  // One drawing a frame, however many events ask for it.
  waiting ||= requestAnimationFrame(() => {
    waiting = 0;
    if (view) paint(canvas, view, points, look);
  });
};

const itemUrl = (item) => frame.dataset.item.replace("/0/", `/${item}/`);

async function textOf(row) {
  const item = points.items[row];
  if (!texts.has(item)) {
    const found = await call("GET", `${frame.dataset.items}${item}/`);
    if (facts.picture) images.set(item, found[facts.picture]);
    const other = ["item_id", facts.picture];
    const longest = Object.entries(found).filter(([name, value]) => !other.includes(name) && typeof value === "string");
    texts.set(item, longest.reduce((best, [, value]) => (value.length > best.length ? value : best), ""));
  }
  return texts.get(item);
}

function picture(hash) {
  const image = document.createElement("img");
  image.src = facts.thumb.replace("0".repeat(64), hash);
  image.alt = "";
  return image;
}

function describe(row) {
  const label = points.hasLabel(row) ? facts.labels[points.label[row]] : say("no label");
  return `${say("Item {id}", { id: points.items[row] })} · ${label} · ${facts.clusters[points.cluster[row]]}`;
}

async function showTip(row) {
  look.here = row;
  draw();
  asked += 1;
  const mine = asked;
  if (row < 0) {
    tip.hidden = true;
    return;
  }
  const head = document.createElement("b");
  head.textContent = describe(row);
  const body = document.createElement("span");
  tip.replaceChildren(head, body);
  tip.hidden = false;
  const text = await textOf(row).catch(() => "");
  if (mine !== asked) return;
  const image = images.get(points.items[row]);
  if (image) tip.append(picture(image));
  body.textContent = text.length > 220 ? `${text.slice(0, 220)}…` : text;
  placeTip(row);
  said.textContent = `${describe(row)}: ${text.slice(0, 300)}`;
}

function placeTip(row) {
  const [x, y] = view.toScreen(points.x[row], points.y[row]);
  const left = Math.max(4, Math.min(x + 12, view.state.wide - tip.offsetWidth - 4));
  const top = y + 12 + tip.offsetHeight < view.state.high ? y + 12 : Math.max(4, y - 12 - tip.offsetHeight);
  tip.style.transform = `translate(${left}px, ${top}px)`;
}

function choose(rows) {
  look.chosen = new Set(rows);
  walk = rows;
  const count = rows.length;
  document.getElementById("map-count").textContent = count ? say("{count} items chosen", { count: formatCount(count) }) : say("Nothing chosen");
  document.getElementById("map-items").value = writeRanges(rows.map((row) => points.items[row]));
  document.getElementById("map-open").disabled = !count;
  document.getElementById("map-clear").disabled = !count;
  listSample(rows);
  draw();
}

async function listSample(rows) {
  const list = document.getElementById("map-sample");
  // Spread over the selection rather than its first items, which may all be of one place.
  const step = Math.max(1, Math.floor(rows.length / SHOWN));
  const chosen = rows.filter((_row, place) => place % step === 0).slice(0, SHOWN);
  const lines = await Promise.all(
    chosen.map(async (row) => {
      const line = document.createElement("li");
      const link = document.createElement("a");
      const text = document.createElement("span");
      link.href = itemUrl(points.items[row]);
      text.textContent = (await textOf(row).catch(() => "")).slice(0, 160);
      const image = images.get(points.items[row]);
      link.append(...(image ? [picture(image)] : []), text);
      line.append(link);
      return line;
    }),
  );
  if (walk === rows) list.replaceChildren(...lines);
}

function press(selector, test) {
  for (const button of document.querySelectorAll(selector)) button.setAttribute("aria-pressed", String(test(button)));
}

function chooseCluster(number) {
  press("[data-cluster]", (button) => Number(button.dataset.cluster) === number);
  const rows = [];
  for (let row = 0; row < points.count; row += 1) if (points.cluster[row] === number) rows.push(row);
  choose(rows);
}

function clear() {
  press("[data-cluster]", () => false);
  choose([]);
  showTip(-1);
}

function setMode(name) {
  mode = name;
  canvas.dataset.mode = name;
  press("button[data-mode]", (button) => button.dataset.mode === name);
}

const at = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

function pinch(before, after) {
  const [one, two] = [...after.values()];
  const [first, second] = [...before.values()];
  const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [oldX, oldY] = middle(first, second);
  const [newX, newY] = middle(one, two);
  view.move(newX - oldX, newY - oldY);
  view.zoom(far(one, two) / Math.max(1, far(first, second)), newX, newY);
}

function down(event) {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  // A second finger zooms, whatever the first one had begun.
  look.lasso = mode === "lasso" && pointers.size === 1 && event.button === 0 ? [view.toMap(...at(event))] : [];
}

function moved(event) {
  const place = at(event);
  const last = pointers.get(event.pointerId);
  if (!last) {
    if (event.pointerType === "mouse") {
      const row = grid.nearest(...view.toMap(...place), REACH / view.unit());
      if (row !== look.here) showTip(row);
    }
    return;
  }
  const before = new Map(pointers);
  pointers.set(event.pointerId, place);
  if (pointers.size === 2) pinch(before, pointers);
  else if (look.lasso.length) {
    look.lasso.push(view.toMap(...place));
    draw();
  } else if (mode === "move") view.move(place[0] - last[0], place[1] - last[1]);
}

function up(event) {
  const drawn = look.lasso;
  pointers.delete(event.pointerId);
  look.lasso = [];
  const wide = Math.max(0, ...drawn.map(([x, y]) => Math.hypot(x - drawn[0][0], y - drawn[0][1]))) * view.unit();
  if (drawn.length > 3 && wide > 8) {
    press("[data-cluster]", () => false);
    choose(inside(points, drawn));
  } else if (event.type === "pointerup" && event.pointerType !== "mouse") {
    showTip(grid.nearest(...view.toMap(...at(event)), (2 * REACH) / view.unit()));
  }
  draw();
}

function step(by) {
  const rows = walk.length ? walk : Array.from(points.items.keys());
  const place = rows.indexOf(look.here);
  const row = rows[(place < 0 ? (by > 0 ? 0 : rows.length - 1) : place + by + rows.length) % rows.length];
  if (row === undefined) return;
  view.show(row);
  showTip(row);
}

const ZOOM = 1.4;
const KEYS = {
  ArrowRight: () => step(1),
  ArrowDown: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowUp: () => step(-1),
  Enter: () => look.here >= 0 && location.assign(itemUrl(points.items[look.here])),
  "+": () => view.zoom(ZOOM),
  "=": () => view.zoom(ZOOM),
  "-": () => view.zoom(1 / ZOOM),
  0: () => view.whole(),
};
const EVERYWHERE = { m: () => setMode("move"), l: () => setMode("lasso"), Escape: clear };

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, summary")) return;
  const act = EVERYWHERE[event.key] || (event.target === canvas && KEYS[event.key]);
  if (!act) return;
  event.preventDefault();
  if (event.shiftKey && event.key.startsWith("Arrow")) {
    view.move({ ArrowLeft: 60, ArrowRight: -60 }[event.key] || 0, { ArrowUp: 60, ArrowDown: -60 }[event.key] || 0);
  } else act();
}

function listen() {
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", moved);
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, up);
  canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !pointers.size && showTip(-1));
  canvas.addEventListener("dblclick", () => look.here >= 0 && location.assign(itemUrl(points.items[look.here])));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom(Math.exp(-event.deltaY / 300), ...at(event));
  }, { passive: false });
  document.addEventListener("keydown", keyed);
  document.getElementById("map-colour").addEventListener("change", (event) => {
    look.by = event.target.value;
    draw();
  });
  document.getElementById("map-clear").addEventListener("click", clear);
  for (const button of document.querySelectorAll("button[data-mode]")) button.addEventListener("click", () => setMode(button.dataset.mode));
  for (const button of document.querySelectorAll("[data-cluster]")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") clear();
      else chooseCluster(Number(button.dataset.cluster));
    });
  }
  const zooms = { in: () => view.zoom(ZOOM), out: () => view.zoom(1 / ZOOM), all: () => view.whole() };
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", zooms[button.dataset.zoom]);
  new ResizeObserver(() => view.fit()).observe(canvas);
}

async function start() {
  const answer = await fetch(frame.dataset.points);
  if (!answer.ok) throw new Error(String(answer.status));
  points = readPoints(await answer.arrayBuffer());
  grid = makeGrid(points);
  view = makeView(canvas, points, draw);
  setMode(mode);
  listen();
  view.fit();
  frame.dataset.ready = points.count;
}

start().catch(() => {
  said.textContent = say("The map could not be loaded. Reload the page.");
});
