import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createStopwatch } from "../../src/session/world";
import { accept } from "../../src/state/actions/accept";
import { changeSettings } from "../../src/state/actions/change-settings";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { previous } from "../../src/state/actions/previous";
import { resolveConflict } from "../../src/state/actions/resolve-conflict";
import { skip } from "../../src/state/actions/skip";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import type { State } from "../../src/state/state";
import { shown } from "../../src/state/view";
import { openPage, until, type Browser } from "../open-page";
import { startServer, type TestServer } from "../server";

let server: TestServer;
beforeEach(async () => { server = await startServer(20); });
afterEach(() => server.close());

const open = (stored?: Map<string, string>, factory?: IDBFactory): Browser => openPage(server, stored, factory);
const choose = (browser: Browser, value: string): void => browser.session.perform(chooseLabel, { control: "label", value });
const act = (browser: Browser, action: typeof undo): void => browser.session.perform<undefined>(action, undefined);
const current = (state: State): number | undefined => state.queue[0]?.id;
const isSettled = (state: State): boolean => state.sync.waiting === 0 && state.past.every((past) => past.outcome !== "sending");

async function started(browser = open()): Promise<Browser> {
  await browser.session.start();
  await until(browser.session, (state) => state.queue.length > 0);
  return browser;
}

function fire(browser: Browser, ms: (wait: number) => boolean): void {
  for (const timer of browser.timers.filter((each) => ms(each.ms))) {
    browser.timers = browser.timers.filter((each) => each !== timer);
    timer.work();
  }
}

test("eight tasks come at once, and the row is filled up before it runs out", async () => {
  const browser = await started();
  expect(browser.session.store.get().queue.map((task) => task.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (let i = 0; i < 5; i += 1) choose(browser, "spam");
  expect(current(browser.session.store.get())).toBe(6);
  const state = await until(browser.session, (each) => each.queue.length >= 8 && isSettled(each));
  expect(state.queue.map((task) => task.id)).toEqual([6, 7, 8, 9, 10, 11, 12, 13]);
  expect([...server.saved.values()].map((row) => row.task)).toEqual([1, 2, 3, 4, 5]);
});

test("undo of a sent answer deletes it and shows its task with the answer; the new answer has a new key", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  act(browser, undo);
  const state = await until(browser.session, (each) => each.busy === null);
  expect([current(state), shown(state)?.answer, server.saved.size]).toEqual([1, { label: ["spam"] }, 0]);
  choose(browser, "ham");
  await until(browser.session, isSettled);
  expect([...server.saved.values()].map((row) => [row.task, row.answer])).toEqual([[1, { label: ["ham"] }]]);
  expect(server.written).toEqual(["key-1", "key-2"]);
});

test("undo pressed before the acknowledgment waits for it", async () => {
  const browser = await started();
  choose(browser, "spam");
  act(browser, undo);
  const state = await until(browser.session, (each) => each.busy === null);
  expect([current(state), state.past, server.saved.size]).toEqual([1, [], 0]);
});

test("offline, an answer that never left is taken back without the server", async () => {
  const browser = await started();
  browser.online = false;
  choose(browser, "spam");
  await until(browser.session, (state) => state.sync.failure === "offline");
  act(browser, undo);
  const state = await until(browser.session, (each) => each.busy === null);
  expect([current(state), state.sync.waiting, server.written]).toEqual([1, 0, []]);
});

test("undo in a new page takes back the newest answer of the history", async () => {
  const first = await started();
  choose(first, "spam");
  choose(first, "ham");
  await until(first.session, isSettled);
  const second = await started();
  act(second, undo);
  const state = await until(second.session, (each) => each.busy === null && current(each) === 2);
  expect([shown(state)?.answer, [...server.saved.values()].map((row) => row.task)]).toEqual([{ label: ["ham"] }, [1]]);
});

test("an old answer is changed with its revision", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  act(browser, previous);
  choose(browser, "ham");
  act(browser, submit);
  await until(browser.session, isSettled);
  expect(server.saved.get(1)).toMatchObject({ revision: 2, answer: { label: ["ham"] } });
});

