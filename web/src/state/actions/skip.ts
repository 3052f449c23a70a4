/** Leave the task without an answer, with a reason if there is one to tell; the first key press asks for it. */
import { plainText } from "../../text/plain";
import { shown } from "../view";
import { stay, type Action } from "./action";
import { leaveTask } from "./leave-task";

/** The server keeps at most this many characters. */
export const REASON_LENGTH = 500;

export const askSkip: Action = {
  name: "skip",
  keys: ["s"],
  only: "labeling",
  isEnabled: (state) => shown(state)?.kind === "task" && state.busy !== "undo" && state.onboarding === null,
  perform: (state) => stay(askSkip.isEnabled(state) ? { ...state, panel: "skip" } : state),
};

export const skip: Action<string> = {
  name: "skip-now",
  keys: [],
  isEnabled: (state) => askSkip.isEnabled(state),
  perform(state, env, reason) {
    const view = shown(state);
    if (view === null || view.kind !== "task") return stay(state);
    return leaveTask(state, env, view.task, { answer: null, skipped: true, reason: plainText(reason, REASON_LENGTH) });
  },
};
