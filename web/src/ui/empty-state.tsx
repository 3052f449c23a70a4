/** What to say and offer when there is no task to show. */
import { guidelines } from "../state/actions/panels";
import { previous } from "../state/actions/previous";
import type { MessageKey } from "../locales/en";
import type { State } from "../state/state";
import { emptiness, type Emptiness } from "../state/view";
import { usePage } from "./context";
import { Icon } from "./icon";

type Offer = "review" | "exit" | "retry" | "guidelines";
interface Row { title: MessageKey; body: MessageKey | null; offers: readonly Offer[] }

const ROWS: Readonly<Record<Emptiness, Row>> = {
  loading: { title: "empty.loading", body: null, offers: [] },
  "no-tasks": { title: "empty.no-tasks", body: "empty.no-tasks-body", offers: ["retry", "guidelines", "exit"] },
  finished: { title: "empty.finished", body: "empty.finished-body", offers: ["exit", "review"] },
  "nothing-left": { title: "empty.nothing-left", body: "empty.nothing-left-body", offers: ["review", "retry", "exit"] },
  others: { title: "empty.others", body: "empty.others-body", offers: ["retry", "review", "exit"] },
  trouble: { title: "empty.trouble", body: "empty.trouble-body", offers: ["retry", "exit"] },
};

export function EmptyState({ state }: { state: State }) {
  const { exit, perform, session, text } = usePage();
  const kind = emptiness(state);
  const row = ROWS[kind];

  function offer(name: Offer, i: number) {
    const look = i === 0 ? "lp-button lp-button-primary" : "lp-button";
    const label = text.t(`empty.${name}`);
    if (name === "exit") return <a key={name} class={look} href={exit}>{label}</a>;
    const work = name === "review" ? () => perform<undefined>(previous, undefined) : name === "guidelines" ? () => perform<undefined>(guidelines, undefined) : session.lookNow;
    if (name === "review" && !previous.isEnabled(state)) return null;
    return <button key={name} type="button" class={look} onClick={work}>{label}</button>;
  }

  return (
    <div class="lp-empty" data-kind={kind} role="status">
      {kind === "finished" || kind === "nothing-left" ? <span class="lp-seal"><Icon name="check" /></span> : null}
      <h2>{text.t(row.title)}</h2>
      {row.body === null ? <span class="lp-wait" /> : <p>{kind === "trouble" && state.leaseFailure?.detail ? state.leaseFailure.detail : text.t(row.body)}</p>}
      <div class="lp-buttons">{row.offers.map(offer)}</div>
    </div>
  );
}
