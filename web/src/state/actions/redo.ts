/** Do again what was undone on this answer. */
import { stepForth, trailOf } from "../answering";
import type { Action } from "./action";

export const redo: Action = {
  name: "redo",
  keys: ["Shift+z", "Ctrl+Shift+z", "Ctrl+y"],
  isEnabled: (state) => state.phase === "ready" && trailOf(state).forth.length > 0,
  perform: (state) => stepForth(state),
};
