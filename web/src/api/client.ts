/** The routes of docs/reference/labeling-api.md as functions. */
import {
  parseAnnotation, parseHistory, parseKeptDraft, parseLeased, parsePage, parseSent, parseTask,
  type Annotation, type Answer, type History, type KeptDraft, type Leased, type Page, type Sent, type Submission, type Task,
} from "../wire";
import { parseMembers, parseRemark, parseRemarks, parseRemarksSent, type Member, type Remark, type Remarks, type RemarkSubmission } from "../wire-remarks";
import { parseReviewed, parseReviewPage, type Reviewed, type ReviewPage, type Verdict } from "../wire-review";
import { parseTold, parseWay, type Told, type Way } from "../wire-onboarding";
import type { Http, Outcome } from "./http";

export interface Client {
  page(): Promise<Outcome<Page>>;
  lease(count: number, holding: readonly number[]): Promise<Outcome<Leased>>;
  send(answers: readonly Submission[]): Promise<Outcome<Sent>>;
  /** `revision` is the number of the questions that the draft fits. */
  saveDraft(task: number, answer: Answer, revision: number): Promise<Outcome<KeptDraft>>;
  history(cursor: string | null): Promise<Outcome<History>>;
  annotation(annotation: number): Promise<Outcome<Annotation>>;
  change(annotation: number, revision: number, answer: Answer | null, skipped: boolean): Promise<Outcome<Annotation>>;
  takeBack(annotation: number, revision: number): Promise<Outcome<Task>>;
  release(tasks: readonly number[]): void;
  sendRemarks(remarks: readonly RemarkSubmission[]): Promise<Outcome<Sent>>;
  remarks(task: number, cursor: string | null): Promise<Outcome<Remarks>>;
  changeRemark(remark: number, change: { body?: string; resolved?: boolean }): Promise<Outcome<Remark>>;
  removeRemark(remark: number): Promise<Outcome<null>>;
  review(query: string, cursor: string | null): Promise<Outcome<ReviewPage>>;
  judge(annotation: number, judgement: { verdict: Verdict; reason: string; revision?: number; answer?: Answer }): Promise<Outcome<Reviewed>>;
  markKnown(annotation: number): Promise<Outcome<null>>;
  onboarding(): Promise<Outcome<Way>>;
  answerOnboarding(answer: Submission): Promise<Outcome<Told>>;
  beginAttempt(): Promise<Outcome<Way>>;
  members(query: string): Promise<Outcome<Member[]>>;
}

/** `sender` names this window, so that tasks of a reply that never came are given to it again. */
export function createClient(http: Http, project: number, sender: Promise<string>): Client {
  const root = `projects/${project}/`;
  return {
    page: () => http.request("GET", `${root}page/`, undefined, parsePage),
    lease: async (count, holding) => http.request("POST", `${root}lease/`, { count, holding, sender: await sender }, parseLeased),
    send: (answers) => http.request("POST", `${root}answers/`, { answers }, parseSent),
    saveDraft: (task, answer, revision) => http.request("PUT", `tasks/${task}/draft/`, { answer, schema_revision: revision }, parseKeptDraft),
    history: (cursor) => http.request("GET", `${root}history/${cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`}`, undefined, parseHistory),
    annotation: (annotation) => http.request("GET", `annotations/${annotation}/`, undefined, parseAnnotation),
    change: (annotation, revision, answer, skipped) =>
      http.request("PATCH", `annotations/${annotation}/`, { revision, answer, skipped }, parseAnnotation),
    takeBack: (annotation, revision) => http.request("DELETE", `annotations/${annotation}/?revision=${revision}`, undefined, (json) => parseTask(json)),
    sendRemarks: (comments) => http.request("POST", `${root}comments/`, { comments }, parseRemarksSent),
    remarks: (task, cursor) => http.request("GET", `${root}comments/?state=all&task=${task}${cursor === null ? "" : `&cursor=${cursor}`}`, undefined, parseRemarks),
    changeRemark: (remark, change) => http.request("PATCH", `comments/${remark}/`, change, (json) => parseRemark(json)),
    removeRemark: (remark) => http.request("DELETE", `comments/${remark}/`, undefined, () => null),
    review: (query, cursor) => http.request("GET", `${root}review/?${query}${cursor === null ? "" : `&cursor=${cursor}`}`, undefined, parseReviewPage),
    judge: (annotation, judgement) => http.request("POST", `annotations/${annotation}/review/`, judgement, (json) => parseReviewed(json)),
    markKnown: (annotation) => http.request("POST", `${root}gold/`, { annotation }, () => null),
    onboarding: () => http.request("GET", `${root}onboarding/`, undefined, parseWay),
    answerOnboarding: ({ client_key, task, answer, seconds, schema_revision }) =>
      http.request("POST", `${root}onboarding/answer/`, { client_key, task, answer, seconds, schema_revision }, parseTold),
    beginAttempt: () => http.request("POST", `${root}onboarding/attempt/`, {}, parseWay),
    members: (query) => http.request("GET", `${root}people/?q=${encodeURIComponent(query)}`, undefined, parseMembers),
    release: (tasks) => http.beacon(`${root}release/`, { tasks }),
  };
}
