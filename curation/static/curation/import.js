// Sends the chosen files with its progress shown. Without this script the form itself sends it.

import { sendFile } from "../core/drop-zone.js";

const form = document.getElementById("import-form");
const problem = document.getElementById("import-problem");
const progress = document.getElementById("import-progress");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = [...form.elements.file.files];
  if (!files.length) return;
  const button = form.querySelector("button");
  button.disabled = true;
  problem.hidden = true;
  progress.hidden = false;
  const names = ["licence", "source", "consent", "collected_on"];
  const given = names.map((name) => [name, form.elements[name].value]);
  const fields = Object.fromEntries(given.filter(([, value]) => value !== ""));
  try {
    const upload = await sendFile(form.dataset.send, files, {
      fields,
      onProgress: (part) => {
        if (part < 1) progress.value = part;
        // Sent whole: the server is looking at it, for a time that is not known.
        else progress.removeAttribute("value");
      },
    });
    location.assign(form.dataset.next.replace("/0/", `/${upload.id}/`));
  } catch (error) {
    const rows = error.errors?.map((row) => row.message) ?? [];
    problem.textContent = [error.message, ...rows].join(" ");
    problem.hidden = false;
    progress.hidden = true;
    button.disabled = false;
  }
});
