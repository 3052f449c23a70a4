import { useState } from "preact/hooks";
import type { MessageKey } from "../locales/en";
import { close } from "../state/actions/panels";
import { REASON_LENGTH, skip } from "../state/actions/skip";
import { usePage } from "./context";
import { Dialog } from "./dialog";
import { KeyCap } from "./key-cap";

const REASONS: readonly MessageKey[] = ["skip.unclear", "skip.unreadable", "skip.language", "skip.sensitive"];

export function SkipDialog() {
  const { perform, session, text } = usePage();
  const project = session.store.get().project;
  const [reason, setReason] = useState("");
  const own = project?.skipReasons ?? [];
  const reasons = own.length > 0 ? own : REASONS.map((key) => text.t(key));
  const required = project?.skipReasonRequired === true;
  /** A digit chooses a reason, so that a task is skipped with three keys. */
  function onKeyDown(event: KeyboardEvent): void {
    const chosen = event.target instanceof HTMLInputElement ? undefined : reasons[Number(event.key) - 1];
    if (chosen === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setReason(chosen);
  }
  return (
    <Dialog title={text.t("skip.title")} name="skip">
      <form class="lp-form" onKeyDown={onKeyDown} onSubmit={(event) => { event.preventDefault(); perform(skip, reason); }}>
        <p>{text.t("skip.body")}</p>
        <div class="lp-pills">
          {reasons.map((each, i) => (
            <button key={each} type="button" class="lp-pill" aria-pressed={reason === each} aria-keyshortcuts={i < 9 ? String(i + 1) : undefined} onClick={() => setReason(each)}>{each}<KeyCap name={i < 9 ? String(i + 1) : undefined} /></button>
          ))}
        </div>
        <label class="lp-input">
          <span>{text.t(required ? "skip.must" : "skip.reason")}</span>
          <input type="text" value={reason} maxLength={REASON_LENGTH} autocomplete="off" required={required} autofocus={required} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="lp-buttons">
          <button type="button" class="lp-button" onClick={() => perform<undefined>(close, undefined)}>{text.t("skip.cancel")}</button>
          <button type="submit" class="lp-button lp-button-primary" autofocus={!required}>{text.t("skip.confirm")}</button>
        </div>
      </form>
    </Dialog>
  );
}
