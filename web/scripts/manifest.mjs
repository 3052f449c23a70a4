/** The manifest of a build: one hash over the sources, one hash for each built file. Its rule is in web/README.md. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
export const BUILT = join(WEB, "..", "labeling", "static", "labeling", "page");
const NAME = "manifest.json";
const SINGLE = ["package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "vite.editor.config.ts"];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const byName = (left, right) => (left < right ? -1 : 1);

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/"));
}

/** SHA-256 over the lines "<sha256 of the file>  <path under web/>\n" of all sources, sorted by path. */
export function sourceHash() {
  const names = [...SINGLE, ...filesUnder(join(WEB, "src")).map((name) => `src/${name}`)].sort(byName);
  return sha256(names.map((name) => `${sha256(readFileSync(join(WEB, name)))}  ${name}\n`).join(""));
}

export function manifest() {
  const names = filesUnder(BUILT).filter((name) => name !== NAME).sort(byName);
  const files = Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(BUILT, name)))]));
  return `${JSON.stringify({ source: sourceHash(), files }, null, 2)}\n`;
}

export const manifestPath = join(BUILT, NAME);
