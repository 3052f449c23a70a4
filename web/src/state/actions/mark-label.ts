/** Say what selected text is, or what an earlier span is instead; and tie two spans. */
import type { Answer, AnswerValue, Control } from "../../wire";
import { changeAnswer } from "../answering";
import { focusOf, withFocus } from "../focus";
import { fitsAmong, freshId, sortedSpans, spanAt, spansOf, tiesOf, type Span } from "../spans";
import { spokenOf } from "../remarks";
import type { State } from "../state";
import type { Shown } from "../view";
import type { MessageKey } from "../../locales/en";
import { stay, type Step } from "./action";
import { relabelled, tieAt } from "./ties";

function told(state: State, message: MessageKey): Step {
  return stay({ ...state, notice: { message, params: {}, tone: "info" } });
}

/** Puts spans into the answer if they may stand there; `at` becomes the part at hand. */
export function putSpan(state: State, view: Shown, control: Control, span: Span): Step {
  const spans = spansOf(view.answer[control.name]);
  const fits = fitsAmong(control, spans, span);
  if (fits === "twice") return told(state, "notice.span-twice");
  if (fits === "overlaps") return told(state, control.setup.overlap === "nest" ? "notice.span-crosses" : "notice.span-overlaps");
  const answer: Answer = { ...view.answer, [control.name]: sortedSpans([...spans.filter((each) => each.id !== span.id), span]) };
  return changeAnswer(withFocus(state, { mark: null, part: { control: control.name, id: span.id } }), answer);
}

export function textOf(view: Shown, field: string): string {
  const text = view.item.data[field];
  return typeof text === "string" ? text : "";
}

export function markLabel(state: State, view: Shown, control: Control, label: string): Step {
  const { mark, part } = focusOf(state);
  const spans = spansOf(view.answer[control.name]);
  if (mark !== null && mark.field === control.setup.field) {
    return putSpan(state, view, control, spanAt(textOf(view, mark.field), mark, freshId(spans, spokenOf(state, control.name)), label));
  }
  const current = spans.find((span) => part?.control === control.name && span.id === part.id);
  if (current === undefined) return told(state, "notice.select-first");
  return current.label === label ? stay(state) : putSpan(state, view, control, { ...current, label });
}

/** The span that was at hand when the tie was begun, tied to the one at hand now. */
export function drawTie(state: State, view: Shown, control: Control, label: string): Step {
  const { part, tie } = focusOf(state);
  const at = tieAt(state);
  if (at !== null && at.control.name === control.name) return relabelled(state, at, label);
  const spans = spansOf(view.answer[control.setup.spans]);
  if (part === null || part.control !== control.setup.spans || !spans.some((span) => span.id === part.id)) return told(state, "notice.tie-from");
  if (tie === null || tie === part.id) return told(withFocus(state, { tie: part.id }), "notice.tie-to");
  const ties = tiesOf(view.answer[control.name]);
  const order = (id: string): number => spans.findIndex((span) => span.id === id);
  const [from, to] = control.setup.directed || order(tie) < order(part.id) ? [tie, part.id] : [part.id, tie];
  if (ties.some((each) => each.from === from && each.to === to && each.label === label)) return told(state, "notice.tie-twice");
  const value: AnswerValue = [...ties, { from, to, label }].map((each) => ({ ...each }));
  return changeAnswer(withFocus(state, { tie: null }), { ...view.answer, [control.name]: value });
}

