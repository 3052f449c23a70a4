// Decides suspected label errors without leaving the page: buttons and keys ask the API, and every decision can be undone.

import { call } from "../core/api.js";
import { toast } from "../core/toast.js";
import { say } from "../core/words.js";

const STATES = ["open", "accepted", "kept"];
const WANTED = { accept: "accepted", keep: "kept", none: "open" };
const KEYS = { a: "accept", d: "keep" };
const table = document.getElementById("suspects");
const rows = table ? [...table.querySelectorAll("[data-suspect]")] : [];
const said = document.getElementById("suspects-said");
const made = [];

function add(place, by) {
  if (place) place.textContent = String(Number(place.textContent) + by);
}

/** Moves the counts above the table from one state to another; those of kinds are of the state that is shown. */
function count(row, from, to) {
  for (const [state, by] of [[from, -1], [to, 1]]) {
    add(document.querySelector(`[data-count="${STATES.indexOf(state)}"]`), by);
    if (state !== table.dataset.state) continue;
    for (const name of ["all", row.dataset.group]) add(document.querySelector(`.count[data-group="${name}"]`), by);
  }
}

function draw(row, state) {
  const done = state !== "open";
  row.querySelector(".suspect-open").hidden = done;
  row.querySelector(".suspect-done").hidden = !done;
  row.querySelector(".suspect-fate").textContent = told(row, state);
  count(row, row.dataset.state, state);
  row.dataset.state = state;
}

function told(row, state) {
  return state === "accepted" ? row.dataset.taken : say("Kept");
}

async function decide(row, decision) {
  if (row.dataset.busy || row.dataset.state === WANTED[decision]) return;
  row.dataset.busy = "1";
  said.textContent = say("Saving…");
  try {
    await call("POST", `/api/v1/label-errors/${row.dataset.suspect}/decision/`, { decision });
    draw(row, WANTED[decision]);
    said.textContent = decision === "none" ? say("Undone") : told(row, WANTED[decision]);
    if (decision !== "none") made.push(row);
  } catch (error) {
    said.textContent = "";
    toast(error.message, "error");
  } finally {
    delete row.dataset.busy;
  }
}

/** Focuses the row so many places on, or the first. */
function move(by) {
  const at = rows.indexOf(document.activeElement?.closest("[data-suspect]"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function undo() {
  const row = made.pop();
  if (!row) {
    toast(say("There is nothing to undo."));
    return;
  }
  row.focus();
  decide(row, "none");
}

table?.addEventListener("submit", (event) => {
  event.preventDefault();
  const row = event.target.closest("[data-suspect]");
  decide(row, event.submitter.value);
  row.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  const key = event.key.toLowerCase();
  const row = document.activeElement?.closest("[data-suspect]");
  if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (key === "z" && table) undo();
  else if (row && KEYS[key] && row.querySelector("form")) {
    decide(row, KEYS[key]);
    move(1);
  } else if (key === "enter" && row === document.activeElement) row?.querySelector("a")?.click();
  else return;
  event.preventDefault();
});

// A small copy stands there until a shape comes into sight; then the picture itself shows it sharply.
const sharpen = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    target.setAttribute("href", target.dataset.view);
    sharpen.unobserve(target);
  }
}, { rootMargin: "200px" });
for (const picture of table ? table.querySelectorAll("image[data-view]") : []) sharpen.observe(picture);
