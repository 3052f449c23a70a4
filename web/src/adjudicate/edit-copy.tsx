/** The labeling page itself on one task, begun with a copy of somebody's answer: what is submitted becomes the final one. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Json } from "../json";
import { createTranslator, type Translator } from "../locales/translator";
import { memoryClient, memoryPage, memoryWorld } from "../session/memory-world";
import { createSession } from "../session/session";
import { meaningOf } from "../state/dispatch-key";
import { App } from "../ui/app";
import { Context } from "../ui/context";
import { isTyping } from "../ui/typing";
import type { Answer, Task } from "../wire";
import type { Say } from "./words";
import type { Dispute } from "./wire";

/** What makes no sense here: there is one task, and comments belong to the people's own page. */
const ELSEWHERE = new Set(["comments", "flag", "skip", "previous", "next"]);

interface Props {
  say: Say; schema: Json; guidelines: string; language: string; pictures: string; dispute: Dispute; copy: Answer;
  /** The answer that was submitted; null when it is left as it was. */
  done(answer: Answer | null): void;
}

export function EditCopy({ say, schema, guidelines, language, pictures, dispute, copy, done }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [text, setText] = useState<Translator | null>(null);
  const [ready, setReady] = useState(false);
  const closed = useRef(false);

  function close(answer: Answer | null): void {
    if (closed.current) return;
    closed.current = true;
    done(answer);
  }

  const session = useMemo(() => {
    const task: Task = { id: dispute.task, itemId: dispute.item, data: dispute.data, lease: { token: "copy", expiresAt: Infinity }, draft: { answer: copy, savedAt: Date.now() }, suggestion: null, comments: 0 };
    let given = false;
    const client = memoryClient(memoryPage(schema, guidelines, 1, say("editing")), {
      next: (count) => { const first = !given && count > 0; given = given || first; return first ? [task] : []; },
      again: () => task, sent: (answers) => close(answers[0]?.answer ?? null), remaining: false,
    });
    return createSession(memoryWorld(client), 1);
  }, [dispute.task, copy]);

  useEffect(() => void createTranslator(language).then(setText), [language]);
  useEffect(() => void session.start().then(() => setReady(true)), [session]);
  // Gone as soon as this is, so that the next key is not taken for one of its own.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (closed.current || event.defaultPrevented || isTyping(event)) return;
      const target = meaningOf(session.store.get(), session.bindings(), event);
      if (target?.type === "action" && ELSEWHERE.has(target.name)) return event.preventDefault();
      if (session.press(event)) event.preventDefault();
      else if (event.key === "Escape") close(null);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [session]);
  useEffect(() => { if (ready && text !== null) box.current?.querySelector<HTMLElement>(".lp-main")?.focus(); }, [ready, text]);

  // What it lies over must not take the focus.
  useLayoutEffect(() => {
    const covered: HTMLElement[] = [];
    for (let inner: HTMLElement | null = box.current; inner !== null && inner !== document.body; inner = inner.parentElement) {
      for (const other of inner.parentElement?.children ?? []) if (other !== inner && other instanceof HTMLElement && !other.inert) covered.push(other);
    }
    for (const each of covered) each.inert = true;
    return () => { for (const each of covered) each.inert = false; };
  }, []);

  function onClick(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.target.closest("a.lp-tool") === null) return;
    event.preventDefault();
    close(null);
  }

  return (
    <div ref={box} class="adj-edit" role="dialog" aria-modal="true" aria-label={say("editing")} onClick={onClick}>
      {text === null || !ready ? null : <Context.Provider value={{ session, text, exit: "#", signIn: "#", pictures }}><App /></Context.Provider>}
      <p class="adj-edit-hint">{say("edit.how")}</p>
    </div>
  );
}
