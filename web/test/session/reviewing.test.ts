import { afterEach, beforeEach, expect, test } from "vitest";
import { approve, reject } from "../../src/state/actions/review";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import type { State } from "../../src/state/state";
import { openPage, until, type Browser } from "../open-page";
import { startServer, type TestServer } from "../server";

let server: TestServer;
beforeEach(async () => {
  server = await startServer(3);
  for (const task of [1, 2]) server.saved.set(task, { annotation: task, revision: 1, task, answer: { label: ["ham"] }, skipped: false });
});
afterEach(() => server.close());

const isSettled = (state: State): boolean => state.past.every((past) => past.outcome !== "sending");
const verdicts = (): unknown[] => [...server.saved.values()].map((row) => row.verdict ?? "none");

async function opened(): Promise<Browser> {
  const browser = openPage(server, new Map(), undefined, "review=none");
  await browser.session.start();
  await until(browser.session, (state) => state.past.length === 2 && state.phase === "ready");
  return browser;
}

test("undo and another verdict before the first has arrived are sent after it, and the last one holds", async () => {
  const { session } = await opened();
  session.perform(approve, undefined);
  session.perform<undefined>(undo, undefined);
  expect([session.store.get().at, session.store.get().past[0]?.verdict]).toEqual([0, "none"]);
  session.perform(chooseLabel, { control: "label", value: "spam" });
  session.perform<undefined>(submit, undefined);
  const state = await until(session, isSettled);
  expect([verdicts(), server.saved.get(2)?.answer, server.saved.get(2)?.revision]).toEqual([["none", "fixed"], { label: ["spam"] }, 4]);
  expect([state.past[0]?.verdict, state.at, state.notice]).toEqual(["fixed", 1, null]);
});

test("a verdict that the server does not take is shown again, and its undo is not sent", async () => {
  const { session } = await opened();
  server.saved.set(2, { annotation: 2, revision: 9, task: 2, answer: { label: ["spam"] }, skipped: false });
  session.perform(approve, undefined);
  session.perform<undefined>(undo, undefined);
  const state = await until(session, (each) => each.notice !== null && isSettled(each));
  expect([state.at, state.past[0]?.verdict, state.notice?.message]).toEqual([0, "none", "notice.judge-failed"]);
  expect(server.requests.filter((path) => path.startsWith("POST annotations/"))).toEqual(["POST annotations/2/review/"]);
});

test("an answer that was sent back can be taken back at once", async () => {
  const { session } = await opened();
  session.perform(reject, "No.");
  session.perform<undefined>(undo, undefined);
  await until(session, isSettled);
  expect([verdicts(), server.saved.get(2)?.revision]).toEqual([["none", "none"], 3]);
});
