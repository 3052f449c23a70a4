/** Everything that needs to be told above the task: trouble with the line, refused answers, conflicts, notices. */
import { correct, forget, sendAgain } from "../state/actions/attention";
import { close } from "../state/actions/panels";
import { resolveConflict } from "../state/actions/resolve-conflict";
import { answerTitles } from "../state/controls";
import type { Attention, State } from "../state/state";
import { schemaOf } from "../state/view";
import type { Answer } from "../wire";
import { usePage } from "./context";
import { Icon } from "./icon";

function useAnswerText(state: State): (answer: Answer | null) => string {
  const { text } = usePage();
  const list = new Intl.ListFormat(text.language, { type: "conjunction" });
  return (answer) => (answer === null ? text.t("attention.skipped") : list.format(answerTitles(schemaOf(state), answer)) || "–");
}

function LineTrouble({ state }: { state: State }) {
  const { session, signIn, text } = usePage();
  const { failure, detail } = state.sync;
  if (failure === "signed-out") {
    return (
      <div class="lp-banner lp-banner-bad" role="alert">
        <p>{text.t("banner.signed-out")} {detail}</p>
        <a class="lp-button" href={signIn} target="_blank" rel="noopener">{text.t("banner.sign-in")}</a>
        <button type="button" class="lp-button" onClick={session.lookNow}>{text.t("banner.retry")}</button>
      </div>
    );
  }
  if (state.online && failure === null) return null;
  return (
    <div class="lp-banner lp-banner-warn" role="status">
      <p>{text.t(!state.online ? "banner.offline" : "banner.server")}</p>
      <button type="button" class="lp-button" onClick={session.lookNow}>{text.t("banner.retry")}</button>
    </div>
  );
}

function AttentionRow({ row, state }: { row: Attention; state: State }) {
  const { perform, text } = usePage();
  const answer = useAnswerText(state)(row.answer);
  const isInvalid = row.status === "invalid";
  const canCorrect = isInvalid && state.past.some((past) => past.key === row.key && past.leased !== null);
  const said = !isInvalid ? text.t("attention.draft") : row.problem === "" ? text.t("attention.invalid-unknown") : text.t("attention.invalid", { problem: row.problem });
  return (
    <div class={isInvalid ? "lp-banner lp-banner-bad" : "lp-banner lp-banner-warn"} role="alert">
      <p>{said}<br /><q class="lp-excerpt">{row.excerpt}</q> <b>{text.t("attention.answer", { answer })}</b></p>
      {canCorrect ? <button type="button" class="lp-button" onClick={() => perform(correct, row.key)}>{text.t("attention.correct")}</button> : null}
      {isInvalid ? <button type="button" class="lp-button" onClick={() => perform(sendAgain, row.key)}>{text.t("attention.again")}</button> : null}
      <button type="button" class="lp-button" onClick={() => perform(forget, row.key)}>{text.t(isInvalid ? "attention.discard" : "attention.dismiss")}</button>
    </div>
  );
}

function ConflictRow({ state }: { state: State }) {
  const { perform, text } = usePage();
  const say = useAnswerText(state);
  if (state.conflict === null) return null;
  return (
    <div class="lp-banner lp-banner-warn" role="alert">
      <p><b>{text.t("conflict.title")}</b><br />
        {text.t("conflict.theirs", { answer: say(state.conflict.theirs.answer) })} · {text.t("conflict.mine", { answer: say(state.conflict.mine.answer) })}</p>
      <button type="button" class="lp-button" onClick={() => perform(resolveConflict, "theirs")}>{text.t("conflict.keep-theirs")}</button>
      <button type="button" class="lp-button" onClick={() => perform(resolveConflict, "mine")}>{text.t("conflict.keep-mine")}</button>
    </div>
  );
}

/** What was begun is in this browser and comes back after loading; what was sent goes to the present questions. */
function Outdated({ state }: { state: State }) {
  const { text } = usePage();
  if (!state.outdated) return null;
  return (
    <div class="lp-banner lp-banner-warn" role="alert">
      <p>{text.t("banner.outdated")}</p>
      <button type="button" class="lp-button lp-button-primary" onClick={() => location.reload()}>{text.t("banner.reload")}</button>
    </div>
  );
}

export function Messages({ state }: { state: State }) {
  const { perform, text } = usePage();
  return (
    <div class="lp-messages">
      <LineTrouble state={state} />
      <Outdated state={state} />
      {state.attention.map((row) => <AttentionRow key={row.key} row={row} state={state} />)}
      <ConflictRow state={state} />
      {state.notice === null ? null : (
        <div class={`lp-banner lp-banner-${state.notice.tone}`} role="status">
          <p>{text.t(state.notice.message, state.notice.params)}</p>
          <button type="button" class="lp-tool" aria-label={text.t("notice.close")} onClick={() => perform<undefined>(close, undefined)}><Icon name="close" /></button>
        </div>
      )}
    </div>
  );
}
