/** What one can do with the task: the suggestion, the labels, and the way on and back. */
import { accept } from "../state/actions/accept";
import type { Action } from "../state/actions/action";
import { chooseLabel } from "../state/actions/choose-label";
import { next } from "../state/actions/next";
import { palette } from "../state/actions/panels";
import { approve, askReject } from "../state/actions/review";
import { previous } from "../state/actions/previous";
import { askSkip } from "../state/actions/skip";
import { submit } from "../state/actions/submit";
import { undo } from "../state/actions/undo";
import { actionId } from "../state/bindings";
import { answerTitles, settlesAtOnce } from "../state/controls";
import { sendsAtOnce } from "../state/onboarding";
import type { State } from "../state/state";
import type { MessageKey } from "../locales/en";
import { schemaOf, type Shown } from "../state/view";
import { byPointer, usePage } from "./context";
import { CONTROL_VIEWS } from "./controls/table";
import { actionTitle } from "./action-title";
import { Icon, type IconName } from "./icon";
import { KeyCap, shortcuts } from "./key-cap";

/** Why a task comes now, by the server's code. */
const REASONS: { readonly [code: string]: MessageKey | undefined } = {
  doubted: "reason.doubted", unsure: "reason.unsure", close_call: "reason.close-call", unlike: "reason.unlike", typical: "reason.typical",
};

function SuggestionLine({ state, view }: { state: State; view: Shown | null }) {
  const { perform, session, text } = usePage();
  if (view?.kind !== "task" || view.suggestion === null || !accept.isEnabled(state)) return null;
  const { answer, confidence, model, reason } = view.suggestion;
  const why = REASONS[reason ?? ""];
  const sure = confidence === null ? text.t("suggestion.no-confidence") : text.t("suggestion.confidence", { percent: text.percent(confidence) });
  const keys = session.bindings().keysOf(actionId("accept"));
  return (
    <div class="lp-suggestion" data-unknown={confidence === null ? "" : undefined}>
      <Icon name="spark" />
      <p>
        <span class="lp-quiet">{text.t("suggestion.title")}</span> <b>{answerTitles(schemaOf(state), answer).join(", ")}</b>
        <span class="lp-sure">{sure}</span>
        {why === undefined ? null : <span class="lp-quiet lp-why">{text.t(why)}</span>}
        {model === "" ? null : <span class="lp-quiet lp-wide">{text.t("suggestion.from", { model })}</span>}
      </p>
      <button type="button" class="lp-button lp-accept" title={text.t("action.accept")} aria-keyshortcuts={shortcuts(keys)} onClick={byPointer(() => perform<undefined>(accept, undefined))}>
        {text.t("suggestion.accept")}<KeyCap name={keys[0]} />
      </button>
    </div>
  );
}

function Controls({ state, view }: { state: State; view: Shown }) {
  const { perform, session, text } = usePage();
  return <>{schemaOf(state).controls.map((control) => {
    const View = Object.hasOwn(CONTROL_VIEWS, control.type) ? CONTROL_VIEWS[control.type] : undefined;
    if (View === undefined) return <p key={control.name} class="lp-hint">{text.t("page.unknown-control", { type: control.type })}</p>;
    return (
      <View
        key={control.name} control={control} value={view.answer[control.name] ?? null} bindings={session.bindings()}
        suggestion={view.kind === "task" ? view.suggestion : null} state={state} view={view} choose={(value) => perform(chooseLabel, { control: control.name, value })}
      />
    );
  })}</>;
}

export function Dock({ state, view }: { state: State; view: Shown | null }) {
  const { perform, session, text } = usePage();
  function step(action: Action, icon: IconName, extra = "") {
    const title = text.t(actionTitle(action.name));
    const keys = session.bindings().keysOf(actionId(action.name));
    return (
      <button type="button" class={`lp-step ${extra}`} disabled={!action.isEnabled(state)} title={title} aria-keyshortcuts={shortcuts(keys)} onClick={byPointer(() => perform<undefined>(action, undefined))}>
        <Icon name={icon} /><span class="lp-step-name">{title}</span><KeyCap name={keys[0]} />
      </button>
    );
  }
  const needsSubmit = view !== null && (view.kind === "past" ? view.changed || state.edit !== null : !(settlesAtOnce(schemaOf(state)) && sendsAtOnce(state)));
  return (
    <footer class="lp-dock">
      <div class="lp-dock-in">
        <SuggestionLine state={state} view={view} />
        {view === null ? null : <Controls state={state} view={view} />}
        <div class="lp-steps" role="toolbar" aria-label={text.t("page.toolbar")}>
          {step(undo, "undo")}
          {view?.kind === "task" && state.onboarding === null ? step(askSkip, "skip") : null}
          {state.review === null ? null : step(askReject, "skip")}
          {palette.isEnabled(state) && view !== null ? step(palette, "search", "lp-step-search") : null}
          <span class="lp-spring" />
          {state.onboarding === null ? step(previous, "back", "lp-step-bare") : null}
          {state.onboarding === null ? step(next, "next", "lp-step-bare") : null}
          {state.review !== null && !needsSubmit ? (
            <button type="button" class="lp-button lp-button-primary lp-submit" disabled={!approve.isEnabled(state)} onClick={byPointer(() => perform<undefined>(approve, undefined))}>
              {text.t("action.approve")}<KeyCap name={session.bindings().keysOf(actionId("approve"))[0]} />
            </button>
          ) : null}
          {needsSubmit ? (
            <button type="button" class="lp-button lp-button-primary lp-submit" disabled={!submit.isEnabled(state)} onClick={byPointer(() => perform<undefined>(submit, undefined))}>
              {text.t(state.review !== null ? "review.fix" : view.kind === "past" ? "action.save" : "action.submit")}<KeyCap name={session.bindings().keysOf(actionId("submit"))[0]} />
            </button>
          ) : null}
        </div>
      </div>
    </footer>
  );
}
