/** The step that every sent answer shares: it goes to the outbox and the next task comes up. */
import type { Answer, Task } from "../../wire";
import { handedIn } from "../onboarding";
import { withoutTask } from "../queue";
import type { Past, State } from "../state";
import { stay, type Env, type Step } from "./action";

export interface Given { answer: Answer | null; skipped: boolean; reason: string }

export function leaveTask(state: State, env: Env, task: Task, given: Given): Step {
  const key = env.newKey();
  const past: Past = {
    key, task, leased: task, annotation: null, revision: 1, answer: given.answer, skipped: given.skipped, outcome: "sending",
  };
  const next: State = {
    ...state,
    queue: state.queue.filter((each) => each.id !== task.id),
    // A task that was taken back and answered again has one place in the row of answers.
    past: [...state.past.filter((each) => each.task.id !== task.id), past],
    work: withoutTask(state.work, task.id),
    draft: withoutTask(state.draft, task.id),
    at: null, edit: null, panel: null, notice: null,
  };
  const submission = {
    client_key: key, task: task.id, lease: task.lease.token, answer: given.answer, skipped: given.skipped, reason: given.reason,
    seconds: env.seconds(), suggestion: task.suggestion?.id ?? null, schema_revision: state.project?.schemaRevision ?? 1,
  };
  if (state.onboarding !== null) return stay(handedIn(state, state.onboarding, task, given.answer ?? {}), { type: "submit", submission, task });
  return stay(next, { type: "submit", submission, task }, { type: "refill" });
}
