// The plan as a form: cards and YAML are one plan, kept in step by the server. Without this script the YAML is the form.

import { call } from "../core/api.js";
import { toast } from "../core/toast.js";
import { say } from "../core/words.js";
import { drawField, make, markField } from "./plan-fields.js";

const WAIT = 250;
const form = document.getElementById("plan-form");
const yaml = document.getElementById("id_plan");
const list = document.getElementById("plan-steps");
const fresh = document.getElementById("plan-new");
const catalogue = new Map(JSON.parse(document.getElementById("plan-catalogue").textContent).map((step) => [step.name, step]));
const tabs = ["steps", "yaml"];
// The steps as they stand: {name, params, enabled?, key}; the key names a card through all its moves.
let steps = [];
let keys = 0;
// What was edited last and has not been checked yet.
let pending = null;
let timer = 0;
let round = 0;
let syncing = Promise.resolve();

const card = (step) => document.getElementById(`step-${step.key}`);
const titleOf = (step) => catalogue.get(step.name)?.title ?? step.name;
const speak = (text) => (document.getElementById("plan-said").textContent = text);
const isOn = (step) => step.enabled !== false;
const onError = document.getElementById("plan-on-error");
const bare = () => ({
  steps: steps.map((step) => ({ name: step.name, params: step.params, ...(isOn(step) ? {} : { enabled: false }) })),
  ...(onError.checked ? { on_error: "find" } : {}),
});

/** Checks what was edited a moment later; `source` is the side that leads. */
function edited(source) {
  pending = source;
  clearTimeout(timer);
  timer = setTimeout(sync, WAIT);
}

/** Sends the side that was edited, and draws the other from what comes back. */
function sync() {
  clearTimeout(timer);
  if (!pending) return syncing;
  const source = pending;
  pending = null;
  round += 1;
  const mine = round;
  const body = source === "yaml" ? { yaml: yaml.value } : { steps: bare() };
  syncing = call("POST", form.dataset.check, body)
    .then((found) => {
      // Something newer is on its way: this answer is about a plan of before.
      if (mine !== round || pending) return;
      const readable = !found.errors.some((row) => row.step === null);
      if (source === "yaml" && readable) take(found.steps);
      if (source === "steps") yaml.value = found.yaml;
      mark(found.errors);
    })
    .catch((error) => {
      pending = pending ?? source;
      toast(error.message, "error");
    });
  return syncing;
}

function take(plan) {
  steps = plan.steps.map((step) => ({ ...step, key: (keys += 1) }));
  onError.checked = plan.on_error === "find";
  draw();
}

function draw() {
  const cards = steps.map((step, place) => drawStep(step, place));
  list.replaceChildren(...cards);
  if (!cards.length) list.append(make("li", { class: "plan-empty" }, say("No step yet. Add the first one.")));
  document.getElementById("plan-count").textContent = steps.length;
}

function tool(text, symbol, act, off = false) {
  const button = make("button", { class: "button button-quiet", type: "button", "aria-label": text, title: text, disabled: off }, symbol);
  button.addEventListener("click", act);
  return button;
}

function drawStep(step, place) {
  const known = catalogue.get(step.name);
  const box = make("input", { type: "checkbox", id: `step-${step.key}-on` });
  box.checked = isOn(step);
  const item = make("li", { class: "plan-step", id: `step-${step.key}`, tabindex: "-1", "data-off": !isOn(step) });
  box.addEventListener("change", () => {
    step.enabled = box.checked;
    item.toggleAttribute("data-off", !box.checked);
    edited("steps");
  });
  const heading = make("h3", {}, make("span", { class: "number" }, `${place + 1}. `), titleOf(step));
  const on = make("span", { class: "check" }, box, make("label", { for: box.id }, say("In use"), make("span", { class: "visually-hidden" }, ` ${titleOf(step)}`)));
  const name = ` ${titleOf(step)}`;
  item.append(
    make("div", { class: "plan-step-head" }, heading, make("span", { class: "plan-tools" }, on,
      tool(say("Move up") + name, "↑", () => move(step, -1), place === 0),
      tool(say("Move down") + name, "↓", () => move(step, 1), place === steps.length - 1),
      tool(say("Remove") + name, "×", () => remove(step)))),
  );
  item.append(make("p", { class: "small muted" }, known ? known.what : say("This step is not known here.")));
  if (known?.params.length) item.append(make("div", { class: "plan-fields" }, ...known.params.map((param) => parameter(step, param))));
  if (known?.reasons.length) {
    const notes = known.reasons.map(([, title]) => make("span", { class: "chip" }, title));
    item.append(make("p", { class: "plan-reasons small muted" }, `${say("What it notes")}: `, ...notes));
  }
  return item;
}

function parameter(step, param) {
  const value = param.name in step.params ? step.params[param.name] : param.default;
  return drawField(`step-${step.key}-${param.name}`, param, value, (changed) => {
    step.params = { ...step.params, [param.name]: changed };
    edited("steps");
  });
}

