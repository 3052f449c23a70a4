import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUILT, manifest, manifestPath } from "./manifest.mjs";

const LIMIT_KB = 60;

writeFileSync(manifestPath, manifest());
const bytes = ["page.js", "page.css"].reduce((sum, name) => sum + gzipSync(readFileSync(join(BUILT, name)), { level: 9 }).length, 0);
console.log(`page.js and page.css: ${(bytes / 1000).toFixed(1)} kB compressed`);
if (bytes > LIMIT_KB * 1000) {
  console.error(`The page may be ${LIMIT_KB} kB compressed.`);
  process.exit(1);
}
