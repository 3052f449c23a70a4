/** The shapes of docs/reference/labeling-api.md, and the one place where unknown JSON becomes a type. */

import { WireError, count, list, number, object, optionalText, text, time, type Json } from "./json";
import { parseSchema, type Schema } from "./schema";
import { parseWay, type Way } from "./wire-onboarding";

export { WireError } from "./json";
export type { Column, Control, Display, Label, Schema } from "./schema";

export interface Project { id: number; name: string; guidelines: string; overlap: number; leaseSeconds: number; skipReasons: readonly string[]; skipReasonRequired: boolean; schema: Schema; schemaRevision: number }
export interface Person { id: number; name: string; language: string }
export interface Progress { total: number; done: number; mine: number; accepted: number; shown: number }
export interface Page { project: Project; me: Person; progress: Progress; onboarding: Way | null }

/** One value per control name; a control of type `choice` answers with a list of label values. */
export type AnswerValue = string | number | boolean | null | AnswerValue[] | { [key: string]: AnswerValue };
export type Answer = { readonly [control: string]: AnswerValue };

export interface Suggestion { id: number; answer: Answer; confidence: number | null; model: string;
  /** Why its task comes now: a code of the server's, empty for none. */
  reason?: string;
}
export interface Item {
  id: number; itemId: number; data: Readonly<Record<string, unknown>>;
  /** Open comments on the task. */
  comments: number;
}
/** Why an answer came back to its writer. */
export interface Rejected { reason: string; reviewer: string; at: number }
export interface Task extends Item {
  lease: { token: string; expiresAt: number };
  draft: { answer: Answer; savedAt: number } | null;
  suggestion: Suggestion | null;
  rejection?: Rejected | null;
}
export interface Leased { tasks: Task[]; lost: number[]; progress: Progress; remaining: boolean; schemaRevision: number }

export interface Submission {
  client_key: string; task: number; lease: string; answer: Answer | null; skipped: boolean; reason: string; seconds: number;
  suggestion: number | null; schema_revision: number;
}
export type ResultStatus = "saved" | "duplicate" | "kept_as_draft" | "invalid";
export interface SubmissionResult { clientKey: string; status: ResultStatus; annotation: number | null; task: number | null; problem: string }
export interface Sent { results: SubmissionResult[]; progress: Progress | null }
/** What the outbox sends: an answer, or a comment. */
export interface Sendable { client_key: string; task: number }

export interface Annotation { annotation: number; revision: number; task: Item; answer: Answer | null; skipped: boolean; at: number }
export interface History { results: Annotation[]; next: string | null }
export interface Problem { code: string; title: string; detail: string; errors: string[] }

export function answer(value: unknown, place: string): Answer {
  return object(value, place) as Answer;
}

function progress(value: unknown): Progress {
  const row = object(value, "progress");
  return {
    total: number(row.total, "progress.total"),
    done: number(row.done, "progress.done"),
    mine: number(row.mine, "progress.mine"),
    accepted: count(row.suggestions_accepted),
    shown: count(row.suggestions_shown),
  };
}

export function parsePage(value: unknown): Page {
  const root = object(value, "page");
  const project = object(root.project, "project");
  const me = object(root.me, "me");
  return {
    project: {
      id: number(project.id, "project.id"),
      name: text(project.name, "project.name"),
      guidelines: optionalText(project.guidelines),
      overlap: count(project.overlap),
      leaseSeconds: number(project.lease_seconds, "project.lease_seconds"),
      skipReasons: Array.isArray(project.skip_reasons) ? project.skip_reasons.map(optionalText).filter(Boolean) : [],
      skipReasonRequired: project.skip_reason_required === true,
      schema: parseSchema(project.schema),
      schemaRevision: count(project.schema_revision) || 1,
    },
    me: { id: number(me.id, "me.id"), name: optionalText(me.name), language: optionalText(me.language) },
    progress: progress(root.progress),
    onboarding: root.onboarding === null || root.onboarding === undefined ? null : parseWay(root.onboarding),
  };
}

function item(value: unknown, place: string): Item {
  const row = object(value, place);
  return { id: number(row.id, `${place}.id`), itemId: number(row.item_id, `${place}.item_id`), data: object(row.data, `${place}.data`), comments: count(row.comments) };
}

function suggestion(value: unknown, place: string): Suggestion | null {
  if (value === null || value === undefined) return null;
  const row = object(value, place);
  const confidence = typeof row.confidence === "number" && row.confidence >= 0 && row.confidence <= 1 ? row.confidence : null;
  return { id: number(row.id, `${place}.id`), answer: answer(row.answer, `${place}.answer`), confidence, model: optionalText(row.model), reason: optionalText(row.reason) };
}

