import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const WEB = new URL("../", import.meta.url);
const files = ["src", "test"].flatMap((folder) => readdirSync(new URL(`${folder}/`, WEB), { recursive: true }).map((name) => `${folder}/${String(name)}`));
const sources = files.filter((name) => /\.tsx?$/.test(name));
const read = (name: string): string => readFileSync(new URL(name, WEB), "utf8");

test("files are short and named in kebab-case", () => {
  expect(sources.filter((name) => read(name).split("\n").length > 300)).toEqual([]);
  expect(sources.filter((name) => !/^[a-z0-9/-]+(?:\.test)?\.tsx?$/.test(name))).toEqual([]);
});

test("state, outbox and session know no framework and no browser", () => {
  const core = sources.filter((name) => /^src\/(?:state|outbox|session|text|api)\//.test(name));
  expect(core.filter((name) => /from "preact|\b(?:document|window|navigator)\./.test(read(name)))).toEqual([]);
});

test("nothing takes HTML as text, says any, or casts outside of where JSON is read", () => {
  const code = sources.filter((name) => name.startsWith("src/"));
  expect(code.filter((name) => /innerHTML|insertAdjacentHTML|: any\b|<any\b|as any\b|\bany\[\]/.test(read(name)))).toEqual([]);
  expect(code.filter((name) => name !== "src/wire.ts" && name !== "src/json.ts" && /\bas (?!const\b|typeof\b)[A-Z]\w+[;,)}<]/.test(read(name)))).toEqual([]);
});
