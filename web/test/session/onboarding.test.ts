import { afterEach, beforeEach, expect, test } from "vitest";
import { comments } from "../../src/state/actions/remark";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { previous } from "../../src/state/actions/previous";
import { askSkip } from "../../src/state/actions/skip";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import type { Session } from "../../src/session/session";
import type { State } from "../../src/state/state";
import { openPage, until, type Browser } from "../open-page";
import { startServer, type TestServer } from "../server";

let server: TestServer;
// Tasks 1 and 2 are training, 3 and 4 the test; "spam" is right.
beforeEach(async () => { server = await startServer(9); server.way = { training: [1, 2], test: [3, 4], said: new Map(), attempt: 1 }; });
afterEach(() => server.close());

const spam = { control: "label", value: "spam" };
const ham = { control: "label", value: "ham" };
const scene = (state: State): string => state.onboarding?.scene ?? "queue";
const on = (session: Session): void => session.way()?.goOn();
const answers = (): string[] => server.requests.filter((path) => path.endsWith("onboarding/answer/"));

async function opened(stored = new Map<string, string>()): Promise<Browser> {
  const browser = openPage(server, stored);
  await browser.session.start();
  await until(browser.session, (state) => state.phase === "ready" && state.onboarding !== null);
  return browser;
}

async function trained(): Promise<Browser> {
  const browser = await opened();
  on(browser.session);
  for (const _task of [1, 2]) {
    browser.session.perform(chooseLabel, spam);
    await until(browser.session, (state) => scene(state) === "feedback");
    on(browser.session);
  }
  return browser;
}

test("training tells at once, the test at its end, and then the real tasks come", async () => {
  const { session } = await opened();
  expect(scene(session.store.get())).toBe("intro");
  on(session);
  expect(session.store.get().queue.map((task) => task.id)).toEqual([1]);
  session.perform(chooseLabel, ham);
  const told = await until(session, (state) => scene(state) === "feedback");
  expect(told.onboarding?.feedback).toEqual({ outcome: "wrong", right: { label: ["spam"] }, explanation: "because 1" });
  expect(told.onboarding?.given?.answer).toEqual({ label: ["ham"] });
  session.way()?.again();
  expect([scene(session.store.get()), session.store.get().queue.map((task) => task.id)]).toEqual(["task", [1]]);
  session.perform(chooseLabel, spam);
  expect((await until(session, (state) => scene(state) === "feedback")).onboarding?.feedback?.outcome).toBe("right");
  on(session);
  session.perform(chooseLabel, spam);
  await until(session, (state) => scene(state) === "feedback");
  on(session);
  expect([scene(session.store.get()), session.store.get().onboarding?.way.stage]).toEqual(["intro", "test"]);
  on(session);
  // A slip can be mended: a label alone sends nothing in a test.
  session.perform(chooseLabel, ham);
  session.perform(chooseLabel, spam);
  expect(scene(session.store.get())).toBe("task");
  session.perform<undefined>(submit, undefined);
  await until(session, (state) => state.queue[0]?.id === 4);
  session.perform(chooseLabel, spam);
  session.perform<undefined>(submit, undefined);
  const end = await until(session, (state) => scene(state) === "end");
  expect([end.onboarding?.way.stage, end.onboarding?.way.result?.right]).toEqual(["passed", 2]);
  on(session);
  const real = await until(session, (state) => state.onboarding === null && state.queue.length > 0);
  expect(real.queue.map((task) => task.id)).toEqual([5, 6, 7, 8, 9]);
  expect(real.past).toEqual([]);
  expect(server.saved.size).toBe(0);
});

test("nothing else can be done on the way", async () => {
  const { session } = await opened();
  on(session);
  const state = session.store.get();
  expect([askSkip, previous, undo, comments].map((action) => action.isEnabled(state))).toEqual([false, false, false, false]);
  session.lookNow();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.requests.filter((path) => path.endsWith("lease/"))).toEqual([]);
});

