/** Spans and relations: a label key marks the selected text or ties two spans, so choosing needs more than the value. */
import { sortedSpans, spansOf, tiesOf } from "../spans";
import { counted, titleOf, type ControlRules } from "./rules";

export const spanRules: ControlRules = {
  start: () => [],
  choices: (control) => control.labels,
  choose: (_control, value) => value,
  isComplete: (control, value) => !control.required || spansOf(value).length > 0,
  isEmpty: (value) => spansOf(value).length === 0,
  fit(control, value, data) {
    const text = data[control.setup.field];
    if (typeof text !== "string") return [];
    const known = new Set(control.labels.map((label) => label.value));
    return sortedSpans(spansOf(value).filter((span) => known.has(span.label) && span.start < span.end && span.end <= text.length));
  },
  settlesAtOnce: () => false,
  has: () => false,
  titles: (control, value) => counted(spansOf(value).map((span) => titleOf(control, span.label))),
};

export const relationRules: ControlRules = {
  start: () => [],
  choices: (control) => control.labels,
  choose: (_control, value) => value,
  isComplete: (control, value) => !control.required || tiesOf(value).length > 0,
  isEmpty: (value) => tiesOf(value).length === 0,
  fit(control, value) {
    const known = new Set(control.labels.map((label) => label.value));
    return tiesOf(value).filter((tie) => known.has(tie.label)).map((tie) => ({ ...tie }));
  },
  settlesAtOnce: () => false,
  has: () => false,
  titles: (control, value) => counted(tiesOf(value).map((tie) => titleOf(control, tie.label))),
};
