/** The session's world made of the browser's own parts. */
import { createClient } from "./api/client";
import { createHttp, csrfFromCookie } from "./api/http";
import { createTabLock, createWebLock } from "./outbox/lock";
import { openStore } from "./outbox/open-store";
import { nameOfWindow } from "./session/window-name";
import { createStopwatch, type Channel, type World } from "./session/world";
import type { Sendable, SubmissionResult } from "./wire";

/** `crypto.randomUUID` is missing on pages served without TLS; random values are not. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function channel(name: string): Channel {
  if (typeof BroadcastChannel === "undefined") return { announce: () => undefined, listen: () => undefined };
  const line = new BroadcastChannel(name);
  return {
    announce: (results) => line.postMessage(results),
    listen: (heard) => { line.onmessage = (event: MessageEvent<readonly SubmissionResult[]>) => heard(event.data); },
  };
}

/** Pages served without TLS have none. */
function locks(): LockManager | null {
  return "locks" in navigator ? navigator.locks : null;
}

export function browserWorld(base: string, project: number): World {
  const http = createHttp({ base, fetch: (...call) => fetch(...call), csrfToken: () => csrfFromCookie(document.cookie) });
  // Some private windows throw at the mere mention of IndexedDB.
  const factory = (): IDBFactory | undefined => { try { return window.indexedDB; } catch { return undefined; } };
  return {
    client: createClient(http, project, nameOfWindow(sessionStorage, locks(), randomKey)),
    storage: localStorage,
    openStore: <S extends Sendable>() => openStore<S>(factory(), localStorage),
    lock(name) {
      const known = locks();
      return known === null ? createTabLock() : createWebLock(known, name);
    },
    channel,
    isOnline: () => navigator.onLine,
    now: () => Date.now(),
    random: () => Math.random(),
    newKey: randomKey,
    schedule(work, ms) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    stopwatch: createStopwatch(() => performance.now()),
  };
}
