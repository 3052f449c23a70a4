/** An answer, or a comment, on its way to the server. */
import type { Sendable, Submission } from "../wire";

export interface Entry<S extends Sendable = Submission> {
  key: string;
  /** Project and person: two people on one browser never send each other's answers. */
  scope: string;
  createdAt: number;
  /** How often it was handed to the network; above zero the server may have it already. */
  attempts: number;
  submission: S;
  excerpt: string;
  /** Set when the server didn't take the answer as it was; such an entry waits for the person. */
  verdict: { status: "kept_as_draft" | "invalid"; problem: string } | null;
}

export interface EntryStore<S extends Sendable = Submission> {
  all(scope: string): Promise<Entry<S>[]>;
  put(entry: Entry<S>): Promise<void>;
  remove(key: string): Promise<void>;
}

export function byAge(left: Entry<Sendable>, right: Entry<Sendable>): number {
  return left.createdAt - right.createdAt || (left.key < right.key ? -1 : 1);
}
