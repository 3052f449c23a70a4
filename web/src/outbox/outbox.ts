/**
 * Sends answers in the background, each exactly once: an entry is stored before it is sent, is sent with the same client key
 * until the server has acknowledged that key, and leaves the store only then or by the person's word.
 */
import type { Failure, Outcome } from "../api/http";
import type { Progress, Sendable, Sent, Submission, SubmissionResult } from "../wire";
import { backOffMs } from "./back-off";
import { byAge, type Entry, type EntryStore } from "./entry";
import type { Lock } from "./lock";

/** The server takes at most 100 answers a call; fewer keep a call short on a slow line. */
const BATCH = 50;

export interface OutboxStatus { waiting: number; failure: Failure | null }

export interface OutboxEvents<S extends Sendable = Submission> {
  status(status: OutboxStatus): void;
  settled(results: readonly SubmissionResult[], progress: Progress | null): void;
  /** Entries that wait for the person's word. */
  attention(entries: readonly Entry<S>[]): void;
}

export interface OutboxOptions<S extends Sendable = Submission> {
  scope: string;
  store: EntryStore<S>;
  lock: Lock;
  send(answers: readonly S[]): Promise<Outcome<Sent>>;
  events: OutboxEvents<S>;
  isOnline(): boolean;
  now(): number;
  random(): number;
  schedule(work: () => void, ms: number): () => void;
  /** Tells other tabs what was settled here. */
  announce(results: readonly SubmissionResult[]): void;
}

export interface Outbox<S extends Sendable = Submission> {
  add(submission: S, excerpt: string): void;
  /** What the server has not taken yet, oldest first. */
  entries(): readonly Entry<S>[];
  /** Sends what waits; resolves when nothing more can be done now. */
  flush(): Promise<void>;
  /** Removes an entry that was never handed to the network; false when it may be at the server already. */
  withdraw(key: string): Promise<boolean>;
  /** Resolves when the server has said what became of the entry; null when it is not known here. */
  settled(key: string): Promise<SubmissionResult | null>;
  forget(key: string): Promise<void>;
  sendAgain(key: string): Promise<void>;
  /** What another tab has settled. */
  heard(results: readonly SubmissionResult[]): void;
  waitingTasks(): ReadonlySet<number>;
}

