/** What several answers to one question have in common, so that the rest stands out. */
import { boundsOf, shapesOf, type Shape } from "../state/shapes";
import { spansOf, tiesOf } from "../state/spans";
import type { Answer, AnswerValue, Control } from "../wire";

/** Two shapes mark the same thing when they share this much of their union, as in the measures of agreement. */
const SAME_SHAPE = 0.5;

/** The parts of one answer to a question, each as a text that is equal where the part is. */
export function partsOf(control: Control, answer: Answer | null): string[] {
  const value = answer?.[control.name];
  if (value === undefined || value === null) return [];
  if (control.type === "spans") return spansOf(value).map(spanPart);
  if (control.type === "relations") {
    const places = new Map(spansOf(answer?.[control.setup.spans]).map((span) => [span.id, spanPart(span)]));
    return tiesOf(value).map((tie) => tiePart(tie, places));
  }
  if (control.type === "shapes") return shapesOf(value).map((shape) => shape.label);
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" ? Object.entries(value).map(([field, each]) => formPart(field, each)) : [plain(value)];
}

const plain = (value: AnswerValue): string => (typeof value === "string" ? value : JSON.stringify(value));
export const spanPart = ({ start, end, label }: { start: number; end: number; label: string }): string => `${start}-${end}-${label}`;
export const formPart = (field: string, value: AnswerValue): string => `${field}=${plain(value)}`;
export const tiePart = (tie: { from: string; to: string; label: string }, places: ReadonlyMap<string, string>): string => `${places.get(tie.from) ?? ""}→${places.get(tie.to) ?? ""}:${tie.label}`;

/** The parts that every answer has; nobody differs on them. */
export function sharedParts(control: Control, answers: readonly (Answer | null)[]): ReadonlySet<string> {
  const given = answers.filter((answer) => answer !== null);
  const [first = [], ...others] = given.map((answer) => partsOf(control, answer));
  const sets = others.map((parts) => new Set(parts));
  return new Set(first.filter((part) => sets.every((set) => set.has(part))));
}

function overlap(left: Shape, right: Shape): number {
  const [a, b] = [boundsOf(left), boundsOf(right)];
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const space = (each: typeof a): number => (each.right - each.left) * (each.bottom - each.top);
  return (width * height) / (space(a) + space(b) - width * height);
}

/** Whether every other answer has a shape with the same label in about the same place; points are compared by their place. */
export function isSharedShape(shape: Shape, others: readonly (readonly Shape[])[]): boolean {
  return others.every((shapes) => shapes.some((other) => other.label === shape.label && (shape.type === "point" || other.type === "point"
    ? Math.hypot(shape.x - other.x, shape.y - other.y) <= 4 : overlap(shape, other) >= SAME_SHAPE)));
}

/** The place of the first answer that says the same, or null when none before it does. */
export function sameAs(controls: readonly Control[], answers: readonly (Answer | null)[], at: number): number | null {
  const key = (answer: Answer | null): string => (answer === null ? "" : JSON.stringify(controls.map((control) => (control.type === "shapes" ? answer[control.name] ?? null : [...partsOf(control, answer)].sort()))));
  const own = key(answers[at] ?? null);
  const first = answers.findIndex((answer) => answer !== null && key(answer) === own);
  return answers[at] === null || first < 0 || first >= at ? null : first;
}

/** A colour for each person: told apart in light and dark, and by people who see red and green alike (Okabe and Ito, 2008). */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7f3c8d", "#5f6b6d"] as const;
export const colorOf = (place: number): string => COLORS[place % COLORS.length] ?? COLORS[0];
