import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "../../src/api/client";
import { createHttp } from "../../src/api/http";
import { backOffMs } from "../../src/outbox/back-off";
import type { Entry, EntryStore } from "../../src/outbox/entry";
import { openIndexedDbStore } from "../../src/outbox/indexed-db-store";
import { createLocalStorageStore } from "../../src/outbox/local-storage-store";
import { createTabLock, type Lock } from "../../src/outbox/lock";
import { openStore } from "../../src/outbox/open-store";
import { createOutbox, type Outbox, type OutboxStatus } from "../../src/outbox/outbox";
import type { Submission, SubmissionResult } from "../../src/wire";
import { startServer, type TestServer } from "../server";

interface Tab { outbox: Outbox; statuses: OutboxStatus[]; settled: SubmissionResult[]; attention: readonly Entry[]; waits: number[]; online: boolean; runTimers(): Promise<void> }

let server: TestServer;
let store: EntryStore;
let clock = 0;

beforeEach(async () => {
  server = await startServer(20);
  store = await openIndexedDbStore(new IDBFactory());
});
afterEach(() => server.close());

function submission(key: string, task = 1, label = "spam"): Submission {
  return { client_key: key, task, lease: `lease ${task}`, answer: { label: [label] }, skipped: false, reason: "", seconds: 1, suggestion: null, schema_revision: 1 };
}

function openTab(lock: Lock = createTabLock(), others: () => readonly Tab[] = () => []): Tab {
  const timers: (() => void)[] = [];
  const client = createClient(createHttp({ base: server.base, fetch, csrfToken: () => "t" }), 7, Promise.resolve("window"));
  const tab: Tab = { outbox: undefined as unknown as Outbox, statuses: [], settled: [], attention: [], waits: [], online: true, runTimers: async () => undefined };
  tab.outbox = createOutbox({
    scope: "7:3", store, lock, send: client.send, isOnline: () => tab.online, now: () => (clock += 1), random: () => 1,
    events: { status: (status) => tab.statuses.push(status), settled: (results) => tab.settled.push(...results), attention: (entries) => { tab.attention = entries; } },
    schedule(work, ms) {
      tab.waits.push(ms);
      timers.push(work);
      return () => void timers.splice(timers.indexOf(work), 1);
    },
    announce: (results) => others().forEach((other) => other.outbox.heard(results)),
  });
  tab.runTimers = async () => {
    for (const timer of timers.splice(0)) timer();
    await tab.outbox.flush();
  };
  return tab;
}

const last = (tab: Tab): OutboxStatus | undefined => tab.statuses.at(-1);

test("an answer is sent, acknowledged and gone from the store", async () => {
  const tab = openTab();
  tab.outbox.add(submission("a"), "text 1");
  expect(tab.statuses[0]).toEqual({ waiting: 1, failure: null });
  await tab.outbox.flush();
  expect(tab.settled).toEqual([{ clientKey: "a", status: "saved", annotation: 1, task: 1, problem: "" }]);
  expect(last(tab)).toEqual({ waiting: 0, failure: null });
  expect(await store.all("7:3")).toEqual([]);
});

test("a lost acknowledgment is asked for again with the same key: written once, reported as a duplicate", async () => {
  const tab = openTab();
  server.faults.push("cut-after");
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect(last(tab)).toEqual({ waiting: 1, failure: { kind: "offline" } });
  expect((await store.all("7:3")).map((entry) => entry.key)).toEqual(["a"]);
  await tab.runTimers();
  expect(server.written).toEqual(["a"]);
  expect(tab.settled.map((result) => result.status)).toEqual(["duplicate"]);
});

test("each failure waits longer, and the answer arrives in the end", async () => {
  const tab = openTab();
  server.faults.push("500", "cut-before", "500");
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  for (let i = 0; i < 3; i += 1) await tab.runTimers();
  expect(tab.waits).toEqual([1_000, 2_000, 4_000]);
  expect(server.written).toEqual(["a"]);
});

test("the server's own waiting time is respected", async () => {
  const tab = openTab();
  server.faults.push("429");
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect(tab.waits).toEqual([3_000]);
});

test("while the line is down further answers wait for the retry clock and go in one call, in order", async () => {
  const tab = openTab();
  server.faults.push("500");
  tab.outbox.add(submission("a", 1), "");
  await tab.outbox.flush();
  tab.outbox.add(submission("b", 2), "");
  tab.outbox.add(submission("c", 3), "");
  expect(server.requests).toHaveLength(1);
  await tab.runTimers();
  expect([server.written, server.requests.length]).toEqual([["a", "b", "c"], 2]);
});

test("without a connection nothing is tried, and all goes when it is back", async () => {
  const tab = openTab();
  tab.online = false;
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect([server.requests, last(tab)]).toEqual([[], { waiting: 1, failure: { kind: "offline" } }]);
  tab.online = true;
  await tab.outbox.flush();
  expect(server.written).toEqual(["a"]);
});

