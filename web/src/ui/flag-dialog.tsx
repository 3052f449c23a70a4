/** Why a task is to be looked at; it is answered all the same. */
import { useState } from "preact/hooks";
import { close } from "../state/actions/panels";
import { raiseFlag } from "../state/actions/remark";
import { REASON_LENGTH } from "../state/actions/skip";
import { usePage } from "./context";
import { Dialog } from "./dialog";

export function FlagDialog() {
  const { perform, text } = usePage();
  const [reason, setReason] = useState("");
  return (
    <Dialog title={text.t("action.flag")} name="flag">
      <form class="lp-form" onSubmit={(event) => { event.preventDefault(); perform(raiseFlag, reason); }}>
        <p>{text.t("flag.body")}</p>
        <label class="lp-input">
          <span>{text.t("skip.reason")}</span>
          <input type="text" value={reason} maxLength={REASON_LENGTH} autocomplete="off" autofocus dir="auto" onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="lp-buttons">
          <button type="button" class="lp-button" onClick={() => perform<undefined>(close, undefined)}>{text.t("action.close")}</button>
          <button type="submit" class="lp-button lp-button-primary">{text.t("action.flag")}</button>
        </div>
      </form>
    </Dialog>
  );
}
