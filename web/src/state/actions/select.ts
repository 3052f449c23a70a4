/** Select text: with the pointer, or by stepping over words with the keys. */
import { lineStep, snapped, tokenAt, tokenBefore, tokenBehind, trimmed, type Stretch, type Unit } from "../../text/tokens";
import type { Control, Schema } from "../../wire";
import { focusOf, withFocus, type Mark } from "../focus";
import { spanAt, spansOf, unitsOf } from "../spans";
import type { State } from "../state";
import { schemaOf, shown, type Shown } from "../view";
import { stay, type Action, type Step } from "./action";
import { putSpan, textOf } from "./mark-label";

export const hasSpans = (schema: Schema): boolean => schema.controls.some((control) => control.type === "spans");
const spanControls = (schema: Schema): Control[] => schema.controls.filter((control) => control.type === "spans");

/** Words, unless the project or the person wants single characters. */
export function unitOf(state: State): Unit {
  const wanted = state.settings.wholeWords ?? spanControls(schemaOf(state)).every((control) => control.setup.snap);
  return wanted ? "word" : "character";
}

/** What was swept with the pointer; a selection of blanks takes the earlier one away. */
export const selectText: Action<{ field: string; start: number; end: number }> = {
  name: "select-text",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { field, start, end }) {
    const view = shown(state);
    if (view === null) return stay(state);
    const text = textOf(view, field);
    const place = unitOf(state) === "word" ? snapped(text, start, end) : trimmed(text, start, end);
    return stay(withFocus(state, { mark: place === null ? null : { field, ...place, back: false }, part: place === null ? focusOf(state).part : null }));
  },
};

interface Desk { view: Shown; text: string; field: string; unit: Unit; mark: Mark | null }

function deskOf(state: State): Desk | null {
  const view = shown(state);
  const field = focusOf(state).mark?.field ?? spanControls(schemaOf(state))[0]?.setup.field;
  if (view === null || field === undefined) return null;
  return { view, field, text: textOf(view, field), unit: unitOf(state), mark: focusOf(state).mark };
}

/** Where the cursor starts: at the part at hand, else at the beginning. */
function startOf(state: State, { view, text }: Desk, step: 1 | -1): number {
  const { part } = focusOf(state);
  const span = part === null ? undefined : spansOf(view.answer[part.control]).find((each) => each.id === part.id);
  if (span === undefined) return 0;
  const units = unitsOf(text, span);
  return step > 0 ? units.end : units.start;
}

function moved(state: State, desk: Desk, place: Stretch | null): Step {
  return stay(place === null ? state : withFocus({ ...state, notice: null }, { mark: { field: desk.field, ...place, back: false }, part: null }));
}

function cursor(name: string, key: string, step: 1 | -1, find: (desk: Desk, from: number) => Stretch | null): Action {
  return {
    name, keys: [key], isFor: hasSpans,
    isEnabled: (state) => deskOf(state) !== null,
    perform(state) {
      const desk = deskOf(state);
      if (desk === null) return stay(state);
      const { mark } = desk;
      const from = mark === null ? startOf(state, desk, step) : step > 0 ? mark.end : mark.start;
      // Without a selection the first press shows where the cursor is.
      const first = mark === null && from === 0 ? tokenAt(desk.text, 0, desk.unit) : find(desk, from);
      return moved(state, desk, first ?? mark);
    },
  };
}

export const cursorRight = cursor("cursor-right", "ArrowRight", 1, ({ text, unit }, from) => tokenBehind(text, from, unit));
export const cursorLeft = cursor("cursor-left", "ArrowLeft", -1, ({ text, unit }, from) => tokenBefore(text, from, unit));
export const cursorDown = cursor("cursor-down", "ArrowDown", 1, ({ text, unit }, from) => tokenAt(text, lineStep(text, from, 1), unit));
export const cursorUp = cursor("cursor-up", "ArrowUp", -1, ({ text, unit }, from) => tokenAt(text, lineStep(text, from, -1), unit));

/** One edge of a stretch moved by a word; an edge never meets the other one. */
function stretched(text: string, place: Stretch, edge: "start" | "end", step: 1 | -1, unit: Unit): Stretch | null {
  if (edge === "end") {
    const token = step > 0 ? tokenBehind(text, place.end, unit) : tokenBefore(text, tokenBefore(text, place.end, unit)?.start ?? 0, unit);
    return token === null || token.end <= place.start ? null : { start: place.start, end: token.end };
  }
  const token = step < 0 ? tokenBefore(text, place.start, unit) : tokenBehind(text, tokenAt(text, place.start, unit)?.end ?? text.length, unit);
  return token === null || token.start >= place.end ? null : { start: token.start, end: place.end };
}

/** The selection as the cursor grows or shrinks it: its moving end turns round at the first word. */
function grown(text: string, mark: Mark, step: 1 | -1, unit: Unit): Mark | null {
  const edge = mark.back ? "start" : "end";
  const place = stretched(text, mark, edge, step, unit);
  if (place !== null) return { ...mark, ...place };
  // At the edge of the text there is nothing to take in, and nothing is let go.
  if ((edge === "end") === (step > 0)) return null;
  const other = stretched(text, mark, mark.back ? "end" : "start", step, unit);
  return other === null ? null : { ...mark, ...other, back: !mark.back };
}

function extend(name: string, key: string, step: 1 | -1): Action {
  return {
    name, keys: [key], isFor: hasSpans,
    isEnabled: (state) => deskOf(state) !== null && (focusOf(state).mark !== null || focusOf(state).part !== null),
    perform(state) {
      const desk = deskOf(state);
      if (desk === null) return stay(state);
      if (desk.mark === null) return resized(state, desk, "end", step);
      const mark = grown(desk.text, desk.mark, step, desk.unit);
      return stay(mark === null ? state : withFocus(state, { mark }));
    },
  };
}

export const extendRight = extend("extend-right", "Shift+ArrowRight", 1);
export const extendLeft = extend("extend-left", "Shift+ArrowLeft", -1);

/** The span at hand with one edge moved. */
function resized(state: State, desk: Desk, edge: "start" | "end", step: 1 | -1): Step {
  const { part } = focusOf(state);
  const control = spanControls(schemaOf(state)).find((each) => each.name === part?.control);
  if (control === undefined || part === null) return stay(state);
  const span = spansOf(desk.view.answer[control.name]).find((each) => each.id === part.id);
  if (span === undefined) return stay(state);
  const text = textOf(desk.view, control.setup.field);
  const place = stretched(text, unitsOf(text, span), edge, step, desk.unit);
  return place === null ? stay(state) : putSpan(state, desk.view, control, spanAt(text, place, span.id, span.label));
}

function edge(name: string, key: string, step: 1 | -1): Action {
  return {
    name, keys: [key], isFor: hasSpans,
    isEnabled: (state) => deskOf(state) !== null && focusOf(state).part !== null && focusOf(state).mark === null,
    perform(state) {
      const desk = deskOf(state);
      return desk === null ? stay(state) : resized(state, desk, "start", step);
    },
  };
}

export const startRight = edge("start-right", "Ctrl+Shift+ArrowRight", 1);
export const startLeft = edge("start-left", "Ctrl+Shift+ArrowLeft", -1);

/** Step over words or over characters. */
export const wholeWords: Action = {
  name: "whole-words",
  keys: ["w"],
  isFor: hasSpans,
  isEnabled: (state) => state.phase === "ready",
  perform: (state) => stay({ ...state, settings: { ...state.settings, wholeWords: unitOf(state) !== "word" } }, { type: "settings" }),
};
