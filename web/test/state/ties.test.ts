import { expect, test } from "vitest";
import type { Action } from "../../src/state/actions/action";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { choosePart, nextPart, removePart } from "../../src/state/actions/parts";
import { arcs, beginTie, nextTie, previousTie, tieAt } from "../../src/state/actions/ties";
import { undo } from "../../src/state/actions/undo";
import { focusOf } from "../../src/state/focus";
import { setupOf } from "../../src/schema";
import { tiesOf } from "../../src/state/spans";
import type { State } from "../../src/state/state";
import { shown } from "../../src/state/view";
import type { Control } from "../../src/wire";
import { env, ready, task } from "../examples";

const label = (value: string) => ({ value, title: value, hotkey: null, color: null });
const control = (name: string, type: string, labels: string[], setup: Record<string, unknown>): Control => ({
  name, type, title: "", multiple: false, required: false, labels: labels.map(label), setup: setupOf(setup, name),
});
const TEXT = "Ann met Bob and Carl";
const names = control("names", "spans", ["PER"], { field: "text" });
const ties = (directed = true): Control => control("ties", "relations", ["knows", "leads"], { spans: "names", directed });
const span = (id: string, text: string) => ({ id, start: TEXT.indexOf(text), end: TEXT.indexOf(text) + text.length, label: "PER", text });
const answer = { names: [span("s3", "Ann"), span("s2", "Bob"), span("s1", "Carl")], ties: [{ from: "s1", to: "s2", label: "knows" }, { from: "s3", to: "s1", label: "leads" }] };

const at = (directed = true): State => ready([names, ties(directed)], [task(1, { data: { text: TEXT }, draft: { answer, savedAt: 0 } })]);
const act = <Arg>(state: State, action: Action<Arg>, arg: Arg): State => action.perform(state, env(), arg).state;
const keys = (state: State, ...actions: Action[]): State => actions.reduce((each, action) => act(each, action, undefined), state);
const relate = (state: State, value: string): State => act(state, chooseLabel, { control: "ties", value });
const said = (state: State): string[] => tiesOf(shown(state)?.answer["ties"]).map((tie) => `${tie.from} ${tie.label} ${tie.to}`);
const hand = (state: State): string | undefined => tieAt(state)?.tie.label;

test("relations are gone through in the order of the text, from a span to its own first", () => {
  expect(hand(keys(at(), nextTie))).toBe("leads");
  expect(hand(keys(at(), nextTie, nextTie))).toBe("knows");
  expect(hand(keys(at(), nextTie, nextTie, nextTie))).toBe("leads");
  expect(hand(keys(at(), previousTie))).toBe("knows");
  expect(hand(keys(act(at(), choosePart, { control: "names", id: "s2" }), nextTie))).toBe("knows");
  expect(nextTie.isEnabled(ready([names, ties()], [task(1, { data: { text: TEXT } })]))).toBe(false);
});

test("the relation at hand takes another label, turns round, goes, and comes back", () => {
  const first = keys(at(), nextTie);
  expect(said(relate(first, "knows"))).toEqual(["s1 knows s2", "s3 knows s1"]);
  expect(hand(relate(first, "knows"))).toBe("knows");
  const turned = keys(first, beginTie);
  expect(said(turned)).toEqual(["s1 knows s2", "s1 leads s3"]);
  expect(hand(turned)).toBe("leads");
  expect(said(keys(at(false), nextTie, beginTie))).toEqual(["s1 knows s2", "s3 leads s1"]);
  const gone = keys(first, removePart);
  expect(said(gone)).toEqual(["s1 knows s2"]);
  expect(focusOf(gone).part).toEqual({ control: "names", id: "s3" });
  expect(said(keys(gone, undo))).toEqual(["s1 knows s2", "s3 leads s1"]);
});

test("a relation that stands there already isn't said twice", () => {
  const twice = { names: answer.names, ties: [{ from: "s3", to: "s1", label: "knows" }, { from: "s3", to: "s1", label: "leads" }] };
  const state = keys(ready([names, ties()], [task(1, { data: { text: TEXT }, draft: { answer: twice, savedAt: 0 } })]), nextTie);
  const same = relate(state, "leads");
  expect(same.notice?.message).toBe("notice.tie-twice");
  expect(said(same)).toHaveLength(2);
});

test("from a relation the keys of spans go on behind its first span", () => {
  expect(focusOf(keys(at(), nextTie, nextPart)).part).toEqual({ control: "names", id: "s2" });
});

test("arcs are hidden by a key, and that is kept", () => {
  const step = arcs.perform(at(), env(), undefined);
  expect(step.state.settings.arcs).toBe(false);
  expect(step.effects).toEqual([{ type: "settings" }]);
});
