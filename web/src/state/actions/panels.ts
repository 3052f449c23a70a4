/** Open and close what lies over or beside the task. */
import type { Control } from "../../wire";
import type { Panel, State } from "../state";
import { focusOf } from "../focus";
import { schemaOf, shown } from "../view";
import { fitAnswer, rulesOf } from "../controls";
import { changeAnswer } from "../answering";
import { goTo, withoutEdit } from "../edits";
import { stay, type Action, type Step } from "./action";

function toggle(name: string, keys: readonly string[], panel: Panel, isEnabled: (state: State) => boolean): Action {
  return {
    name, keys, isEnabled,
    perform: (state) => stay(isEnabled(state) ? { ...state, panel: state.panel === panel ? null : panel } : state),
  };
}

const isReady = (state: State): boolean => state.phase === "ready";

export const guidelines = toggle("guidelines", ["g"], "guidelines", isReady);
export const help = toggle("help", ["?"], "help", isReady);
export const settings = toggle("settings", [","], "settings", isReady);

/** The palette pays when the labels don't fit the eye: more than ten. */
export const PALETTE_FROM = 11;

/** The numbers of a scale have no names to look for. */
export const isFound = (control: Control): boolean => control.type !== "rating";

export function choiceCount(state: State): number {
  return schemaOf(state).controls.filter(isFound).reduce((sum, control) => sum + (rulesOf(control)?.choices(control).length ?? 0), 0);
}

export const palette = toggle("palette", ["/"], "palette", (state) => isReady(state) && choiceCount(state) >= PALETTE_FROM);

/** Shows pictures in their own size and back; it stays so from task to task. */
export const enlarge: Action = {
  name: "enlarge",
  // No letter, since these choose labels. On most keyboards + and = are one key.
  keys: ["+", "="],
  // A picture that is drawn on has keys of its own.
  isFor: (schema) => schema.display.some((row) => row.type === "image") && !schema.controls.some((control) => control.type === "shapes"),
  isEnabled: isReady,
  perform: (state) => stay({ ...state, enlarged: !state.enlarged }),
};

const hasFocus = (state: State): boolean => {
  const { mark, part, tie } = focusOf(state);
  return mark !== null || part !== null || tie !== null;
};

/** The earlier answer as it is saved; undo brings the change back. */
function dropEdit(state: State): Step {
  const view = shown(state);
  if (view?.kind !== "past") return stay({ ...state, edit: null });
  const given = fitAnswer(schemaOf(state), view.past.answer, view.past.task.data);
  const step = changeAnswer(state, given);
  return { ...step, state: { ...step.state, edit: null, edits: withoutEdit(state, view.past.key) } };
}

export const close: Action = {
  name: "close",
  keys: ["Escape"],
  isEnabled: (state) => state.panel !== null || hasFocus(state) || state.edit !== null || state.at !== null || state.notice !== null,
  perform(state) {
    if (state.panel !== null) return stay({ ...state, panel: null });
    if (state.notice !== null) return stay({ ...state, notice: null });
    if (hasFocus(state)) return stay({ ...state, focus: null });
    if (state.edit !== null) return dropEdit(state);
    return stay(goTo(state, null));
  },
};

/** Back from looking through old answers to the task at hand. */
export const present: Action = {
  name: "present",
  keys: [],
  isEnabled: (state) => state.at !== null,
  perform: (state) => stay(goTo(state, null)),
};
