/** Relations: begin one at a span, go through those that are drawn, turn one round, remove one. */
import type { Answer, AnswerValue, Control, Schema } from "../../wire";
import { changeAnswer } from "../answering";
import { focusOf, withFocus } from "../focus";
import { spansOf, tieId, tiesOf, type Tie } from "../spans";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action, type Step } from "./action";

const hasTies = (schema: Schema): boolean => schema.controls.some((control) => control.type === "relations");

export interface TieAt { control: Control; tie: Tie }

const sorted = new WeakMap<Answer, { schema: Schema; ties: readonly TieAt[] }>();

/** All relations on the screen, in the order of the text: by the span that comes first, then by the other. */
function tiesInOrder(state: State): readonly TieAt[] {
  const view = shown(state);
  if (view === null) return [];
  const schema = schemaOf(state);
  const known = sorted.get(view.answer);
  if (known?.schema === schema) return known.ties;
  const ties = sortTies(schema, view.answer);
  sorted.set(view.answer, { schema, ties });
  return ties;
}

function sortTies(schema: Schema, answer: Answer): readonly TieAt[] {
  return schema.controls.filter((control) => control.type === "relations").flatMap((control) => {
    const starts = new Map(spansOf(answer[control.setup.spans]).map((span) => [span.id, span.start]));
    const place = ({ from, to }: Tie): readonly [number, number] => {
      const [a, b] = [starts.get(from) ?? 0, starts.get(to) ?? 0];
      return [Math.min(a, b), Math.max(a, b)];
    };
    const rows = tiesOf(answer[control.name]).map((tie) => ({ control, tie, place: place(tie) }));
    return rows.sort((left, right) => left.place[0] - right.place[0] || left.place[1] - right.place[1]);
  });
}

/** The relation at hand. */
export function tieAt(state: State): TieAt | null {
  const { part } = focusOf(state);
  return part === null ? null : (tiesInOrder(state).find(({ control, tie }) => control.name === part.control && tieId(tie) === part.id) ?? null);
}

/** The answer with one relation replaced, or removed; the new one is at hand. */
function withTie(state: State, { control, tie }: TieAt, next: Tie | null): Step {
  const view = shown(state);
  if (view === null) return stay(state);
  const ties = tiesOf(view.answer[control.name]);
  if (next !== null && ties.some((each) => tieId(each) === tieId(next))) return stay({ ...state, notice: { message: "notice.tie-twice", params: {}, tone: "info" } });
  const value: AnswerValue = ties.flatMap((each) => (tieId(each) !== tieId(tie) ? [{ ...each }] : next === null ? [] : [{ ...next }]));
  return changeAnswer(withFocus(state, { part: next === null ? null : { control: control.name, id: tieId(next) } }), { ...view.answer, [control.name]: value });
}

/** Without the relation at hand; the span that it came from is at hand then, so that another can be drawn. */
export function withoutTie(state: State, at: TieAt): Step {
  const step = withTie(state, at, null);
  return { ...step, state: withFocus(step.state, { part: { control: at.control.setup.spans, id: at.tie.from } }) };
}

/** A relation's key while one is at hand: it becomes that. */
export function relabelled(state: State, at: TieAt, label: string): Step {
  return at.tie.label === label ? stay(state) : withTie(state, at, { ...at.tie, label });
}

/** The span at hand becomes the one from which a relation is drawn; pressed again there, it is let go. A relation at hand turns round. */
export const beginTie: Action = {
  name: "tie",
  keys: ["r"],
  isFor: hasTies,
  isEnabled: (state) => focusOf(state).part !== null,
  perform(state) {
    const { part, tie } = focusOf(state);
    if (part === null) return stay(state);
    const at = tieAt(state);
    if (at !== null) return at.control.setup.directed ? withTie(state, at, { ...at.tie, from: at.tie.to, to: at.tie.from }) : stay(state);
    const isLetGo = tie === part.id;
    const next = withFocus(state, { tie: isLetGo ? null : part.id });
    return stay({ ...next, notice: isLetGo ? null : { message: "notice.tie-to", params: {}, tone: "info" } });
  },
};

function step(name: string, key: string, by: 1 | -1): Action {
  return {
    name, keys: [key], isFor: hasTies,
    isEnabled: (state) => tiesInOrder(state).length > 0,
    perform(state) {
      const ties = tiesInOrder(state);
      const { part } = focusOf(state);
      const now = tieAt(state);
      const at = ties.findIndex((each) => now !== null && each.control.name === now.control.name && tieId(each.tie) === tieId(now.tie));
      // From a span to its own relations first.
      const own = ties.findIndex(({ control, tie }) => control.setup.spans === part?.control && (tie.from === part.id || tie.to === part.id));
      const next = ties[at >= 0 ? (at + by + ties.length) % ties.length : own >= 0 ? own : by > 0 ? 0 : ties.length - 1];
      return stay(next === undefined ? state : withFocus(state, { part: { control: next.control.name, id: tieId(next.tie) }, mark: null, tie: null }));
    },
  };
}

// The signs beside those that go from span to span.
export const nextTie = step("next-tie", "}", 1);
export const previousTie = step("previous-tie", "{", -1);

export const removeTie: Action<{ control: string; at: number }> = {
  name: "remove-tie",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { control, at }) {
    const view = shown(state);
    if (view === null) return stay(state);
    const ties: AnswerValue = tiesOf(view.answer[control]).filter((_tie, i) => i !== at).map((tie) => ({ ...tie }));
    return changeAnswer(state, { ...view.answer, [control]: ties });
  },
};

/** Relations drawn over the text, or in their list alone. */
export const arcs: Action = {
  name: "arcs",
  keys: ["Shift+r"],
  isFor: hasTies,
  isEnabled: (state) => state.phase === "ready",
  perform: (state) => stay({ ...state, settings: { ...state.settings, arcs: !state.settings.arcs } }, { type: "settings" }),
};
