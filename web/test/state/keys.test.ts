import { expect, test } from "vitest";
import { holderOf, resolveBindings } from "../../src/state/bindings";
import { meaningOf } from "../../src/state/dispatch-key";
import { isBindable, namesOf, type Press } from "../../src/state/press";
import { foundLabels } from "../../src/state/label-search";
import type { Control, Schema } from "../../src/wire";
import { ready, spamOrHam, suggestion, task, topics } from "../examples";

const press = (key: string, more: Partial<Press> = {}): Press => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, ...more });
const schema = (...controls: Control[]): Schema => ({ display: [], controls });
const labelled = (values: readonly string[], hotkeys: Readonly<Record<string, string>> = {}): Control => ({
  ...spamOrHam, labels: values.map((value) => ({ value, title: value, hotkey: hotkeys[value] ?? null, color: null })),
});

test("labels without a key get digits, then letters that no action uses", () => {
  const bindings = resolveBindings(schema(labelled(Array.from({ length: 12 }, (_, i) => `l${i + 1}`))), {});
  expect(["l1", "l9", "l10", "l11", "l12"].map((value) => bindings.keysOf(`label:label/${value}`))).toEqual([["1"], ["9"], ["b"], ["c"], ["d"]]);
});

test("a key of the schema wins over an action, which moves to Shift", () => {
  const bindings = resolveBindings(schema(labelled(["spam"], { spam: "S" })), {});
  expect(bindings.find("s")).toEqual({ type: "label", control: "label", value: "spam" });
  expect(bindings.keysOf("action:skip")).toEqual(["Shift+s"]);
});

test("a person's own key wins over all, and a key is never held twice", () => {
  const bindings = resolveBindings(schema(labelled(["spam", "ham"], { spam: "1", ham: "1" })), { "action:undo": "1", "action:unknown": "x" });
  expect(bindings.find("1")).toEqual({ type: "action", name: "undo" });
  const keys = bindings.rows.flatMap((row) => row.keys);
  expect(keys).toHaveLength(new Set(keys).size);
  expect(holderOf(bindings, "1", "action:skip")?.id).toBe("action:undo");
  expect(holderOf(bindings, "1", "action:undo")).toBeNull();
});

test("two questions share one row of digits", () => {
  const bindings = resolveBindings(schema(spamOrHam, topics), {});
  expect(bindings.keysOf("label:label/ham")).toEqual(["2"]);
  expect(bindings.keysOf("label:topics/work")).toEqual(["3"]);
});

test("a press is named by its sign, and by its place where the sign doesn't help", () => {
  expect(namesOf(press("Z", { code: "KeyZ", shiftKey: true }))).toEqual(["Shift+z"]);
  expect(namesOf(press("z", { code: "KeyY", metaKey: true }))).toEqual(["Ctrl+z"]);
  expect(namesOf(press("&", { code: "Digit1" }))).toEqual(["&", "1"]);
  expect(namesOf(press("Process", { code: "KeyS" }))).toEqual(["Process", "s"]);
  expect(namesOf(press("ы", { code: "KeyS" }))).toEqual(["ы", "s"]);
  expect(namesOf(press(" ", { code: "Space" }))).toEqual(["Space"]);
});

test("keys that the browser or a screen reader needs can't be bound", () => {
  expect(["q", "Shift+q", "7", ";", "F4", "ArrowUp", "é"].map(isBindable)).toEqual([true, true, true, true, true, true, true]);
  expect(["Tab", "Escape", "Ctrl+w", "F5x", "Meta", "Alt+x", ""].map(isBindable)).toEqual([false, false, false, false, false, false, false]);
});

test("Enter submits a complete answer, and takes the suggestion when nothing is chosen", () => {
  const bindings = resolveBindings(schema(spamOrHam), {});
  const withSuggestion = ready([spamOrHam], [task(1, { suggestion: suggestion("spam") })], { autoSubmit: false });
  expect(meaningOf(withSuggestion, bindings, press("Enter"))).toEqual({ type: "action", name: "accept" });
  expect(meaningOf({ ...withSuggestion, work: { 1: { label: ["ham"] } } }, bindings, press("Enter"))).toEqual({ type: "action", name: "submit" });
  expect(meaningOf(withSuggestion, bindings, press(" "))).toBeNull();
  // With nothing to take and nothing to send it says what is missing.
  expect(meaningOf(ready([spamOrHam], [task(1)]), bindings, press("Enter"))).toEqual({ type: "action", name: "submit" });
});

test("under a dialog only its own key and Escape mean something; beside the guidelines all keys do", () => {
  const bindings = resolveBindings(schema(spamOrHam), {});
  const state = ready([spamOrHam], [task(1)]);
  expect(meaningOf({ ...state, panel: "help" }, bindings, press("1"))).toBeNull();
  expect(meaningOf({ ...state, panel: "help" }, bindings, press("Escape"))).toEqual({ type: "action", name: "close" });
  expect(meaningOf({ ...state, panel: "help" }, bindings, press("?"))).toEqual({ type: "action", name: "help" });
  expect(meaningOf({ ...state, panel: "guidelines" }, bindings, press("1"))).toEqual({ type: "label", control: "label", value: "spam" });
});

test("before the page is ready no key means anything", () => {
  expect(meaningOf({ ...ready([spamOrHam], [task(1)]), phase: "loading" }, resolveBindings(schema(spamOrHam), {}), press("1"))).toBeNull();
});

test("label search puts beginnings first and ignores accents, case and underscores", () => {
  const rows = ["declined_transfer", "transfer timing", "Café", "cancel transfer"].map((title) => ({ control: "c", value: title, title, color: null }));
  const titles = (query: string): string[] => foundLabels(rows, query).map((row) => row.title);
  expect(titles("transfer")).toEqual(["transfer timing", "declined_transfer", "cancel transfer"]);
  expect(titles("CAFE")).toEqual(["Café"]);
  expect(titles("timing transfer")).toEqual(["transfer timing"]);
  expect(titles("zzz")).toEqual([]);
  expect(titles("")).toHaveLength(4);
});
