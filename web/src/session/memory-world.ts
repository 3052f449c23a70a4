/** A world without a server: tasks that are given to it, and answers that it hands on. */
import type { Client } from "../api/client";
import type { Failure, Outcome } from "../api/http";
import type { Json } from "../json";
import type { Entry } from "../outbox/entry";
import { createTabLock } from "../outbox/lock";
import { parsePage, type Page, type Sendable, type Submission, type Task } from "../wire";
import { createStopwatch, type World } from "./world";

const REFUSED: Failure = { kind: "refused", status: 404, problem: { code: "", title: "", detail: "", errors: [] } };
const good = <T,>(value: T): Promise<Outcome<T>> => Promise.resolve({ ok: true, value });

export function memoryPage(schema: Json, guidelines: string, count: number, name = ""): Page {
  return parsePage({
    project: { id: 1, name, guidelines, overlap: 1, lease_seconds: 900, schema }, me: { id: 1, name: "", language: "" },
    progress: { total: count, done: 0, mine: 0 },
  });
}

/** What the client asks of whoever holds the tasks. */
export interface Tasks {
  /** Up to so many further tasks. */
  next(count: number): Task[];
  /** The task that an answer was taken back of. */
  again(annotation: number): Task;
  sent(answers: readonly Submission[]): void;
  remaining: boolean;
}

export function memoryClient(page: Page, tasks: Tasks): Client {
  return {
    page: () => good(page),
    annotation: () => Promise.resolve({ ok: false, failure: REFUSED }),
    lease: (count) => good({ tasks: tasks.next(count), lost: [], progress: page.progress, remaining: tasks.remaining, schemaRevision: 1 }),
    send(answers) {
      tasks.sent(answers);
      return good({ results: answers.map((answer) => ({ clientKey: answer.client_key, status: "saved", annotation: answer.task, task: answer.task, problem: "" })), progress: page.progress });
    },
    saveDraft: () => good({ savedAt: Date.now(), answer: null }),
    history: () => good({ results: [], next: null }),
    change: () => Promise.resolve({ ok: false, failure: REFUSED }),
    takeBack: (annotation) => good(tasks.again(annotation)),
    release: () => undefined,
    sendRemarks: (remarks) => good({ results: remarks.map((remark) => ({ clientKey: remark.client_key, status: "saved", annotation: remark.task, task: remark.task, problem: "" })), progress: null }),
    remarks: () => good({ rows: [], next: null }),
    changeRemark: () => Promise.resolve({ ok: false, failure: REFUSED }),
    removeRemark: () => good(null),
    members: () => good([]),
    review: () => good({ results: [], next: null }),
    judge: () => Promise.resolve({ ok: false, failure: REFUSED }),
    markKnown: () => Promise.resolve({ ok: false, failure: REFUSED }),
    onboarding: () => Promise.resolve({ ok: false, failure: REFUSED }),
    answerOnboarding: () => Promise.resolve({ ok: false, failure: REFUSED }),
    beginAttempt: () => Promise.resolve({ ok: false, failure: REFUSED }),
  };
}

export function memoryWorld(client: Client): World {
  const kept = new Map<string, string>();
  let keys = 0;
  return {
    client,
    storage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value), removeItem: (name) => void kept.delete(name) },
    openStore<S extends Sendable>() {
      const entries = new Map<string, Entry<S>>();
      return Promise.resolve({
        all: () => Promise.resolve([...entries.values()]),
        put: (entry: Entry<S>) => { entries.set(entry.key, entry); return Promise.resolve(); },
        remove: (key: string) => { entries.delete(key); return Promise.resolve(); },
      });
    },
    lock: () => createTabLock(), channel: () => ({ announce: () => undefined, listen: () => undefined }), isOnline: () => true, now: () => Date.now(), random: () => 0.5,
    newKey: () => `memory-${(keys += 1)}`,
    schedule(work, ms) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    stopwatch: createStopwatch(() => performance.now()),
  };
}
