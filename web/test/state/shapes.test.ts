import { expect, test } from "vitest";
import { setupOf } from "../../src/schema";
import type { Action } from "../../src/state/actions/action";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { submit } from "../../src/state/actions/submit";
import { addCorner, chooseTool, draw, newShape, nextCorner, nextTool, setAttribute, SHAPE_KEYS, type Pen } from "../../src/state/actions/draw";
import { nextPart, removePart } from "../../src/state/actions/parts";
import { undo } from "../../src/state/actions/undo";
import { isComplete } from "../../src/state/controls";
import { focusOf } from "../../src/state/focus";
import { cornersOf, cornerTo, grownBy, isDrawn, movedBy, polygon, shapesOf, shapesValue, swept, turnedBy, withCorner, withoutCorner, type Shape } from "../../src/state/shapes";
import type { State } from "../../src/state/state";
import { schemaOf, shown } from "../../src/state/view";
import type { AnswerValue, Control } from "../../src/wire";
import { env, ready, task } from "../examples";

const SIZE = { width: 200, height: 100 };
const label = (value: string) => ({ value, title: value, hotkey: null, color: null });
const cells: Control = {
  name: "cells", type: "shapes", title: "", multiple: false, required: false, labels: [label("RBC"), label("WBC")],
  setup: setupOf({ field: "image", tools: ["box", "rotated_box", "polygon", "point"], attributes: [{ name: "kind", options: ["B", "T"], labels: ["WBC"], required: true }] }, "cells"),
};
const start = (): State => ready([cells], [task(1, { data: { image: "a".repeat(64), image_width: SIZE.width, image_height: SIZE.height } }), task(2)]);
const act = <Arg>(state: State, action: Action<Arg>, arg: Arg): State => action.perform(state, env(), arg).state;
const keys = (state: State, ...names: string[]): State => names.reduce((each, name) => {
  const action = [newShape, nextTool, nextCorner, nextPart, removePart, undo, ...SHAPE_KEYS].find((one) => one.name === name);
  if (action === undefined) throw new Error(name);
  return act(each, action, undefined);
}, state);
const box = (x: number, y: number, width: number, height: number) => (id: string, { tool, label: name }: Pen): Shape => swept(tool, { x, y }, { x: x + width, y: y + height }, id, name);
const sweep = (state: State, ...place: [number, number, number, number]): State => act(state, draw, { control: "cells", shape: box(...place) });
const value = (state: State): AnswerValue => shown(state)?.answer["cells"] ?? null;

test("a sweep makes a box with the label of the pen", () => {
  const state = sweep(act(start(), chooseLabel, { control: "cells", value: "WBC" }), 10, 20, 30, 40);
  expect(value(state)).toEqual([{ id: "s1", type: "box", label: "WBC", x: 10, y: 20, width: 30, height: 40 }]);
  expect(focusOf(state).part).toEqual({ control: "cells", id: "s1" });
  expect(value(sweep(state, 1, 1, 1, 1))).toEqual(value(state));
});

test("keys alone draw, place, size, name and remove a box", () => {
  let state = keys(start(), "new-shape");
  expect(value(state)).toEqual([{ id: "s1", type: "box", label: "RBC", x: 80, y: 40, width: 40, height: 20 }]);
  state = keys(state, "nudge-right", "nudge-down", "pixel-left", "wider", "higher", "lower");
  expect(value(state)).toEqual([{ id: "s1", type: "box", label: "RBC", x: 81, y: 42, width: 42, height: 20 }]);
  state = act(state, chooseLabel, { control: "cells", value: "WBC" });
  expect(shapesOf(value(state)).map((shape) => shape.label)).toEqual(["WBC"]);
  expect(value(keys(state, "remove-part"))).toEqual([]);
  expect(shapesOf(value(keys(state, "undo"))).map((shape) => shape.label)).toEqual(["RBC"]);
});

test("a shape stops at the edge of the picture", () => {
  const shape = swept("box", { x: 150, y: 60 }, { x: 190, y: 90 }, "a", "RBC");
  expect(movedBy(shape, { x: 99, y: 99 }, SIZE)).toMatchObject({ x: 160, y: 70 });
  expect(grownBy(shape, { x: 99, y: 99 }, SIZE)).toMatchObject({ width: 50, height: 40 });
  expect(grownBy(shape, { x: -99, y: 0 }, SIZE)).toBe(shape);
  expect(cornerTo(shape, 2, { x: 500, y: 500 }, SIZE)).toMatchObject({ x: 150, y: 60, width: 50, height: 40 });
});

test("a rotated box keeps the opposite corner when one is pulled", () => {
  const shape = turnedBy(swept("rotated_box", { x: 60, y: 40 }, { x: 100, y: 60 }, "a", "RBC"), 30);
  const [, , opposite] = cornersOf(shape);
  const pulled = cornerTo(shape, 0, { x: 50, y: 30 }, SIZE);
  const [first, , third] = cornersOf(pulled);
  expect([third?.x, third?.y].map((each) => Math.round(each ?? 0))).toEqual([opposite?.x, opposite?.y].map((each) => Math.round(each ?? 0)));
  expect([first?.x, first?.y].map((each) => Math.round(each ?? 0))).toEqual([50, 30]);
  expect(turnedBy(shape, -40).angle).toBe(350);
});

