/** After somebody else changed the answer that was being edited: keep theirs, or put one's own on top. */
import { stay, type Action } from "./action";

export const resolveConflict: Action<"mine" | "theirs"> = {
  name: "resolve",
  keys: [],
  isEnabled: (state) => state.conflict !== null,
  perform(state, _env, side) {
    const conflict = state.conflict;
    const past = state.past.find((each) => each.key === conflict?.key);
    if (conflict === null || past === undefined) return stay({ ...state, conflict: null });
    if (side === "theirs") return stay({ ...state, conflict: null, edit: null });
    const mine = { ...past, ...conflict.mine, outcome: "sending" as const };
    const next = { ...state, conflict: null, edit: null, past: state.past.map((each) => (each.key === past.key ? mine : each)) };
    return stay(next, { type: "change", past, answer: conflict.mine.answer, skipped: conflict.mine.skipped });
  },
};
