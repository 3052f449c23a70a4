/** Spans and relations as the page works with them; offsets of answers count code points. */
import { offsetsOf } from "../text/offsets";
import type { Stretch } from "../text/tokens";
import type { Answer, AnswerValue, Control, Schema } from "../wire";

export interface Span { id: string; start: number; end: number; label: string; text: string }
export interface Tie { from: string; to: string; label: string }

function isSpan(value: AnswerValue): value is { id: string; start: number; end: number; label: string; text: string } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return typeof value["id"] === "string" && typeof value["start"] === "number" && typeof value["end"] === "number" && typeof value["label"] === "string";
}

function isTie(value: AnswerValue): value is { from: string; to: string; label: string } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return typeof value["from"] === "string" && typeof value["to"] === "string" && typeof value["label"] === "string";
}

const NONE: readonly never[] = [];

/** What was read of a value is kept: a text may have a thousand spans, and every part of the page asks for them. */
function reader<Row>(is: (value: AnswerValue) => value is AnswerValue & Row): (value: AnswerValue | undefined) => readonly Row[] {
  const known = new WeakMap<object, readonly Row[]>();
  return (value) => {
    if (!Array.isArray(value)) return NONE;
    const rows = known.get(value) ?? value.filter(is);
    known.set(value, rows);
    return rows;
  };
}

export const spansOf = reader<Span>(isSpan);
export const tiesOf = reader<Tie>(isTie);

/** A relation has no name of its own: two spans have each of them at most once. */
export const tieId = ({ from, to, label }: Tie): string => `${from} ${to} ${label}`;

const order = (left: Span, right: Span): number => left.start - right.start || left.end - right.end || (left.label < right.label ? -1 : left.label > right.label ? 1 : 0);

/** The answer's own form of spans: sorted as the server sorts them. */
export function sortedSpans(spans: readonly Span[]): AnswerValue {
  return [...spans].sort(order).map(({ id, start, end, label, text }) => ({ id, start, end, label, text }));
}

/** An id for a new span or shape, that no other has and that is not taken otherwise. */
export function freshId(parts: readonly { id: string }[], taken: readonly string[]): string {
  const used = new Set([...parts.map((part) => part.id), ...taken]);
  let number = parts.length + 1;
  while (used.has(`s${number}`)) number += 1;
  return `s${number}`;
}

/** Selected units of a text as a span of code points. */
export function spanAt(text: string, place: Stretch, id: string, label: string): Span {
  const offsets = offsetsOf(text);
  return { id, start: offsets.toPoints(place.start), end: offsets.toPoints(place.end), label, text: text.slice(place.start, place.end) };
}

/** A span of code points as units of a text. */
export function unitsOf(text: string, span: { start: number; end: number }): Stretch {
  const offsets = offsetsOf(text);
  return { start: offsets.toUnits(span.start), end: offsets.toUnits(span.end) };
}

/** Whether a span may stand beside the others: what the project says about overlap. */
export function fitsAmong(control: Control, spans: readonly Span[], span: Span): "fits" | "twice" | "overlaps" {
  const { overlap } = control.setup;
  for (const other of spans) {
    if (other.id === span.id) continue;
    if (other.start === span.start && other.end === span.end && other.label === span.label) return "twice";
    if (overlap === "allow" || other.end <= span.start || span.end <= other.start) continue;
    const nests = (other.start <= span.start && span.end <= other.end) || (span.start <= other.start && other.end <= span.end);
    if (overlap === "none" || !nests) return "overlaps";
  }
  return "fits";
}

/** The answer without a span, and without the relations that hung on it. */
export function withoutSpan(schema: Schema, answer: Answer, control: string, id: string): Answer {
  const next: { [name: string]: AnswerValue } = { ...answer, [control]: sortedSpans(spansOf(answer[control]).filter((span) => span.id !== id)) };
  for (const other of schema.controls) {
    if (other.type !== "relations" || other.setup.spans !== control) continue;
    next[other.name] = tiesOf(answer[other.name]).filter((tie) => tie.from !== id && tie.to !== id).map((tie) => ({ ...tie }));
  }
  return next;
}
