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

/** Moves the counts above the table from one state to another. */
function count(from, to) {
  for (const [state, by] of [[from, -1], [to, 1]]) {
    const place = document.querySelector(`[data-count="${STATES.indexOf(state)}"]`);
    place.textContent = String(Number(place.textContent) + by);
  }
}

function draw(row, state) {
  const done = state !== "open";
  row.querySelector(".suspect-open").hidden = done;
  row.querySelector(".suspect-done").hidden = !done;
  row.querySelector(".suspect-fate").textContent = told(row, state);
  count(row.dataset.state, state);
  row.dataset.state = state;
}

function told(row, state) {
  return state === "accepted" ? say("Changed to {label}", { label: row.dataset.suggested }) : say("Kept");
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
