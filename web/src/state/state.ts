/** All that the page knows, as plain data. Actions and events make a new state out of it; nothing changes it in place. */
import type { MessageKey } from "../locales/en";
import type { Answer, Item, Person, Progress, Project, Task } from "../wire";
import type { Trail } from "./answering";
import type { Focus } from "./focus";
import type { Pen } from "./actions/draw";
import type { Verdict } from "../wire-review";
import type { Pointer, UnsentRemark } from "./remarks";
import type { Onboarding } from "./onboarding";
import type { Size } from "./shapes";
import type { Sight } from "./sight";
import type { Sought } from "./sought";
import type { Settings } from "./settings";

export type Panel = "guidelines" | "help" | "settings" | "palette" | "skip" | "comments" | "reject" | "flag";
export type PastOutcome = "sending" | "saved" | "kept_as_draft" | "invalid";

/** One of this person's answers: just given, or read from the history. */
export interface Past {
  key: string;
  task: Item;
  /** The task with its lease, when it was answered since the page was opened. */
  leased: Task | null;
  annotation: number | null;
  revision: number;
  answer: Answer | null;
  skipped: boolean;
  outcome: PastOutcome;
  /** Who gave it, when that is somebody else: a reviewer looks at it. */
  by?: Person;
  verdict?: Verdict;
  reviewer?: string;
  /** Why it was sent back. */
  why?: string;
}

/** An answer that the server didn't take as it was: shown until the person decides what happens with it. */
export interface Attention {
  key: string;
  task: number;
  excerpt: string;
  answer: Answer | null;
  status: "kept_as_draft" | "invalid";
  problem: string;
}

export interface Notice { message: MessageKey; params: Readonly<Record<string, string | number>>; tone: "info" | "good" | "warn" }
export type SyncFailure = "offline" | "server" | "signed-out";
export interface Sync { waiting: number; failure: SyncFailure | null; detail: string }
export type DraftState = "local" | "saving" | "saved";

/** An edit that met somebody else's change: both sides, until the person picks one. */
export interface Conflict { key: string; mine: { answer: Answer | null; skipped: boolean }; theirs: { answer: Answer | null; skipped: boolean } }

/** Others' answers are looked through: which ones, those judged here, and where to read on (empty at the start). */
export interface Review { query: string; judged: readonly string[]; cursor: string | null }

export interface State {
  phase: "loading" | "ready" | "failed";
  failure: { message: MessageKey; detail: string; signedOut: boolean } | null;
  project: Project | null;
  me: Person | null;
  progress: Progress;
  queue: readonly Task[];
  /** Answers begun and not sent, by task. */
  work: Readonly<Record<number, Answer>>;
  draft: Readonly<Record<number, DraftState>>;
  past: readonly Past[];
  /** Undefined before the first page of the history was read; null when there is no older one. */
  pastCursor: string | null | undefined;
  /** Index into `past` of the answer being looked at; null shows the task at hand. */
  at: number | null;
  edit: Answer | null;
  /** Changes of other earlier answers that were not sent, by their keys. */
  edits: Readonly<Record<string, Answer>>;
  /** Steps back and forth on the answer at hand. */
  trail: Trail | null;
  focus: Focus | null;
  /** What the next shape of each control will be. */
  pens: Readonly<Record<string, Pen>>;
  /** The size of the picture on the screen, where the item does not say it. */
  pictureSize: Size | null;
  /** The part of a drawn-on picture that is in sight, for what is on the screen; null shows the whole. */
  sight: { of: string; sight: Sight } | null;
  /** Brightness of pictures in percent; it stays from task to task. */
  light: number;
  /** A question that asks for the cursor, at what is wrong in it or at its first field; the number rises with each asking. */
  writing: { control: string; asked: number; wrong?: boolean } | null;
  /** What the address points at, for what was on the screen then. */
  sought: (Sought & { of: string }) | null;
  conflict: Conflict | null;
  /** Null while the person labels. */
  review: Review | null;
  /** Null once the queue is open to the person. */
  onboarding: Onboarding | null;
  remaining: boolean;
  /** Somebody changed what the project asks: this page shows the questions of before until it is loaded again. */
  outdated: boolean;
  /** True once the server has said, while this page held none, whether there are tasks. */
  asked: boolean;
  /** Why no tasks come, in the server's words; empty when it can't be reached. */
  leaseFailure: { detail: string } | null;
  busy: "undo" | "history" | null;
  sync: Sync;
  online: boolean;
  attention: readonly Attention[];
  panel: Panel | null;
  /** Comments that the server does not have yet. */
  unsent: readonly UnsentRemark[];
  /** Open comments of tasks whose comments were read since the page was opened. */
  remarkCounts: Readonly<Record<number, number>>;
  /** What the comments of these tasks point at, of tasks whose comments were read. */
  remarkPointers: Readonly<Record<number, readonly Pointer[]>>;
  /** Pictures are shown in their own size, and not fitted to the screen. */
  enlarged: boolean;
  notice: Notice | null;
  settings: Settings;
}

export function initialState(settings: Settings, online: boolean): State {
  return {
    phase: "loading", failure: null, project: null, me: null,
    progress: { total: 0, done: 0, mine: 0, accepted: 0, shown: 0 },
    queue: [], work: {}, draft: {}, past: [], pastCursor: undefined, at: null, edit: null, edits: {}, trail: null, focus: null, pens: {}, pictureSize: null, sight: null, light: 100, writing: null, sought: null, conflict: null, review: null, onboarding: null,
    remaining: true, outdated: false, asked: false, leaseFailure: null, busy: null,
    sync: { waiting: 0, failure: null, detail: "" }, online, attention: [], panel: null, unsent: [], remarkCounts: {}, remarkPointers: {}, enlarged: false, notice: null, settings,
  };
}
