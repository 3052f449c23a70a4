/** Why an answer goes back to its writer; it comes with the page's review mode. */
import { useState } from "preact/hooks";
import { close } from "../state/actions/panels";
import { reject } from "../state/actions/review";
import { REASON_LENGTH } from "../state/actions/skip";
import { usePage } from "./context";
import { Dialog } from "./dialog";

export function RejectDialog({ name }: { name: string }) {
  const { perform, text } = usePage();
  const [reason, setReason] = useState("");
  return (
    <Dialog title={text.t("reject.title")} name="reject">
      <form class="lp-form" onSubmit={(event) => { event.preventDefault(); perform(reject, reason); }}>
        <p>{text.t("reject.body", { name })}</p>
        <label class="lp-input">
          <span>{text.t("reject.reason")}</span>
          <input type="text" value={reason} maxLength={REASON_LENGTH} autocomplete="off" autofocus required dir="auto" onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="lp-buttons">
          <button type="button" class="lp-button" onClick={() => perform<undefined>(close, undefined)}>{text.t("reject.cancel")}</button>
          <button type="submit" class="lp-button lp-button-primary" disabled={reason.trim() === ""}>{text.t("action.send-back")}</button>
        </div>
      </form>
    </Dialog>
  );
}
