/** One way for every change of the answer on the screen, so that each can be undone and is kept as a draft. */
import type { Answer } from "../wire";
import { stay, type Effect, type Step } from "./actions/action";
import { sameAnswer } from "./controls";
import { placeOf } from "./focus";
import type { State } from "./state";
import { shown } from "./view";

/** Steps back and forth on the answer of one task. */
export interface Trail { of: string; back: readonly Answer[]; forth: readonly Answer[] }

/** More steps than anybody goes back. */
const LONGEST = 200;

export function trailOf(state: State): Trail {
  const of = placeOf(state);
  return state.trail !== null && state.trail.of === of ? state.trail : { of, back: [], forth: [] };
}

/** Puts an answer on the screen without a word about how it came. */
function put(state: State, answer: Answer): Step {
  const view = shown(state);
  if (view === null) return stay(state);
  if (view.kind === "past") return stay({ ...state, edit: answer, notice: null });
  const task = view.task.id;
  const next: State = { ...state, notice: null, work: { ...state.work, [task]: answer }, draft: { ...state.draft, [task]: "local" } };
  const draft: Effect = { type: "draft", task, answer };
  return stay(next, draft);
}

/** Changes the answer; `joined` joins it to the change before, as the letters of one word are. */
export function changeAnswer(state: State, answer: Answer, joined = false): Step {
  const view = shown(state);
  if (view === null || sameAnswer(view.answer, answer)) return stay(state);
  const trail = trailOf(state);
  const back = joined && trail.back.length > 0 ? trail.back : [...trail.back, view.answer].slice(-LONGEST);
  return put({ ...state, trail: { ...trail, back, forth: [] } }, answer);
}

export function stepBack(state: State): Step {
  const view = shown(state);
  const trail = trailOf(state);
  const before = trail.back.at(-1);
  if (view === null || before === undefined) return stay(state);
  return put({ ...state, trail: { ...trail, back: trail.back.slice(0, -1), forth: [...trail.forth, view.answer] } }, before);
}

export function stepForth(state: State): Step {
  const view = shown(state);
  const trail = trailOf(state);
  const behind = trail.forth.at(-1);
  if (view === null || behind === undefined) return stay(state);
  return put({ ...state, trail: { ...trail, forth: trail.forth.slice(0, -1), back: [...trail.back, view.answer] } }, behind);
}