test("what a closed tab left behind is sent by the next one", async () => {
  const closed = openTab();
  closed.online = false;
  closed.outbox.add(submission("a"), "");
  await closed.outbox.flush();
  await openTab().outbox.flush();
  expect(server.written).toEqual(["a"]);
});

test("two tabs with one lock don't send an answer twice", async () => {
  const lock = createTabLock();
  const tabs: Tab[] = [];
  const first = openTab(lock, () => tabs.slice(1));
  tabs.push(first, openTab(lock, () => [first]));
  first.outbox.add(submission("a", 1), "");
  tabs[1]?.outbox.add(submission("b", 2), "");
  await Promise.all(tabs.map((tab) => tab.outbox.flush()));
  await Promise.all(tabs.map((tab) => tab.outbox.flush()));
  expect(server.written.sort()).toEqual(["a", "b"]);
  expect((await first.outbox.settled("a"))?.annotation).toEqual(expect.any(Number));
});

test("an answer kept as a draft is shown until the person has understood", async () => {
  const tab = openTab();
  server.noPlace.add(1);
  tab.outbox.add(submission("a"), "text 1");
  await tab.outbox.flush();
  expect(tab.attention.map((entry) => [entry.key, entry.excerpt, entry.verdict])).toEqual([["a", "text 1", { status: "kept_as_draft", problem: "" }]]);
  const reopened = openTab();
  await reopened.outbox.flush();
  expect(reopened.attention.map((entry) => entry.key)).toEqual(["a"]);
  await reopened.outbox.forget("a");
  expect([reopened.attention, await store.all("7:3")]).toEqual([[], []]);
});

test("an invalid answer is shown with its problem and doesn't stop the others", async () => {
  const tab = openTab();
  tab.outbox.add(submission("a", 1, "eggs"), "");
  tab.outbox.add(submission("b", 2), "");
  await tab.outbox.flush();
  await tab.outbox.flush();
  expect(tab.attention.map((entry) => [entry.key, entry.verdict?.problem])).toEqual([["a", "There is no label “eggs”."]]);
  expect([server.written, last(tab)?.waiting]).toEqual([["b"], 0]);
});

test("when a whole call is refused the answers go one by one, and only the bad one is held back", async () => {
  const tab = openTab();
  tab.online = false;
  tab.outbox.add(submission("a", 1), "");
  tab.outbox.add(submission("b", 2), "");
  await tab.outbox.flush();
  tab.online = true;
  server.faults.push("400", "400");
  await tab.outbox.flush();
  expect(server.written).toEqual(["b"]);
  expect(tab.attention.map((entry) => [entry.key, entry.verdict])).toEqual([["a", { status: "invalid", problem: "no" }]]);
  await tab.outbox.sendAgain("a");
  expect([server.written, tab.attention]).toEqual([["b", "a"], []]);
});

test("an ended session keeps everything and says so", async () => {
  const tab = openTab();
  server.faults.push("401");
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect(last(tab)).toMatchObject({ waiting: 1, failure: { kind: "signed-out" } });
  await tab.outbox.flush();
  expect(server.written).toEqual(["a"]);
});

test("only an answer that never left can be withdrawn", async () => {
  const tab = openTab();
  tab.online = false;
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect(await tab.outbox.withdraw("a")).toBe(true);
  expect(await store.all("7:3")).toEqual([]);
  tab.online = true;
  server.faults.push("cut-after");
  tab.outbox.add(submission("b"), "");
  await tab.outbox.flush();
  expect(await tab.outbox.withdraw("b")).toBe(false);
});

test("a full disk doesn't stop the sending", async () => {
  store = { all: () => Promise.reject(new Error("gone")), put: () => Promise.reject(new Error("full")), remove: () => Promise.reject(new Error("gone")) };
  const tab = openTab();
  tab.outbox.add(submission("a"), "");
  await tab.outbox.flush();
  expect([server.written, last(tab)?.waiting]).toEqual([["a"], 0]);
});

test("localStorage keeps entries of each person apart, in order, and passes over what isn't its own", async () => {
  const values = new Map<string, string>([["other", "x"], ["assay:outbox:broken", "{"]]);
  const storage: Storage = {
    get length() { return values.size; }, key: (i) => [...values.keys()][i] ?? null, getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value), removeItem: (key) => void values.delete(key), clear: () => values.clear(),
  };
  const local = await openStore(undefined, storage);
  const entry = (key: string, scope: string, createdAt: number): Entry => ({ key, scope, createdAt, attempts: 0, submission: submission(key), excerpt: "", verdict: null });
  for (const each of [entry("b", "7:3", 2), entry("a", "7:3", 1), entry("c", "7:4", 3)]) await local.put(each);
  expect((await createLocalStorageStore(storage).all("7:3")).map((each) => each.key)).toEqual(["a", "b"]);
  await local.remove("a");
  expect((await local.all("7:3")).map((each) => each.key)).toEqual(["b"]);
});

test("waiting times double up to thirty seconds and are spread", () => {
  expect([1, 2, 3, 6, 50].map((failures) => backOffMs(failures, () => 1))).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
  expect(backOffMs(1, () => 0)).toBe(500);
});
