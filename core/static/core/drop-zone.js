// <drop-zone>: makes the file input inside it a place to drop files on. Without this script the input still works.

import { csrfToken, Problem } from "./api.js";
import { formatBytes, say } from "./words.js";

const NAMED = 5;
// As many as the server takes in one request: config/settings.py.
const MOST = 500;

class DropZone extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.names = document.createElement("p");
    this.names.className = "files";
    this.names.setAttribute("role", "status");
    this.append(this.names);
    // The input covers the zone, so the browser itself takes the dropped files; this only shows and checks them.
    this.addEventListener("dragover", () => this.toggleAttribute("data-over", true));
    for (const name of ["dragleave", "drop"]) this.addEventListener(name, () => this.removeAttribute("data-over"));
    this.input.addEventListener("change", () => this.choose());
  }

  choose() {
    const files = [...this.input.files];
    const refusal = this.refusal(files);
    this.toggleAttribute("data-refused", Boolean(refusal));
    this.input.setCustomValidity(refusal);
    this.names.textContent = refusal || listed(files);
    if (refusal) this.input.value = "";
    else if (files.length) this.dispatchEvent(new CustomEvent("files-chosen", { bubbles: true, detail: files }));
  }

  refusal(files) {
    if (files.length > 1 && !this.input.multiple) return say("Choose one file, not several.");
    if (files.length > MOST) return say("Choose at most {count} files, or pack them into one archive.", { count: MOST });
    const kinds = (this.dataset.accept || "").split(",").map((kind) => kind.trim().toLowerCase()).filter(Boolean);
    const limit = Number(this.dataset.limit || Infinity);
    for (const { name, size } of files) {
      if (kinds.length && !kinds.some((kind) => name.toLowerCase().endsWith(kind))) {
        return say("{name} is not one of: {kinds}.", { name, kinds: kinds.join(", ") });
      }
      if (size > limit) return say("{name} is larger than the limit of {limit}.", { name, limit: formatBytes(limit) });
    }
    return "";
  }
}

/** Names a few files, and counts the others. */
function listed(files) {
  const names = files.slice(0, NAMED).map((file) => `${file.name} (${formatBytes(file.size)})`).join(", ");
  const size = formatBytes(files.reduce((sum, file) => sum + file.size, 0));
  return files.length > NAMED ? say("{names} and {count} more, {size} in all", { names, count: files.length - NAMED, size }) : names;
}

/** Sends a file, or an array of them, as multipart form data; onProgress gets the fraction sent. Resolves to the JSON answer. */
export function sendFile(url, file, { field = "file", fields = {}, onProgress = () => {} } = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const one of [file].flat()) form.append(field, one);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.addEventListener("progress", (event) => onProgress(event.total ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      if (request.status < 400) resolve(request.response);
      else reject(new Problem(request.status, request.response || {}));
    });
    request.addEventListener("error", () => reject(new Problem(0)));
    request.send(form);
  });
}

customElements.define("drop-zone", DropZone);
