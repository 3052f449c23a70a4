/** What was begun and not sent, over a window that is closed. */
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { changeSettings } from "../../src/state/actions/change-settings";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { next } from "../../src/state/actions/next";
import { previous } from "../../src/state/actions/previous";
import { submit } from "../../src/state/actions/submit";
import { saving } from "../../src/state/saving";
import { shown } from "../../src/state/view";
import { openPage, until, type Browser } from "../open-page";
import { startServer, type TestServer } from "../server";

let server: TestServer;
beforeEach(async () => { server = await startServer(20); });
afterEach(() => server.close());

async function opened(stored: Map<string, string>, factory = new IDBFactory()): Promise<Browser> {
  const browser = openPage(server, stored, factory);
  await browser.session.start();
  await until(browser.session, (state) => state.queue.length > 0);
  return browser;
}
const choose = (browser: Browser, value: string): void => browser.session.perform(chooseLabel, { control: "label", value });

test("a change of an earlier answer outlives the window and is sent from the next one", async () => {
  const stored = new Map<string, string>();
  const first = await opened(stored);
  choose(first, "ham");
  await until(first.session, (state) => state.past[0]?.outcome === "saved");
  first.session.perform<undefined>(previous, undefined);
  choose(first, "spam");
  first.session.perform<undefined>(next, undefined);

  const second = await opened(stored);
  expect(saving(second.session.store.get())).toMatchObject({ message: "sync.edits", params: { count: 1 } });
  second.session.perform<undefined>(previous, undefined);
  const back = await until(second.session, (state) => state.at !== null);
  expect(shown(back)).toMatchObject({ kind: "past", changed: true, answer: { label: ["spam"] } });
  second.session.perform<undefined>(submit, undefined);
  await until(second.session, (state) => state.past[0]?.outcome === "saved" && state.past[0].revision === 2);
  expect([...server.saved.values()].map((row) => row.answer)).toEqual([{ label: ["spam"] }]);
  expect(stored.has("assay:edits:7:3")).toBe(false);
});

test("a change of an answer that is not there any more is not counted for ever", async () => {
  const browser = await opened(new Map([["assay:edits:7:3", JSON.stringify({ 99: { label: ["spam"] } })]]));
  choose(browser, "ham");
  await until(browser.session, (state) => state.past[0]?.outcome === "saved");
  browser.session.perform<undefined>(previous, undefined);
  browser.session.perform<undefined>(previous, undefined);
  const state = await until(browser.session, (each) => each.pastCursor === null);
  expect(saving({ ...state, at: null }).message).toBe("sync.saved");
});

test("a draft that only this browser has is not said to be saved until the server has it", async () => {
  const stored = new Map<string, string>();
  const first = await opened(stored);
  first.session.perform(changeSettings, { autoSubmit: false });
  choose(first, "spam");

  const second = await opened(stored);
  const state = second.session.store.get();
  expect([shown(state)?.answer, state.draft[1], saving(state).message]).toEqual([{ label: ["spam"] }, "local", "sync.draft-local"]);
  for (const timer of second.timers.filter((each) => each.ms === 600)) timer.work();
  await until(second.session, (each) => each.draft[1] === "saved");
  expect(server.drafts.get(1)).toEqual({ label: ["spam"] });
});
