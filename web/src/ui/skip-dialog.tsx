import { useState } from "preact/hooks";
import type { MessageKey } from "../locales/en";
import { close } from "../state/actions/panels";
import { REASON_LENGTH, skip } from "../state/actions/skip";
import { usePage } from "./context";
import { Dialog } from "./dialog";

const REASONS: readonly MessageKey[] = ["skip.unclear", "skip.unreadable", "skip.language", "skip.sensitive"];

export function SkipDialog() {
  const { perform, session, text } = usePage();
  const project = session.store.get().project;
  const [reason, setReason] = useState("");
  const own = project?.skipReasons ?? [];
  const reasons = own.length > 0 ? own : REASONS.map((key) => text.t(key));
  const required = project?.skipReasonRequired === true;
  return (
    <Dialog title={text.t("skip.title")} name="skip">
      <form class="lp-form" onSubmit={(event) => { event.preventDefault(); perform(skip, reason); }}>
        <p>{text.t("skip.body")}</p>
        <div class="lp-pills">
          {reasons.map((each) => (
            <button key={each} type="button" class="lp-pill" aria-pressed={reason === each} onClick={() => setReason(each)}>{each}</button>
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
