/** A number on a scale, of one thing or of both answers of a pair; and which of two answers is better. */
import type { AnswerValue, Control, Label } from "../../wire";
import { titleOf, type ControlRules } from "./rules";

export const SIDES = ["a", "b"] as const;
export type Side = (typeof SIDES)[number];

export function stepsOf(control: Control): number[] {
  return Array.from({ length: control.setup.steps }, (_, i) => i + 1);
}

export const choiceOf = (step: number, side?: Side): string => (side === undefined ? String(step) : `${side}:${step}`);

export function ratingOf(value: AnswerValue | undefined, side?: Side): number | null {
  const found = side === undefined ? value : typeof value === "object" && value !== null && !Array.isArray(value) ? value[side] : null;
  return typeof found === "number" ? found : null;
}

const sidesOf = (control: Control): readonly (Side | undefined)[] => (control.setup.sides ? SIDES : [undefined]);

function choices(control: Control): Label[] {
  return sidesOf(control).flatMap((side) =>
    stepsOf(control).map((step) => ({ value: choiceOf(step, side), title: side === undefined ? String(step) : `${side.toUpperCase()} ${step}`, hotkey: null, color: null })));
}

function fitting(control: Control, step: number | null): number | null {
  return step !== null && Number.isInteger(step) && step >= 1 && step <= control.setup.steps ? step : null;
}

function both(control: Control, value: AnswerValue | undefined): { [side: string]: AnswerValue } {
  const pairs = SIDES.map((side) => [side, fitting(control, ratingOf(value, side))] as const);
  return Object.fromEntries(pairs.filter(([, step]) => step !== null));
}

export const ratingRules: ControlRules = {
  start: (control) => (control.setup.sides ? {} : null),
  choices,
  choose(control, value, choice) {
    const [side, step] = choice.includes(":") ? choice.split(":") : [undefined, choice];
    const isTakenBack = !control.required && ratingRules.has(value, choice);
    if (side === undefined) return isTakenBack ? null : Number(step);
    const { [side]: _before, ...other } = both(control, value);
    return isTakenBack ? other : { ...other, [side]: Number(step) };
  },
  isComplete(control, value) {
    const steps = sidesOf(control).map((side) => ratingOf(value, side));
    return steps.every((step) => step !== null) || (!control.required && steps.every((step) => step === null));
  },
  isEmpty: (value) => ratingOf(value) === null && SIDES.every((side) => ratingOf(value, side) === null),
  fit: (control, value) => (control.setup.sides ? both(control, value) : fitting(control, ratingOf(value))),
  settlesAtOnce: (control) => !control.setup.sides,
  has(value, choice) {
    return choice.includes(":") ? SIDES.some((side) => choice === choiceOf(ratingOf(value, side) ?? 0, side)) : ratingOf(value) === Number(choice);
  },
  titles: (control, value) => sidesOf(control).flatMap((side) => {
    const step = ratingOf(value, side);
    return step === null ? [] : [`${side === undefined ? "" : `${side.toUpperCase()} `}${step} / ${control.setup.steps}`];
  }),
};

export const preferenceRules: ControlRules = {
  start: () => null,
  choices: (control) => control.labels,
  choose: (control, value, choice) => (!control.required && value === choice ? null : choice),
  isComplete: (control, value) => !control.required || typeof value === "string",
  isEmpty: (value) => typeof value !== "string" || value === "",
  fit: (control, value) => (control.labels.some((label) => label.value === value) ? (value ?? null) : null),
  settlesAtOnce: () => true,
  has: (value, choice) => value === choice,
  titles: (control, value) => (typeof value === "string" ? [titleOf(control, value)] : []),
};
