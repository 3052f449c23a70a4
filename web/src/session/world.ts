/** What the session needs of the browser; tests give their own. */
import type { Client } from "../api/client";
import type { EntryStore } from "../outbox/entry";
import type { Lock } from "../outbox/lock";
import type { Sendable, SubmissionResult } from "../wire";

export interface Channel {
  announce(results: readonly SubmissionResult[]): void;
  listen(heard: (results: readonly SubmissionResult[]) => void): void;
}

export interface World {
  client: Client;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  openStore<S extends Sendable>(): Promise<EntryStore<S>>;
  lock(name: string): Lock;
  channel(name: string): Channel;
  isOnline(): boolean;
  now(): number;
  random(): number;
  newKey(): string;
  /** Runs the work later; the returned function calls it off. */
  schedule(work: () => void, ms: number): () => void;
  stopwatch: Stopwatch;
}

/** Seconds that a task was really looked at: a hidden tab doesn't count. */
export interface Stopwatch { restart(): void; seconds(): number; pause(): void; resume(): void }

export function createStopwatch(now: () => number): Stopwatch {
  let gathered = 0;
  let since: number | null = now();
  const total = (): number => gathered + (since === null ? 0 : now() - since);
  return {
    restart() {
      gathered = 0;
      since = now();
    },
    seconds: () => Math.round(total() / 100) / 10,
    pause() {
      gathered = total();
      since = null;
    },
    resume() {
      since ??= now();
    },
  };
}
