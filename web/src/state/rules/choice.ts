/** Single and multiple choice: the value is a list of label values in the order of the schema. */
import type { AnswerValue, Control } from "../../wire";
import { titleOf, type ControlRules } from "./rules";

export function chosen(value: AnswerValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function inSchemaOrder(control: Control, values: ReadonlySet<string>): string[] {
  return control.labels.map((label) => label.value).filter((value) => values.has(value));
}

export const choiceRules: ControlRules = {
  start: () => [],
  choices: (control) => control.labels,
  choose(control, value, choice) {
    // What may stay open can be left open again.
    if (!control.multiple) return !control.required && chosen(value).includes(choice) ? [] : inSchemaOrder(control, new Set([choice]));
    const values = new Set(chosen(value));
    if (!values.delete(choice)) values.add(choice);
    return inSchemaOrder(control, values);
  },
  isComplete: (control, value) => !control.required || chosen(value).length > 0,
  isEmpty: (value) => chosen(value).length === 0,
  fit(control, value) {
    const fitting = inSchemaOrder(control, new Set(chosen(value)));
    return control.multiple ? fitting : fitting.slice(0, 1);
  },
  settlesAtOnce: (control) => !control.multiple,
  has: (value, choice) => chosen(value).includes(choice),
  titles: (control, value) => chosen(value).map((each) => titleOf(control, each)),
};
