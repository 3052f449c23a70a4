/** Others' answers to look through: read ahead, judged one by one. */
import { saidOf } from "../api/http";
import type { Client } from "../api/client";
import type { Effect } from "../state/actions/action";
import type { Judgement } from "../state/actions/review";
import { goTo } from "../state/edits";
import type { Past, State } from "../state/state";
import type { Store } from "../state/store";
import type { Reviewed } from "../wire-review";
import { changePast, pastOf } from "./past-answers";
import { createTurns } from "./turns";
import type { World } from "./world";

/** Fewer answers than that ahead, and more are read. */
const AHEAD = 10;
const RETRY_MS = 5_000;

export interface Reviewing {
  /** Reads the first answers. */
  open(): Promise<void>;
  judge(effect: Effect & { type: "judge" }): Promise<void>;
  /** Makes an answer the known right one to its item, and says whether the server took it. */
  markKnown(past: Past): Promise<void>;
}

export function pastOfReviewed(row: Reviewed): Past {
  return { ...pastOf(row), by: row.by, verdict: row.verdict, reviewer: row.reviewer, why: row.why };
}

export function createReviewing(world: Pick<World, "schedule">, client: Client, store: Store<State>): Reviewing {
  let reading = false;
  const inTurn = createTurns<Past | null>();

  async function more(): Promise<void> {
    const { review, past, at } = store.get();
    if (reading || review === null || review.cursor === null || (at ?? past.length) + AHEAD < past.length) return;
    reading = true;
    const outcome = await client.review(review.query, review.cursor === "" ? null : review.cursor);
    if (!outcome.ok) {
      // No other request meanwhile: the flag stays until then.
      world.schedule(() => { reading = false; void more(); }, RETRY_MS);
      return store.update((state) => ({ ...state, busy: null, notice: { message: "notice.review-failed", params: {}, tone: "warn" } }));
    }
    reading = false;
    store.update((state) => {
      if (state.review === null) return state;
      const known = new Set(state.past.map((each) => each.key));
      const rows = outcome.value.results.map(pastOfReviewed).filter((each) => !known.has(each.key));
      // Whoever waits behind the last answer goes on with the first of the new ones.
      const at = state.at ?? (rows.length > 0 ? state.past.length : null);
      return { ...state, busy: null, asked: true, past: [...state.past, ...rows], at, review: { ...state.review, cursor: outcome.value.next } };
    });
    // A page may hold nothing that passes, and there may still be older answers.
    return more();
  }

  const put = (key: string, change: Partial<Past>): void => changePast(store, key, change);

  store.subscribe(() => void more());

  return {
    async open() {
      // The first answers may have come already: then nothing would end the waiting.
      store.update((state) => (state.review?.cursor === "" ? { ...state, busy: "history" } : state));
      await more();
    },
    async markKnown(past) {
      if (past.annotation === null) return;
      const outcome = await client.markKnown(past.annotation);
      const problem = outcome.ok ? "" : saidOf(outcome.failure);
      store.update((state) => ({
        ...state,
        notice: outcome.ok ? { message: "notice.known", params: {}, tone: "good" } : { message: "notice.known-failed", params: { problem }, tone: "warn" },
      }));
    },
    async judge({ past, judgement }) {
      // Whoever takes a verdict back does not wait until it has arrived; what was not taken needs no taking back.
      await inTurn(past.key, (before, isLast) => (before === null ? Promise.resolve(null) : send(before ?? past, judgement, isLast)));
    },
  };

  /**
   * Sends a verdict about what the server holds, and returns what it holds then; null when it was not taken.
   *
   * What was asked for after that is shown already: only the last reply is.
   */
  async function send(held: Past, judgement: Judgement, isLast: () => boolean): Promise<Past | null> {
    if (held.annotation === null) return null;
    const outcome = await client.judge(held.annotation, {
      verdict: judgement.verdict, reason: judgement.reason, ...(held.verdict === "rejected" ? {} : { revision: held.revision }),
      ...(judgement.answer === null ? {} : { answer: judgement.answer }),
    });
    if (outcome.ok) {
      const row: Past = { ...pastOfReviewed(outcome.value), key: held.key };
      if (isLast()) put(held.key, row);
      return row;
    }
    put(held.key, { ...held, outcome: "saved" });
    const { failure } = outcome;
    store.update((state) => ({
      ...goTo(state, state.past.findIndex((each) => each.key === held.key)), edit: judgement.answer,
      review: state.review === null ? null : { ...state.review, judged: state.review.judged.filter((key) => key !== held.key) },
      notice: { message: failure.kind === "refused" ? "notice.judge-failed" : "notice.judge-offline", params: { problem: saidOf(failure) }, tone: "warn" },
    }));
    if (failure.kind === "refused" && failure.status === 412) await again(held);
    return null;
  }

  /** Somebody changed the answer first: show it as it is now. */
  async function again(past: Past): Promise<void> {
    const outcome = await client.review(`annotation=${past.annotation ?? 0}`, null);
    const row = outcome.ok ? outcome.value.results[0] : undefined;
    if (row === undefined) return;
    put(past.key, { ...pastOfReviewed(row), key: past.key });
    store.update((state) => ({ ...state, edit: null }));
  }
}
