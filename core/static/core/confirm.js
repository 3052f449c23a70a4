// Asks before a submit button with data-confirm does its work, and copies text for buttons with data-copy.

import { toast } from "./toast.js";
import { say } from "./words.js";

/** Opens a dialog and resolves to true when the person agrees. Escape means no. */
export function ask(question, yes) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "confirm-question";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", text.id);
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "form-actions";
  form.append(button(say("Cancel"), "no", "button"), button(yes, "yes", "button button-danger"));
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function button(text, value, className) {
  const made = document.createElement("button");
  made.className = className;
  made.value = value;
  made.textContent = text;
  return made;
}

document.addEventListener("submit", async (event) => {
  const pressed = event.submitter;
  if (!pressed?.dataset.confirm || pressed.dataset.agreed) return;
  event.preventDefault();
  if (!(await ask(pressed.dataset.confirm, pressed.dataset.confirmYes || pressed.textContent.trim()))) return;
  pressed.dataset.agreed = "yes";
  event.target.requestSubmit(pressed);
  delete pressed.dataset.agreed;
});

document.addEventListener("click", async (event) => {
  const pressed = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!pressed) return;
  try {
    await navigator.clipboard.writeText(document.getElementById(pressed.dataset.copy).textContent.trim());
    toast(say("Copied"));
  } catch {
    toast(say("This browser does not let the page copy. Select the text and copy it."), "error");
  }
});