test("somebody else's change is shown beside one's own, and the chosen side is saved", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  server.saved.set(1, { annotation: 1, revision: 5, task: 1, answer: null, skipped: true });
  act(browser, previous);
  choose(browser, "ham");
  act(browser, submit);
  const state = await until(browser.session, (each) => each.conflict !== null);
  expect(state.conflict).toMatchObject({ mine: { answer: { label: ["ham"] } }, theirs: { answer: null, skipped: true } });
  browser.session.perform(resolveConflict, "mine");
  await until(browser.session, isSettled);
  expect(server.saved.get(1)).toMatchObject({ revision: 6, answer: { label: ["ham"] }, skipped: false });
});

test("a change whose acknowledgment was lost is recognised as saved", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  act(browser, previous);
  choose(browser, "ham");
  server.faults.push("cut-after");
  act(browser, submit);
  const kept = await until(browser.session, (each) => each.notice !== null);
  expect([kept.notice?.message, shown(kept)?.answer]).toEqual(["notice.change-offline", { label: ["ham"] }]);
  act(browser, submit);
  const state = await until(browser.session, isSettled);
  expect([state.conflict, state.past[0]?.revision, server.saved.get(1)?.answer]).toEqual([null, 2, { label: ["ham"] }]);
});

test("a draft is kept in the browser at once, on the server a moment later, and comes back in a new page", async () => {
  const stored = new Map<string, string>();
  const browser = await started(open(stored));
  browser.session.perform(changeSettings, { autoSubmit: false });
  choose(browser, "spam");
  expect(stored.get("assay:draft:7:3:1")).toContain('"label":["spam"]');
  expect(browser.session.store.get().draft[1]).toBe("local");
  fire(browser, (ms) => ms === 600);
  await until(browser.session, (state) => state.draft[1] === "saved");
  expect(server.drafts.get(1)).toEqual({ label: ["spam"] });
  const again = await started(open(stored));
  await until(again.session, (state) => 1 in state.work);
  expect([shown(again.session.store.get())?.answer, again.session.store.get().settings.autoSubmit]).toEqual([{ label: ["spam"] }, false]);
  act(again, submit);
  await until(again.session, isSettled);
  expect(stored.has("assay:draft:7:3:1")).toBe(false);
});

test("what was begun under other questions is brought along by the server, also when it can't be reached at first", async () => {
  const stored = new Map([["assay:draft:7:3:1", JSON.stringify({ answer: { label: ["junk"] }, at: Date.parse("2026-11-23T10:30:00Z"), revision: 1 })]]);
  server.asked = server.revision = 2;
  server.faults.push("ok", "ok", "500");
  const browser = await started(open(stored));
  await vi.waitFor(() => expect(browser.timers.some((timer) => timer.ms === 5_000)).toBe(true));
  expect([shown(browser.session.store.get())?.answer, stored.get("assay:draft:7:3:1")?.includes("junk")]).toEqual([{ label: [] }, true]);
  fire(browser, (ms) => ms === 5_000);
  const state = await until(browser.session, (each) => 1 in each.work);
  expect([shown(state)?.answer, server.drafts.get(1)]).toEqual([{ label: ["spam"] }, { label: ["spam"] }]);
  expect(JSON.parse(stored.get("assay:draft:7:3:1") ?? "{}")).toMatchObject({ answer: { label: ["spam"] }, revision: 2 });
});

test("leases are renewed at a third of their time, and lost ones leave the row", async () => {
  const browser = await started();
  server.lost.add(1).add(3);
  fire(browser, (ms) => ms === 300_000);
  const state = await until(browser.session, (each) => current(each) !== 1);
  expect(state.queue.map((task) => task.id)).toEqual([2, 4, 5, 6, 7, 8]);
  expect(state.notice?.message).toBe("notice.lost");
});

test("closing the page gives back what is held, but not what waits to be sent", async () => {
  const browser = await started();
  browser.online = false;
  choose(browser, "spam");
  browser.session.leave();
  await expect.poll(() => server.released).toEqual([2, 3, 4, 5, 6, 7, 8]);
});

