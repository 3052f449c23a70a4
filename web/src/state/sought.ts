/** The mark that the page's address points at, as a suspicion's link does: where it is, and what it might be instead. */
import type { Control } from "../wire";
import { placeOf } from "./focus";
import { shapesOf } from "./shapes";
import { spansOf } from "./spans";
import type { State } from "./state";
import { shown } from "./view";

/** `label` is suggested, empty for none; `start` and `end` say, in code points, where a span should be that is not there. */
export interface Sought { control: string; mark: string; label: string; start: number; end: number }

/** Reads what stands behind the # of an address; null where it points at no mark. */
export function parseSought(hash: string): Sought | null {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const [control, mark] = [asked.get("control") ?? "", asked.get("mark") ?? ""];
  const number = (name: string): number => { const found = Number(asked.get(name) ?? 0); return Number.isSafeInteger(found) ? found : 0; };
  return control === "" || mark === "" ? null : { control, mark, label: asked.get("label") ?? "", start: number("from"), end: number("to") };
}

interface Hint { label: string; place: { start: number; end: number } | null }

/** What of it is still to be decided on the screen: nothing where the answer says it by now. */
export function hintOf(state: State, control: Control): Hint | null {
  const { sought } = state;
  const view = shown(state);
  if (sought === null || view === null || sought.of !== placeOf(state) || sought.control !== control.name) return null;
  const spans = control.type === "spans" ? spansOf(view.answer[control.name]) : [];
  const mark = spans.find((span) => span.id === sought.mark);
  const label = (mark ?? shapesOf(view.answer[control.name]).find((shape) => shape.id === sought.mark))?.label;
  if (label === undefined && (sought.start >= sought.end || spans.some((span) => span.start < sought.end && sought.start < span.end))) return null;
  const isThere = sought.start >= sought.end || (mark?.start === sought.start && mark.end === sought.end);
  return { label: label === sought.label ? "" : sought.label, place: isThere ? null : { start: sought.start, end: sought.end } };
}
