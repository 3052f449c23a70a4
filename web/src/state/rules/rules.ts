/** What the page must know of a control type. */
import type { AnswerValue, Control, Label } from "../../wire";

export type Data = Readonly<Record<string, unknown>>;

export interface ControlRules {
  /** The value before anything is answered; a form starts with what the item has. */
  start(control: Control, data: Data): AnswerValue;
  /** The things a key or the palette can choose. */
  choices(control: Control): readonly Label[];
  /** The value after one of the choices; the same value where a choice means something else, as for spans. */
  choose(control: Control, value: AnswerValue, choice: string): AnswerValue;
  isComplete(control: Control, value: AnswerValue): boolean;
  isEmpty(value: AnswerValue): boolean;
  /** What of a foreign value (a draft, a suggestion) fits this control. */
  fit(control: Control, value: AnswerValue | undefined, data: Data): AnswerValue;
  /** True when one choice settles the answer, so that the page may send it at once. */
  settlesAtOnce(control: Control): boolean;
  /** Whether a choice is part of the value. */
  has(value: AnswerValue, choice: string): boolean;
  /** What the value says, for lists and notices. */
  titles(control: Control, value: AnswerValue): readonly string[];
}

export function titleOf(control: Control, value: string): string {
  return control.labels.find((label) => label.value === value)?.title ?? value;
}

/** Each name once, with how often it stands there. */
export function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} × ${count}`));
}
