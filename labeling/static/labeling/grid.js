// The grid: items are chosen by keys, mouse or touch, and get one label together. The address holds the filter.

import { call } from "../core/api.js";
import { toast } from "../core/toast.js";
import { formatCount, say } from "../core/words.js";
import { keepChoice, rangesOf } from "./grid-choice.js";
import { makeDialog } from "./grid-dialog.js";

// The service counts so far (labeling/services/grid.py).
const COUNTED = 10000;
const FOCUS = "assay-grid-focus";
// Labels that stand in the bar; more are chosen in the dialog.
const MOST_BUTTONS = 9;

const setup = JSON.parse(document.getElementById("grid-setup").textContent);
const picks = [...document.querySelectorAll("[data-pick]")];
const bar = document.querySelector(".grid-bar");
const find = (name) => document.querySelector(`[data-${name}]`);
let here = 0;
// Where a stretch of Shift began, and what was chosen before it.
let stretch = null;
// Items of all pages, or everything that the filter finds.
const choice = keepChoice(`assay-grid-chosen-${setup.project}`, setup.filter);
let matching = null;

const itemOf = (pick) => Number(pick.value);
const chosen = () => picks.filter((pick) => pick.checked);
// Until the service has counted nobody knows how many all are.
const countOf = () => (choice.all ? matching ?? { count: 0, is_all: false } : { count: choice.size, is_all: true });

function draw() {
  if (!bar) return;
  const any = choice.size > 0 || choice.all;
  bar.hidden = !picks.length && !any;
  find("count").textContent = said();
  find("none").hidden = !any;
  only();
  const button = find("all");
  const more = matching && (!matching.is_all || matching.count > picks.length);
  button.hidden = !more || choice.all;
  if (!more) return;
  const text = matching.is_all ? "Choose all {count} that match" : "Choose all that match (more than {count})";
  button.textContent = say(text, { count: formatCount(matching.count) });
}

function said() {
  const { count, is_all: isAll } = countOf();
  const elsewhere = choice.size - chosen().length;
  const numbers = { count: formatCount(count), elsewhere: formatCount(elsewhere) };
  if (choice.all && !count) return say("All that match are chosen");
  if (choice.all) return say(isAll ? "All {count} that match are chosen" : "All that match are chosen, more than {count}", numbers);
  if (!count) return say("Nothing chosen");
  return say(elsewhere ? "{count} chosen, {elsewhere} of them not on this page" : "{count} chosen", numbers);
}

/** The address of what is chosen by hand; a very long one would be refused on its way. */
function only() {
  const items = choice.all ? "" : rangesOf(choice.numbers());
  const link = find("only");
  link.hidden = !items || items.length > setup.longest || items === setup.filter.items;
  if (!link.hidden) link.href = `?items=${items}`;
}

function choose(wanted) {
  const [on, off] = [[], []];
  picks.forEach((pick, place) => (wanted(place, pick) ? on : off).push(pick));
  keep(on, off);
}

function keep(on, off) {
  const added = on.filter((pick) => !choice.has(itemOf(pick))).length;
  if (choice.size + added > setup.most) {
    toast(say("At most {most} items are chosen by hand. Label these first, or choose all that match.", { most: formatCount(setup.most) }), "error");
  } else {
    choice.change(on.map(itemOf), off.map(itemOf));
  }
  show();
}

/** Turns the boxes as the choice has it. */
function show() {
  for (const pick of picks) pick.checked = choice.all || choice.has(itemOf(pick));
  draw();
}

function chooseAll() {
  choice.takeAll();
  show();
}

/** Chooses nothing on this page first, so that one key does not lose what was gathered on many. */
function drop() {
  if (!choice.all && chosen().length < choice.size && chosen().length) return choose(() => false);
  chooseNothing();
}

function chooseNothing() {
  choice.clear();
  stretch = null;
  show();
}

function go(place, extend) {
  const next = Math.max(0, Math.min(picks.length - 1, place));
  if (extend && !stretch) stretch = { from: here, before: new Set(chosen()) };
  if (!extend) stretch = null;
  focus(next);
  if (!stretch) return;
  const [low, high] = [Math.min(stretch.from, next), Math.max(stretch.from, next)];
  choose((at, pick) => stretch.before.has(pick) || (at >= low && at <= high));
}

function focus(place) {
  picks[here].tabIndex = -1;
  here = place;
  picks[here].tabIndex = 0;
  picks[here].focus({ preventScroll: true });
  picks[here].closest("[data-card]").scrollIntoView({ block: "nearest" });
}

/** Returns how many cards stand side by side. */
function columns() {
  const top = (pick) => pick.closest("[data-card]").offsetTop;
  const below = picks.findIndex((pick) => top(pick) > top(picks[0]));
  return below < 0 ? picks.length : below;
}

const MOVES = {
  ArrowRight: () => here + 1,
  ArrowLeft: () => here - 1,
  ArrowDown: () => (here + columns() < picks.length ? here + columns() : here),
  ArrowUp: () => (here - columns() >= 0 ? here - columns() : here),
  Home: () => 0,
  End: () => picks.length - 1,
};
const ACTS = {
  a: () => choose(() => true),
  z: () => find("undo")?.click(),
  s: () => picks[here]?.closest("[data-card]").querySelector("[data-similar]")?.click(),
  "/": () => find("search")?.focus(),
  n: () => document.querySelector("a[rel=next]")?.click(),
  p: () => document.querySelector("a[rel=first]")?.click(),
  Escape: drop,
};

