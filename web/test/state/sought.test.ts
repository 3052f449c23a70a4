import { expect, test } from "vitest";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { seek } from "../../src/state/actions/seek";
import { focusOf } from "../../src/state/focus";
import { hintOf, parseSought, type Sought } from "../../src/state/sought";
import { setupOf } from "../../src/schema";
import type { State } from "../../src/state/state";
import { shown } from "../../src/state/view";
import type { Control } from "../../src/wire";
import { env, ready, task } from "../examples";

const label = (value: string) => ({ value, title: value, hotkey: null, color: null });
const names: Control = { name: "names", type: "spans", title: "", multiple: false, required: false, setup: setupOf({ field: "text" }, "names"), labels: [label("PER"), label("LOC")] };
const cells: Control = { name: "cells", type: "shapes", title: "", multiple: false, required: false, setup: setupOf({ field: "image" }, "cells"), labels: [label("red"), label("white")] };
const TEXT = "🚀 Ada met 王小明.";
const answer = { names: [{ id: "a", start: 2, end: 5, label: "LOC", text: "Ada" }], cells: [{ id: "c", type: "box", label: "red", x: 10, y: 20, width: 30, height: 20 }] };
const at = (): State => ready([names, cells], [task(1, { data: { text: TEXT, image: "", image_width: 1000, image_height: 500 }, draft: { answer, savedAt: 0 } })]);
const sought = (more: Partial<Sought>): Sought => ({ control: "names", mark: "a", label: "PER", start: 0, end: 0, ...more });
const led = (more: Partial<Sought>): State => seek.perform(at(), env(), sought(more)).state;
const key = (state: State, value: string): State => chooseLabel.perform(state, env(), { control: "names", value }).state;

test("an address says which mark, and where one should be", () => {
  expect(parseSought("#control=names&mark=new-0-3&label=PER&from=10&to=13")).toEqual(sought({ mark: "new-0-3", start: 10, end: 13 }));
  expect(parseSought("#control=%E5%90%8D&mark=a")).toEqual(sought({ control: "名", label: "" }));
  expect([parseSought(""), parseSought("#control=names"), parseSought("#mark=a")]).toEqual([null, null, null]);
  expect(parseSought("#control=names&mark=a&from=x&to=1e99")).toMatchObject({ start: 0, end: 0 });
});

test("a doubted span is at hand, its other label is hinted at, and a key takes it", () => {
  const state = led({});
  expect(focusOf(state).part).toEqual({ control: "names", id: "a" });
  expect(hintOf(state, names)).toEqual({ label: "PER", place: null });
  const taken = key(state, "PER");
  expect(shown(taken)?.answer["names"]).toMatchObject([{ id: "a", label: "PER" }]);
  expect(hintOf(taken, names)?.label).toBe("");
});

test("where a span is missing its text is selected, in code points, until something is marked there", () => {
  const state = led({ mark: "new-10-13", start: 10, end: 13 });
  const { mark, part } = focusOf(state);
  expect([part, TEXT.slice(mark?.start, mark?.end)]).toEqual([null, "王小明"]);
  expect(hintOf(state, names)).toEqual({ label: "PER", place: { start: 10, end: 13 } });
  const marked = key(state, "PER");
  expect(shown(marked)?.answer["names"]).toMatchObject([{ id: "a" }, { start: 10, end: 13, text: "王小明" }]);
  expect(hintOf(marked, names)).toBeNull();
});

test("of doubted borders both the span and the other place are shown", () => {
  const state = led({ label: "LOC", start: 2, end: 9 });
  expect(focusOf(state).part).toEqual({ control: "names", id: "a" });
  expect(hintOf(state, names)).toEqual({ label: "", place: { start: 2, end: 9 } });
});

test("a small shape is brought closer, and the whole of it is in sight", () => {
  const state = led({ control: "cells", mark: "c", label: "white" });
  const sight = state.sight?.sight;
  expect(sight).toEqual({ x: 0, y: 0, width: 150, height: 75 });
  expect(hintOf(state, cells)).toEqual({ label: "white", place: null });
});

test("a mark that is gone, or a place outside of the text, is said and nothing else happens", () => {
  for (const more of [{ mark: "b" }, { mark: "b", start: 5, end: 99 }, { mark: "b", start: -3, end: 2 }, { control: "cells", mark: "x" }]) {
    const state = led(more);
    expect(state.notice?.message).toBe("notice.mark-gone");
    expect([focusOf(state).part, focusOf(state).mark, hintOf(state, names)]).toEqual([null, null, null]);
  }
  const other = led({ control: "nothing" });
  expect(other.notice).toBeNull();
});
