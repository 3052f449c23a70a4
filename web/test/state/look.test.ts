import { expect, test } from "vitest";
import { setupOf } from "../../src/schema";
import type { Action } from "../../src/state/actions/action";
import { newShape, sightOf } from "../../src/state/actions/draw";
import { brighter, closer, darker, farther, LIGHT, PAN_KEYS, whole } from "../../src/state/actions/look";
import { close } from "../../src/state/actions/panels";
import { resolveBindings } from "../../src/state/bindings";
import { meaningOf } from "../../src/state/dispatch-key";
import { shapesOf } from "../../src/state/shapes";
import type { State } from "../../src/state/state";
import { schemaOf, shown } from "../../src/state/view";
import type { Control } from "../../src/wire";
import { env, ready, task } from "../examples";

const SIZE = { width: 900, height: 450 };
const cells: Control = {
  name: "cells", type: "shapes", title: "", multiple: false, required: false, labels: [{ value: "RBC", title: "RBC", hotkey: null, color: null }], setup: setupOf({ field: "image" }, "cells"),
};
const data = { image: "a".repeat(64), image_width: SIZE.width, image_height: SIZE.height };
const start = (): State => ready([cells], [task(1, { data }), task(2, { data })]);
const go = (state: State, ...actions: Action[]): State => actions.reduce((each, action) => action.perform(each, env(), undefined).state, state);
const sight = (state: State) => sightOf(state, SIZE);
const press = (key: string) => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false });

test("keys come closer about the middle, go aside and show the whole again", () => {
  const near = go(start(), closer);
  expect(sight(near)).toEqual({ x: 150, y: 75, width: 600, height: 300 });
  const [right, , , up] = PAN_KEYS;
  expect(sight(go(near, right, up, up))).toEqual({ x: 270, y: 0, width: 600, height: 300 });
  expect(sight(go(near, farther))).toEqual({ x: 0, y: 0, ...SIZE });
  expect(sight(go(near, closer, whole))).toEqual({ x: 0, y: 0, ...SIZE });
  expect([farther.isEnabled(start()), farther.isEnabled(near)]).toEqual([false, true]);
});

test("the next picture is whole again", () => {
  const near = go(start(), closer);
  expect(sight({ ...near, queue: near.queue.slice(1) })).toEqual({ x: 0, y: 0, ...SIZE });
});

test("arrows go aside while one is close and has nothing at hand, and else move the shape", () => {
  const bindings = resolveBindings(schemaOf(start()), {});
  const meaning = (state: State) => meaningOf(state, bindings, press("ArrowDown"));
  expect(meaning(start())).toBeNull();
  expect(meaning(go(start(), closer))).toEqual({ type: "action", name: "pan-down" });
  const drawn = go(start(), closer, newShape);
  expect(meaning(drawn)).toEqual({ type: "action", name: "nudge-down" });
  expect(meaning(go(drawn, close))).toEqual({ type: "action", name: "pan-down" });
  expect(meaningOf(start(), bindings, press("+"))).toEqual({ type: "action", name: "closer" });
});

test("a new shape lies in the middle of what is in sight", () => {
  const [right] = PAN_KEYS;
  const state = go(start(), closer, right, newShape);
  expect(shapesOf(shown(state)?.answer["cells"])).toMatchObject([{ x: 510, y: 195, width: 120, height: 60 }]);
});

test("brightness stays within its limits and from task to task", () => {
  const bright = Array.from({ length: 40 }).reduce<State>((state) => go(state, brighter), start());
  expect([bright.light, go(bright, darker).light, { ...bright, queue: bright.queue.slice(1) }.light]).toEqual([LIGHT.most, LIGHT.most - LIGHT.step, LIGHT.most]);
});
