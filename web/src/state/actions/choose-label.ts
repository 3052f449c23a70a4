/** Choose a label, or take it back; a settled single choice is sent at once when the person wants it so. */
import { choose, isComplete, settlesAtOnce } from "../controls";
import { changeAnswer } from "../answering";
import { sendsAtOnce } from "../onboarding";
import type { State } from "../state";
import { schemaOf, shown, type Shown } from "../view";
import type { Control } from "../../wire";
import { stay, type Action, type Step } from "./action";
import { penLabel } from "./draw";
import { drawTie, markLabel } from "./mark-label";
import { submit } from "./submit";

/** Types of controls for which a label says what the selected part is, and not what the whole item is. */
const APPLY: Readonly<Record<string, (state: State, view: Shown, control: Control, value: string) => Step>> = { spans: markLabel, relations: drawTie, shapes: penLabel };

export const chooseLabel: Action<{ control: string; value: string }> = {
  name: "choose",
  keys: [],
  isEnabled: (state) => shown(state) !== null && state.busy !== "undo",
  perform(state, env, { control, value }) {
    const view = shown(state);
    if (view === null) return stay(state);
    const schema = schemaOf(state);
    const asked = schema.controls.find((each) => each.name === control);
    const apply = asked === undefined || !Object.hasOwn(APPLY, asked.type) ? undefined : APPLY[asked.type];
    if (asked !== undefined && apply !== undefined) return apply({ ...state, panel: state.panel === "palette" ? null : state.panel }, view, asked, value);
    // A label that settles the answer is never taken back by its own key: it may have been chosen by the page beforehand.
    const isSettling = view.kind === "task" && settlesAtOnce(schema);
    const answer = choose(schema, isSettling ? { ...view.answer, [control]: null } : view.answer, control, value);
    const panel = state.panel === "palette" && settlesAtOnce(schema) ? null : state.panel;
    if (view.kind === "task" && sendsAtOnce(state) && settlesAtOnce(schema) && isComplete(schema, answer)) {
      return submit.perform({ ...state, panel, notice: null, work: { ...state.work, [view.task.id]: answer } }, env, undefined);
    }
    return changeAnswer({ ...state, panel }, answer);
  },
};
