/** The labeling page itself, with items of the version and a server out of memory. */
import type { Entry } from "../outbox/entry";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Client } from "../api/client";
import type { Failure, Outcome } from "../api/http";
import type { Json } from "../json";
import { createTranslator, type Translator } from "../locales/translator";
import { createTabLock } from "../outbox/lock";
import { createSession } from "../session/session";
import { createStopwatch, type World } from "../session/world";
import { App } from "../ui/app";
import { Context } from "../ui/context";
import { parsePage, type Page, type Sendable, type Task } from "../wire";

const REFUSED: Failure = { kind: "refused", status: 404, problem: { code: "", title: "", detail: "", errors: [] } };
const good = <T,>(value: T): Promise<Outcome<T>> => Promise.resolve({ ok: true, value });

function pageOf(schema: Json, guidelines: string, count: number): Page {
  return parsePage({
    project: { id: 1, name: "", guidelines, overlap: 1, lease_seconds: 900, schema }, me: { id: 1, name: "", language: "" },
    progress: { total: count, done: 0, mine: 0 },
  });
}

/** Hands the samples out round and round, and takes every answer. */
function sampleClient(page: Page, samples: readonly Json[]): Client {
  let given = 0;
  const next = (): Task => {
    const number = given;
    given += 1;
    return { id: number + 1, itemId: number + 1, data: samples[number % samples.length] ?? {}, lease: { token: "preview", expiresAt: Infinity }, draft: null, suggestion: null, comments: 0 };
  };
  return {
    page: () => good(page),
    annotation: () => Promise.resolve({ ok: false, failure: REFUSED }),
    lease: (count) => good({ tasks: Array.from({ length: count }, next), lost: [], progress: page.progress, remaining: true, schemaRevision: 1 }),
    send: (answers) => good({
      results: answers.map((answer) => ({ clientKey: answer.client_key, status: "saved", annotation: answer.task, task: answer.task, problem: "" })), progress: page.progress,
    }),
    saveDraft: () => good({ savedAt: Date.now(), answer: null }),
    history: () => good({ results: [], next: null }),
    change: () => Promise.resolve({ ok: false, failure: REFUSED }),
    takeBack: (annotation) => good({ ...next(), id: annotation, data: samples[(annotation - 1) % samples.length] ?? {} }),
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

function previewWorld(client: Client): World {
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
    newKey: () => `preview-${(keys += 1)}`,
    schedule(work, ms) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    stopwatch: createStopwatch(() => performance.now()),
  };
}

export function Preview({ schema, guidelines, samples, language, pictures }: { schema: Json; guidelines: string; samples: readonly Json[]; language: string; pictures: string }) {
  const [ready, setReady] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const session = useMemo(() => createSession(previewWorld(sampleClient(pageOf(schema, guidelines, samples.length), samples)), 1), [schema, guidelines, samples]);
  const [text, setText] = useState<Translator | null>(null);
  useEffect(() => void createTranslator(language).then(setText), [language]);
  useEffect(() => void session.start().then(() => setReady(ready + 1)), [session]);

  function onKeyDown(event: KeyboardEvent): void {
    const { target } = event;
    if (event.defaultPrevented || !(target instanceof HTMLElement) || target.matches("input, textarea, select")) return;
    if (target.matches("button, a") && (event.key === "Enter" || event.key === " ")) return;
    if (session.press(event)) event.preventDefault();
  }

  return (
    <div ref={box} class="editor-preview" tabIndex={0} onKeyDown={onKeyDown}>
      {text === null ? null : <Context.Provider value={{ session, text, exit: "#", signIn: "#", pictures }}><App key={ready} /></Context.Provider>}
    </div>
  );
}
