/** Write into a field of the answer, and put the cursor into the first one. */
import type { AnswerValue, Control, Schema } from "../../wire";
import { changeAnswer, trailOf } from "../answering";
import { focusOf } from "../focus";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";

const isWritten = (control: Control): boolean => control.type === "text" || control.type === "form" || (control.type === "shapes" && control.setup.attributes.length > 0);
const hasFields = (schema: Schema): boolean => schema.controls.some(isWritten);

/** Where all is written by hand, the cursor stays in its field from task to task. */
export const isOnlyWritten = (schema: Schema): boolean => schema.controls.every((control) => control.type === "text" || control.type === "form");

/** Where the cursor goes: to what is asked of the shape at hand, else into the first field. */
function fieldOf(state: State): Control | undefined {
  const { part } = focusOf(state);
  const written = schemaOf(state).controls.filter(isWritten);
  return written.find((control) => control.type === "shapes" && control.name === part?.control) ?? written.find((control) => control.type !== "shapes");
}

/** A change of one control by hand; `joined` is true for all but the first letter of a stretch of typing. */
export const fillIn: Action<{ control: string; value: AnswerValue; joined: boolean }> = {
  name: "fill-in",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { control, value, joined }) {
    const view = shown(state);
    if (view === null) return stay(state);
    return changeAnswer(state, { ...view.answer, [control]: value }, joined && trailOf(state).back.length > 0);
  },
};

export const write: Action = {
  name: "write",
  keys: ["e"],
  isFor: hasFields,
  isEnabled: (state) => shown(state) !== null && fieldOf(state) !== undefined,
  perform(state) {
    const first = fieldOf(state);
    return stay(first === undefined ? state : { ...state, panel: null, writing: { control: first.name, asked: (state.writing?.asked ?? 0) + 1 } });
  },
};
