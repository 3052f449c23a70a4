// The review by key: an answer is kept in this browser, sent, and the next question shows when it is saved. Without this
// script the same buttons send the form.

import { call } from "../core/api.js";
import { say } from "../core/words.js";
import { toast } from "../core/toast.js";

const PAUSES = [500, 1000, 2000, 4000, 8000];
const root = document.getElementById("review");
const api = root.dataset.api;
const store = `assay-review-${root.dataset.run}`;
const help = document.getElementById("review-help");
// What this person decided in this window, the last at the end: [number, decision].
const made = [];
let busy = false;

document.documentElement.classList.add("scripted");

const question = () => document.getElementById("review-question");
const items = () => [...root.querySelectorAll(".review-item")];
const current = () => root.querySelector(".review-item.current") ?? items()[0];

function saved(text, state = "") {
  const line = document.getElementById("review-saved");
  line.textContent = text;
  line.dataset.state = state;
}

async function load(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Shows a page in place of this one; a page that cannot be fetched is opened by the browser instead. */
async function show(address, { push = true } = {}) {
  const page = await load(address).catch(() => null);
  const fresh = page?.getElementById("review");
  if (!fresh) {
    location.assign(address);
    return;
  }
  root.replaceChildren(...document.adoptNode(fresh).childNodes);
  document.querySelector(".page-actions").replaceWith(document.adoptNode(page.querySelector(".page-actions")));
  if (push) history.pushState(null, "", address);
  begin();
  document.getElementById("review-heading")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** Marks the item that D would drop; a single one needs no mark. */
function begin() {
  if (items().length > 1) items()[0].classList.add("current");
}

/** Sends an answer until the server has said something; what a person decided is in this browser until then. */
async function send(answer) {
  localStorage.setItem(store, JSON.stringify(answer));
  for (let attempt = 0; ; attempt += 1) {
    try {
      const found = await call("POST", `${api}${answer.number}/${answer.verb}/`, answer.body);
      localStorage.removeItem(store);
      return found;
    } catch (error) {
      const passing = error.status === 0 || error.status >= 500 || error.status === 429;
      if (!passing) {
        localStorage.removeItem(store);
        throw error;
      }
      saved(say("Not saved yet. Trying again…"), "waiting");
      await new Promise((done) => setTimeout(done, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
    }
  }
}

/** Draws what an answer will do before the server has said so. */
function draw(body) {
  for (const item of items()) {
    const kept = ["keep_only", "merge"].includes(body.action) ? body.items.includes(Number(item.dataset.item)) : body.action !== "drop";
    item.classList.toggle("review-dropped", !kept);
    item.classList.toggle("review-kept", kept);
  }
}

async function decide(body) {
  const form = question();
  if (busy || !form.dataset.number) return;
  busy = true;
  form.setAttribute("aria-busy", "true");
  const number = Number(form.dataset.number);
  const expected = form.dataset.decision ? Number(form.dataset.decision) : null;
  const answer = { number, verb: "decide", body: { ...body, expected, client_key: form.elements.client_key.value } };
  saved(say("Saving…"), "saving");
  draw(body);
  const next = form.dataset.next;
  try {
    const found = await send(answer);
    made.push([number, found.decision.id]);
    await show(next);
    saved(say("Saved"), "saved");
  } catch (error) {
    saved("");
    toast(error.message, "error");
    // Somebody was first, or the answer does not fit: what stands now is shown.
    await show(address(number), { push: false });
  } finally {
    busy = false;
    question().removeAttribute("aria-busy");
  }
}

function address(number) {
  const url = new URL(location.href);
  url.searchParams.set("n", number);
  return url.pathname + url.search;
}

async function undo() {
  if (busy) return;
  const form = question();
  const here = form.dataset.decision ? [Number(form.dataset.number), Number(form.dataset.decision)] : null;
  const [number, decision] = here ?? made.at(-1) ?? [];
  if (!number) {
    toast(say("There is nothing to undo."));
    return;
  }
  busy = true;
  saved(say("Saving…"), "saving");
  try {
    await send({ number, verb: "undo", body: { decision } });
    const place = made.findIndex((row) => row[0] === number);
    if (place >= 0) made.splice(place, 1);
  } catch (error) {
    toast(error.message, "error");
  }
  await show(address(number));
  saved(say("Undone"), "saved");
  busy = false;
}

const ids = (list) => list.map((item) => Number(item.dataset.item));
const chosen = () => items().filter((item) => item.querySelector("input:checked"));

/** Turns what a button or a key says into an answer. */
function act(name) {
  if (name === "undo") return undo();
  if (name === "personal") {
    const numbers = [...question().querySelectorAll(".review-span input:checked")].map((box) => Number(box.value));
    return decide({ action: "personal", items: numbers });
  }
  if (name === "keep" || name === "drop") return decide({ action: name });
  if (name === "drop_one") {
    const rest = ids(items().filter((item) => item !== current()));
    return decide(rest.length ? { action: "keep_only", items: rest } : { action: "drop" });
  }
  if (name === "keep_only") {
    if (chosen().length) return decide({ action: "keep_only", items: ids(chosen()) });
    return toast(say("Choose what to keep first: its number, or a click."));
  }
  if (name === "merge") {
    if (items().length < 2) return undefined;
    if (chosen().length > 1) return toast(say("Items are merged into one: choose a single item."));
    return decide({ action: "merge", items: ids(chosen().length ? chosen() : [current()]) });
  }
  const field = document.getElementById("review-label");
  if (!field.value.trim()) return field.focus();
  return decide({ action: "label", label: field.value.trim() });
}

function move(step) {
  const list = items();
  if (list.length < 2) return;
  const place = (list.indexOf(current()) + step + list.length) % list.length;
  for (const item of list) item.classList.toggle("current", item === list[place]);
  list[place].focus();
}

function walk(id) {
  const link = document.getElementById(id);
  if (link && !busy) show(link.getAttribute("href"));
}

const KEYS = {
  k: () => act("keep"),
  p: () => question().querySelector("[value=personal]") && act("personal"),
  n: () => question().querySelector("[value=personal]") && act("keep"),
  m: () => act("keep_only"),
  g: () => act("merge"),
  d: () => act("drop_one"),
  x: () => act("drop"),
  l: () => document.getElementById("review-label")?.focus(),
  s: () => walk("review-next"),
  z: undo,
  arrowright: () => walk("review-next"),
  arrowleft: () => walk("review-previous"),
  arrowdown: () => move(1),
  arrowup: () => move(-1),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.matches("textarea, select, input:not([type=checkbox])")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const form = question();
  // With Shift the key names a sign, so the place of the key says which digit it is.
  const label = event.shiftKey && /^Digit[1-9]$/.test(event.code) ? form.querySelectorAll("[name=set]")[event.code.at(-1) - 1] : null;
  if (label) {
    event.preventDefault();
    decide({ action: "label", label: label.value });
    return;
  }
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  const spans = form.querySelectorAll(".review-span input");
  const box = digit ? (spans[digit - 1] ?? items()[digit - 1]?.querySelector("input[type=checkbox]")) : null;
  const may = form.querySelector(".review-actions") !== null;
  if (box && may) {
    box.checked = !box.checked;
    event.preventDefault();
    return;
  }
  const key = event.key.toLowerCase();
  const reading = ["s", "arrowright", "arrowleft", "arrowdown", "arrowup", "?"].includes(key);
  if (!(key in KEYS) || event.repeat || (!may && !reading)) return;
  event.preventDefault();
  KEYS[key]();
});

root.addEventListener("submit", (event) => {
  if (event.target !== question()) return;
  event.preventDefault();
  // Enter in the label field sends the form without a button of its own choice.
  const field = document.getElementById("review-label");
  if (event.submitter?.name === "set" && document.activeElement !== field) {
    decide({ action: "label", label: event.submitter.value });
    return;
  }
  act(document.activeElement === field && field?.value ? "label" : event.submitter?.value || "keep");
});

root.addEventListener("click", (event) => {
  const link = event.target.closest("#review-next, #review-previous");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    walk(link.id);
  }
  if (event.target.closest("#review-undo")) undo();
  const item = event.target.closest(".review-item");
  if (item) for (const other of items()) other.classList.toggle("current", other === item);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#review-help-open")) help.showModal();
});

window.addEventListener("popstate", () => {
  show(location.pathname + location.search, { push: false });
});

/** Sends again what a closed or broken window had not brought home; the server takes each answer once. */
async function resume() {
  const text = localStorage.getItem(store);
  if (!text) return;
  try {
    await send(JSON.parse(text));
    toast(say("An answer from before was not saved. It has been sent again."));
    await show(location.pathname + location.search, { push: false });
  } catch (error) {
    toast(say("The server did not take an answer from before: {reason}", { reason: error.message }), "error");
  }
}

begin();
resume();
