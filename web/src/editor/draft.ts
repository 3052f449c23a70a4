/** A schema while it is edited: every control as a person fills it in, and the JSON that comes of it. */
import { LABEL_COLORS } from "../label-colors";
import { object, optionalText, WireError, type Json } from "../json";

export const TYPES = ["choice", "taxonomy", "spans", "relations", "text", "rating", "preference", "form", "shapes"] as const;
export type ControlType = (typeof TYPES)[number];
export const SHOWN_AS = ["hidden", "text", "markdown", "value", "a", "b", "image"] as const;
export type ShownAs = (typeof SHOWN_AS)[number];

export interface ControlDraft {
  key: number;
  type: ControlType;
  name: string;
  title: string;
  required: boolean;
  /** One label on each line: `Title [key]`; blanks before it put it below the line above in a taxonomy. */
  labels: string;
  /** What the labels were when they were read, so that values, colours and keys outlive a new order. */
  known: readonly Json[];
  /** Everything else as it stands in the schema. */
  more: Json;
}

export interface Draft { shown: Readonly<Record<string, ShownAs>>; markdown: boolean; controls: readonly ControlDraft[] }

/** Told apart in light and dark, and by people who see red and green alike (Okabe and Ito, 2008). */
/** Told apart also by people who see no red or green (Okabe and Ito); behind them the longer row of the page. */
export const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7f3c8d", "#5f6b6d", ...LABEL_COLORS.slice(8)] as const;
const LABELED: readonly ControlType[] = ["choice", "taxonomy", "spans", "relations", "shapes"];
export const hasLabels = (type: ControlType): boolean => LABELED.includes(type);
const OWN = ["name", "type", "title", "required", "labels"];

let keys = 0;

function isType(value: unknown): value is ControlType {
  return TYPES.some((type) => type === value);
}

function lineOf(row: Json, depth: number): string {
  const title = optionalText(row.title) || String(row.value);
  const key = optionalText(row.hotkey);
  return `${"  ".repeat(depth)}${title}${key === "" ? "" : ` [${key}]`}`;
}

function depthOf(rows: readonly Json[], row: Json): number {
  const parent = rows.find((each) => each.value === row.parent);
  return parent === undefined || parent === row ? 0 : 1 + depthOf(rows, parent);
}

function controlOf(value: unknown): ControlDraft | null {
  const row = object(value, "control");
  if (!isType(row.type)) return null;
  const rows = Array.isArray(row.labels) ? row.labels.map((each) => object(each, "label")) : [];
  return {
    key: (keys += 1), type: row.type, name: optionalText(row.name), title: optionalText(row.title), required: row.required !== false,
    labels: row.type === "preference" ? "" : rows.map((each) => lineOf(each, depthOf(rows, each))).join("\n"), known: rows,
    more: Object.fromEntries(Object.entries(row).filter(([name]) => !OWN.includes(name))),
  };
}

/** Reads a schema; null when it holds something that this editor can't show, or is none, so that it is edited as JSON. */
export function draftOf(value: unknown): Draft | null {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function read(value: unknown): Draft | null {
  const schema = object(value, "schema");
  const controls = Array.isArray(schema.controls) ? schema.controls.map(controlOf) : [];
  const displays = Array.isArray(schema.display) ? schema.display.map((each) => object(each, "display")) : [];
  const known = controls.filter((each) => each !== null);
  if (known.length < controls.length || displays.some((row) => !["text", "markdown", "value", "pair", "image"].includes(String(row.type)))) return null;
  const shown = displays.flatMap((row): [string, ShownAs][] => {
    if (row.type === "pair") return [[String(row.a), "a"], [String(row.b), "b"]];
    return [[String(row.field), SHOWN_AS.find((as) => as === row.type) ?? "text"]];
  });
  return { shown: Object.fromEntries(shown), markdown: displays.find((row) => row.type === "pair")?.markdown !== false, controls: known };
}

/** What is asked of each shape, one on each line: `Cut off: yes, no`; a star at the end makes it a must. */
export function attributeLines(rows: unknown): string {
  return (Array.isArray(rows) ? rows : []).map((each) => object(each, "attribute"))
    .map((row) => `${optionalText(row.title) || String(row.name)}: ${(Array.isArray(row.options) ? row.options : []).join(", ")}${row.required === true ? " *" : ""}`).join("\n");
}

export function attributesOf(lines: string, before: unknown): Json[] {
  const known = (Array.isArray(before) ? before : []).map((each) => object(each, "attribute"));
  return lines.split("\n").flatMap((line, i): Json[] => {
    const [, title = "", said = "", star = ""] = /^(.*?)[:：](.*?)(\*?)\s*$/u.exec(line) ?? [];
    const options = [...new Set(said.split(/[,，]/).map((each) => each.trim()).filter(Boolean))];
    if (title.trim() === "" || options.length < 2) return [];
    const old = known.find((row) => (optionalText(row.title) || row.name) === title.trim());
    return [{ name: old?.name ?? `attribute_${i + 1}`, title: title.trim(), options, labels: old?.labels ?? [], required: star === "*" }];
  });
}

export interface LabelLine { title: string; hotkey: string; depth: number }

export function linesOf(labels: string): LabelLine[] {
  return labels.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, title = "", hotkey = ""] = /^\s*(.*?)(?:\s*\[(\S)\])?\s*$/u.exec(line) ?? [];
    return { title, hotkey, depth: Math.floor((/^\s*/.exec(line.replace(/\t/g, "  "))?.[0].length ?? 0) / 2) };
  });
}