function rejected(row: Json): Rejected {
  return { reason: text(row.reason, "rejection.reason"), reviewer: optionalText(row.reviewer), at: time(row.at, "rejection.at") };
}

export function parseTask(value: unknown, place = "task"): Task {
  const row = object(value, place);
  const lease = object(row.lease, `${place}.lease`);
  const draft = row.draft === null || row.draft === undefined ? null : object(row.draft, `${place}.draft`);
  return {
    ...item(row, place),
    lease: { token: text(lease.token, `${place}.lease.token`), expiresAt: time(lease.expires_at, `${place}.lease.expires_at`) },
    // The draft of a skipped answer that was taken back is null inside.
    draft: draft === null || draft.answer === null
      ? null : { answer: answer(draft.answer, `${place}.draft.answer`), savedAt: time(draft.saved_at, `${place}.draft.saved_at`) },
    suggestion: suggestion(row.suggestion, `${place}.suggestion`),
    ...(row.rejection === null || row.rejection === undefined ? {} : { rejection: rejected(object(row.rejection, `${place}.rejection`)) }),
  };
}

export function parseLeased(value: unknown): Leased {
  const root = object(value, "lease");
  return {
    tasks: list(root.tasks, "tasks").map((row, i) => parseTask(row, `tasks.${i}`)),
    lost: list(root.lost, "lost").map((row, i) => number(row, `lost.${i}`)),
    progress: progress(root.progress),
    remaining: root.remaining === true,
    schemaRevision: count(root.schema_revision) || 1,
  };
}

const STATUSES: readonly ResultStatus[] = ["saved", "duplicate", "kept_as_draft", "invalid"];

/** A problem is a text, a list of texts, or an object of fields with texts: all become one readable line. */
export function problemText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(problemText).filter(Boolean).join(" ");
  if (typeof value !== "object" || value === null) return "";
  const row = value as Json;
  if (typeof row.detail === "string") return row.detail;
  return Object.entries(row).map(([field, each]) => `${field}: ${problemText(each)}`).join(" ");
}

export function parseSent(value: unknown): Sent {
  const root = object(value, "answers");
  return {
    results: list(root.results, "results").map((each, i) => {
      const row = object(each, `results.${i}`);
      const status = STATUSES.find((known) => known === row.status);
      if (status === undefined) throw new WireError(`results.${i}.status is unknown`);
      return {
        clientKey: text(row.client_key, `results.${i}.client_key`),
        status,
        annotation: typeof row.annotation === "number" ? row.annotation : null,
        task: typeof row.task === "number" ? row.task : null,
        problem: problemText(row.problem),
      };
    }),
    progress: progress(root.progress),
  };
}

/** `answer` is what a draft of earlier questions became; null when nothing was changed. */
export interface KeptDraft { savedAt: number; answer: Answer | null }

export function parseKeptDraft(value: unknown): KeptDraft {
  const row = object(value, "draft");
  return { savedAt: time(row.saved_at, "draft.saved_at"), answer: row.answer === undefined || row.answer === null ? null : answer(row.answer, "draft.answer") };
}

export function parseAnnotation(value: unknown, place = "annotation"): Annotation {
  const row = object(value, place);
  return {
    annotation: number(row.annotation, `${place}.annotation`),
    revision: number(row.revision, `${place}.revision`),
    task: { ...item(row.task, `${place}.task`), comments: count(row.comments) },
    answer: row.answer === null ? null : answer(row.answer, `${place}.answer`),
    skipped: row.skipped === true,
    at: time(row.at, `${place}.at`),
  };
}

export function parseHistory(value: unknown): History {
  const root = object(value, "history");
  return {
    results: list(root.results, "results").map((row, i) => parseAnnotation(row, `results.${i}`)),
    next: typeof root.next === "string" ? root.next : null,
  };
}

export function parseProblem(value: unknown): Problem {
  const row = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
  const errors = Array.isArray(row.errors) ? row.errors.map(problemText) : problemText(row.errors) ? [problemText(row.errors)] : [];
  return { code: optionalText(row.code), title: optionalText(row.title), detail: optionalText(row.detail), errors };
}

/** What an earlier run of the page stored in this browser; null when it isn't ours or from another layout. */
export function parseStored<T>(value: unknown, isShape: (row: Json) => boolean): T | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return isShape(value as Json) ? (value as T) : null;
}
