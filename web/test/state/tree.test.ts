import { expect, test } from "vitest";
import { setupOf } from "../../src/schema";
import { treeOf } from "../../src/state/rules/taxonomy";
import { treeStep, type TreeStep } from "../../src/state/tree";
import type { Control } from "../../src/wire";

const PARENTS: Readonly<Record<string, string>> = { shoes: "clothes", boots: "shoes", sandals: "shoes", coats: "clothes" };
const VALUES = ["clothes", "shoes", "boots", "sandals", "coats", "food"];
const goods: Control = {
  name: "kind", type: "taxonomy", title: "", multiple: false, required: true, setup: { ...setupOf({}, "kind"), parents: PARENTS },
  labels: VALUES.map((value) => ({ value, title: value, hotkey: null, color: null })),
};
const tree = treeOf(goods);
const visibleWith = (open: readonly string[]): string[] => VALUES.filter((value) => tree.above(value).every((each) => open.includes(each)));
const step = (key: string, at: string, open: readonly string[]): TreeStep | null => treeStep(key, at, visibleWith(open), tree, (value) => open.includes(value));
const to = (value: string): TreeStep => ({ kind: "go", to: value });

test("each label knows what lies above it and where it stands among its neighbours", () => {
  expect(tree.above("boots")).toEqual(["clothes", "shoes"]);
  expect([tree.isInner("shoes"), tree.isInner("boots"), tree.isInner("nothing")]).toEqual([true, false, false]);
  expect([tree.placeOf("sandals"), tree.placeOf("food"), tree.placeOf("coats")]).toEqual([[2, 2], [2, 2], [2, 2]]);
});

test("up, down, Home and End go through what is in sight and stop at its ends", () => {
  expect(step("ArrowDown", "clothes", [])).toEqual(to("food"));
  expect(step("ArrowDown", "clothes", ["clothes"])).toEqual(to("shoes"));
  expect([step("ArrowDown", "food", []), step("ArrowUp", "clothes", [])]).toEqual([to("food"), to("clothes")]);
  expect([step("End", "clothes", ["clothes"]), step("Home", "food", [])]).toEqual([to("food"), to("clothes")]);
});

test("right opens, then goes in; left closes, then goes out", () => {
  expect(step("ArrowRight", "clothes", [])).toEqual({ kind: "turn", open: true });
  expect(step("ArrowRight", "clothes", ["clothes"])).toEqual(to("shoes"));
  expect(step("ArrowRight", "food", [])).toEqual(to("food"));
  expect(step("ArrowLeft", "boots", ["clothes", "shoes"])).toEqual(to("shoes"));
  expect(step("ArrowLeft", "shoes", ["clothes", "shoes"])).toEqual({ kind: "turn", open: false });
  expect([step("ArrowLeft", "shoes", ["clothes"]), step("ArrowLeft", "clothes", [])]).toEqual([to("clothes"), to("clothes")]);
});

test("Enter and Space choose, and the keys of labels stay theirs", () => {
  expect([step("Enter", "food", []), step(" ", "food", [])]).toEqual([{ kind: "press" }, { kind: "press" }]);
  expect(["1", "a", "z", "/", "Escape", "Tab"].map((key) => step(key, "food", []))).toEqual([null, null, null, null, null, null]);
});
