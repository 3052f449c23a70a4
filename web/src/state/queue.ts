/** The tasks held by this page: when to ask for more, and what a lease answer changes. */
import type { Leased, Task } from "../wire";
import type { State } from "./state";

/** Refill below this many; eight a call keeps a fast person (two answers a second) four seconds ahead of the network. */
export const REFILL_BELOW = 4;
export const HOLD = 8;

export function wanted(state: State): number {
  if (state.review !== null || state.onboarding !== null) return 0;
  return state.queue.length < REFILL_BELOW ? HOLD - state.queue.length : 0;
}

/** `holding` are the tasks that the request named as held; `answered` those that must not be shown again. */
export function mergeLeased(state: State, leased: Leased, holding: ReadonlySet<number>, answered: ReadonlySet<number>): State {
  const lost = new Set(leased.lost);
  const kept = state.queue.filter((task) => !lost.has(task.id)).map((task) => renewed(task, leased.tasks));
  const known = new Set(kept.map((task) => task.id));
  const fresh = leased.tasks.filter((task) => !known.has(task.id) && !answered.has(task.id));
  const current = state.queue[0];
  const lostCurrent = current !== undefined && lost.has(current.id);
  return {
    ...state,
    // What was sent back comes behind the task at hand.
    queue: [...kept.slice(0, 1), ...fresh.filter(isBack), ...kept.slice(1), ...fresh.filter((task) => !isBack(task))],
    progress: leased.progress,
    remaining: leased.remaining,
    outdated: state.outdated || (state.project !== null && leased.schemaRevision !== state.project.schemaRevision),
    // Tasks that are held remain, on the screen or with an answer on its way: "remaining" says nothing about the time after.
    asked: holding.size === 0 || leased.tasks.length > 0,
    leaseFailure: null,
    notice: lostCurrent ? { message: "notice.lost", params: {}, tone: "warn" } : state.notice,
  };
}

const isBack = (task: Task): boolean => task.rejection != null;

/** A renewal may hand out a new token for a task that is held already. */
function renewed(task: Task, tasks: readonly Task[]): Task {
  const again = tasks.find((each) => each.id === task.id);
  return again === undefined ? task : { ...task, lease: again.lease };
}

export function withoutTask<T>(map: Readonly<Record<number, T>>, task: number): Readonly<Record<number, T>> {
  if (!(task in map)) return map;
  const { [task]: _gone, ...rest } = map;
  return rest;
}
