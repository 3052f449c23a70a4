import { useState } from "preact/hooks";
import type { MessageKey } from "../locales/en";
import { close } from "../state/actions/panels";
import { REASON_LENGTH, skip } from "../state/actions/skip";
import { usePage } from "./context";
import { Dialog } from "./dialog";

const REASONS: readonly MessageKey[] = ["skip.unclear", "skip.unreadable", "skip.language", "skip.sensitive"];

export function SkipDialog() {
  const { perform, text } = usePage();
  const [reason, setReason] = useState("");
  return (
    <Dialog title={text.t("skip.title")} name="skip">
      <form class="lp-form" onSubmit={(event) => { event.preventDefault(); perform(skip, reason); }}>
        <p>{text.t("skip.body")}</p>
        <div class="lp-pills">
          {REASONS.map((key) => (
            <button key={key} type="button" class="lp-pill" aria-pressed={reason === text.t(key)} onClick={() => setReason(text.t(key))}>{text.t(key)}</button>
          ))}
        </div>
        <label class="lp-input">
          <span>{text.t("skip.reason")}</span>
          <input type="text" value={reason} maxLength={REASON_LENGTH} autocomplete="off" onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="lp-buttons">
          <button type="button" class="lp-button" onClick={() => perform<undefined>(close, undefined)}>{text.t("skip.cancel")}</button>
          <button type="submit" class="lp-button lp-button-primary" autofocus>{text.t("skip.confirm")}</button>
        </div>
      </form>
    </Dialog>
  );
}
