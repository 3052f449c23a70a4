/** The labeling page itself, with items of the version and a server out of memory. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Client } from "../api/client";
import type { Json } from "../json";
import { createTranslator, type Translator } from "../locales/translator";
import { memoryClient, memoryPage, memoryWorld } from "../session/memory-world";
import { createSession } from "../session/session";
import { App } from "../ui/app";
import { Context } from "../ui/context";
import type { Task } from "../wire";

/** Hands the samples out round and round, and takes every answer. */
function sampleClient(schema: Json, guidelines: string, samples: readonly Json[]): Client {
  let given = 0;
  const next = (): Task => {
    const number = given;
    given += 1;
    return { id: number + 1, itemId: number + 1, data: samples[number % samples.length] ?? {}, lease: { token: "preview", expiresAt: Infinity }, draft: null, suggestion: null, comments: 0 };
  };
  return memoryClient(memoryPage(schema, guidelines, samples.length), {
    next: (count) => Array.from({ length: count }, next), sent: () => undefined, remaining: true,
    again: (annotation) => ({ ...next(), id: annotation, data: samples[(annotation - 1) % samples.length] ?? {} }),
  });
}

export function Preview({ schema, guidelines, samples, language, pictures }: { schema: Json; guidelines: string; samples: readonly Json[]; language: string; pictures: string }) {
  const [ready, setReady] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const session = useMemo(() => createSession(memoryWorld(sampleClient(schema, guidelines, samples)), 1), [schema, guidelines, samples]);
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
