/** Answer with the model's suggestion. */
import { fitAnswer, isComplete, isEmpty, settlesAtOnce } from "../controls";
import { schemaOf, shown } from "../view";
import { changeAnswer } from "../answering";
import { stay, type Action } from "./action";
import { leaveTask } from "./leave-task";

export const accept: Action = {
  name: "accept",
  keys: ["a"],
  only: "labeling",
  isEnabled(state) {
    const view = shown(state);
    if (view === null || view.kind !== "task" || view.suggestion === null || state.busy === "undo") return false;
    return !isEmpty(schemaOf(state), fitAnswer(schemaOf(state), view.suggestion.answer, view.task.data));
  },
  perform(state, env) {
    const view = shown(state);
    if (view === null || view.kind !== "task" || view.suggestion === null || !accept.isEnabled(state)) return stay(state);
    const schema = schemaOf(state);
    const answer = fitAnswer(schema, view.suggestion.answer, view.task.data);
    const sendNow = isComplete(schema, answer) && (state.settings.autoSubmit || !settlesAtOnce(schema));
    if (sendNow) return leaveTask(state, env, view.task, { answer, skipped: false, reason: "" });
    return changeAnswer(state, answer);
  },
};
