/** What each control type means for an answer. A new type is one row here, one in ui/controls/table.ts, and one file each. */
import type { Answer, Control, Schema } from "../wire";
import { choiceRules } from "./rules/choice";
import { preferenceRules, ratingRules } from "./rules/rating";
import type { ControlRules, Data } from "./rules/rules";
import { shapeRules } from "./rules/shapes";
import { relationRules, spanRules } from "./rules/spans";
import { taxonomyRules } from "./rules/taxonomy";
import { formRules, wordsRules } from "./rules/words";

export const CONTROL_RULES: Readonly<Record<string, ControlRules>> = {
  choice: choiceRules,
  taxonomy: taxonomyRules,
  spans: spanRules,
  relations: relationRules,
  text: wordsRules,
  rating: ratingRules,
  preference: preferenceRules,
  form: formRules,
  shapes: shapeRules,
};

export function rulesOf(control: Control): ControlRules | null {
  return Object.hasOwn(CONTROL_RULES, control.type) ? (CONTROL_RULES[control.type] ?? null) : null;
}

export function startAnswer(schema: Schema, data: Data): Answer {
  return Object.fromEntries(schema.controls.map((control) => [control.name, rulesOf(control)?.start(control, data) ?? null]));
}

export function fitAnswer(schema: Schema, answer: Answer | null, data: Data): Answer {
  return Object.fromEntries(schema.controls.map((control) => [control.name, rulesOf(control)?.fit(control, answer?.[control.name], data) ?? null]));
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
  return { ...answer, [name]: rules.choose(control, answer[name] ?? null, choice) };
}

export function sameAnswer(left: Answer | null, right: Answer | null): boolean {
  if (left === right) return true;
  if (left === null || right === null || Object.keys(left).length !== Object.keys(right).length) return false;
  // Of a large answer a key changes one part; the others are the same objects.
  return Object.entries(left).every(([name, value]) => Object.hasOwn(right, name) && (value === right[name] || JSON.stringify(value) === JSON.stringify(right[name])));
}

/** The titles of what an answer says, for lists and notices. */
export function answerTitles(schema: Schema, answer: Answer | null): string[] {
  return schema.controls.flatMap((control) => [...(rulesOf(control)?.titles(control, answer?.[control.name] ?? null) ?? [])]);
}
