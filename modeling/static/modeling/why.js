// Explanations where they are asked for: a form.why-ask opens its answer beside itself, w does it for the row that has
// the focus, Escape closes it, and arrow keys move between the words of a text. Without this file the same forms lead to
// a page of their own.

import { say } from "../core/words.js";

const asks = [...document.querySelectorAll("form.why-ask")];
const rows = asks.map((ask) => ask.closest("tr")).filter(Boolean);
const typing = (element) => Boolean(element?.closest("input, textarea, select, [contenteditable], dialog"));
const panels = new Map();

function open(ask) {
  const row = ask.closest("tr");
  const panel = document.createElement("section");
  panel.className = "why";
  panel.setAttribute("aria-label", say("Why?"));
  panel.tabIndex = -1;
  let place = panel;
  if (row) {
    place = document.createElement("tr");
    place.className = "why-row";
    const cell = document.createElement("td");
    cell.colSpan = row.cells.length;
    cell.append(panel);
    place.append(cell);
    row.after(place);
  } else ask.after(panel);
  panels.set(ask, { place, panel });
  button(ask).setAttribute("aria-expanded", "true");
  return panel;
}

const button = (ask) => ask.querySelector("button");

function close(ask) {
  panels.get(ask)?.place.remove();
  panels.delete(ask);
  button(ask).setAttribute("aria-expanded", "false");
  button(ask).focus();
}

/** Puts an answer's explanation into its panel; one that is still computed is asked for again when its job has ended. */
async function fill(ask, response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const entry = panels.get(ask);
  if (!entry) return;
  const found = page.getElementById("explanation");
  if (!found) return tell(entry.panel, page.querySelector(".errorlist, .notice-error p, main p")?.textContent);
  const { address } = found.dataset;
  found.querySelector("job-progress")?.removeAttribute("data-reload");
  const shut = document.createElement("button");
  Object.assign(shut, { type: "button", className: "button button-small why-close", textContent: say("Close") });
  shut.addEventListener("click", () => close(ask));
  entry.panel.replaceChildren(shut, ...found.childNodes);
  entry.panel.onjob = address;
  for (const again of entry.panel.querySelectorAll("form")) again.addEventListener("submit", (event) => resend(event, ask, again));
  ready(entry.panel);
  (entry.panel.querySelector(".why-title") || entry.panel).focus();
}

function tell(panel, sentence) {
  const notice = document.createElement("div");
  notice.className = "notice notice-error";
  notice.textContent = sentence || say("The server does not answer. Trying again…");
  panel.replaceChildren(notice);
  panel.focus();
}

async function send(ask, address, options) {
  try {
    await fill(ask, await fetch(address, options));
  } catch {
    const entry = panels.get(ask);
    if (entry) tell(entry.panel);
  }
}

function resend(event, ask, form) {
  event.preventDefault();
  send(ask, form.action, { method: "POST", body: new FormData(form) });
}

function toggle(ask, again = false) {
  if (panels.has(ask) && !again) return close(ask);
  const panel = panels.get(ask)?.panel || open(ask);
  panel.setAttribute("aria-busy", "true");
  return send(ask, ask.action, { method: "POST", body: new FormData(ask) }).finally(() => panel.removeAttribute("aria-busy"));
}

document.addEventListener("job-finished", (event) => {
  for (const [ask, { panel }] of panels) if (panel.contains(event.target) && panel.onjob) send(ask, panel.onjob);
});

for (const ask of asks) {
  button(ask).setAttribute("aria-expanded", "false");
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    // What is typed may have changed since; a row has one answer, which its button shows and hides.
    toggle(ask, !ask.closest("tr"));
  });
}

const here = () => rows.indexOf(document.activeElement?.closest("tr"));

function go(place) {
  button(asks[Math.max(0, Math.min(place, rows.length - 1))])?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    const open = [...panels].find(([, { place }]) => place.contains(document.activeElement));
    if (open) close(open[0]);
    return;
  }
  if (typing(event.target)) return;
  if (/^Arrow(Left|Right)$/.test(event.key) && event.target.matches?.(".why-word")) return move(event);
  if (!rows.length) return;
  const within = [...panels].find(([, { place }]) => place.contains(document.activeElement));
  const place = within ? asks.indexOf(within[0]) : here();
  if (event.key === "w") toggle(asks[Math.max(0, place)]);
  else if (event.key === "j") go(place + 1);
  else if (event.key === "k") go(Math.max(0, place) - 1);
  else return;
  event.preventDefault();
});

/** One word of each text can be reached by Tab, the others by arrow keys. */
function ready(root) {
  for (const text of root.querySelectorAll(".why-text")) {
    for (const [place, word] of [...text.querySelectorAll(".why-word")].entries()) word.tabIndex = place ? -1 : 0;
  }
}

function move(event) {
  event.preventDefault();
  const words = [...event.target.closest(".why-text").querySelectorAll(".why-word")];
  const next = words[words.indexOf(event.target) + (event.key === "ArrowRight" ? 1 : -1)];
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

ready(document);
