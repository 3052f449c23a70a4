// The fields of a step's parameters: how each kind is drawn, read and written. The server checks what is read here.

import { say } from "../core/words.js";

/** Makes an element with attributes and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// A key that a colon and a blank would cut is written as JSON.
const pairLine = ([key, value]) => `${/: |^"|\n|^$/.test(key) ? JSON.stringify(key) : key}: ${value}`;

function readPair(line) {
  const quoted = line.match(/^\s*("(?:[^"\\]|\\.)*")\s*:\s?(.*)$/);
  if (quoted) {
    try {
      return [JSON.parse(quoted[1]), quoted[2].trim()];
    } catch {
      // No JSON: read like any other line.
    }
  }
  const place = line.indexOf(": ") >= 0 ? line.indexOf(": ") : line.lastIndexOf(":");
  return place < 0 ? [line.trim(), ""] : [line.slice(0, place).trim(), line.slice(place + 1).trim()];
}

const lines = (text) => text.split("\n").filter((line) => line.trim() !== "");

function number(text) {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

function area(id, text) {
  const box = make("textarea", { id, rows: text ? Math.min(8, text.split("\n").length + 1) : 1, spellcheck: "false" });
  box.value = text;
  return box;
}

function line(id, text, mode) {
  const box = make("input", { id, type: "text", inputmode: mode, spellcheck: "false", autocomplete: "off" });
  box.value = text;
  return box;
}

const shown = (value) => (value === null || value === undefined ? "" : String(value));
const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const json = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Each kind: draw(id, value, param) gives the control, read(control) its value; `fits` says whether it can hold a value. */
const KINDS = {
  bool: {
    fits: (value) => typeof value === "boolean",
    draw: (id, value) => {
      const box = make("input", { id, type: "checkbox" });
      box.checked = value;
      return box;
    },
    read: (box) => box.checked,
  },
  int: { fits: () => true, draw: (id, value) => line(id, shown(value), "numeric"), read: (box) => number(box.value) },
  float: { fits: () => true, draw: (id, value) => line(id, shown(value), "decimal"), read: (box) => number(box.value) },
  // A box of one line would swallow the line breaks of a policy.
  text: {
    fits: (value) => typeof value === "string",
    draw: (id, value, param) => (`${value}${param.default ?? ""}`.includes("\n") ? area(id, value) : line(id, value)),
    read: (box) => box.value,
  },
  choice: {
    fits: (value) => typeof value === "string",
    draw: (id, value, param) => {
      const names = param.choices.includes(value) ? param.choices : [value, ...param.choices];
      const titleOf = (name) => param.titles?.[param.choices.indexOf(name)] ?? name;
      return make("select", { id }, ...names.map((name) => new Option(titleOf(name), name, false, name === value)));
    },
    read: (box) => box.value,
  },
  lines: {
    fits: (value) => Array.isArray(value) && value.every((word) => typeof word === "string" && !word.includes("\n")),
    draw: (id, value) => area(id, value.join("\n")),
    read: (box) => lines(box.value),
    hint: () => say("one on each line"),
  },
  pairs: {
    fits: (value) => isPlain(value) && Object.values(value).every((word) => typeof word === "string" && !word.includes("\n")),
    draw: (id, value) => area(id, Object.entries(value).map(pairLine).join("\n")),
    read: (box) => Object.fromEntries(lines(box.value).map(readPair)),
    hint: () => say("one “key: value” on each line"),
  },
  yaml: { fits: () => true, draw: (id, value) => line(id, json(value ?? null)), read: (box) => readJson(box.value) },
};

/** Draws one parameter; `changed` is called with its new value. */
export function drawField(id, param, value, changed) {
  // A value that the kind cannot hold, such as a number in place of a list, is shown as it is.
  const kind = KINDS[param.kind].fits(value) ? KINDS[param.kind] : KINDS.yaml;
  const control = kind.draw(id, value, param);
  const label = make("label", { for: id }, param.title || param.name);
  control.addEventListener(control.matches("select, [type=checkbox]") ? "change" : "input", () => changed(kind.read(control)));
  const field = make("div", { class: "field", "data-param": param.name });
  if (control.type === "checkbox") field.append(make("span", { class: "check" }, control, label));
  else field.append(label, control);
  if (control.matches("textarea")) field.classList.add("wide-field");
  const said = [param.help, param.help ? "" : kind.hint?.()].filter(Boolean);
  if (said.length || param.title) {
    // The name as YAML has it stands beside the help, for those who switch between the two.
    const hint = make("p", { class: "hint", id: `${id}-hint` }, ...said, said.length ? " " : "", make("code", {}, param.name));
    control.setAttribute("aria-describedby", hint.id);
    field.append(hint);
  }
  return field;
}

/** Shows what is wrong with a field, or that nothing is. */
export function markField(field, message) {
  const control = field.querySelector("input, select, textarea");
  field.querySelector(".field-error")?.remove();
  control.removeAttribute("aria-invalid");
  const described = (control.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && !id.endsWith("-error"));
  if (message) {
    const error = make("p", { class: "field-error", id: `${control.id}-error` }, message);
    field.append(error);
    control.setAttribute("aria-invalid", "true");
    described.push(error.id);
  }
  if (described.length) control.setAttribute("aria-describedby", described.join(" "));
  else control.removeAttribute("aria-describedby");
}
