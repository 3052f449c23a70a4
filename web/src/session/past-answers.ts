/** The person's own answers: reading older ones, changing one, taking the last one back. */
import { saidOf } from "../api/http";
import type { Client } from "../api/client";
import type { MessageKey } from "../locales/en";
import type { Outbox } from "../outbox/outbox";
import type { Effect } from "../state/actions/action";
import { sameAnswer } from "../state/controls";
import { goTo, withoutEdit } from "../state/edits";
import type { Notice, Past, State } from "../state/state";
import type { Store } from "../state/store";
import type { Annotation } from "../wire";
import { createTurns } from "./turns";
import type { World } from "./world";

/** How many pages of the history are read when looking for one changed answer. */
const SEARCH_PAGES = 5;

export interface PastAnswers {
  /** Shows one answer of this person; older ones follow behind it. */
  open(annotation: number): Promise<void>;
  load(then: "previous" | "undo", again: () => void): Promise<void>;
  change(effect: Effect & { type: "change" }): Promise<void>;
  takeBack(past: Past): Promise<void>;
}

const notice = (message: MessageKey, problem = ""): Notice => ({ message, params: { problem }, tone: "warn" });

/** The key of an answer that was read from the server. */
export const keyOf = (annotation: number): string => `a${annotation}`;

export function pastOf(row: Annotation): Past {
  return {
    key: keyOf(row.annotation), task: row.task, leased: null, annotation: row.annotation, revision: row.revision, answer: row.answer,
    skipped: row.skipped, outcome: "saved",
  };
}

export function changePast(store: Store<State>, key: string, change: Partial<Past>): void {
  store.update((state) => ({ ...state, past: state.past.map((each) => (each.key === key ? { ...each, ...change } : each)) }));
}

/** Older answers go before the ones known; a task that is known already keeps its place. */
export function withHistory(state: State, rows: readonly Annotation[], next: string | null): State {
  const known = new Set([...state.past.map((past) => past.task.id), ...state.queue.map((task) => task.id)]);
  const older = rows.filter((row) => !known.has(row.task.id)).map(pastOf).reverse();
  const past = [...older, ...state.past];
  // A change of an answer that is nowhere in the whole history has nothing left to change.
  const keys = new Set(past.map((each) => each.key));
  const edits = next === null ? Object.fromEntries(Object.entries(state.edits).filter(([key]) => keys.has(key))) : state.edits;
  return { ...state, past, edits, at: state.at === null ? null : state.at + older.length, pastCursor: next };
}

