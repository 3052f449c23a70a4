/** What is still open or wrong in a schema, as far as the editor can tell: said where it can be mended, before the server is asked. */
import { optionalText } from "../json";
import { hasLabels, linesOf, type ControlDraft, type Draft } from "./draft";
import type { Word } from "./words";

export interface Trouble { word: Word; params: Readonly<Record<string, string | number>>; at: "labels" | "own" }

const trouble = (word: Word, at: Trouble["at"] = "own", params: Trouble["params"] = {}): Trouble => ({ word, at, params });

/** The first value that stands in a list twice; undefined when all differ. */
const doubled = (values: readonly string[]): string | undefined => values.find((value, i) => value !== "" && values.indexOf(value) < i);

function ofLabels(control: ControlDraft): Trouble[] {
  const lines = linesOf(control.labels);
  const least = control.type === "choice" || control.type === "taxonomy" ? 2 : 1;
  if (lines.length < least) return [trouble(least === 2 ? "trouble.labels-2" : "trouble.labels-1", "labels")];
  const title = doubled(lines.map((line) => line.title));
  const key = doubled(lines.map((line) => line.hotkey.toLowerCase()));
  const long = lines.find((line) => [...line.title].length > 200);
  return [
    ...(title === undefined ? [] : [trouble("trouble.twice", "labels", { name: title })]),
    ...(key === undefined ? [] : [trouble("trouble.key", "labels", { name: key })]),
    ...(long === undefined ? [] : [trouble("trouble.long", "labels", { name: [...long.title].slice(0, 40).join("") })]),
  ];
}

function ofColumns(control: ControlDraft): Trouble[] {
  const rows = Array.isArray(control.more.columns) ? control.more.columns : [];
  if (rows.length === 0) return [trouble("trouble.columns")];
  return rows.flatMap((row) => {
    const name = optionalText(row.title) || String(row.field);
    if (row.kind === "choice" && (!Array.isArray(row.options) || row.options.length === 0)) return [trouble("trouble.options", "own", { name })];
    return typeof row.least === "number" && typeof row.most === "number" && row.least > row.most ? [trouble("trouble.limits", "own", { name })] : [];
  });
}

function ofControl(draft: Draft, control: ControlDraft, place: number): Trouble[] {
  const shown = new Set(Object.values(draft.shown));
  const { type, more } = control;
  const found = hasLabels(type) ? ofLabels(control) : [];
  const isPaired = shown.has("a") && shown.has("b");
  if (type === "spans" && !shown.has("text")) found.push(trouble("trouble.text"));
  if (type === "shapes" && !shown.has("image")) found.push(trouble("trouble.picture"));
  if (type === "shapes" && Array.isArray(more.tools) && more.tools.length === 0) found.push(trouble("trouble.tools"));
  if (type === "relations" && !draft.controls.slice(0, place).some((each) => each.type === "spans")) found.push(trouble("trouble.spans"));
  if ((type === "preference" || (type === "rating" && more.sides === true)) && !isPaired) found.push(trouble("trouble.pair"));
  if (type === "form") found.push(...ofColumns(control));
  if (type === "text" && typeof more.least === "number" && typeof more.most === "number" && more.least > more.most) found.push(trouble("trouble.lengths"));
  return found;
}

export interface Troubles { shown: Trouble | null; asked: Trouble | null; controls: ReadonlyMap<number, readonly Trouble[]>; none: boolean }

export function troublesOf(draft: Draft): Troubles {
  const as = Object.values(draft.shown).filter((each) => each !== "hidden");
  const isHalf = as.includes("a") !== as.includes("b");
  const isTwice = (["a", "b"] as const).some((side) => as.filter((each) => each === side).length > 1);
  const shown = as.length === 0 ? trouble("trouble.shown") : isHalf || isTwice ? trouble("trouble.half") : null;
  const asked = draft.controls.length === 0 ? trouble("trouble.asked") : null;
  const controls = new Map(draft.controls.map((control, i) => [control.key, ofControl(draft, control, i)]));
  return { shown, asked, controls, none: shown === null && asked === null && [...controls.values()].every((each) => each.length === 0) };
}