/** Shows each mistake where it is; what has no field stands above the buttons. */
function mark(errors) {
  const rest = [];
  for (const item of list.querySelectorAll(".plan-step")) {
    item.removeAttribute("data-wrong");
    for (const field of item.querySelectorAll("[data-param]")) markField(field, "");
  }
  for (const error of errors) {
    const item = error.step === null ? null : list.children[error.step - 1];
    item?.setAttribute("data-wrong", "");
    const field = error.param && item?.querySelector(`[data-param="${CSS.escape(error.param)}"]`);
    if (field) markField(field, error.message);
    else rest.push(item ? `${error.step}. ${error.param ? `${error.param}: ` : ""}${error.message}` : error.message);
  }
  const box = document.getElementById("plan-errors");
  box.replaceChildren(...rest.map((text) => make("li", {}, text)));
  box.hidden = !rest.length;
}

function move(step, by) {
  const place = steps.indexOf(step);
  const target = place + by;
  if (target < 0 || target >= steps.length) return;
  steps.splice(place, 1);
  steps.splice(target, 0, step);
  draw();
  card(step).focus();
  speak(say("{title}, step {number} of {total}", { title: titleOf(step), number: target + 1, total: steps.length }));
  edited("steps");
}

function remove(step) {
  const place = steps.indexOf(step);
  steps.splice(place, 1);
  draw();
  const next = steps[Math.min(place, steps.length - 1)];
  (next ? card(next) : fresh).focus();
  speak(say("The step {title} was removed.", { title: titleOf(step) }));
  edited("steps");
}

function add() {
  const known = catalogue.get(fresh.value);
  const params = Object.fromEntries(known.params.map((param) => [param.name, structuredClone(param.default)]));
  const step = { name: known.name, params, key: (keys += 1) };
  steps.push(step);
  draw();
  card(step).focus();
  speak(say("{title}, step {number} of {total}", { title: known.title, number: steps.length, total: steps.length }));
  edited("steps");
}

function choose(name, { focus = false } = {}) {
  for (const other of tabs) {
    const tab = document.getElementById(`tab-${other}`);
    tab.setAttribute("aria-selected", String(other === name));
    tab.tabIndex = other === name ? 0 : -1;
    document.getElementById(`panel-${other}`).hidden = other !== name;
    if (focus && other === name) tab.focus();
  }
  sync();
}

/** Asks the page itself for the preview, and shows that part of the answer. */
async function tryIt() {
  const place = document.getElementById("plan-preview");
  await sync();
  const data = new FormData(form);
  data.set("preview", "1");
  place.hidden = false;
  place.replaceChildren(make("p", { class: "muted", role: "status" }, say("Trying the plan on a sample…")), make("span", { class: "skeleton" }));
  try {
    const answer = await fetch(location.href, { method: "POST", body: data });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("plan-preview");
    if (!found || found.hidden) throw new Error(page.querySelector(".field-error, .errorlist li, main p")?.textContent || answer.statusText);
    place.replaceWith(document.adoptNode(found));
    document.getElementById("plan-preview-title").focus();
  } catch (error) {
    place.hidden = true;
    toast(error.message, "error");
  }
}

for (const name of tabs) {
  const tab = document.getElementById(`tab-${name}`);
  tab.addEventListener("click", () => choose(name));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    choose(tabs[1 - tabs.indexOf(name)], { focus: true });
  });
}

list.addEventListener("keydown", (event) => {
  const item = event.target.closest(".plan-step");
  const step = steps.find((row) => `step-${row.key}` === item?.id);
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !by) return;
  if (event.altKey) {
    event.preventDefault();
    move(step, by);
  } else if (event.target === item) {
    event.preventDefault();
    (by < 0 ? item.previousElementSibling : item.nextElementSibling)?.focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    tryIt();
  } else if (event.target.matches(".plan-fields input")) {
    // Enter in a field of a step means that the field is done, not that the plan should run.
    event.preventDefault();
  }
});

form.addEventListener("submit", async (event) => {
  if (event.submitter?.name === "preview") {
    event.preventDefault();
    tryIt();
  } else if (pending) {
    event.preventDefault();
    const button = event.submitter;
    await sync();
    if (!pending) form.requestSubmit(button);
  }
});

document.getElementById("plan-add").addEventListener("click", add);
fresh.addEventListener("change", () => {
  document.getElementById("plan-new-what").textContent = catalogue.get(fresh.value).what;
});
yaml.addEventListener("input", () => edited("yaml"));
onError.addEventListener("change", () => edited("steps"));

const groups = new Map();
for (const step of catalogue.values()) {
  if (!groups.has(step.group)) groups.set(step.group, make("optgroup", { label: step.group }));
  groups.get(step.group).append(new Option(step.title, step.name));
}
fresh.append(...groups.values());
fresh.dispatchEvent(new Event("change"));
document.documentElement.classList.add("scripted");
const refused = form.querySelector(".field-error, .errorlist li") !== null;
pending = "yaml";
choose(refused ? "yaml" : "steps");
