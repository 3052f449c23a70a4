/** Why a task stays undecided: Enter saves, Escape goes back. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Say } from "./words";

const LONGEST = 500;

export function LeaveForm({ say, done }: { say: Say; done(reason: string | null): void }) {
  const field = useRef<HTMLInputElement>(null);
  const [reason, setReason] = useState("");
  // At once, so that the first letter typed goes into it.
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form class="adj-leave" onSubmit={(event) => { event.preventDefault(); if (reason.trim() !== "") done(reason.trim()); }} onKeyDown={(event) => { if (event.key === "Escape") { event.preventDefault(); done(null); } }}>
      <label for="adj-leave-why">{say("leave.why")}</label>
      <input ref={field} id="adj-leave-why" maxLength={LONGEST} required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      <button class="button button-primary">{say("leave.save")}</button>
      <button type="button" class="button button-quiet" onClick={() => done(null)}>{say("cancel")}</button>
    </form>
  );
}
