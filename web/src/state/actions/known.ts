/** Makes the answer under review the known right answer to its item: it is hidden among everybody's work from then on. */
import { shown } from "../view";
import { stay, type Action } from "./action";

export const markKnown: Action = {
  name: "mark-known",
  keys: ["Shift+k"],
  only: "review",
  isEnabled(state) {
    const view = shown(state);
    if (state.review === null || view?.kind !== "past") return false;
    const { annotation, outcome, skipped, verdict } = view.past;
    return annotation !== null && outcome !== "sending" && !skipped && verdict !== "rejected" && state.edit === null;
  },
  perform(state) {
    const view = shown(state);
    if (view?.kind !== "past" || !markKnown.isEnabled(state)) return stay(state);
    return stay({ ...state, notice: null }, { type: "mark-known", past: view.past });
  },
};
