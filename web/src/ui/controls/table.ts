/** How each control type is asked; its rules are in state/controls.ts. */
import type { ComponentType } from "preact";
import type { Bindings } from "../../state/bindings";
import type { AnswerValue, Control, Suggestion } from "../../wire";
import { ChoiceControl } from "./choice";

export interface ControlProps {
  control: Control;
  value: AnswerValue;
  suggestion: Suggestion | null;
  bindings: Bindings;
  choose(value: string): void;
}

export const CONTROL_VIEWS: Readonly<Record<string, ComponentType<ControlProps>>> = {
  choice: ChoiceControl,
};
