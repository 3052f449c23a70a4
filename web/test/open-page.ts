/** The page's session in a browser of the tests: its storage, its timers and a real server. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { createClient } from "../src/api/client";
import { createHttp } from "../src/api/http";
import { openIndexedDbStore } from "../src/outbox/indexed-db-store";
import { createTabLock } from "../src/outbox/lock";
import { createSession, type Session } from "../src/session/session";
import { createStopwatch } from "../src/session/world";
import type { State } from "../src/state/state";
import type { TestServer } from "./server";

export interface Browser { session: Session; timers: { work: () => void; ms: number }[]; stored: Map<string, string>; online: boolean }

export function openPage(server: TestServer, stored = new Map<string, string>(), factory = new IDBFactory(), review: string | null = null): Browser {
  let keys = 0;
  const browser: Browser = { session: undefined as unknown as Session, timers: [], stored, online: true };
  browser.session = createSession({
    client: createClient(createHttp({ base: server.base, fetch, csrfToken: () => "t" }), 7, Promise.resolve("window")),
    storage: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => void stored.set(key, value), removeItem: (key) => void stored.delete(key) },
    openStore: () => openIndexedDbStore(factory), lock: () => createTabLock(), channel: () => ({ announce: () => undefined, listen: () => undefined }),
    isOnline: () => browser.online, now: () => Date.parse("2026-11-23T11:00:00Z"), random: () => 1, newKey: () => `key-${(keys += 1)}`,
    schedule(work, ms) {
      const timer = { work, ms };
      browser.timers.push(timer);
      return () => { browser.timers = browser.timers.filter((each) => each !== timer); };
    },
    stopwatch: createStopwatch(() => 0),
  }, 7, null, review);
  return browser;
}

/** Resolves when the state fits; a state that never does ends the test by its time limit. */
export function until(session: Session, fits: (state: State) => boolean): Promise<State> {
  return new Promise((resolve) => {
    const look = (): void => { if (fits(session.store.get())) { stop(); resolve(session.store.get()); } };
    const stop = session.store.subscribe(look);
    queueMicrotask(look);
  });
}
