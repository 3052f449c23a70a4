/** Send the answer on the screen: a new one to the outbox, a changed old one as an edit. */
import { isComplete, isEmpty, settlesAtOnce } from "../controls";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";
import { leaveTask } from "./leave-task";
import { judge } from "./review";

export const submit: Action = {
  name: "submit",
  keys: ["Enter", "Space", "Ctrl+Enter"],
  isEnabled(state) {
    const view = shown(state);
    if (view === null || state.busy === "undo" || !isComplete(schemaOf(state), view.answer)) return false;
    return view.kind === "task" || view.changed || (view.past.skipped && state.edit !== null);
  },
  perform(state, env) {
    const view = shown(state);
    if (view === null || !submit.isEnabled(state)) return stay(state);
    if (view.kind === "task") return leaveTask(state, env, view.task, { answer: view.answer, skipped: false, reason: "" });
    if (state.review !== null) return judge(state, view.past, { verdict: "fixed", reason: "", answer: view.answer });
    const past = state.past.map((each) => (each.key === view.past.key ? { ...each, answer: view.answer, skipped: false, outcome: "sending" as const } : each));
    const next: State = { ...state, past, edit: null, notice: null };
    return stay(next, { type: "change", past: view.past, answer: view.answer, skipped: false });
  },
};

/** True when Enter should take the suggestion: nothing is chosen yet, and an empty answer can't be meant. */
export function enterAccepts(state: State): boolean {
  const view = shown(state);
  if (view === null || view.kind !== "task" || view.suggestion === null) return false;
  const schema = schemaOf(state);
  return isEmpty(schema, view.answer) && (!isComplete(schema, view.answer) || settlesAtOnce(schema));
}
