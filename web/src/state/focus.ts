/** Where the person is inside a task: the selected text, the part of the answer at hand, and a tie that is being drawn. */
import type { State } from "./state";

/** Selected text in UTF-16 units of a field; `back` says that its start is the end that moves. */
export interface Mark { field: string; start: number; end: number; back: boolean }
export interface Part { control: string; id: string }

export interface Focus {
  /** The task or answer it belongs to; for any other one it is over. */
  of: string;
  mark: Mark | null;
  part: Part | null;
  /** The corner at hand of a shape. */
  corner: number | null;
  /** The span from which a relation is being drawn. */
  tie: string | null;
}

const NOWHERE: Focus = { of: "", mark: null, part: null, corner: null, tie: null };

/** A name for what is on the screen. */
export function placeOf(state: State): string {
  const past = state.at === null ? undefined : state.past[state.at];
  if (past !== undefined) return `past:${past.key}`;
  return `task:${state.queue[0]?.id ?? ""}`;
}

export function focusOf(state: State): Focus {
  return state.focus !== null && state.focus.of === placeOf(state) ? state.focus : NOWHERE;
}

export function withFocus(state: State, change: Partial<Omit<Focus, "of">>): State {
  return { ...state, focus: { ...focusOf(state), ...change, of: placeOf(state) } };
}
