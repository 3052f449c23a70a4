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

export function shown(state: State): Shown | null {
  const schema = schemaOf(state);
  const past = state.at === null ? undefined : state.past[state.at];
  if (past !== undefined) {
    const given = fitAnswer(schema, past.answer, past.task.data);
    const answer = state.edit ?? given;
    return { kind: "past", item: past.task, past, answer, changed: state.edit !== null && !sameAnswer(answer, given) };
  }
  const task = state.queue[0];
  if (task === undefined) return null;
  return { kind: "task", item: task, task, answer: state.work[task.id] ?? startOf(schema, state, task), suggestion: task.suggestion };
}

function startOf(schema: Schema, state: State, task: Task): Answer {
  if (task.draft !== null) return fitAnswer(schema, task.draft.answer, task.data);
  if (state.settings.preselect && task.suggestion !== null) return fitAnswer(schema, task.suggestion.answer, task.data);
  return startAnswer(schema, task.data);
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
