/** Where one is, how far one is, and whether everything is saved. */
import type { Action } from "../state/actions/action";
import { guidelines, help, settings } from "../state/actions/panels";
import { askFlag, comments } from "../state/actions/remark";
import { openRemarks } from "../state/remarks";
import { isTraining } from "../state/onboarding";
import type { State } from "../state/state";
import { saving } from "../state/saving";
import { byPointer, usePage } from "./context";
import { Icon, type IconName } from "./icon";
import { actionTitle } from "./action-title";

export function TopBar({ state }: { state: State }) {
  const { exit, perform, session, text } = usePage();
  const { onboarding, progress, sync } = state;
  const way = onboarding === null ? null : isTraining(onboarding) ? onboarding.way.training : onboarding.way.exam;
  const total = way?.total ?? progress.total;
  const done = way?.done ?? Math.min(total, progress.done + sync.waiting);
  const mine = progress.mine + sync.waiting;
  const status = saving(state);

  function tool(action: Action, icon: IconName, count = 0) {
    const [key] = session.bindings().keysOf(`action:${action.name}`);
    const title = text.t(actionTitle(action.name));
    return (
      <button type="button" class="lp-tool" aria-label={count === 0 ? title : `${title} (${count})`} disabled={!action.isEnabled(state)} title={key === undefined ? title : `${title} (${key})`} aria-expanded={state.panel === action.name}
        onClick={byPointer(() => perform<undefined>(action, undefined))}><Icon name={icon} />{count === 0 ? null : <b class="lp-count" data-count={count} />}</button>
    );
  }

  return (
    <header class="lp-top">
      <a class="lp-tool" href={exit} aria-label={text.t("page.exit")} title={text.t("page.exit")}><Icon name="exit" /></a>
      <strong class="lp-name">{state.project?.name ?? text.t("page.name")}</strong>
      <span class="lp-status" data-state={status.tone} role="status"><i />{text.t(status.message, status.params)}</span>
      <div class="lp-figures">
        {way === null ? <span class="lp-wide">{text.t("progress.mine", { count: mine })}</span> : null}
        <span class="lp-wide">{text.t("progress.total", { done, total })}</span>
        <span class="lp-narrow" aria-hidden="true">{text.t("progress.short", { done, total })}</span>
        {way === null && progress.shown > 0 ? (
          <span class="lp-wide lp-rate" title={text.t("progress.rate-title", { count: progress.shown, accepted: progress.accepted })}>
            {text.t("progress.rate", { percent: text.percent(progress.accepted / progress.shown) })}
          </span>
        ) : null}
      </div>
      <nav class="lp-tools">{state.review === null ? tool(askFlag, "flag") : null}{tool(comments, "talk", openRemarks(state))}{tool(guidelines, "book")}{tool(settings, "gear")}{tool(help, "help")}</nav>
      <progress class="lp-progress" max={Math.max(total, 1)} value={done} aria-label={text.t("progress.total", { done, total })} />
    </header>
  );
}
