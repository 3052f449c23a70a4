/** Changes of earlier answers that were not sent: they wait where they were made until the person comes back to them. */
import type { State } from "./state";

/** The state without the screen's own change, which is kept under the answer it belongs to. */
function putAside(state: State): State {
  const past = state.at === null ? undefined : state.past[state.at];
  if (past === undefined) return state;
  const { [past.key]: _before, ...others } = state.edits;
  return { ...state, edit: null, edits: state.edit === null ? others : { ...others, [past.key]: state.edit } };
}

/** Shows the answer at a place, or the task at hand, with what was changed there and not sent. */
export function goTo(state: State, at: number | null): State {
  const next = putAside(state);
  const past = at === null ? undefined : next.past[at];
  const edit = past === undefined ? null : (next.edits[past.key] ?? null);
  const left = Object.keys(next.edits).length > Object.keys(state.edits).length;
  return { ...next, at, edit, conflict: null, notice: left ? { message: "notice.edit-kept", params: {}, tone: "info" } : null };
}

/** How many changes wait, the one on the screen left out. */
export function waitingEdits(state: State): number {
  const here = state.at === null ? undefined : state.past[state.at]?.key;
  return Object.keys(state.edits).filter((key) => key !== here && state.past.some((past) => past.key === key)).length;
}
