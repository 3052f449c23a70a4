import { expect, test } from "vitest";
import { isSharedShape, partsOf, sameAs, sharedParts } from "../../src/adjudicate/compare";
import { parseSchema } from "../../src/schema";
import { shapesOf } from "../../src/state/shapes";
import type { Answer } from "../../src/wire";

const schema = parseSchema({
  display: [{ type: "text", field: "text" }],
  controls: [
    { name: "label", type: "choice", labels: [{ value: "ham" }, { value: "spam" }] },
    { name: "names", type: "spans", field: "text", labels: [{ value: "who" }] },
    { name: "ties", type: "relations", spans: "names", labels: [{ value: "knows" }] },
    { name: "form", type: "form", columns: [{ field: "sum", kind: "number" }] },
  ],
});
const [label, names, ties, form] = schema.controls;
if (label === undefined || names === undefined || ties === undefined || form === undefined) throw new Error("The schema has four controls");

const span = (id: string, start: number, end: number) => ({ id, start, end, label: "who", text: "" });
const first: Answer = { label: ["ham"], names: [span("a", 0, 3), span("b", 5, 8)], ties: [{ from: "a", to: "b", label: "knows" }], form: { sum: 3, tax: null } };
/** The same under other names. */
const same: Answer = { label: ["ham"], names: [span("x", 0, 3), span("y", 5, 8)], ties: [{ from: "x", to: "y", label: "knows" }], form: { sum: 3, tax: null } };
const other: Answer = { label: ["spam"], names: [span("x", 0, 3)], form: { sum: 4, tax: null } };

test("parts are equal where answers say the same, whatever their spans are called", () => {
  for (const control of schema.controls) expect(partsOf(control, first)).toEqual(partsOf(control, same));
  expect(partsOf(names, other)).toEqual(["0-3-who"]);
  expect(partsOf(ties, other)).toEqual([]);
});

test("what all answers have is shared, and a skipped one has no say", () => {
  expect([...sharedParts(names, [first, null, other])]).toEqual(["0-3-who"]);
  expect([...sharedParts(label, [first, other])]).toEqual([]);
  expect([...sharedParts(form, [first, other])]).toEqual(["tax=null"]);
  expect(sharedParts(label, [null]).size).toBe(0);
});

test("an answer that says what an earlier one says names it", () => {
  expect([0, 1, 2, 3].map((at) => sameAs(schema.controls, [first, other, same, null], at))).toEqual([null, null, 0, null]);
});

test("a shape is shared when everybody has it with its label in about the same place", () => {
  const box = (x: number, kind = "cell", width = 10) => shapesOf([{ id: "s", type: "box", label: kind, x, y: 0, width, height: 10 }]);
  const [mine] = box(0);
  if (mine === undefined) throw new Error("The shape is whole");
  expect(isSharedShape(mine, [box(1), box(2)])).toBe(true);
  expect(isSharedShape(mine, [box(1), box(6)])).toBe(false);
  expect(isSharedShape(mine, [box(0, "dust")])).toBe(false);
  expect(isSharedShape(mine, [[]])).toBe(false);
  expect(isSharedShape(mine, [])).toBe(true);
  const [dot] = shapesOf([{ id: "p", type: "point", label: "cell", x: 5, y: 5 }]);
  const near = shapesOf([{ id: "q", type: "point", label: "cell", x: 7, y: 5 }]);
  if (dot === undefined) throw new Error("The point is whole");
  expect([isSharedShape(dot, [near]), isSharedShape(dot, [box(100)])]).toEqual([true, false]);
});
