/** Shapes on a picture: a label key says what the shape at hand is, or what the next one will be. */
import { shapesOf, shapesValue, type Shape } from "../shapes";
import type { AnswerValue, Control } from "../../wire";
import { counted, titleOf, type ControlRules } from "./rules";

/** The attributes that a shape must have and lacks. */
export function openAttributes(control: Control, shape: Shape): string[] {
  return control.setup.attributes
    .filter((each) => each.required && (each.labels.length === 0 || each.labels.includes(shape.label)) && shape.attributes[each.name] === undefined)
    .map((each) => each.name);
}

/** The first shape that lacks an attribute which it must have, with the title of that one. */
export function lackingShape(control: Control, value: AnswerValue | undefined): { shape: Shape; attribute: string } | null {
  for (const shape of shapesOf(value)) {
    const [name] = openAttributes(control, shape);
    if (name !== undefined) return { shape, attribute: control.setup.attributes.find((each) => each.name === name)?.title ?? name };
  }
  return null;
}

export const shapeRules: ControlRules = {
  start: () => [],
  choices: (control) => control.labels,
  choose: (_control, value) => value,
  isComplete(control, value) {
    const shapes = shapesOf(value);
    return (!control.required || shapes.length > 0) && shapes.every((shape) => openAttributes(control, shape).length === 0);
  },
  isEmpty: (value) => shapesOf(value).length === 0,
  fit(control, value) {
    const known = new Set(control.labels.map((label) => label.value));
    return shapesValue(shapesOf(value).filter((shape) => known.has(shape.label) && control.setup.tools.includes(shape.type)));
  },
  settlesAtOnce: () => false,
  has: () => false,
  titles: (control, value) => counted(shapesOf(value).map((shape) => titleOf(control, shape.label))),
};
