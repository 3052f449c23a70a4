/** The actions that have keys, in the order in which the help shows them. */
import { accept } from "./accept";
import type { Action } from "./action";
import { next } from "./next";
import { close, enlarge, guidelines, help, palette, settings } from "./panels";
import { previous } from "./previous";
import { askSkip } from "./skip";
import { submit } from "./submit";
import { undo } from "./undo";

export const KEYED_ACTIONS = [submit, accept, askSkip, undo, previous, next, enlarge, palette, guidelines, settings, help, close] as const satisfies readonly Action[];
