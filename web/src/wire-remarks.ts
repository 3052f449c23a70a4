/** Comments on a task, as docs/reference/labeling-api.md has them. */
import { WireError, list, number, object, optionalText, text, time } from "./json";
import { problemText, type Sendable, type Sent } from "./wire";

export interface Member { id: number; name: string }

export interface Remark {
  id: number; task: number; writer: Member;
  /** Members are named as `@[id]`. */
  body: string;
  mentions: Member[];
  control: string; part: string; answerOf: number | null;
  /** The task is flagged by it until it is resolved; its body may be empty. */
  flag: boolean;
  at: number; edited: boolean; resolvedBy: string | null; resolved: boolean; mayEdit: boolean;
}

/** A comment as it is sent. */
export interface RemarkSubmission extends Sendable { body: string; control: string; part: string; answer_of: number | null; flag?: true }

function member(value: unknown, place: string): Member {
  const row = object(value, place);
  return { id: number(row.id, `${place}.id`), name: text(row.name, `${place}.name`) };
}

export function parseRemark(value: unknown, place = "comment"): Remark {
  const row = object(value, place);
  return {
    id: number(row.id, `${place}.id`),
    task: number(row.task, `${place}.task`),
    writer: member(row.writer, `${place}.writer`),
    body: text(row.body, `${place}.body`),
    mentions: list(row.mentions, `${place}.mentions`).map((each, i) => member(each, `${place}.mentions.${i}`)),
    control: optionalText(row.control), part: optionalText(row.part),
    answerOf: typeof row.answer_of === "number" ? row.answer_of : null,
    flag: row.flag === true,
    at: time(row.created_at, `${place}.created_at`),
    edited: typeof row.edited_at === "string",
    resolved: typeof row.resolved_at === "string",
    resolvedBy: row.resolved_by === null || row.resolved_by === undefined ? null : member(row.resolved_by, `${place}.resolved_by`).name,
    mayEdit: row.may_edit === true,
  };
}

export interface Remarks { rows: Remark[]; next: string | null }

/** Newest first. */
export function parseRemarks(value: unknown): Remarks {
  const root = object(value, "comments");
  return { rows: list(root.results, "results").map((row, i) => parseRemark(row, `results.${i}`)), next: typeof root.next === "string" ? root.next : null };
}

export function parseMembers(value: unknown): Member[] {
  return list(object(value, "people").results, "results").map((row, i) => member(row, `results.${i}`));
}

const STATUSES = ["saved", "duplicate", "invalid"] as const;

export function parseRemarksSent(value: unknown): Sent {
  const results = list(object(value, "comments").results, "results").map((each, i) => {
    const row = object(each, `results.${i}`);
    const status = STATUSES.find((known) => known === row.status);
    if (status === undefined) throw new WireError(`results.${i}.status is unknown`);
    return {
      clientKey: text(row.client_key, `results.${i}.client_key`), status, annotation: typeof row.comment === "number" ? row.comment : null,
      task: typeof row.task === "number" ? row.task : null, problem: problemText(row.problem),
    };
  });
  return { results, progress: null };
}
