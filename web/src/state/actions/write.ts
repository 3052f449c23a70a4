/** Write into a field of the answer, and put the cursor into the first one. */
import type { AnswerValue, Schema } from "../../wire";
import { changeAnswer, trailOf } from "../answering";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";

const isWritten = (type: string): boolean => type === "text" || type === "form";
const hasFields = (schema: Schema): boolean => schema.controls.some((control) => isWritten(control.type));

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
  isEnabled: (state) => shown(state) !== null,
  perform(state) {
    const first = schemaOf(state).controls.find((control) => isWritten(control.type));
    return stay(first === undefined ? state : { ...state, panel: null, writing: { control: first.name, asked: (state.writing?.asked ?? 0) + 1 } });
  },
};
