import { expect, test } from "vitest";
import { setupOf } from "../../src/schema";
import { answerTitles, fitAnswer, isComplete, rulesOf, startAnswer } from "../../src/state/controls";
import { cellOf, cellTrouble, unfitting, UNREADABLE } from "../../src/state/rules/words";
import type { AnswerValue, Control, Schema } from "../../src/wire";

const label = (value: string) => ({ value, title: value, hotkey: null, color: null });
function control(type: string, row: Record<string, unknown> = {}, more: Partial<Control> = {}): Control {
  const values = Array.isArray(row["labels"]) ? row["labels"].map((each: { value: string }) => label(each.value)) : [];
  return { name: "it", type, title: "", multiple: false, required: true, labels: values, setup: setupOf(row, "it"), ...more };
}
const schema = (...controls: Control[]): Schema => ({ display: [], controls });
const choose = (one: Control, value: AnswerValue, ...choices: string[]): AnswerValue => choices.reduce((each, choice) => rulesOf(one)?.choose(one, each, choice) ?? null, value);

const TREE = { labels: [{ value: "clothes" }, { value: "shoes", parent: "clothes" }, { value: "boots", parent: "shoes" }, { value: "food" }, { value: "tea", parent: "food" }] };

test("a node says what lies above it, so that one isn't kept", () => {
  const goods = control("taxonomy", TREE, { multiple: true });
  expect(choose(goods, [], "clothes", "boots")).toEqual(["boots"]);
  expect(choose(goods, ["boots"], "tea")).toEqual(["boots", "tea"]);
  expect(choose(goods, ["boots", "tea"], "clothes")).toEqual(["clothes", "tea"]);
  expect(answerTitles(schema(goods), { it: ["boots"] })).toEqual(["clothes › shoes › boots"]);
});

test("a branch can't be chosen where only the ends count", () => {
  const goods = control("taxonomy", { ...TREE, leaves_only: true });
  expect(choose(goods, ["tea"], "shoes")).toEqual(["tea"]);
  expect(rulesOf(goods)?.choices(goods).map((each) => each.value)).toEqual(["boots", "tea"]);
});

test("both answers of a pair need their number, or none", () => {
  const both = control("rating", { sides: true, steps: 5 });
  expect(choose(both, {}, "b:2", "a:5", "b:3")).toEqual({ a: 5, b: 3 });
  expect([{ a: 5 }, { a: 5, b: 1 }, {}].map((value) => isComplete(schema(both), { it: value }))).toEqual([false, true, false]);
  const free = { ...both, required: false };
  expect([{ a: 5 }, {}].map((value) => isComplete(schema(free), { it: value }))).toEqual([false, true]);
  expect(fitAnswer(schema(both), { it: { a: 9, b: 2, c: 1 } }, {})).toEqual({ it: { b: 2 } });
});

test("what may stay open is taken back by its own key, and what must be said is not", () => {
  const one = control("choice", { labels: [{ value: "a" }, { value: "b" }] });
  const scale = control("rating", { steps: 5 });
  const sides = control("rating", { steps: 5, sides: true });
  const better = control("preference", { labels: [{ value: "a" }] });
  expect([choose(one, ["a"], "a"), choose(scale, 3, "3"), choose(sides, { a: 3 }, "a:3"), choose(better, "a", "a")]).toEqual([["a"], 3, { a: 3 }, "a"]);
  const free = (each: Control): Control => ({ ...each, required: false });
  expect([choose(free(one), ["a"], "a"), choose(free(scale), 3, "3"), choose(free(sides), { a: 3, b: 1 }, "a:3"), choose(free(better), "a", "a")]).toEqual([[], null, { b: 1 }, null]);
});

test("a text has the length that is asked", () => {
  const words = control("text", { least: 3, most: 5, start_from: "old" });
  expect(["ab", "abc", "🙂🙂🙂", "abcdef", "  "].map((value) => isComplete(schema(words), { it: value }))).toEqual([false, true, true, false, false]);
  expect(startAnswer(schema(words), { old: "before" })).toEqual({ it: "before" });
});

test("a form starts with what the row has and says what can't be sent", () => {
  const columns = [
    { field: "kind", kind: "choice", options: ["a", "b"], required: true }, { field: "mass", kind: "number", least: 0, most: 9 },
    { field: "seen", kind: "date" }, { field: "ok", kind: "boolean" }, { field: "row", kind: "integer", locked: true },
  ];
  const form = control("form", { columns });
  expect(startAnswer(schema(form), { kind: "z", mass: "7.5", seen: "2024-05-31T10:00:00", ok: "true", row: 4 })).toEqual({ it: { kind: null, mass: 7.5, seen: "2024-05-31", ok: true } });
  const complete = (cells: { [field: string]: AnswerValue }): boolean => isComplete(schema(form), { it: cells });
  expect([complete({ kind: "a", mass: 9 }), complete({ kind: "a", mass: 10 }), complete({ mass: 1 })]).toEqual([true, false, false]);
  expect(answerTitles(schema(form), { it: { kind: "a", mass: null } })).toEqual(["kind: a"]);
});

test("a cell says why it can't be sent, and what the item has that doesn't fit", () => {
  const column = (kind: string) => ({ field: "x", title: "x", kind, options: ["a"], least: 0, most: 9, required: true, locked: false });
  const troubles = [cellTrouble(column("integer"), 1.5), cellTrouble(column("integer"), UNREADABLE), cellTrouble(column("number"), 1.5), cellTrouble(column("number"), 10), cellTrouble(column("text"), "?"), cellTrouble(column("text"), null)];
  expect(troubles).toEqual(["whole", "number", null, "range", null, "missing"]);
  expect([unfitting(column("number"), "39,1 mm"), unfitting(column("number"), "39.1"), unfitting(column("choice"), "adelie?"), unfitting(column("date"), null)]).toEqual(["39,1 mm", null, "adelie?", null]);
});

test("cells take what fits their kind", () => {
  const column = (kind: string) => ({ field: "x", title: "x", kind, options: ["a"], least: null, most: null, required: false, locked: false });
  expect([cellOf(column("integer"), "7"), cellOf(column("integer"), 7.5), cellOf(column("number"), "x"), cellOf(column("boolean"), "no"), cellOf(column("text"), 5), cellOf(column("choice"), "b")])
    .toEqual([7, null, null, null, "5", null]);
});
