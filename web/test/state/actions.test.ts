import { expect, test } from "vitest";
import { accept } from "../../src/state/actions/accept";
import { correct, forget } from "../../src/state/actions/attention";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { next } from "../../src/state/actions/next";
import { previous } from "../../src/state/actions/previous";
import { resolveConflict } from "../../src/state/actions/resolve-conflict";
import { askSkip, skip } from "../../src/state/actions/skip";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import type { Past, State } from "../../src/state/state";
import { emptiness, shown } from "../../src/state/view";
import { env, ready, spamOrHam, suggestion, task, topics } from "../examples";

const spam = { control: "label", value: "spam" };
const past = (id: number, more: Partial<Past> = {}): Past => ({
  key: `p${id}`, task: task(id), leased: task(id), annotation: 70 + id, revision: 1, answer: { label: ["ham"] }, skipped: false, outcome: "saved", ...more,
});

test("choosing the one label sends it and shows the next task", () => {
  const step = chooseLabel.perform(ready([spamOrHam], [task(1, { suggestion: suggestion("ham") }), task(2)]), env(), spam);
  expect(step.effects).toEqual([
    {
      type: "submit", task: task(1, { suggestion: suggestion("ham") }),
      submission: { client_key: "key-1", task: 1, lease: "lease 1", answer: { label: ["spam"] }, skipped: false, reason: "", seconds: 2.4, suggestion: 5, schema_revision: 1 },
    },
    { type: "refill" },
  ]);
  expect(step.state.queue.map((each) => each.id)).toEqual([2]);
  expect(step.state.past.map((each) => [each.task.id, each.answer, each.outcome])).toEqual([[1, { label: ["spam"] }, "sending"]]);
});

test("without auto-submit a chosen label is a draft until it is submitted", () => {
  const chosen = chooseLabel.perform(ready([spamOrHam], [task(1)], { autoSubmit: false }), env(), spam);
  expect(chosen.effects).toEqual([{ type: "draft", task: 1, answer: { label: ["spam"] } }]);
  expect(shown(chosen.state)?.answer).toEqual({ label: ["spam"] });
  const sent = submit.perform(chosen.state, env(), undefined);
  expect(sent.effects[0]).toMatchObject({ type: "submit", submission: { answer: { label: ["spam"] } } });
  expect(sent.state.work).toEqual({});
});

test("multiple choice toggles in the order of the schema and waits for submit", () => {
  let state = ready([topics], [task(1)]);
  for (const value of ["money", "work", "food", "work"]) state = chooseLabel.perform(state, env(), { control: "topics", value }).state;
  expect(shown(state)?.answer).toEqual({ topics: ["food", "money"] });
  expect(state.queue).toHaveLength(1);
});

test("an empty required answer can't be submitted, and is told by name", () => {
  const state = ready([topics], [task(1)]);
  expect(submit.isEnabled(state)).toBe(false);
  expect(submit.perform(state, env(), undefined)).toEqual({ state: { ...state, notice: { message: "notice.open", params: { name: "" }, tone: "info" } }, effects: [] });
  const named = ready([{ ...topics, title: "Topics" }], [task(1)]);
  expect(submit.perform(named, env(), undefined).state.notice).toMatchObject({ message: "notice.open-named", params: { name: "Topics" } });
});

test("a suggestion is never chosen before the person says so", () => {
  expect(shown(ready([spamOrHam], [task(1, { suggestion: suggestion("spam") })]))?.answer).toEqual({ label: [] });
  expect(shown(ready([spamOrHam], [task(1, { suggestion: suggestion("spam") })], { preselect: true }))?.answer).toEqual({ label: ["spam"] });
});

test("accepting sends the suggestion with its id", () => {
  const step = accept.perform(ready([spamOrHam], [task(1, { suggestion: suggestion("spam") })]), env(), undefined);
  expect(step.effects[0]).toMatchObject({ submission: { answer: { label: ["spam"] }, suggestion: 5 } });
});

test("a suggestion of a label that the schema doesn't have can't be accepted", () => {
  expect(accept.isEnabled(ready([spamOrHam], [task(1, { suggestion: suggestion("eggs") })]))).toBe(false);
});

test("skipping asks first and sends no answer, with the reason trimmed", () => {
  const asked = askSkip.perform(ready([spamOrHam], [task(1)]), env(), undefined).state;
  expect(asked.panel).toBe("skip");
  const step = skip.perform(asked, env(), "  unclear ");
  expect(step.effects[0]).toMatchObject({ submission: { answer: null, skipped: true, reason: "unclear" } });
  expect(step.state.panel).toBeNull();
});

