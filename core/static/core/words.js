// Texts in the reader's language, from the JSON that the page carries (core/words.py).

const words = {};
for (const id of ["page-words", "page-words-more"]) {
  const source = document.getElementById(id);
  if (source) Object.assign(words, JSON.parse(source.textContent));
}

/** Returns the reader's text for an English one, with {name} replaced from values. */
export function say(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const language = document.documentElement.lang || "en";
const numbers = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });

export const formatCount = (value) => numbers.format(value);
/** Writes a whole number in full and any other with four digits, so that no count is ever rounded. */
export const formatFigure = (value) => (Number.isInteger(value) ? numbers : short).format(value);

/** Writes seconds as 0:42 or 1:02:03. */
export function formatTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${short.format(value)} ${units[unit]}`;
}
