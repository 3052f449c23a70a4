/** What is on the screen, read out of the state. */
import type { Answer, Item, Schema, Suggestion, Task } from "../wire";
import { fitAnswer, sameAnswer, startAnswer } from "./controls";
import type { Past, State } from "./state";

export type Shown =
  | { kind: "task"; item: Item; task: Task; answer: Answer; suggestion: Suggestion | null }
  | { kind: "past"; item: Item; past: Past; answer: Answer; changed: boolean };

const NO_SCHEMA: Schema = { display: [], controls: [] };

export function schemaOf(state: State): Schema {
  return state.project?.schema ?? NO_SCHEMA;
}

/** What a state shows; asked many times of one state, by every part of the page. */
const views = new WeakMap<State, { view: Shown | null }>();

export function shown(state: State): Shown | null {
  const known = views.get(state) ?? { view: look(state) };
  views.set(state, known);
  return known.view;
}

function look(state: State): Shown | null {
  const schema = schemaOf(state);
  const past = state.at === null ? undefined : state.past[state.at];
  if (past !== undefined) {
    const given = fitted(schema, past.answer, past.task);
    const answer = state.edit ?? given;
    return { kind: "past", item: past.task, past, answer, changed: state.edit !== null && !sameAnswer(answer, given) };
  }
  const task = state.queue[0];
  if (task === undefined) return null;
  return { kind: "task", item: task, task, answer: state.work[task.id] ?? startOf(schema, state, task), suggestion: task.suggestion };
}

function startOf(schema: Schema, state: State, task: Task): Answer {
  const given = task.draft !== null ? task.draft.answer : state.settings.preselect ? task.suggestion?.answer : undefined;
  return fitted(schema, given, task);
}

/** For each item what was put on the screen last: the same object again, so that what is drawn of it can be kept. */
const fits = new WeakMap<Item, { schema: Schema; given: Answer | null | undefined; answer: Answer }>();

/** An answer as the questions take it; undefined stands for what an item starts with. */
function fitted(schema: Schema, given: Answer | null | undefined, item: Item): Answer {
  const known = fits.get(item);
  if (known !== undefined && known.schema === schema && known.given === given) return known.answer;
  const answer = given === undefined ? startAnswer(schema, item.data) : fitAnswer(schema, given, item.data);
  fits.set(item, { schema, given, answer });
  return answer;
}

/** The field that stands for an item where there is room for a line: its first text, undefined when it has none. */
export function titleField(state: State): string | undefined {
  return schemaOf(state).display.find((row) => row.type === "text")?.field;
}

/** The pictures of the task behind the one at hand. */
export function nextPictures(state: State): string[] {
  const data = state.queue[1]?.data ?? {};
  return schemaOf(state).display.filter((row) => row.type === "image").map((row) => String(data[row.field] ?? ""));
}

/** Why there is no task on the screen. */
export type Emptiness = "loading" | "no-tasks" | "finished" | "others" | "nothing-left" | "trouble";

export function emptiness(state: State): Emptiness {
  if (state.leaseFailure !== null) return "trouble";
  if (!state.asked) return "loading";
  if (state.progress.total === 0) return "no-tasks";
  if (state.remaining) return "others";
  return state.progress.done >= state.progress.total ? "finished" : "nothing-left";
}
