/** The list at hand, and decisions on it: sent one after the other, each can be undone. */
import { saidOf, type Http } from "../api/http";
import type { Answer } from "../wire";
import { parseDecision, parseDisputes, type Decision, type Dispute } from "./wire";

export interface Desk {
  disputes: readonly Dispute[];
  at: number;
  /** Where to read on; empty at the start, null at the end. */
  cursor: string | null;
  phase: "loading" | "ready" | "saving";
  names: boolean;
  /** What was decided here, newest last, with what stood before. */
  made: readonly { task: number; before: Decision | null }[];
}
export interface Wish { state: "decided" | "left"; annotation?: number | null; answer?: Answer | null; reason?: string }

export const emptyDesk: Desk = { disputes: [], at: 0, cursor: "", phase: "loading", names: false, made: [] };

/** `problem` is what could not be done, in the server's words. */
export type Result<T> = { ok: true; value: T } | { ok: false; problem: string; status: number };

export interface Client {
  list(query: string, cursor: string, names: boolean): Promise<Result<{ results: Dispute[]; next: string | null }>>;
  one(task: number, names: boolean): Promise<Result<Dispute | null>>;
  decide(task: number, wish: Wish, revision: number): Promise<Result<Decision>>;
  undo(task: number, revision: number): Promise<Result<null>>;
}

export function createDeskClient(http: Http, project: number): Client {
  async function ask<T>(method: string, path: string, body: unknown, parse: (json: unknown) => T): Promise<Result<T>> {
    const outcome = await http.request(method, path, body, parse);
    if (outcome.ok) return outcome;
    return { ok: false, problem: saidOf(outcome.failure), status: "status" in outcome.failure ? outcome.failure.status : 0 };
  }
  const root = `projects/${project}/disagreements/`;
  const flag = (names: boolean): string => (names ? "&names=true" : "");
  return {
    list: (query, cursor, names) => ask("GET", `${root}?${query}${flag(names)}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`, undefined, parseDisputes),
    async one(task, names) {
      const found = await ask("GET", `${root}?task=${task}${flag(names)}`, undefined, parseDisputes);
      return found.ok ? { ok: true, value: found.value.results[0] ?? null } : found;
    },
    decide: (task, wish, revision) => ask("PUT", `tasks/${task}/adjudication/`, { ...wish, revision }, parseDecision),
    undo: (task, revision) => ask("DELETE", `tasks/${task}/adjudication/?revision=${revision}`, undefined, () => null),
  };
}

export const revisionOf = (dispute: Dispute): number => dispute.decision?.revision ?? 0;

export function withDecision(desk: Desk, task: number, decision: Decision | null): Desk {
  return { ...desk, disputes: desk.disputes.map((each) => (each.task === task ? { ...each, decision } : each)) };
}

/** The place behind the one at hand; the place behind the last one is the end. */
export function onward(desk: Desk): Desk {
  return { ...desk, at: Math.min(desk.at + 1, desk.disputes.length) };
}

/** What a decision was, as it is sent again to bring it back. */
export function wishOf(decision: Decision): Wish {
  return { state: decision.state === "left" ? "left" : "decided", annotation: decision.annotation, answer: decision.answer, reason: decision.reason };
}

/** More tasks behind those that are known; none comes twice. */
export function withMore(desk: Desk, results: readonly Dispute[], next: string | null): Desk {
  const known = new Set(desk.disputes.map((each) => each.task));
  return { ...desk, phase: "ready", cursor: next, disputes: [...desk.disputes, ...results.filter((each) => !known.has(each.task))] };
}
