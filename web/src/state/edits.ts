/** Changes of earlier answers that were not sent: they wait where they were made until the person comes back to them. */
import type { State } from "./state";
import { shown } from "./view";

/** What is changed on the screen and not sent; null when nothing is. */
function changeAtHand(state: State): State["edit"] {
  if (state.at === null || state.edit === null) return null;
  const view = shown(state);
  return view?.kind === "past" && view.changed ? state.edit : null;
}

/** The changes without that of one answer, which was sent or dropped. */
export function withoutEdit(state: State, key: string): State["edits"] {
  const { [key]: _gone, ...others } = state.edits;
  return others;
}

/** Shows the answer at a place, or the task at hand, with what was changed there and not sent. */
export function goTo(state: State, at: number | null): State {
  const from = state.at === null ? undefined : state.past[state.at];
  const change = changeAtHand(state);
  const others = from === undefined ? state.edits : withoutEdit(state, from.key);
  const edits = from === undefined || change === null ? others : { ...others, [from.key]: change };
  const past = at === null ? undefined : state.past[at];
  const isLeft = from !== undefined && change !== null && past?.key !== from.key;
  return {
    ...state, at, edits, edit: past === undefined ? null : (edits[past.key] ?? null), conflict: null,
    notice: isLeft ? { message: "notice.edit-kept", params: {}, tone: "info" } : null,
  };
}

/** How many changes of earlier answers are not sent. */
export function unsentEdits(state: State): number {
  const here = state.at === null ? undefined : state.past[state.at]?.key;
  return Object.keys(state.edits).filter((key) => key !== here).length + (changeAtHand(state) === null ? 0 : 1);
}
