/** How each control type is asked; its rules are in state/rules/. */
import type { ComponentType } from "preact";
import type { Bindings } from "../../state/bindings";
import type { State } from "../../state/state";
import type { Shown } from "../../state/view";
import type { AnswerValue, Control, Suggestion } from "../../wire";
import { ChoiceControl } from "./choice";
import { FormControl } from "./form";
import { RatingControl } from "./rating";
import { ShapeControl } from "./shapes";
import { RelationControl, SpanControl } from "./spans";
import { TaxonomyControl } from "./taxonomy";
import { WordsControl } from "./words";

export interface ControlProps {
  control: Control;
  value: AnswerValue;
  suggestion: Suggestion | null;
  bindings: Bindings;
  state: State;
  view: Shown;
  choose(value: string): void;
}

export const CONTROL_VIEWS: Readonly<Record<string, ComponentType<ControlProps>>> = {
  choice: ChoiceControl,
  taxonomy: TaxonomyControl,
  spans: SpanControl,
  relations: RelationControl,
  text: WordsControl,
  rating: RatingControl,
  preference: ChoiceControl,
  form: FormControl,
  shapes: ShapeControl,
};
