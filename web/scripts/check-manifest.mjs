import { existsSync, readFileSync } from "node:fs";
import { manifest, manifestPath } from "./manifest.mjs";

if (!existsSync(manifestPath) || readFileSync(manifestPath, "utf8") !== manifest()) {
  console.error("The built labeling page does not match web/. Run `make web` and commit labeling/static/labeling/page/.");
  process.exit(1);
}