test("an answer that met a dead line is sent again with its key, and is kept when the page is closed meanwhile", async () => {
  const stored = new Map<string, string>();
  const browser = await opened(stored);
  on(browser.session);
  server.faults = ["cut-before"];
  browser.session.perform(chooseLabel, spam);
  await until(browser.session, (state) => state.sync.failure === "offline");
  expect(scene(browser.session.store.get())).toBe("sending");
  // The server takes it and the reply is lost.
  server.faults = ["cut-after"];
  browser.session.lookNow();
  await until(browser.session, () => answers().length === 2);
  const again = openPage(server, stored);
  await again.session.start();
  const told = await until(again.session, (state) => scene(state) === "feedback");
  expect(told.onboarding?.feedback?.outcome).toBe("right");
  expect([...(server.way?.said.values() ?? [])]).toEqual([{ key: "key-1", task: 1, tries: 1, outcome: "right" }]);
  // Read once more after loading again, until the person goes on.
  on(again.session);
  const third = openPage(server, stored);
  await third.session.start();
  expect((await until(third.session, (state) => state.queue.length === 1)).queue[0]?.id).toBe(2);
});

test("a second window goes on where the first one is, as soon as it is looked at", async () => {
  const first = await opened();
  on(first.session);
  const second = await opened();
  on(second.session);
  first.session.perform(chooseLabel, spam);
  await until(first.session, (state) => scene(state) === "feedback");
  second.session.wake();
  await until(second.session, (state) => state.queue[0]?.id === 2);
  // What is being read stays.
  first.session.wake();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(scene(first.session.store.get())).toBe("feedback");
});

test("a failed test can be taken again as long as an attempt is left", async () => {
  const { session } = await trained();
  on(session);
  for (const id of [3, 4]) {
    await until(session, (state) => state.queue[0]?.id === id);
    session.perform(chooseLabel, ham);
    session.perform<undefined>(submit, undefined);
  }
  const end = await until(session, (state) => scene(state) === "end");
  expect([end.onboarding?.way.stage, end.onboarding?.way.result?.attemptsLeft]).toEqual(["failed", 1]);
  on(session);
  expect(scene(session.store.get())).toBe("end");
  server.faults = ["cut-before"];
  await session.way()?.attempt();
  expect([scene(session.store.get()), session.store.get().sync]).toEqual(["end", { waiting: 0, failure: "offline", detail: "" }]);
  await session.way()?.attempt();
  expect([scene(session.store.get()), session.store.get().onboarding?.way.exam.attempt]).toEqual(["intro", 2]);
  expect(session.store.get().sync.failure).toBe(null);
});

test("whoever has no attempt left sees at once when a manager grants one", async () => {
  if (server.way !== null) server.way = { ...server.way, training: [], test: [3], attempts: 1 };
  const { session } = await opened();
  on(session);
  session.perform(chooseLabel, ham);
  session.perform<undefined>(submit, undefined);
  expect((await until(session, (state) => scene(state) === "end")).onboarding?.way.result?.attemptsLeft).toBe(0);
  if (server.way !== null) server.way.attempts = 2;
  await session.way()?.look();
  expect(session.store.get().onboarding?.way.result?.attemptsLeft).toBe(1);
});

test("a task that was taken out meanwhile is passed over", async () => {
  const { session } = await opened();
  on(session);
  server.way?.training.shift();
  session.perform(chooseLabel, spam);
  await until(session, (state) => state.queue[0]?.id === 2);
  expect(session.store.get().onboarding?.problem).toBe("");
});

test("whoever is sent back to the training while working sees it at once", async () => {
  const way = server.way;
  server.way = null;
  const browser = openPage(server);
  await browser.session.start();
  await until(browser.session, (state) => state.queue.length === 8);
  server.way = way;
  browser.session.lookNow();
  const state = await until(browser.session, (each) => each.onboarding !== null);
  expect([scene(state), state.queue]).toEqual(["intro", []]);
  expect(server.released.length).toBe(8);
});
