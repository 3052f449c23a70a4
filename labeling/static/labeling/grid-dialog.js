// The dialog of the grid: which label, whether earlier answers change too, and what went wrong.

import { say } from "../core/words.js";

// A list that is longer is looked through by typing.
const MOST_SHOWN = 60;
const SEARCHED_FROM = 10;

/**
 * Makes the dialog work.
 * @param controls as the page's grid-setup gives them; each can be answered alone
 * @param title(words) what the button says; give(answer, changeOwn, clientKey) sends it and throws a Problem
 */
export function makeDialog(controls, { title, give }) {
  const dialog = document.querySelector(".grid-dialog");
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const search = dialog.querySelector("#grid-search");
  const own = dialog.querySelector("#change-own");
  // Values by control; only one control is answered.
  let control = controls[0];
  let values = new Set();
  let key = "";

  const labels = controls.flatMap((each) => each.labels.map((label) => ({ control: each, label })));
  part("search-field").hidden = labels.length < SEARCHED_FROM;

  function words() {
    return control.labels.filter((label) => values.has(label.value)).map((label) => label.title);
  }

  function draw() {
    const said = values.size ? title(words()) : say("Choose a label first");
    part("title").textContent = said;
    part("give").textContent = said;
    part("give").disabled = !values.size;
  }

  function list() {
    const sought = search.value.trim().toLowerCase();
    const found = labels.filter(({ label }) => !sought || label.title.toLowerCase().includes(sought));
    const first = found.filter((row) => isChosen(row));
    const rest = found.filter((row) => !isChosen(row));
    const shown = found.length > MOST_SHOWN ? [...first, ...rest].slice(0, MOST_SHOWN) : found;
    const box = document.createElement("div");
    box.className = "grid-options";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", control.title);
    box.append(...shown.map((row) => option(row, !sought)));
    if (!shown.length) box.append(say("No label has these words"));
    part("options").replaceChildren(box);
  }

  const isChosen = (row) => row.control === control && values.has(row.label.value);

  function option(row, inTree) {
    const label = document.createElement("label");
    if (inTree && row.label.depth) label.className = `depth-${Math.min(3, row.label.depth)}`;
    const input = document.createElement("input");
    input.type = row.control.multiple ? "checkbox" : "radio";
    input.name = "grid-label";
    input.value = row.label.value;
    input.dataset.control = row.control.name;
    input.checked = isChosen(row);
    input.disabled = row.label.is_heading;
    input.addEventListener("change", () => pick(row, input.checked));
    label.append(input, row.label.title);
    if (row.label.key) {
      const hint = document.createElement("kbd");
      hint.textContent = row.label.key.toUpperCase();
      label.append(hint);
    }
    return label;
  }

  function pick(row, on) {
    if (row.control !== control || !row.control.multiple) values = new Set();
    control = row.control;
    if (on) values.add(row.label.value);
    else values.delete(row.label.value);
    draw();
    for (const input of part("options").querySelectorAll("input")) {
      input.checked = input.dataset.control === control.name && values.has(input.value);
    }
  }

  async function send() {
    if (!values.size) return;
    part("give").disabled = true;
    part("problem").hidden = true;
    // The same key until it has worked: an answer that was lost on the way is not given twice.
    key ||= crypto.randomUUID?.() ?? fallbackKey();
    try {
      await give({ [control.name]: [...values] }, own.checked, key);
      dialog.close();
    } catch (problem) {
      // A refusal is final for this key's order; only silence is sent again under it.
      if (problem.status) key = "";
      part("problem").textContent = problem.message;
      part("problem").hidden = false;
      part("give").disabled = false;
    }
  }

  part("give").addEventListener("click", send);
  search.addEventListener("input", list);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && !event.target.closest("button")) {
      event.preventDefault();
      send();
      return;
    }
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = labels.find(({ label }) => !label.is_heading && label.key === event.key.toLowerCase());
    if (!row) return;
    event.preventDefault();
    pick(row, !isChosen(row) || !row.control.multiple);
  });

  return {
    /** Opens with a label chosen, or with none. */
    open(given) {
      control = given?.control ?? controls[0];
      values = new Set(given ? [given.label.value] : []);
      key = "";
      own.checked = false;
      search.value = "";
      part("problem").hidden = true;
      list();
      draw();
      dialog.showModal();
      const searched = !part("search-field").hidden && !given;
      (searched ? search : part("options").querySelector("input:checked") ?? part("options").querySelector("input:enabled"))?.focus();
    },
  };
}

/** Pages that are not served over TLS have no randomUUID. */
function fallbackKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
