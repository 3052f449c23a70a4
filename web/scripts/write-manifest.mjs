import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUILT, manifest, manifestPath } from "./manifest.mjs";

const LIMIT_KB = 60;

writeFileSync(manifestPath, manifest());
// What a reader of Chinese waits for; English needs no file of its own.
const FIRST = ["page.js", "page.css", "page-zh-hans.js"];
const bytes = FIRST.reduce((sum, name) => sum + gzipSync(readFileSync(join(BUILT, name)), { level: 9 }).length, 0);
console.log(`${FIRST.join(", ")}: ${(bytes / 1000).toFixed(1)} kB compressed`);
if (bytes > LIMIT_KB * 1000) {
  console.error(`The page may be ${LIMIT_KB} kB compressed.`);
  process.exit(1);
}