test("answers of a page that was closed are sent before new tasks are fetched", async () => {
  const factory = new IDBFactory();
  const closed = await started(open(new Map(), factory));
  closed.online = false;
  choose(closed, "spam");
  await until(closed.session, (state) => state.sync.failure === "offline");
  server.requests.length = 0;
  const next = await started(open(new Map(), factory));
  expect(server.requests.slice(0, 3)).toEqual(["GET projects/7/page/", "POST projects/7/answers/", "POST projects/7/lease/"]);
  expect(current(next.session.store.get())).toBe(2);
});

test("a skip carries its reason's flag and no answer", async () => {
  const browser = await started();
  browser.session.perform(skip, "unclear");
  await until(browser.session, isSettled);
  expect(server.saved.get(1)).toMatchObject({ answer: null, skipped: true });
});

test("without a suggestion there is nothing to accept", async () => {
  const browser = await started();
  act(browser, accept);
  expect(current(browser.session.store.get())).toBe(1);
});

test("when the server is away at the start the page says so and starts by itself later", async () => {
  server.faults.push("500");
  const browser = open();
  await browser.session.start();
  expect(browser.session.store.get()).toMatchObject({ phase: "failed", failure: { message: "failed.server" } });
  fire(browser, () => true);
  await until(browser.session, (state) => state.queue.length > 0);
});

test("a paused project is told in the server's words", async () => {
  const browser = open();
  server.faults.push("ok", "400");
  await browser.session.start();
  const state = await until(browser.session, (each) => each.leaseFailure !== null);
  expect(state.leaseFailure).toEqual({ detail: "no" });
});

test("an undo whose acknowledgment was lost can be repeated", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  server.faults.push("cut-after");
  act(browser, undo);
  await until(browser.session, (state) => state.busy === null && state.notice !== null);
  act(browser, undo);
  const state = await until(browser.session, (each) => each.busy === null && current(each) === 1);
  expect([state.past, state.progress.done]).toEqual([[], 0]);
});

test("the last answer leaves an empty row that says why", async () => {
  const browser = await started();
  for (let i = 0; i < 20; i += 1) {
    await until(browser.session, (state) => state.queue.length > 0);
    choose(browser, "spam");
  }
  const state = await until(browser.session, (each) => isSettled(each) && !each.remaining);
  expect([state.queue, state.progress.done, server.written.length]).toEqual([[], 20, 20]);
});

test("a lease answer that left before the last answer arrived is asked again at once, not after the poll", async () => {
  const browser = await started();
  for (let i = 0; i < 19; i += 1) {
    await until(browser.session, (state) => state.queue.length > 0);
    choose(browser, "spam");
  }
  await until(browser.session, (state) => isSettled(state) && state.queue.length === 1);
  // The answer to this request says that a task remains: the one on the screen.
  const release = server.delayLease();
  const asked = (): number => server.requests.filter((each) => each.endsWith("lease/")).length;
  const before = asked();
  browser.session.lookNow();
  await vi.waitFor(() => expect(asked()).toBe(before + 1));
  choose(browser, "spam");
  await until(browser.session, isSettled);
  release();
  const state = await until(browser.session, (each) => each.asked && !each.remaining);
  expect([state.queue, state.progress.done]).toEqual([[], 20]);
});

test("a count of answers that left before the last one arrived doesn't take its place", async () => {
  const browser = await started();
  const release = server.delayLease();
  const asked = (): number => server.requests.filter((each) => each.endsWith("lease/")).length;
  const before = asked();
  browser.session.lookNow();
  await vi.waitFor(() => expect(asked()).toBe(before + 1));
  choose(browser, "spam");
  await until(browser.session, (state) => isSettled(state) && state.progress.done === 1);
  const counted: number[] = [];
  browser.session.store.subscribe(() => counted.push(browser.session.store.get().progress.done));
  const planned = browser.timers.at(-1);
  release();
  // Whoever has read the answer plans the next renewal of the leases.
  await vi.waitFor(() => expect(browser.timers.at(-1)).not.toBe(planned));
  expect(browser.session.store.get().progress.done).toBe(1);
  expect(new Set(counted)).toEqual(new Set([1]));
});

test("a hidden page doesn't count as work", () => {
  let now = 0;
  const watch = createStopwatch(() => now);
  now = 2_000;
  watch.pause();
  now = 60_000;
  watch.resume();
  now = 61_450;
  expect(watch.seconds()).toBe(3.5);
});
