/** Begun answers: in this browser at once, on the server a moment later. */
import type { Client } from "../api/client";
import { fitAnswer, isEmpty } from "../state/controls";
import type { DraftState, State } from "../state/state";
import type { Store } from "../state/store";
import { schemaOf } from "../state/view";
import { parseStored, type Answer, type Task } from "../wire";
import type { World } from "./world";

/** Long enough to join a burst of clicks, short enough to be felt as "at once". */
const DELAY_MS = 600;
const RETRY_MS = 5_000;

interface Local { answer: Answer; at: number }

export interface Drafts {
  change(task: number, answer: Answer): void;
  /** Drops what is kept here for a task that was answered. */
  forget(task: number): void;
  /** Puts the begun answers of an earlier run on top of what the server has, where they are newer. */
  restore(tasks: readonly Task[]): void;
  stop(): void;
}

export function createDrafts(world: World, client: Client, store: Store<State>, scope: string): Drafts {
  const pending = new Map<number, () => void>();
  const name = (task: number): string => `assay:draft:${scope}:${task}`;

  function mark(task: number, state: DraftState): void {
    store.update((old) => (old.queue.some((each) => each.id === task) ? { ...old, draft: { ...old.draft, [task]: state } } : old));
  }

  async function send(task: number, answer: Answer): Promise<void> {
    pending.delete(task);
    mark(task, "saving");
    const outcome = await client.saveDraft(task, answer);
    // A newer change has its own request under way.
    if (pending.has(task) || !store.get().queue.some((each) => each.id === task)) return;
    if (outcome.ok) return mark(task, "saved");
    mark(task, "local");
    if (outcome.failure.kind !== "refused") later(task, answer, RETRY_MS);
  }

  function later(task: number, answer: Answer, ms: number): void {
    pending.get(task)?.();
    pending.set(task, world.schedule(() => void send(task, answer), ms));
  }

  function read(task: number): Local | null {
    try {
      return parseStored<Local>(JSON.parse(world.storage.getItem(name(task)) ?? "null"), (row) => typeof row.at === "number" && typeof row.answer === "object");
    } catch {
      return null;
    }
  }

  return {
    change(task, answer) {
      try {
        world.storage.setItem(name(task), JSON.stringify({ answer, at: world.now() }));
      } catch (error) {
        console.error("draft: not stored", error);
      }
      later(task, answer, DELAY_MS);
    },
    forget(task) {
      pending.get(task)?.();
      pending.delete(task);
      world.storage.removeItem(name(task));
    },
    restore(tasks) {
      for (const task of tasks) {
        const local = read(task.id);
        if (local === null || task.id in store.get().work) continue;
        if (task.draft !== null && task.draft.savedAt >= local.at) continue;
        store.update((state) => {
          const answer = fitAnswer(schemaOf(state), local.answer, task.data);
          return isEmpty(schemaOf(state), answer) ? state : { ...state, work: { ...state.work, [task.id]: answer } };
        });
      }
    },
    stop() {
      for (const cancel of pending.values()) cancel();
      pending.clear();
    },
  };
}
