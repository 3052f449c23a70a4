/** What stands above an answer under review, above a task that was sent back, and behind the last answer. */
import type { MessageKey } from "../locales/en";
import type { Past, State } from "../state/state";
import type { Rejected } from "../wire";
import { usePage } from "./context";
import { Icon } from "./icon";

const VERDICTS: Readonly<Record<string, MessageKey>> = { accepted: "review.accepted", fixed: "review.fixed", rejected: "review.rejected" };

export function ReviewLine({ past, changed }: { past: Past; changed: boolean }) {
  const { text } = usePage();
  const said = VERDICTS[past.verdict ?? "none"] ?? "review.none";
  return (
    <div class="lp-past">
      <b dir="auto">{text.t("review.by", { name: past.by?.name ?? "" })}</b>
      {past.skipped ? <span>{text.t("review.skipped")}</span> : null}
      <span class={past.verdict === "rejected" ? "lp-complaint" : "lp-quiet"}>{changed ? text.t("past.changed") : text.t(said, { name: past.reviewer ?? "" })}</span>
      {past.why === undefined || past.why === "" ? null : <q dir="auto">{past.why}</q>}
    </div>
  );
}

export function SentBack({ rejection }: { rejection: Rejected }) {
  const { text } = usePage();
  return (
    <div class="lp-past lp-sent-back" role="note">
      <b>{rejection.reviewer === "" ? text.t("back.title") : text.t("back.by", { name: rejection.reviewer })}</b>
      <q dir="auto">{rejection.reason}</q>
    </div>
  );
}

export function ReviewEnd({ state }: { state: State }) {
  const { exit, text } = usePage();
  if (!state.asked) return <div class="lp-empty" role="status"><h2>{text.t("review.loading")}</h2><span class="lp-wait" /></div>;
  return (
    <div class="lp-empty" role="status">
      <span class="lp-seal"><Icon name="check" /></span>
      <h2>{text.t(state.past.length === 0 ? "review.nothing" : "review.done")}</h2>
      <p>{text.t("review.done-body")}</p>
      <div class="lp-buttons"><a class="lp-button lp-button-primary" href={exit}>{text.t("empty.exit")}</a></div>
    </div>
  );
}
