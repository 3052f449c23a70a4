import { expect, test } from "vitest";
import { mergeLeased, wanted } from "../../src/state/queue";
import { saving } from "../../src/state/saving";
import type { Leased } from "../../src/wire";
import { ready, spamOrHam, task } from "../examples";

const leased = (more: Partial<Leased>): Leased => ({ tasks: [], lost: [], progress: { total: 20, done: 5, mine: 5, accepted: 0, shown: 0 }, remaining: true, schemaRevision: 1, ...more });
const ids = (state: { queue: readonly { id: number }[] }): number[] => state.queue.map((each) => each.id);

test("below four tasks the row is filled up to eight", () => {
  expect([4, 3, 0].map((count) => wanted(ready([spamOrHam], Array.from({ length: count }, (_, i) => task(i)))))).toEqual([0, 5, 8]);
});

test("new tasks go to the end, and none twice", () => {
  expect(ids(mergeLeased(ready([spamOrHam], [task(1), task(2)]), leased({ tasks: [task(2), task(3)] }), new Set([1, 2]), new Set()))).toEqual([1, 2, 3]);
});

test("a task whose answer is still unsent is not shown again", () => {
  expect(ids(mergeLeased(ready([spamOrHam], []), leased({ tasks: [task(1), task(2)] }), new Set([1]), new Set([1])))).toEqual([2]);
});

test("lost leases leave the row; losing the task on the screen is told", () => {
  const state = ready([spamOrHam], [task(1), task(2), task(3)]);
  const other = mergeLeased(state, leased({ lost: [2] }), new Set([1, 2, 3]), new Set());
  expect([ids(other), other.notice]).toEqual([[1, 3], null]);
  const current = mergeLeased(state, leased({ lost: [1] }), new Set([1, 2, 3]), new Set());
  expect([ids(current), current.notice?.message]).toEqual([[2, 3], "notice.lost"]);
});

test("what is said while a task is held doesn't hold for the time after it", () => {
  const state = ready([spamOrHam], [task(1)]);
  expect(mergeLeased(state, leased({}), new Set([1]), new Set()).asked).toBe(false);
  expect(mergeLeased(state, leased({}), new Set(), new Set()).asked).toBe(true);
});

test("a renewal with a new token replaces the old token", () => {
  const renewed = mergeLeased(ready([spamOrHam], [task(1)]), leased({ tasks: [task(1, { lease: { token: "new", expiresAt: 9 } })] }), new Set([1]), new Set());
  expect(renewed.queue[0]?.lease).toEqual({ token: "new", expiresAt: 9 });
});

test("saved is said only when nothing waits and the server has acknowledged", () => {
  const state = ready([spamOrHam], [task(1)]);
  const past = { key: "k", task: task(9), leased: null, annotation: null, revision: 1, answer: null, skipped: true, outcome: "sending" as const };
  expect(saving(state).message).toBe("sync.none");
  expect(saving({ ...state, past: [past], sync: { waiting: 1, failure: null, detail: "" } }).message).toBe("sync.saving");
  expect(saving({ ...state, past: [past], sync: { waiting: 1, failure: "offline", detail: "" } }).message).toBe("sync.waiting");
  expect(saving({ ...state, past: [{ ...past, outcome: "saved" }] }).message).toBe("sync.saved");
  expect(saving({ ...state, draft: { 1: "local" } }).message).toBe("sync.draft-local");
  expect(saving({ ...state, draft: { 1: "local" }, online: false }).message).toBe("sync.draft-waiting");
  expect(saving({ ...state, draft: { 1: "saved" } }).message).toBe("sync.draft-saved");
});

test("another number of the questions says that they were changed, and stays said", () => {
  const told = mergeLeased(ready([spamOrHam], [task(1)]), leased({ schemaRevision: 2 }), new Set([1]), new Set());
  expect([mergeLeased(ready([spamOrHam], [task(1)]), leased({}), new Set([1]), new Set()).outdated, told.outdated, ids(told)]).toEqual([false, true, [1]]);
});
