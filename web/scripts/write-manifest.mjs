import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUILT, manifest, manifestPath } from "./manifest.mjs";

const LIMIT_KB = 70;

writeFileSync(manifestPath, manifest());
const compressed = (name) => gzipSync(readFileSync(join(BUILT, name)), { level: 9 }).length;
// Everybody fetches one file of words; the longer one counts.
const words = Math.max(...["page-en.js", "page-zh-hans.js"].map(compressed));
const bytes = compressed("page.js") + compressed("page.css") + words;
console.log(`page.js, page.css and the words of one language: ${(bytes / 1000).toFixed(1)} kB compressed`);
if (bytes > LIMIT_KB * 1000) {
  console.error(`The page may be ${LIMIT_KB} kB compressed.`);
  process.exit(1);
}
