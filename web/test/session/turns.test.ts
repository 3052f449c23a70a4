import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { previous } from "../../src/state/actions/previous";
import { submit } from "../../src/state/actions/submit";
import type { State } from "../../src/state/state";
import { openPage, until, type Browser } from "../open-page";
import { startServer, type TestServer } from "../server";

let server: TestServer;
beforeEach(async () => { server = await startServer(20); });
afterEach(() => server.close());

const choose = (browser: Browser, value: string): void => browser.session.perform(chooseLabel, { control: "label", value });
const act = (browser: Browser, action: typeof previous): void => browser.session.perform<undefined>(action, undefined);
const isSettled = (state: State): boolean => state.sync.waiting === 0 && state.past.every((past) => past.outcome !== "sending");

async function started(): Promise<Browser> {
  const browser = openPage(server);
  await browser.session.start();
  await until(browser.session, (state) => state.queue.length > 0);
  return browser;
}

test("a second change that follows before the first has arrived is no conflict, and the last one holds", async () => {
  const browser = await started();
  choose(browser, "spam");
  await until(browser.session, isSettled);
  act(browser, previous);
  choose(browser, "ham");
  act(browser, submit);
  act(browser, previous);
  choose(browser, "spam");
  act(browser, submit);
  const state = await until(browser.session, isSettled);
  expect([server.saved.get(1)?.revision, server.saved.get(1)?.answer, state.conflict, state.past[0]?.answer]).toEqual([3, { label: ["spam"] }, null, { label: ["spam"] }]);
});
