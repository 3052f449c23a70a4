/** Choose a label, or take it back; a settled single choice is sent at once when the person wants it so. */
import { choose, isComplete, settlesAtOnce } from "../controls";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";
import { submit } from "./submit";

export const chooseLabel: Action<{ control: string; value: string }> = {
  name: "choose",
  keys: [],
  isEnabled: (state) => shown(state) !== null && state.busy !== "undo",
  perform(state, env, { control, value }) {
    const view = shown(state);
    if (view === null) return stay(state);
    const schema = schemaOf(state);
    const answer = choose(schema, view.answer, control, value);
    const panel = state.panel === "palette" && settlesAtOnce(schema) ? null : state.panel;
    if (view.kind === "past") return stay({ ...state, panel, edit: answer, notice: null });
    const next = { ...state, panel, notice: null, work: { ...state.work, [view.task.id]: answer } };
    if (state.settings.autoSubmit && settlesAtOnce(schema) && isComplete(schema, answer)) return submit.perform(next, env, undefined);
    return stay({ ...next, draft: { ...next.draft, [view.task.id]: "local" } }, { type: "draft", task: view.task.id, answer });
  },
};
