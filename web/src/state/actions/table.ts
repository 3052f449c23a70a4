/** The actions that have keys, in the order in which the help shows them; what comes first gets a key that two want. */
import type { Schema } from "../../wire";
import { accept } from "./accept";
import type { Action } from "./action";
import { markKnown } from "./known";
import { next } from "./next";
import { addCorner, newShape, nextCorner, nextTool, SHAPE_KEYS } from "./draw";
import { brighter, closer, darker, farther, PAN_KEYS, whole } from "./look";
import { close, enlarge, guidelines, help, palette, settings } from "./panels";
import { nextPart, previousPart, removePart } from "./parts";
import { previous } from "./previous";
import { redo } from "./redo";
import { cursorDown, cursorLeft, cursorRight, cursorUp, extendLeft, extendRight, startLeft, startRight, wholeWords } from "./select";
import { askFlag, comments } from "./remark";
import { approve, askReject } from "./review";
import { askSkip } from "./skip";
import { submit } from "./submit";
import { arcs, beginTie, nextTie, previousTie } from "./ties";
import { undo } from "./undo";
import { write } from "./write";

export const KEYED_ACTIONS = [
  submit, accept, approve, askSkip, askReject, markKnown, undo, redo, cursorRight, cursorLeft, cursorDown, cursorUp, extendRight, extendLeft, startRight, startLeft, wholeWords,
  newShape, nextTool, nextCorner, addCorner, ...SHAPE_KEYS, closer, farther, whole, ...PAN_KEYS, brighter, darker, nextPart, previousPart, removePart, beginTie, nextTie, previousTie, arcs, write, previous, next, enlarge, palette, askFlag, comments, guidelines, settings, help, close,
] as const satisfies readonly Action[];

/** The actions that mean something in a project. */
export function actionsFor(schema: Schema, reviewing = false): readonly Action[] {
  const all: readonly Action[] = KEYED_ACTIONS;
  return all.filter((action) => (action.only === undefined || (action.only === "review") === reviewing) && (action.isFor?.(schema) ?? true));
}
