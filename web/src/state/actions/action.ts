/** The form of every action: a name, its keys, when it can be done, and a pure step from state to state. */
import type { Answer, Schema, Submission, Task } from "../../wire";
import type { Judgement } from "./review";
import type { RemarkSubmission } from "../../wire-remarks";
import type { Past, State } from "../state";

/** What an action asks the session to do outside of the state. */
export type Effect =
  | { type: "submit"; submission: Submission; task: Task }
  | { type: "change"; past: Past; answer: Answer | null; skipped: boolean }
  | { type: "draft"; task: number; answer: Answer }
  | { type: "take-back"; past: Past }
  | { type: "load-history"; then: "previous" | "undo" }
  | { type: "refill" }
  | { type: "forget"; key: string }
  | { type: "send-again"; key: string }
  | { type: "judge"; past: Past; judgement: Judgement }
  | { type: "mark-known"; past: Past }
  | { type: "remark"; submission: RemarkSubmission }
  | { type: "forget-remark"; key: string }
  | { type: "remark-again"; key: string }
  | { type: "settings" };

export interface Step { state: State; effects: readonly Effect[] }

/** What a pure step can't make itself. */
export interface Env {
  newKey(): string;
  /** Seconds that the current task was looked at. */
  seconds(): number;
  /** True while a key is held down: what it does goes on with the step before. */
  held?: boolean;
}

export interface Action<Arg = undefined> {
  name: string;
  /** Default keys, as `press.ts` names them; the first one is shown. */
  keys: readonly string[];
  /** True for keys that other actions may have too: this one goes first where it is enabled. */
  shares?: boolean;
  /** False for schemas in which it means nothing; its keys are free there. */
  isFor?(schema: Schema): boolean;
  /** Where it has keys; in both modes by default. */
  only?: "labeling" | "review";
  isEnabled(state: State): boolean;
  perform(state: State, env: Env, arg: Arg): Step;
}

export const stay = (state: State, ...effects: Effect[]): Step => ({ state, effects });
