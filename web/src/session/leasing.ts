/** Keeps tasks ready: fetches before the row runs out, renews leases before they end, looks again when there is nothing. */
import type { Client } from "../api/client";
import type { Outbox } from "../outbox/outbox";
import { backOffMs } from "../outbox/back-off";
import { mergeLeased, wanted } from "../state/queue";
import type { State } from "../state/state";
import type { Store } from "../state/store";
import type { Task } from "../wire";
import type { World } from "./world";

/** The server reads at most this many. */
const MOST_HOLDING = 500;
/** Waiting for others to give tasks back: from five seconds to one minute. */
const POLL_MS = [5_000, 10_000, 20_000, 40_000, 60_000];

export interface Leasing {
  refill(): void;
  /** Looks again at once, whatever the last answer was. */
  lookNow(): void;
  release(): void;
  stop(): void;
}

export function createLeasing(world: World, client: Client, store: Store<State>, outbox: Outbox, arrived: (tasks: readonly Task[]) => void, closed: () => void): Leasing {
  let running = false;
  let failures = 0;
  let polls = 0;
  let cancelPoll = (): void => undefined;
  let cancelRenewal = (): void => undefined;

  /** Renewing at a third of the lease leaves two more tries before it ends. */
  const renewalMs = (): number => Math.max(5_000, ((store.get().project?.leaseSeconds ?? 900) * 1000) / 3);

  function planRenewal(): void {
    cancelRenewal();
    cancelRenewal = world.schedule(() => void ask(wanted(store.get())), renewalMs());
  }

  function planPoll(ms: number): void {
    cancelPoll();
    cancelPoll = world.schedule(() => void ask(wanted(store.get())), ms);
  }

  async function ask(count: number): Promise<void> {
    if (running || store.get().review !== null || store.get().onboarding !== null) return;
    running = true;
    const unsent = outbox.waitingTasks();
    const holding = new Set([...store.get().queue.map((task) => task.id), ...unsent]);
    const counted = store.get().progress;
    const outcome = await client.lease(count, [...holding].slice(0, MOST_HOLDING));
    running = false;
    if (!outcome.ok) {
      // The queue was closed to this person: training and test come first.
      if (outcome.failure.kind === "refused" && outcome.failure.problem.code === "onboarding") return closed();
      failures += 1;
      const detail = "problem" in outcome.failure ? outcome.failure.problem.detail : "";
      store.update((state) => ({ ...state, leaseFailure: state.queue.length === 0 ? { detail } : null }));
      planPoll(backOffMs(failures, world.random));
      return;
    }
    failures = 0;
    // Answers given while the request was on its way are no tasks any more.
    const answered = new Set([...unsent, ...outbox.waitingTasks(), ...store.get().past.filter((past) => past.leased !== null && (past.outcome === "sending" || past.outcome === "saved")).map((past) => past.task.id)]);
    const before = store.get().queue[0]?.id;
    store.update((state) => {
      const merged = mergeLeased(state, outcome.value, holding, answered);
      // An answer acknowledged meanwhile may be missing from this count: the acknowledgment's own is the newer one.
      return state.progress === counted ? merged : { ...merged, progress: state.progress };
    });
    if (store.get().queue[0]?.id !== before) world.stopwatch.restart();
    arrived(outcome.value.tasks);
    planRenewal();
    settle(outcome.value.tasks.length);
  }

  function settle(fetched: number): void {
    cancelPoll();
    const state = store.get();
    if (fetched > 0) polls = 0;
    if (wanted(state) === 0) return;
    if (fetched > 0) return void ask(wanted(state));
    // The last task was answered meanwhile, so the server has yet to say what there is without it: now, or when the answer
    // is acknowledged, which brings the next question by itself.
    if (!state.asked && state.queue.length === 0) return outbox.waitingTasks().size === 0 ? void ask(wanted(state)) : undefined;
    // Nothing came: others hold the rest, or everything is done and somebody may add tasks later.
    const ms = POLL_MS[Math.min(polls, POLL_MS.length - 1)] ?? 60_000;
    polls += 1;
    planPoll(ms);
  }

  return {
    refill() {
      const state = store.get();
      if (wanted(state) > 0 && failures === 0 && (state.remaining || !state.asked)) void ask(wanted(state));
    },
    lookNow() {
      polls = 0;
      failures = 0;
      cancelPoll();
      void ask(Math.max(wanted(store.get()), 0));
    },
    release() {
      if (store.get().onboarding !== null) return;
      const unsent = outbox.waitingTasks();
      const held = store.get().queue.map((task) => task.id).filter((id) => !unsent.has(id));
      if (held.length > 0) client.release(held);
    },
    stop() {
      cancelPoll();
      cancelRenewal();
    },
  };
}
