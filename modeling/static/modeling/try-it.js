// The try-it box of a deployment: asks the same route that clients use, a moment after the last key.

import { call } from "../core/api.js";
import { formatFigure, say } from "../core/words.js";

const PAUSE = 300;
const SHOWN = 8;

const form = document.getElementById("try-it");
const field = document.getElementById("try-text");
const answer = document.getElementById("try-answer");
let timer;
let running;

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function row(label, probability) {
  const line = element("div", "row");
  const bar = element("progress");
  bar.max = 1;
  bar.value = probability;
  bar.setAttribute("aria-label", label);
  line.append(element("span", "", label), element("span", "num push", `${(probability * 100).toFixed(1)} %`));
  const whole = element("div", "stack stack-s");
  whole.append(line, bar);
  return whole;
}

function show({ predictions: [first], milliseconds }) {
  const sorted = Object.entries(first.probabilities).sort(([, one], [, other]) => other - one);
  const head = element("p", "");
  head.append(element("strong", "", first.label));
  const time = element("p", "small muted", say("{time} ms in the model", { time: formatFigure(milliseconds) }));
  answer.replaceChildren(head, ...sorted.slice(0, SHOWN).map(([label, value]) => row(label, value)), time);
  answer.hidden = false;
}

function showProblem(problem) {
  const notice = element("div", "notice notice-error");
  notice.append(element("p", "", problem.message));
  answer.replaceChildren(notice);
  answer.hidden = false;
}

async function ask() {
  running?.abort();
  const text = field.value;
  if (!text.trim()) {
    answer.hidden = true;
    return;
  }
  running = new AbortController();
  try {
    show(await call("POST", form.dataset.url, { texts: [text] }, { signal: running.signal }));
  } catch (problem) {
    if (problem.name !== "AbortError") showProblem(problem);
  }
}

if (form) {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
