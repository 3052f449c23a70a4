import { expect, test } from "vitest";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { approve, askReject, reject } from "../../src/state/actions/review";
import { markKnown } from "../../src/state/actions/known";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import { resolveBindings } from "../../src/state/bindings";
import { meaningOf } from "../../src/state/dispatch-key";
import { mergeLeased } from "../../src/state/queue";
import type { Past, State } from "../../src/state/state";
import { schemaOf, shown } from "../../src/state/view";
import { env, ready, spamOrHam, task } from "../examples";

const BOB = { id: 8, name: "Bob", language: "" };
const past = (id: number): Past => ({
  key: `a${id}`, task: task(id), leased: null, annotation: id, revision: 1, answer: { label: ["ham"] }, skipped: false, outcome: "saved", by: BOB, verdict: "none", reviewer: "", why: "",
});
const reviewing = (count: number): State => ({ ...ready([spamOrHam], []), past: Array.from({ length: count }, (_, i) => past(i + 1)), at: 0, pastCursor: null, review: { query: "", judged: [], cursor: null } });
const press = (key: string) => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false });
const keyed = (state: State, key: string): string | undefined => {
  const found = meaningOf(state, resolveBindings(schemaOf(state), {}, true), press(key));
  return found?.type === "action" ? found.name : found?.value;
};

test("a verdict goes to the session and the next answer comes, and behind the last one there is none", () => {
  const first = approve.perform(reviewing(2), env(), undefined);
  expect(first.effects).toEqual([{ type: "judge", past: past(1), judgement: { verdict: "accepted", reason: "", answer: null } }]);
  expect([first.state.at, first.state.past[0]?.verdict, first.state.past[0]?.outcome]).toEqual([1, "accepted", "sending"]);
  const second = reject.perform(askReject.perform(first.state, env(), undefined).state, env(), " No.\0 ");
  expect(second.effects[0]).toMatchObject({ type: "judge", judgement: { verdict: "rejected", reason: "No." } });
  expect([second.state.at, second.state.panel, shown(second.state)]).toEqual([null, null, null]);
  expect(reject.perform(reviewing(1), env(), " \0 ").effects).toEqual([]);
});

test("an answer becomes a known one by its key, and not while it is changed, skipped or sent back", () => {
  const state = reviewing(1);
  expect(meaningOf(state, resolveBindings(schemaOf(state), {}, true), { ...press("K"), shiftKey: true })).toMatchObject({ type: "action", name: "mark-known" });
  expect(markKnown.perform(state, env(), undefined).effects).toEqual([{ type: "mark-known", past: past(1) }]);
  const others: Past[] = [{ ...past(1), skipped: true }, { ...past(1), verdict: "rejected" }, { ...past(1), outcome: "sending" }, { ...past(1), annotation: null }];
  for (const each of others) expect(markKnown.perform({ ...state, past: [each] }, env(), undefined).effects).toEqual([]);
  const changed = chooseLabel.perform(state, env(), { control: "label", value: "spam" }).state;
  expect(markKnown.perform(changed, env(), undefined).effects).toEqual([]);
});

test("a changed answer is a fix, and Enter accepts one that is not changed", () => {
  expect([keyed(reviewing(1), "Enter"), keyed(reviewing(1), "a"), keyed(reviewing(1), "s")]).toEqual(["approve", "approve", "send-back"]);
  const changed = chooseLabel.perform(reviewing(2), env(), { control: "label", value: "spam" }).state;
  expect(keyed(changed, "Enter")).toBe("submit");
  const step = submit.perform(changed, env(), undefined);
  expect(step.effects[0]).toMatchObject({ type: "judge", judgement: { verdict: "fixed", answer: { label: ["spam"] } } });
  expect(step.state.at).toBe(1);
});

test("Enter does not accept what was given while something is missing on the screen", () => {
  const given = reviewing(2);
  const several = given.project === null ? given : { ...given, project: { ...given.project, schema: { ...given.project.schema, controls: [{ ...spamOrHam, multiple: true }] } } };
  const emptied = { ...several, edit: { label: [] } };
  expect([keyed(several, "Enter"), keyed(emptied, "Enter")]).toEqual(["approve", "submit"]);
  expect(submit.perform(emptied, env(), undefined)).toMatchObject({ effects: [], state: { notice: { message: "notice.open" } } });
});

test("undo takes the last verdict back and shows its answer, after a change that is not saved", () => {
  const state = approve.perform(reviewing(2), env(), undefined).state;
  const saved = { ...state, past: state.past.map((each) => ({ ...each, outcome: "saved" as const })) };
  const step = undo.perform(saved, env(), undefined);
  expect(step.effects[0]).toMatchObject({ type: "judge", judgement: { verdict: "none" } });
  expect([step.state.at, step.state.review?.judged]).toEqual([0, []]);
  const changed = chooseLabel.perform(saved, env(), { control: "label", value: "spam" }).state;
  const back = undo.perform(changed, env(), undefined);
  expect(back.effects).toEqual([]);
});

test("accepting a suggestion and skipping have no keys in a review, and labels keep theirs in both", () => {
  const keys = (review: boolean) => resolveBindings(schemaOf(reviewing(1)), {}, review);
  expect([keys(true).keysOf("action:accept"), keys(false).keysOf("action:approve")]).toEqual([[], []]);
  expect(keys(true).keysOf("label:label/spam")).toEqual(keys(false).keysOf("label:label/spam"));
});

test("a task that was sent back comes behind the one at hand", () => {
  const state = ready([spamOrHam], [task(1), task(2)]);
  const back = task(3, { rejection: { reason: "No.", reviewer: "Ann", at: 0 } });
  const merged = mergeLeased(state, { tasks: [task(4), back], lost: [], progress: state.progress, remaining: true, schemaRevision: 1 }, new Set([1, 2]), new Set());
  expect(merged.queue.map((each) => each.id)).toEqual([1, 3, 2, 4]);
});
