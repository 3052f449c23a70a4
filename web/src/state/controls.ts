/** What each control type means for an answer. A new type is one row here, one in ui/controls/table.ts, and one file each. */
import type { Answer, AnswerValue, Control, Label, Schema } from "../wire";
import { choiceRules } from "./choice-rules";

export interface ControlRules {
  /** The value before anything is chosen. */
  empty: AnswerValue;
  /** The things a key or the palette can choose. */
  choices(control: Control): readonly Label[];
  choose(control: Control, value: AnswerValue, choice: string): AnswerValue;
  isComplete(control: Control, value: AnswerValue): boolean;
  isEmpty(value: AnswerValue): boolean;
  /** What of a foreign value (a draft, a suggestion) fits this control. */
  fit(control: Control, value: AnswerValue | undefined): AnswerValue;
  /** True when one choice settles the answer, so that the page may send it at once. */
  settlesAtOnce(control: Control): boolean;
}

export const CONTROL_RULES: Readonly<Record<string, ControlRules>> = {
  choice: choiceRules,
};

export function rulesOf(control: Control): ControlRules | null {
  return Object.hasOwn(CONTROL_RULES, control.type) ? (CONTROL_RULES[control.type] ?? null) : null;
}

export function emptyAnswer(schema: Schema): Answer {
  return Object.fromEntries(schema.controls.map((control) => [control.name, rulesOf(control)?.empty ?? null]));
}

export function fitAnswer(schema: Schema, answer: Answer | null): Answer {
  return Object.fromEntries(schema.controls.map((control) => [control.name, rulesOf(control)?.fit(control, answer?.[control.name]) ?? null]));
}

export function isComplete(schema: Schema, answer: Answer): boolean {
  return schema.controls.every((control) => rulesOf(control)?.isComplete(control, answer[control.name] ?? null) ?? false);
}

export function isEmpty(schema: Schema, answer: Answer): boolean {
  return schema.controls.every((control) => rulesOf(control)?.isEmpty(answer[control.name] ?? null) ?? true);
}

export function settlesAtOnce(schema: Schema): boolean {
  const [only, ...others] = schema.controls;
  return only !== undefined && others.length === 0 && (rulesOf(only)?.settlesAtOnce(only) ?? false);
}

export function choose(schema: Schema, answer: Answer, name: string, choice: string): Answer {
  const control = schema.controls.find((each) => each.name === name);
  const rules = control === undefined ? null : rulesOf(control);
  if (control === undefined || rules === null) return answer;
  return { ...answer, [name]: rules.choose(control, answer[name] ?? rules.empty, choice) };
}

export function sameAnswer(left: Answer | null, right: Answer | null): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: Answer | null): string {
  if (value === null) return "null";
  return JSON.stringify(Object.keys(value).sort().map((key) => [key, value[key]]));
}

/** The titles of what an answer says, for lists and notices. */
export function answerTitles(schema: Schema, answer: Answer | null): string[] {
  return schema.controls.flatMap((control) => {
    const value = answer?.[control.name];
    const titles = new Map((rulesOf(control)?.choices(control) ?? []).map((label) => [label.value, label.title]));
    return (Array.isArray(value) ? value : []).map((each) => titles.get(String(each)) ?? String(each));
  });
}