export function createPastAnswers(world: World, client: Client, store: Store<State>, outbox: Outbox): PastAnswers {
  const setPast = (key: string, change: Partial<Past>): void => changePast(store, key, change);
  const inTurn = createTurns<void>();
  const tell = (found: Notice): void => store.update((state) => ({ ...state, notice: found }));

  /** The annotation of an answer, waiting for its acknowledgment if need be. */
  async function saved(past: Past): Promise<{ annotation: number; revision: number } | null> {
    const now = store.get().past.find((each) => each.key === past.key) ?? past;
    if (now.annotation !== null) return { annotation: now.annotation, revision: now.revision };
    const result = await outbox.settled(past.key);
    const annotation = result?.annotation ?? null;
    return annotation === null ? null : { annotation, revision: now.revision };
  }

  async function find(annotation: number): Promise<Annotation | null> {
    let cursor: string | null = null;
    for (let page = 0; page < SEARCH_PAGES; page += 1) {
      const outcome = await client.history(cursor);
      if (!outcome.ok) return null;
      const row = outcome.value.results.find((each) => each.annotation === annotation);
      if (row !== undefined) return row;
      if (outcome.value.next === null) return null;
      cursor = outcome.value.next;
    }
    return null;
  }

  /** Somebody changed the answer first; or our own first try arrived and only its acknowledgment was lost. */
  async function meetConflict(effect: Effect & { type: "change" }, annotation: number, isLast: () => boolean): Promise<void> {
    const theirs = await find(annotation);
    const key = effect.past.key;
    if (theirs === null) return putBack(effect, notice("notice.change-offline"));
    const arrived = sameAnswer(theirs.answer, effect.answer) && theirs.skipped === effect.skipped;
    setPast(key, arrived && !isLast() ? { revision: theirs.revision } : { answer: theirs.answer, skipped: theirs.skipped, revision: theirs.revision, outcome: "saved" });
    if (arrived) return;
    store.update((state) => ({
      ...goTo(state, state.past.findIndex((each) => each.key === key)), edit: null,
      conflict: { key, mine: { answer: effect.answer, skipped: effect.skipped }, theirs: { answer: theirs.answer, skipped: theirs.skipped } },
    }));
  }

  /** A change that isn't saved stays on the screen as a change. */
  function putBack(effect: Effect & { type: "change" }, found: Notice): void {
    setPast(effect.past.key, { answer: effect.past.answer, skipped: effect.past.skipped, outcome: effect.past.outcome });
    store.update((state) => {
      const next = goTo(state, state.past.findIndex((each) => each.key === effect.past.key));
      return { ...next, notice: found, edit: effect.answer };
    });
  }

  /** `counted` is 1 when the server had counted the answer. */
  function reopen(past: Past, task: State["queue"][number], counted: 0 | 1): void {
    store.update((state) => ({
      ...state, busy: null, at: null, edit: null, notice: null,
      progress: { ...state.progress, done: state.progress.done - counted, mine: state.progress.mine - counted },
      queue: [task, ...state.queue.filter((each) => each.id !== task.id)],
      past: state.past.filter((each) => each.key !== past.key), edits: withoutEdit(state, past.key),
      work: past.answer === null ? state.work : { ...state.work, [task.id]: past.answer },
    }));
    world.stopwatch.restart();
  }

  return {
    async open(annotation) {
      const outcome = await client.annotation(annotation);
      if (!outcome.ok) return tell(notice("notice.history-failed"));
      store.update((state) => goTo({ ...state, past: [pastOf(outcome.value)], pastCursor: String(annotation) }, 0));
    },
    async load(then, again) {
      const outcome = await client.history(store.get().pastCursor ?? null);
      if (!outcome.ok) return store.update((state) => ({ ...state, busy: null, notice: notice("notice.history-failed") }));
      const before = store.get().past.length;
      store.update((state) => ({ ...withHistory(state, outcome.value.results, outcome.value.next), busy: null }));
      if (store.get().past.length > before) return again();
      if (then === "undo") tell({ message: "notice.undo-nothing", params: {}, tone: "info" });
    },
    async change(effect) {
      // A second change of an answer waits for the first, whose revision it replaces; a conflict is settled by the person first.
      await inTurn(effect.past.key, async (_before, isLast) => { if (store.get().conflict?.key !== effect.past.key) await change(effect, isLast); });
    },
    async takeBack(past) {
      await inTurn(past.key, () => takeBack(past));
    },
  };

  async function change(effect: Effect & { type: "change" }, isLast: () => boolean): Promise<void> {
    const target = await saved(effect.past);
    if (target === null) return putBack(effect, notice("notice.change-offline"));
    const outcome = await client.change(target.annotation, target.revision, effect.answer, effect.skipped);
    if (outcome.ok) {
      const held = { annotation: target.annotation, revision: outcome.value.revision };
      return setPast(effect.past.key, isLast() ? { ...held, answer: outcome.value.answer, skipped: outcome.value.skipped, outcome: "saved" } : held);
    }
    const { failure } = outcome;
    if (failure.kind === "refused" && failure.status === 412) return meetConflict(effect, target.annotation, isLast);
    putBack(effect, failure.kind === "refused" ? notice("notice.change-failed", saidOf(failure)) : notice("notice.change-offline"));
  }

  async function takeBack(past: Past): Promise<void> {
    if (past.leased !== null && (await outbox.withdraw(past.key))) return reopen(past, past.leased, 0);
    if (past.annotation === null) tell({ message: world.isOnline() ? "notice.undo-waiting" : "notice.undo-offline", params: {}, tone: "info" });
    if (past.annotation === null && !world.isOnline()) return store.update((state) => ({ ...state, busy: null }));
    const target = await saved(past);
    const outcome = target === null ? null : await client.takeBack(target.annotation, target.revision);
    if (outcome?.ok) return reopen(past, outcome.value, 1);
    const failure = outcome?.failure;
    // Gone already: an earlier try arrived and only its acknowledgment was lost. The place is still this person's.
    if (failure?.kind === "refused" && failure.status === 404 && past.leased !== null) return reopen(past, past.leased, 1);
    const message: MessageKey = failure?.kind !== "refused" ? "notice.undo-offline" : failure.status === 412 ? "notice.undo-changed" : "notice.undo-refused";
    store.update((state) => ({ ...state, busy: null, notice: notice(message, failure === undefined ? "" : saidOf(failure)) }));
  }
}