test("a polygon gets and loses corners, and keeps three", () => {
  const shape = polygon([{ x: 0, y: 0 }, { x: 20, y: 0 }, { x: 20, y: 20 }], "a", "RBC");
  const more = withCorner(shape, 2);
  expect(more.points[3]).toEqual({ x: 10, y: 10 });
  expect(withoutCorner(more, 3).points).toEqual(shape.points);
  expect(withoutCorner(shape, 0)).toBe(shape);
  expect(isDrawn(polygon([{ x: 0, y: 0 }, { x: 9, y: 9 }, { x: 18, y: 18 }], "a", "RBC"))).toBe(false);
});

test("corners are taken in turn and moved by the arrows", () => {
  let state = act(start(), chooseTool, { control: "cells", tool: "polygon" });
  state = keys(state, "new-shape", "next-corner");
  const before = shapesOf(value(state))[0]?.points[0];
  state = keys(state, "nudge-left");
  expect(shapesOf(value(state))[0]?.points[0]).toEqual({ x: (before?.x ?? 0) - 2, y: before?.y });
  state = keys(state, "remove-part");
  expect(shapesOf(value(state))[0]?.points.length).toBe(5);
});

test("a polygon gets a corner by key, behind the one at hand", () => {
  let state = act(start(), chooseTool, { control: "cells", tool: "polygon" });
  state = keys(state, "new-shape", "next-corner", "next-corner");
  const [, a, b] = shapesOf(value(state))[0]?.points ?? [];
  state = act(state, addCorner, undefined);
  const points = shapesOf(value(state))[0]?.points ?? [];
  expect(points).toHaveLength(7);
  expect(points[2]?.x).toBeCloseTo(((a?.x ?? 0) + (b?.x ?? 0)) / 2, 1);
  expect(focusOf(state).corner).toBe(2);
  expect(addCorner.isEnabled(sweep(start(), 10, 20, 30, 40))).toBe(false);
});

test("a key that is held down makes one step of undo", () => {
  const right = SHAPE_KEYS[0];
  let state = act(keys(start(), "new-shape"), right, undefined);
  for (let i = 0; i < 5; i += 1) state = right.perform(state, { ...env(), held: true }, undefined).state;
  expect(shapesOf(value(state))[0]?.x).toBe(92);
  expect(shapesOf(value(keys(state, "undo")))[0]?.x).toBe(80);
});

test("on a picture like a ribbon a step is small across it, and the smallest picture takes a shape", () => {
  const sized = (width: number, height: number): State => ready([cells], [task(1, { data: { image: "a".repeat(64), image_width: width, image_height: height } })]);
  const ribbon = keys(sized(6000, 60), "new-shape", "nudge-down");
  expect(shapesOf(value(ribbon))).toMatchObject([{ y: 27, height: 12 }]);
  expect(shapesOf(value(keys(sized(4, 4), "new-shape")))).toMatchObject([{ x: 1, y: 1, width: 2, height: 2 }]);
});

test("sending names what a shape lacks, and takes it to hand", () => {
  const state = act(sweep(act(start(), chooseLabel, { control: "cells", value: "WBC" }), 10, 20, 30, 40), submit, undefined);
  expect(state.notice).toMatchObject({ message: "notice.open-shape", params: { name: "kind" } });
  expect([focusOf(state).part?.id, state.writing?.control]).toEqual(["s1", "cells"]);
});

test("an attribute that must be said holds the answer back", () => {
  let state = sweep(act(start(), chooseLabel, { control: "cells", value: "WBC" }), 10, 20, 30, 40);
  expect(isComplete(schemaOf(state), shown(state)?.answer ?? {})).toBe(false);
  state = act(state, setAttribute, { control: "cells", name: "kind", value: "T" });
  expect(isComplete(schemaOf(state), shown(state)?.answer ?? {})).toBe(true);
  expect(shapesOf(value(act(state, chooseLabel, { control: "cells", value: "RBC" })))[0]?.attributes).toEqual({});
});

test("shapes come out of an answer as they went in, and broken ones are left out", () => {
  const rows: AnswerValue = [
    { id: "a", type: "rotated_box", label: "RBC", x: 5, y: 6, width: 7, height: 8, angle: 330 }, { id: "b", type: "polygon", label: "RBC", points: [[0, 0], [9, 0], [9, 9]] },
    { id: "c", type: "point", label: "WBC", x: 1, y: 2, attributes: { kind: "T" } }, { id: "d", type: "box", label: "WBC", x: 1.5, y: 2.25, width: 3, height: 4 },
  ];
  expect(shapesValue(shapesOf(rows))).toEqual(rows);
  expect(shapesOf([...rows, { id: "e", type: "box", label: "RBC", x: null, y: 1, width: 1, height: 1 }, 5, { id: "f", type: "lasso", label: "RBC" }]).length).toBe(4);
});
