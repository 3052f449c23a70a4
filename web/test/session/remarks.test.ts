import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "../../src/api/client";
import { createHttp } from "../../src/api/http";
import { openIndexedDbStore } from "../../src/outbox/indexed-db-store";
import { createTabLock } from "../../src/outbox/lock";
import { createSession, type Session } from "../../src/session/session";
import { createStopwatch } from "../../src/session/world";
import { comments, forgetRemark, say } from "../../src/state/actions/remark";
import { openRemarks } from "../../src/state/remarks";
import type { State } from "../../src/state/state";
import { startServer, type TestServer } from "../server";

let server: TestServer;
let keys = 0;
beforeEach(async () => { server = await startServer(20); });
afterEach(() => server.close());

async function open(factory: IDBFactory, retry: (() => void)[] = []): Promise<Session> {
  const session = createSession({
    client: createClient(createHttp({ base: server.base, fetch, csrfToken: () => "t" }), 7, Promise.resolve("window")),
    storage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
    openStore: () => openIndexedDbStore(factory), lock: () => createTabLock(), channel: () => ({ announce: () => undefined, listen: () => undefined }),
    isOnline: () => true, now: () => 0, random: () => 1, newKey: () => `key-${(keys += 1)}`,
    schedule(work) { retry.push(work); return () => undefined; },
    stopwatch: createStopwatch(() => 0),
  }, 7);
  void session.start();
  await until(session, (state) => state.queue.length > 0);
  return session;
}

function until(session: Session, fits: (state: State) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => { if (fits(session.store.get())) { stop(); resolve(); } };
    const stop = session.store.subscribe(look);
    queueMicrotask(look);
  });
}

const write = (session: Session, body: string): void => session.perform(say, { task: session.store.get().queue[0]?.id ?? 0, body, part: null, answerOf: null });

test("a comment whose acknowledgment is lost is kept, and sent again once by the next page", async () => {
  const factory = new IDBFactory();
  const first = await open(factory);
  server.faults.push("cut-after");
  write(first, "look");
  expect(openRemarks(first.store.get())).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([server.said, first.store.get().unsent.length]).toEqual([["look"], 1]);
  const second = await open(factory);
  await until(second, (state) => state.unsent.length === 0 && server.requests.filter((path) => path.includes("comments")).length >= 2);
  expect(server.said).toEqual(["look"]);
});

test("a comment that the server refuses stays with its reason until the person lets it go", async () => {
  const session = await open(new IDBFactory());
  write(session, "bad");
  await until(session, (state) => state.unsent[0]?.problem === "Not so.");
  session.perform(forgetRemark, session.store.get().unsent[0]?.key ?? "");
  await until(session, (state) => state.unsent.length === 0);
  expect(server.said).toEqual([]);
});

test("the key of comments opens their panel, and labels still have theirs while it is open", async () => {
  const session = await open(new IDBFactory());
  const press = (key: string) => session.press({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: key === "C", isComposing: false });
  expect([press("C"), session.store.get().panel]).toEqual([true, "comments"]);
  session.perform<undefined>(comments, undefined);
  expect(session.store.get().panel).toBe(null);
});
