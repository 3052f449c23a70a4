/** What a project shows and asks, as `page/` gives it: the types of displays and controls with their own settings. */
import { colorAt } from "./label-colors";
import { list, object, optionalText, text, type Json } from "./json";

export interface Label { value: string; title: string; hotkey: string | null; color: string | null }

/** One value of a form. */
export interface Column {
  field: string; title: string; kind: string; options: readonly string[]; least: number | null; most: number | null; required: boolean; locked: boolean;
}

/** What is asked of each shape; of those with certain labels, when it names any. */
export interface Attribute { name: string; title: string; options: readonly string[]; labels: readonly string[]; required: boolean }

/** What one question has beside its name; a type of control reads those that it has. */
export interface Setup {
  /** spans: the text field; relations: the control whose spans are tied. */
  field: string;
  spans: string;
  snap: boolean;
  overlap: string;
  directed: boolean;
  /** taxonomy: the value above each value. */
  parents: Readonly<Record<string, string>>;
  leavesOnly: boolean;
  /** rating */
  steps: number;
  low: string;
  high: string;
  sides: boolean;
  /** text */
  least: number;
  most: number;
  lines: number;
  startFrom: string;
  columns: readonly Column[];
  /** shapes */
  tools: readonly string[];
  attributes: readonly Attribute[];
}

export interface Control {
  name: string; type: string; title: string; multiple: boolean; required: boolean; labels: Label[]; setup: Setup;
}
/** `other` is the second field of a pair. */
export interface Display { type: string; field: string; title: string; other: string; markdown: boolean }
export interface Schema { display: Display[]; controls: Control[] }

const optionalNumber = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const optionalList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Colours reach the page as CSS values, so only hexadecimal ones are let through. */
function color(value: unknown): string | null {
  return typeof value === "string" && /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(value) ? value : null;
}

function label(value: unknown, place: string): Label {
  const row = object(value, place);
  const key = text(row.value, `${place}.value`);
  return { value: key, title: optionalText(row.title) || key, hotkey: optionalText(row.hotkey) || null, color: color(row.color) };
}

function column(value: unknown, place: string): Column {
  const row = object(value, place);
  const field = text(row.field, `${place}.field`);
  return {
    field, title: optionalText(row.title) || field, kind: optionalText(row.kind) || "text", options: optionalList(row.options).map(String),
    least: optionalNumber(row.least), most: optionalNumber(row.most), required: row.required === true, locked: row.locked === true,
  };
}

function attribute(value: unknown, place: string): Attribute {
  const row = object(value, place);
  const name = text(row.name, `${place}.name`);
  return { name, title: optionalText(row.title) || name, options: optionalList(row.options).map(String), labels: optionalList(row.labels).map(String), required: row.required === true };
}

function parentsOf(rows: readonly unknown[], place: string): Record<string, string> {
  const pairs = rows.map((each, i) => object(each, `${place}.${i}`)).map((row) => [String(row.value), optionalText(row.parent)] as const);
  return Object.fromEntries(pairs.filter(([, parent]) => parent !== ""));
}

export function setupOf(row: Json, place: string): Setup {
  return {
    field: optionalText(row.field), spans: optionalText(row.spans), snap: row.snap !== false, overlap: optionalText(row.overlap) || "allow",
    directed: row.directed !== false, parents: parentsOf(optionalList(row.labels), `${place}.labels`), leavesOnly: row.leaves_only === true,
    steps: optionalNumber(row.steps) ?? 5, low: optionalText(row.low), high: optionalText(row.high), sides: row.sides === true,
    least: optionalNumber(row.least) ?? 0, most: optionalNumber(row.most) ?? 10_000, lines: optionalNumber(row.lines) ?? 3,
    startFrom: optionalText(row.start_from),
    tools: row.tools === undefined ? ["box"] : optionalList(row.tools).map(String),
    attributes: optionalList(row.attributes).map((each, i) => attribute(each, `${place}.attributes.${i}`)),
    columns: optionalList(row.columns).map((each, i) => column(each, `${place}.columns.${i}`)),
  };
}

/** What lies on a text or a picture is told apart by its colour; a button has its words. */
const COLOURED = new Set(["spans", "relations", "shapes"]);

function control(value: unknown, place: string): Control {
  const row = object(value, place);
  const isColoured = COLOURED.has(String(row.type));
  const coloured = (found: Label, i: number): Label => (isColoured && found.color === null ? { ...found, color: colorAt(i) } : found);
  return {
    name: text(row.name, `${place}.name`),
    type: text(row.type, `${place}.type`),
    title: optionalText(row.title),
    multiple: row.multiple === true,
    required: row.required !== false,
    labels: row.labels === undefined ? [] : list(row.labels, `${place}.labels`).map((each, i) => coloured(label(each, `${place}.labels.${i}`), i)),
    setup: setupOf(row, place),
  };
}

function display(value: unknown, place: string): Display {
  const row = object(value, place);
  const type = text(row.type, `${place}.type`);
  const first = type === "pair" ? "a" : "field";
  return {
    type, field: text(row[first], `${place}.${first}`), title: optionalText(row.title), other: optionalText(row.b), markdown: row.markdown === true,
  };
}

export function parseSchema(value: unknown): Schema {
  const schema = object(value, "project.schema");
  return {
    display: list(schema.display, "schema.display").map((row, i) => display(row, `schema.display.${i}`)),
    controls: list(schema.controls, "schema.controls").map((row, i) => control(row, `schema.controls.${i}`)),
  };
}
