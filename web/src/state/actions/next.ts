/** Look at the answer after this one; after the last one comes the task at hand. */
import { goTo } from "../edits";
import { stay, type Action } from "./action";

export const next: Action = {
  name: "next",
  keys: ["ArrowRight", "j"],
  isEnabled: (state) => state.at !== null,
  perform(state) {
    if (state.at === null) return stay(state);
    const at = state.at + 1 < state.past.length ? state.at + 1 : null;
    return stay(goTo(state, at));
  },
};
