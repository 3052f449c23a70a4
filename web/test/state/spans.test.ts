import { expect, test } from "vitest";
import type { Action } from "../../src/state/actions/action";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { close } from "../../src/state/actions/panels";
import { nextPart, previousPart, removePart } from "../../src/state/actions/parts";
import { beginTie, removeTie } from "../../src/state/actions/ties";
import { redo } from "../../src/state/actions/redo";
import { cursorDown, cursorLeft, cursorRight, extendLeft, extendRight, selectText, startRight, wholeWords } from "../../src/state/actions/select";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import { resolveBindings } from "../../src/state/bindings";
import { focusOf } from "../../src/state/focus";
import { setupOf } from "../../src/schema";
import { spansOf, tiesOf } from "../../src/state/spans";
import type { State } from "../../src/state/state";
import { schemaOf, shown } from "../../src/state/view";
import type { Control } from "../../src/wire";
import { env, ready, spamOrHam, task } from "../examples";

const label = (value: string) => ({ value, title: value, hotkey: null, color: null });
const names = (more: Record<string, unknown> = {}): Control => ({
  name: "names", type: "spans", title: "", multiple: false, required: false, labels: [label("PER"), label("LOC")], setup: setupOf({ field: "text", ...more }, "names"),
});
const ties: Control = {
  name: "ties", type: "relations", title: "", multiple: false, required: false, labels: [label("lives in")], setup: setupOf({ spans: "names" }, "ties"),
};
const WORDS = "👩‍🚀 Ann 住在 Zürich. Bob stays.";

function at(controls: readonly Control[] = [names()], text = WORDS): State {
  return ready(controls, [task(1, { data: { text } }), task(2, { data: { text } })]);
}
const act = <Arg>(state: State, action: Action<Arg>, arg: Arg): State => action.perform(state, env(), arg).state;
const keys = (state: State, ...actions: Action[]): State => actions.reduce((each, action) => act(each, action, undefined), state);
const mark = (state: State, value: string): State => act(state, chooseLabel, { control: "names", value });
const sweep = (state: State, word: string): State => act(state, selectText, { field: "text", start: WORDS.indexOf(word), end: WORDS.indexOf(word) + word.length });
const found = (state: State) => spansOf(shown(state)?.answer["names"]).map((span) => `${span.start}-${span.end} ${span.label} ${span.text}`);
const chosen = (state: State): string | null => {
  const { mark: place } = focusOf(state);
  return place === null ? null : WORDS.slice(place.start, place.end);
};

test("text that was swept gets its label, in code points", () => {
  const state = mark(sweep(at(), "Ann"), "PER");
  expect(found(state)).toEqual(["4-7 PER Ann"]);
  expect(focusOf(state)).toMatchObject({ mark: null, part: { control: "names", id: "s1" } });
  expect(state.draft[1]).toBe("local");
});

test("the keys alone select, mark, correct and send", () => {
  let state = keys(at(), cursorRight);
  expect(chosen(state)).toBe("👩‍🚀");
  state = keys(state, cursorRight);
  expect(chosen(state)).toBe("Ann");
  state = mark(keys(state, extendRight, extendLeft), "LOC");
  expect(found(state)).toEqual(["4-7 LOC Ann"]);
  state = mark(state, "PER");
  expect(found(state)).toEqual(["4-7 PER Ann"]);
  state = mark(keys(state, cursorDown), "PER");
  expect(found(state)).toEqual(["4-7 PER Ann", "19-22 PER Bob"]);
  const sent = submit.perform(state, env(), undefined);
  expect(sent.effects[0]).toMatchObject({ type: "submit", submission: { answer: { names: [{ id: "s1", start: 4, end: 7, label: "PER", text: "Ann" }, { id: "s2" }] } } });
  expect(focusOf(sent.state)).toMatchObject({ mark: null, part: null });
});

test("the moving end of a selection turns round at its first word", () => {
  const state = keys(sweep(at(), "Zürich"), extendLeft);
  expect(chosen(state)?.endsWith("Zürich")).toBe(true);
  expect(chosen(state)?.length).toBeGreaterThan("Zürich".length);
  expect(chosen(keys(state, extendRight))).toBe("Zürich");
});

test("at the end of the text a selection takes nothing in and lets nothing go", () => {
  let state = keys(at(), cursorRight);
  for (let i = 0; i < 99; i += 1) state = keys(state, extendRight);
  const whole = chosen(state);
  expect(whole?.startsWith(chosen(keys(at(), cursorRight)) ?? "?")).toBe(true);
  expect(chosen(keys(state, extendRight))).toBe(whole);
});