const keys = new Map();
// Labels that only group others cannot be given.
const labels = setup.controls.flatMap((control) =>
  control.labels.filter((label) => !label.is_heading).map((label) => ({ control, label })),
);
for (const given of labels) if (given.label.key && !keys.has(given.label.key)) keys.set(given.label.key, given);

document.addEventListener("keydown", (event) => {
  const typing = "input:not([data-pick]), select, textarea, dialog, summary";
  if (event.defaultPrevented || event.altKey || event.isComposing || event.target.closest(typing)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = actOf(event, key);
  if (!act) return;
  event.preventDefault();
  act();
});

function actOf(event, key) {
  // With Ctrl the letters always mean this page, so that a label may have the key A or Z.
  if (event.ctrlKey || event.metaKey) return key === "a" || key === "z" ? ACTS[key] : null;
  if (picks.length && key in MOVES) return () => go(MOVES[key](), event.shiftKey);
  if (keys.has(key) && setup.may_give) return () => open(keys.get(key));
  if (key === "Enter") return event.target.matches("[data-pick]") && setup.may_give ? () => open() : null;
  return ACTS[key] ?? null;
}

document.querySelector(".label-grid")?.addEventListener("click", (event) => {
  const card = event.target.closest("[data-card]");
  const place = picks.findIndex((pick) => card?.contains(pick));
  if (place < 0 || event.target.closest("a")) return;
  if (event.shiftKey && event.detail) {
    event.preventDefault();
    // The click itself would turn the box again after this.
    setTimeout(() => go(place, true));
  } else if (event.target === picks[place]) {
    picks[here].tabIndex = -1;
    here = place;
    picks[here].tabIndex = 0;
  }
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick]")) return;
  stretch = null;
  // Of everything one is taken out: what is left is what this page shows, since no one has seen the others.
  if (choice.all) return choose((_place, pick) => pick.checked);
  const pick = event.target;
  keep(pick.checked ? [pick] : [], pick.checked ? [] : [pick]);
});

// What is chosen, on whatever page, goes to the page that gives items to people; else what the filter finds.
find("assign")?.addEventListener("click", (event) => {
  if (choice.all || !choice.size) return;
  const items = rangesOf(choice.numbers());
  if (items.length > setup.longest) {
    event.preventDefault();
    toast(say("Too many items are chosen one by one for this. Choose fewer, or all that match."), "error");
    return;
  }
  const address = new URL(event.currentTarget.href);
  address.search = new URLSearchParams({ items });
  event.currentTarget.href = address;
});

const dialog = bar && makeDialog(setup.controls, { title: titleOf, give });

function titleOf(words) {
  const { count, is_all: isAll } = countOf();
  const text = isAll ? "Give “{label}” to {count} items" : "Give “{label}” to all that match";
  return say(text, { label: words.join(", "), count: formatCount(count) });
}

function open(given) {
  if (!choice.all && !choice.size && picks[here]) choose((place) => place === here);
  if (!choice.all && !choice.size) return toast(say("Choose items first: Space chooses the one at hand."));
  dialog.open(given);
}

/** Sends the answer; throws what the dialog then shows. */
async function give(answer, changeOwn, clientKey) {
  const body = { answer, change_own: changeOwn, client_key: clientKey };
  if (choice.all) body.filter = setup.filter;
  else body.items = choice.numbers();
  await call("POST", setup.send, body);
  choice.clear();
  again();
}

function again() {
  sessionStorage.setItem(FOCUS, String(here));
  location.reload();
}

find("undo")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    await call("POST", button.dataset.undo);
    again();
  } catch (error) {
    button.disabled = false;
    toast(error.message, "error");
  }
});

async function count() {
  try {
    matching = await call("GET", setup.count);
    if (matching.count > COUNTED) matching = { count: COUNTED, is_all: false };
  } catch {
    // Without the number the page can still be chosen.
    matching = null;
  }
  draw();
}

function start() {
  picks.forEach((pick, place) => {
    pick.tabIndex = place ? -1 : 0;
  });
  const before = sessionStorage.getItem(FOCUS);
  sessionStorage.removeItem(FOCUS);
  if (before !== null && picks.length) focus(Math.min(Number(before), picks.length - 1));
  if (!bar) return;
  find("all-page").addEventListener("click", ACTS.a);
  find("all").addEventListener("click", chooseAll);
  find("none").addEventListener("click", chooseNothing);
  buttons();
  show();
  // Back to a page that the browser had kept as it was.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    choice.read();
    show();
  });
  count();
}

function buttons() {
  const place = find("labels");
  const shown = labels.slice(0, MOST_BUTTONS);
  for (const given of shown) place.append(button(given.label.title, given.label.key, () => open(given)));
  if (labels.length > shown.length) place.append(button(say("More labels…"), "Enter", () => open()));
}

function button(text, key, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-small";
  made.textContent = text;
  if (key) {
    const hint = document.createElement("kbd");
    hint.textContent = key.length === 1 ? key.toUpperCase() : key;
    made.append(" ", hint);
  }
  made.addEventListener("click", act);
  return made;
}

start();
