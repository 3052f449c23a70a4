// Short messages at the corner. An error stays until it is closed; others leave after eight seconds.

import { say } from "./words.js";

const STAY = 8000;

export function toast(message, level = "info") {
  const box = document.createElement("div");
  box.className = level === "error" ? "toast toast-error" : "toast";
  const text = document.createElement("p");
  text.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", say("Close"));
  close.dataset.closeToast = "";
  box.append(text, close);
  document.getElementById("toasts").append(box);
  leave(box);
}

/** Lets a toast go by itself, unless it is an error or somebody is reading it. */
export function leave(box) {
  if (box.classList.contains("toast-error")) return;
  const timer = setInterval(() => {
    if (box.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    box.remove();
  }, STAY);
}
