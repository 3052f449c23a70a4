/** Look at the answer before this one, reading older ones from the server when needed. */
import { goTo } from "../edits";
import { stay, type Action } from "./action";

export const previous: Action = {
  name: "previous",
  keys: ["ArrowLeft", "k"],
  isEnabled: (state) => state.phase === "ready" && state.busy === null && state.onboarding === null && ((state.at ?? state.past.length) > 0 || state.pastCursor !== null),
  perform(state) {
    if (!previous.isEnabled(state)) return stay(state);
    const at = state.at ?? state.past.length;
    if (at > 0) return stay(goTo(state, at - 1));
    return stay({ ...state, busy: "history" }, { type: "load-history", then: "previous" });
  },
};