export function createOutbox<S extends Sendable>(options: OutboxOptions<S>): Outbox<S> {
  const mine = new Map<string, Entry<S>>();
  const results = new Map<string, SubmissionResult>();
  const waiters = new Map<string, ((result: SubmissionResult | null) => void)[]>();
  /** Entries about to be withdrawn: a call that starts meanwhile leaves them out. */
  const held = new Set<string>();
  let known: readonly Entry<S>[] = [];
  let failures = 0;
  let failure: Failure | null = null;
  let singly = false;
  let running: Promise<void> | null = null;
  let cancelRetry = (): void => undefined;

  /** A full disk must not stop the sending: the entry lives on in this tab. */
  const persist = (entry: Entry<S>): Promise<void> => options.store.put(entry).catch((error: unknown) => console.error("outbox: not stored", error));

  async function entries(): Promise<Entry<S>[]> {
    const stored = await options.store.all(options.scope).catch(() => []);
    const all = new Map([...stored.map((entry) => [entry.key, entry] as const), ...mine]);
    known = [...all.values()].filter((entry) => !results.has(entry.key) || entry.verdict !== null).sort(byAge);
    return [...known];
  }

  function report(): void {
    options.events.status({ waiting: known.filter((entry) => entry.verdict === null).length, failure });
    options.events.attention(known.filter((entry) => entry.verdict !== null));
  }

  async function drop(key: string): Promise<void> {
    mine.delete(key);
    known = known.filter((entry) => entry.key !== key);
    await options.store.remove(key).catch((error: unknown) => console.error("outbox: not removed", error));
  }

  async function keep(entry: Entry<S>): Promise<void> {
    mine.set(entry.key, entry);
    known = [...known.filter((each) => each.key !== entry.key), entry].sort(byAge);
    await persist(entry);
  }

  function settle(found: readonly SubmissionResult[]): void {
    for (const result of found) {
      results.set(result.clientKey, result);
      for (const waiter of waiters.get(result.clientKey) ?? []) waiter(result);
      waiters.delete(result.clientKey);
    }
  }

  async function take(batch: readonly Entry<S>[], sent: Sent): Promise<number> {
    const byKey = new Map(batch.map((entry) => [entry.key, entry]));
    const found = sent.results.filter((result) => byKey.has(result.clientKey));
    settle(found);
    for (const result of found) {
      const entry = byKey.get(result.clientKey);
      if (entry === undefined) continue;
      if (result.status === "saved" || result.status === "duplicate") await drop(entry.key);
      else await keep({ ...entry, verdict: { status: result.status, problem: result.problem } });
    }
    options.events.settled(found, sent.progress);
    options.announce(found);
    return found.length;
  }

  async function refuse(entry: Entry<S>, problem: string): Promise<void> {
    const result: SubmissionResult = { clientKey: entry.key, status: "invalid", annotation: null, task: entry.submission.task, problem };
    settle([result]);
    await keep({ ...entry, verdict: { status: "invalid", problem } });
    options.events.settled([result], null);
    options.announce([result]);
  }

  /** One round: true when more may be sent at once. */
  async function round(): Promise<boolean> {
    const waiting = (await entries()).filter((entry) => entry.verdict === null && !held.has(entry.key));
    if (waiting.length === 0 || !options.isOnline()) {
      if (waiting.length === 0) failure = null;
      else failure ??= { kind: "offline" };
      return false;
    }
    const batch = waiting.slice(0, singly ? 1 : BATCH).map((entry) => ({ ...entry, attempts: entry.attempts + 1 }));
    await Promise.all(batch.map(keep));
    const outcome = await options.send(batch.map((entry) => entry.submission));
    if (outcome.ok) {
      const taken = await take(batch, outcome.value);
      singly = false;
      failure = taken === batch.length ? null : { kind: "server", status: 200, retryAfter: null };
    } else if (outcome.failure.kind === "refused") {
      // One bad answer must not hold up the others: send them one by one, and blame only the one that is refused alone.
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) await refuse(only, outcome.failure.problem.detail || outcome.failure.problem.title);
      singly = batch.length > 1;
      failure = null;
    } else {
      failure = outcome.failure;
    }
    failures = failure === null ? 0 : failures + 1;
    return failure === null;
  }

  function plan(): void {
    if (failure === null || !options.isOnline()) return;
    const asked = failure.kind === "server" ? failure.retryAfter : null;
    cancelRetry = options.schedule(() => void outbox.flush(), asked ?? backOffMs(failures, options.random));
  }

  async function drain(): Promise<void> {
    while (await round()) report();
    report();
    plan();
  }

  const outbox: Outbox<S> = {
    entries: () => known,
    add(submission, excerpt) {
      const entry: Entry<S> = {
        key: submission.client_key, scope: options.scope, createdAt: options.now(), attempts: 0, submission, excerpt, verdict: null,
      };
      void keep(entry);
      report();
      // While the line is down the retry clock decides; each answer knocking by itself would defeat the back-off.
      if (failure === null || options.isOnline() === false) void outbox.flush();
    },
    flush() {
      if (running !== null) {
        const again = running.then(() => (known.some((entry) => entry.verdict === null && entry.attempts === 0) ? outbox.flush() : undefined));
        return again;
      }
      cancelRetry();
      running = options.lock.run(drain).finally(() => { running = null; });
      return running;
    },
    async withdraw(key) {
      if ((mine.get(key)?.attempts ?? 0) > 0) return false;
      held.add(key);
      return options.lock.run(async () => {
        const entry = (await entries()).find((each) => each.key === key);
        if (entry === undefined || entry.attempts > 0) return false;
        await drop(key);
        report();
        return true;
      }).finally(() => held.delete(key));
    },
    async settled(key) {
      const result = results.get(key);
      if (result !== undefined) return result;
      if (!known.some((entry) => entry.key === key)) return null;
      return new Promise((resolve) => waiters.set(key, [...(waiters.get(key) ?? []), resolve]));
    },
    async forget(key) {
      await drop(key);
      report();
    },
    async sendAgain(key) {
      const entry = (await entries()).find((each) => each.key === key);
      if (entry === undefined) return;
      results.delete(key);
      await keep({ ...entry, verdict: null });
      await outbox.flush();
    },
    heard(found) {
      settle(found);
      for (const result of found) if (result.status === "saved" || result.status === "duplicate") mine.delete(result.clientKey);
      options.events.settled(found, null);
      void entries().then(report);
    },
    waitingTasks: () => new Set(known.filter((entry) => entry.verdict === null).map((entry) => entry.submission.task)),
  };
  return outbox;
}
