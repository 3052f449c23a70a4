/** Take the last answer back and show its task again. */
import { stepBack, trailOf } from "../answering";
import type { State } from "../state";
import { stay, type Action } from "./action";
import { canUnjudge, unjudge } from "./review";

function lastTaken(state: State): State["past"][number] | undefined {
  return state.past.at(-1);
}

export const undo: Action = {
  name: "undo",
  keys: ["z", "Ctrl+z"],
  isEnabled: (state) => state.phase === "ready" && state.busy === null && (trailOf(state).back.length > 0 || state.onboarding === null && (state.review === null ? lastTaken(state) !== undefined || state.pastCursor === undefined : canUnjudge(state))),
  perform(state) {
    if (!undo.isEnabled(state)) return stay(state);
    // A change that isn't sent is the nearest thing to undo.
    if (trailOf(state).back.length > 0) return stepBack(state);
    if (state.at !== null && state.edit !== null) return stay({ ...state, edit: null });
    if (state.review !== null) return unjudge(state);
    const last = lastTaken(state);
    if (last === undefined) return stay({ ...state, busy: "history" }, { type: "load-history", then: "undo" });
    return stay({ ...state, busy: "undo", at: null, edit: null, notice: null }, { type: "take-back", past: last });
  },
};
