/** Go through the spans and shapes of an answer, and remove what is at hand. */
import type { Schema } from "../../wire";
import { changeAnswer } from "../answering";
import { focusOf, withFocus, type Part } from "../focus";
import { shapesOf, shapesValue } from "../shapes";
import { spansOf, withoutSpan } from "../spans";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";
import { dropCorner, hasShapes } from "./draw";
import { hasSpans } from "./select";
import { tieAt, withoutTie } from "./ties";

const hasParts = (schema: Schema): boolean => hasSpans(schema) || hasShapes(schema);

/** All spans and shapes on the screen, in the order of the text or of drawing. */
export function partsOf(state: State): Part[] {
  const view = shown(state);
  if (view === null) return [];
  return schemaOf(state).controls
    .flatMap((control) => {
      const { [control.name]: value } = view.answer;
      const parts = control.type === "spans" ? spansOf(value) : control.type === "shapes" ? shapesOf(value) : [];
      return parts.map((part) => ({ control: control.name, id: part.id }));
    });
}

function step(name: string, key: string, by: 1 | -1): Action {
  return {
    name, keys: [key], isFor: hasParts,
    isEnabled: (state) => partsOf(state).length > 0,
    perform(state) {
      const parts = partsOf(state);
      const { part } = focusOf(state);
      const tie = tieAt(state);
      const [control, id] = tie === null ? [part?.control, part?.id] : [tie.control.setup.spans, tie.tie.from];
      const at = parts.findIndex((each) => each.control === control && each.id === id);
      const next = at < 0 ? (by > 0 ? 0 : parts.length - 1) : (at + by + parts.length) % parts.length;
      return stay(withFocus(state, { part: parts[next] ?? null, mark: null, corner: null }));
    },
  };
}

export const nextPart = step("next-part", "]", 1);
export const previousPart = step("previous-part", "[", -1);

export const choosePart: Action<Part> = {
  name: "choose-part",
  keys: [],
  isEnabled: (state) => partsOf(state).length > 0,
  perform: (state, _env, part) => stay(withFocus(state, { part, mark: null, corner: null })),
};

export const removePart: Action = {
  name: "remove-part",
  keys: ["Delete", "Backspace"],
  isFor: hasParts,
  isEnabled: (state) => focusOf(state).part !== null,
  perform(state) {
    const view = shown(state);
    const { part } = focusOf(state);
    if (view === null || part === null) return stay(state);
    const corner = dropCorner(state);
    if (corner !== null) return corner;
    const tie = tieAt(state);
    if (tie !== null) return withoutTie(state, tie);
    const parts = partsOf(state);
    const at = parts.findIndex((each) => each.control === part.control && each.id === part.id);
    const next = parts[at + 1] ?? parts[at - 1] ?? null;
    const isShape = schemaOf(state).controls.some((control) => control.name === part.control && control.type === "shapes");
    const answer = isShape
      ? { ...view.answer, [part.control]: shapesValue(shapesOf(view.answer[part.control]).filter((shape) => shape.id !== part.id)) }
      : withoutSpan(schemaOf(state), view.answer, part.control, part.id);
    return changeAnswer(withFocus(state, { part: next, corner: null, tie: null }), answer);
  },
};