function labelsOf(control: ControlDraft): Json[] {
  const above: string[] = [];
  return linesOf(control.labels).map(({ title, hotkey, depth }, i) => {
    const known = control.known.find((row) => (optionalText(row.title) || row.value) === title);
    const value = known === undefined ? title : String(known.value);
    const level = Math.min(depth, above.length);
    above.length = level;
    const parent = above.at(-1) ?? "";
    above.push(value);
    const color = optionalText(known?.color) || (control.type === "taxonomy" ? "" : (COLORS[i % COLORS.length] ?? ""));
    const row: Json = { value, title, hotkey: hotkey.toLowerCase(), color };
    return control.type === "taxonomy" ? { ...row, parent } : row;
  });
}

/** A name for answers: what the person wrote, else the type, in letters that a column may have, and each once. */
function namesOf(controls: readonly ControlDraft[]): string[] {
  const used = new Set<string>();
  return controls.map((control) => {
    const wanted = control.name || (control.type === "choice" ? "label" : control.type);
    let name = wanted;
    for (let number = 2; used.has(name); number += 1) name = `${wanted}_${number}`;
    used.add(name);
    return name;
  });
}

export function schemaOf(draft: Draft, fields: readonly string[]): Json {
  const display: Json[] = fields.flatMap((field): Json[] => {
    const as = draft.shown[field] ?? "hidden";
    return as === "text" || as === "markdown" || as === "value" || as === "image" ? [{ type: as, field, title: "" }] : [];
  });
  const a = fields.find((field) => draft.shown[field] === "a");
  const b = fields.find((field) => draft.shown[field] === "b");
  if (a !== undefined && b !== undefined) display.push({ type: "pair", a, b, title: "", markdown: draft.markdown });
  const names = namesOf(draft.controls);
  const renamed = new Map(draft.controls.map((control, i) => [control.name, names[i] ?? ""]));
  const controls = draft.controls.map((control, i): Json => ({
    ...control.more, name: names[i], type: control.type, title: control.title, required: control.required,
    ...(control.type === "relations" ? { spans: renamed.get(String(control.more.spans)) ?? spansBefore(draft, names, i) } : {}),
    ...(control.type === "spans" || control.type === "shapes" ? { field: fieldOf(control, draft, fields) } : {}),
    ...(hasLabels(control.type) ? { labels: labelsOf(control) } : {}),
  }));
  return { display, controls };
}

/** What is marked: the column that was chosen as long as it is shown as it must be, else the first one that is. */
function fieldOf(control: ControlDraft, draft: Draft, fields: readonly string[]): string {
  const as = control.type === "spans" ? "text" : "image";
  const wanted = optionalText(control.more.field);
  return draft.shown[wanted] === as ? wanted : (fields.find((field) => draft.shown[field] === as) ?? wanted);
}

/** The spans that relations tie when nobody has said which: the nearest before them. */
function spansBefore(draft: Draft, names: readonly string[], at: number): string {
  const place = draft.controls.slice(0, at).findLastIndex((control) => control.type === "spans");
  return place < 0 ? "" : (names[place] ?? "");
}

const START: Readonly<Record<ControlType, Json>> = {
  choice: { multiple: false }, taxonomy: { multiple: false, leaves_only: false }, spans: { overlap: "allow", snap: true }, relations: { directed: true },
  text: { least: 0, most: 10_000, lines: 3, start_from: "" }, rating: { steps: 5, low: "", high: "", sides: false }, preference: { tie: true, neither: false }, form: { columns: [] }, shapes: { tools: ["box"], attributes: [] },
};

/** A new control of a type; a span control marks the first text that is shown. */
export function newControl(type: ControlType, draft: Draft, fields: readonly string[]): ControlDraft {
  const text = fields.find((field) => draft.shown[field] === "text") ?? "";
  const picture = fields.find((field) => draft.shown[field] === "image") ?? "";
  const more = type === "shapes" ? { ...START.shapes, field: picture } : type === "spans" ? { ...START.spans, field: text } : type === "form" ? { columns: fields.map((field) => ({ field, kind: "text" })) } : START[type];
  return { key: (keys += 1), type, name: "", title: "", required: type !== "spans" && type !== "relations" && type !== "shapes", labels: "", known: [], more };
}

export function changed(draft: Draft, key: number, change: Partial<ControlDraft>): Draft {
  return { ...draft, controls: draft.controls.map((control) => (control.key === key ? { ...control, ...change } : control)) };
}

export function moved(draft: Draft, key: number, by: 1 | -1): Draft {
  const controls = [...draft.controls];
  const at = controls.findIndex((control) => control.key === key);
  const [control] = controls.splice(at, 1);
  if (control === undefined) return draft;
  controls.splice(Math.min(Math.max(at + by, 0), controls.length), 0, control);
  return { ...draft, controls };
}

export function removed(draft: Draft, key: number): Draft {
  return { ...draft, controls: draft.controls.filter((control) => control.key !== key) };
}