test("a span's edges move with the keys", () => {
  let state = mark(sweep(at(), "Bob"), "PER");
  state = keys(state, extendRight);
  expect(found(state)).toEqual(["19-28 PER Bob stays"]);
  state = keys(state, startRight);
  expect(found(state)).toEqual(["23-28 PER stays"]);
  expect(found(keys(state, startRight))).toEqual(["23-28 PER stays"]);
});

test("undo and redo go through every change before they touch sent answers", () => {
  let state = mark(sweep(mark(sweep(at(), "Ann"), "PER"), "Bob"), "PER");
  state = keys(state, removePart);
  expect(found(state)).toEqual(["4-7 PER Ann"]);
  state = keys(state, undo);
  expect(found(state)).toEqual(["4-7 PER Ann", "19-22 PER Bob"]);
  state = keys(state, undo, undo);
  expect(found(state)).toEqual([]);
  state = keys(state, redo, redo, redo);
  expect(found(state)).toEqual(["4-7 PER Ann"]);
  expect(redo.isEnabled(state)).toBe(false);
});

test("overlap is what the project takes", () => {
  const twice = mark(sweep(mark(sweep(at(), "Ann"), "PER"), "Ann"), "PER");
  expect([found(twice), twice.notice?.message]).toEqual([["4-7 PER Ann"], "notice.span-twice"]);
  const nested = mark(sweep(mark(sweep(at(), "Bob stays"), "LOC"), "Bob"), "PER");
  expect(found(nested)).toEqual(["19-22 PER Bob", "19-28 LOC Bob stays"]);
  const apart = mark(sweep(mark(sweep(at([names({ overlap: "none" })]), "Bob stays"), "LOC"), "Bob"), "PER");
  expect([found(apart), apart.notice?.message]).toEqual([["19-28 LOC Bob stays"], "notice.span-overlaps"]);
});

test("a label without a selection says what to do", () => {
  expect(mark(at(), "PER").notice?.message).toBe("notice.select-first");
});

test("sweeping half a word takes the whole one unless single characters are wanted", () => {
  const half = { field: "text", start: WORDS.indexOf("rich"), end: WORDS.indexOf("rich") + 2 };
  expect(chosen(act(at(), selectText, half))).toBe("Zürich");
  expect(chosen(act(keys(at(), wholeWords), selectText, half))).toBe("ri");
  expect(chosen(act(at([names({ snap: false })]), selectText, half))).toBe("ri");
});

test("two spans are tied, and a removed span takes its ties along", () => {
  let state = mark(sweep(mark(sweep(at([names(), ties]), "Ann"), "PER"), "Zürich"), "LOC");
  state = keys(state, previousPart, beginTie);
  expect(state.notice?.message).toBe("notice.tie-to");
  state = act(keys(state, nextPart), chooseLabel, { control: "ties", value: "lives in" });
  expect(tiesOf(shown(state)?.answer["ties"])).toEqual([{ from: "s1", to: "s2", label: "lives in" }]);
  expect(tiesOf(shown(keys(state, removePart))?.answer["ties"])).toEqual([]);
  expect(tiesOf(shown(act(state, removeTie, { control: "ties", at: 0 }))?.answer["ties"])).toEqual([]);
});

test("Escape leaves the selection before it leaves anything else", () => {
  const state = keys(sweep(at(), "Ann"), close);
  expect(focusOf(state).mark).toBeNull();
});

test("arrows belong to the cursor where text is marked, and to the answers elsewhere", () => {
  const marking = resolveBindings(schemaOf(at()), {});
  expect(marking.find("ArrowLeft")).toEqual({ type: "action", name: cursorLeft.name });
  expect(marking.find("k")).toEqual({ type: "action", name: "previous" });
  const choosing = resolveBindings(schemaOf(ready([spamOrHam], [])), {});
  expect(choosing.find("ArrowLeft")).toEqual({ type: "action", name: "previous" });
  expect(choosing.find("Delete")).toBeNull();
});

test("a draft's spans outside of the text are left out", () => {
  const broken = [{ id: "a", start: 4, end: 7, label: "PER", text: "Ann" }, { id: "b", start: 4, end: 700, label: "PER", text: "?" }, { id: "c", start: 1, end: 2, label: "X", text: "" }, 5, null];
  const state = ready([names()], [task(1, { data: { text: WORDS }, draft: { answer: { names: broken }, savedAt: 1 } })]);
  expect(found(state)).toEqual(["4-7 PER Ann"]);
});