test("undo takes back the last answer, and first drops an edit that isn't sent", () => {
  const state = { ...ready([spamOrHam], [task(3)]), past: [past(1), past(2)] };
  const step = undo.perform(state, env(), undefined);
  expect(step.state.busy).toBe("undo");
  expect(step.effects).toEqual([{ type: "take-back", past: past(2) }]);
  const edited = { ...state, at: 0, edit: { label: ["spam"] } };
  expect(undo.perform(edited, env(), undefined)).toEqual({ state: { ...edited, edit: null }, effects: [] });
});

test("undo with nothing answered yet reads the history first", () => {
  expect(undo.perform(ready([spamOrHam], [task(1)]), env(), undefined).effects).toEqual([{ type: "load-history", then: "undo" }]);
});

test("while an undo runs no label is taken", () => {
  expect(chooseLabel.isEnabled({ ...ready([spamOrHam], [task(1)]), busy: "undo" })).toBe(false);
});

test("previous and next walk through one's answers and end at the task at hand", () => {
  let state: State = { ...ready([spamOrHam], [task(3)]), past: [past(1), past(2)] };
  const seen: (number | undefined)[] = [];
  for (const action of [previous, previous, next, next]) {
    state = action.perform(state, env(), undefined).state;
    seen.push(shown(state)?.item.id);
  }
  expect(seen).toEqual([2, 1, 2, 3]);
});

test("previous at the oldest known answer reads older ones", () => {
  const state = { ...ready([spamOrHam], [task(3)]), past: [past(1)], at: 0, pastCursor: "c2" };
  expect(previous.perform(state, env(), undefined).effects).toEqual([{ type: "load-history", then: "previous" }]);
  expect(previous.isEnabled({ ...state, pastCursor: null })).toBe(false);
});

test("an old answer is edited by choosing and submitting, never sent at once", () => {
  const state = { ...ready([spamOrHam], [task(3)]), past: [past(1)], at: 0 };
  const chosen = chooseLabel.perform(state, env(), spam);
  expect(chosen.effects).toEqual([]);
  expect(submit.perform(chosen.state, env(), undefined).effects).toEqual([{ type: "change", past: past(1), answer: { label: ["spam"] }, skipped: false }]);
  const same = chooseLabel.perform(state, env(), { control: "label", value: "ham" });
  expect(submit.isEnabled(same.state)).toBe(false);
});

test("a refused answer is put back to be corrected under a new key", () => {
  const refused = past(1, { annotation: null, outcome: "invalid" });
  const attention = [{ key: "p1", task: 1, excerpt: "text 1", answer: refused.answer, status: "invalid" as const, problem: "no such label" }];
  const step = correct.perform({ ...ready([spamOrHam], [task(3)]), past: [refused], attention }, env(), "p1");
  expect(step.state.queue.map((each) => each.id)).toEqual([1, 3]);
  expect(shown(step.state)?.answer).toEqual({ label: ["ham"] });
  expect(step.effects).toEqual([{ type: "forget", key: "p1" }]);
  expect(step.state.attention).toEqual([]);
});

test("an answer that needs attention goes away only by the person's word", () => {
  const attention = [{ key: "p1", task: 1, excerpt: "", answer: null, status: "kept_as_draft" as const, problem: "" }];
  const state = { ...ready([spamOrHam], [task(1), task(2)]), attention };
  expect(chooseLabel.perform(state, env(), spam).state.attention).toEqual(attention);
  expect(forget.perform(state, env(), "p1").state.attention).toEqual([]);
});

test("in a conflict one's own side is sent on top of the newest revision, theirs needs no request", () => {
  const conflict = { key: "p1", mine: { answer: { label: ["spam"] }, skipped: false }, theirs: { answer: { label: ["ham"] }, skipped: false } };
  const state = { ...ready([spamOrHam], []), past: [past(1, { revision: 4 })], conflict, at: 0 };
  expect(resolveConflict.perform(state, env(), "mine").effects).toEqual([{ type: "change", past: past(1, { revision: 4 }), answer: { label: ["spam"] }, skipped: false }]);
  expect(resolveConflict.perform(state, env(), "theirs")).toEqual({ state: { ...state, conflict: null, edit: null }, effects: [] });
});

test("each kind of emptiness has its own word", () => {
  const state = ready([spamOrHam], []);
  const counts = (total: number, done: number) => ({ ...state.progress, total, done });
  expect(emptiness({ ...state, asked: false })).toBe("loading");
  expect(emptiness({ ...state, leaseFailure: { detail: "" } })).toBe("trouble");
  expect(emptiness({ ...state, remaining: false, progress: counts(0, 0) })).toBe("no-tasks");
  expect(emptiness({ ...state, remaining: true, progress: counts(20, 4) })).toBe("others");
  expect(emptiness({ ...state, remaining: false, progress: counts(20, 4) })).toBe("nothing-left");
  expect(emptiness({ ...state, remaining: false, progress: counts(20, 20) })).toBe("finished");
});
