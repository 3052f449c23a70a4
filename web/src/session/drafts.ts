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

/** `revision` is the number of the questions that were asked then; missing in what an earlier version of the page kept. */
interface Local { answer: Answer; at: number; revision?: number }

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

  const asked = (): number => store.get().project?.schemaRevision ?? 1;

  function keep(task: number, local: Local): void {
    try {
      world.storage.setItem(name(task), JSON.stringify(local));
    } catch (error) {
      console.error("draft: not stored", error);
    }
  }

  /** True when it is on the screen now. Where nothing else would stand there, an empty answer is no draft. */
  function show(task: Task, given: Answer): boolean {
    const before = store.get();
    store.update((state) => {
      const answer = fitAnswer(schemaOf(state), given, task.data);
      const isNothing = isEmpty(schemaOf(state), answer) && task.draft === null && task.suggestion === null;
      return task.id in state.work || isNothing ? state : { ...state, work: { ...state.work, [task.id]: answer } };
    });
    return store.get() !== before;
  }

  /** What was begun when the project asked something else: the server knows what became of each label. */
  async function bringAlong(task: Task, local: Local, revision: number): Promise<void> {
    const outcome = await client.saveDraft(task.id, local.answer, revision);
    if (outcome.ok && outcome.value.answer !== null) {
      keep(task.id, { answer: outcome.value.answer, at: local.at, revision: asked() });
      show(task, outcome.value.answer);
      mark(task.id, "saved");
    } else if (!outcome.ok && outcome.failure.kind !== "refused") {
      // It stays here as it is, until the server can be asked.
      world.schedule(() => { if (read(task.id)?.at === local.at) void bringAlong(task, local, revision); }, RETRY_MS);
    } else show(task, local.answer);
  }

  async function send(task: number, answer: Answer): Promise<void> {
    pending.delete(task);
    mark(task, "saving");
    const outcome = await client.saveDraft(task, answer, asked());
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
      keep(task, { answer, at: world.now(), revision: asked() });
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
        if (local.revision !== undefined && local.revision < asked()) void bringAlong(task, local, local.revision);
        else if (show(task, local.answer)) {
          // Not more than kept here, until the server has said that it has it.
          mark(task.id, "local");
          later(task.id, local.answer, DELAY_MS);
        }
      }
    },
    stop() {
      for (const cancel of pending.values()) cancel();
      pending.clear();
    },
  };
}
