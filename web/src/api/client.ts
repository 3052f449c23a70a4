/** The routes of docs/reference/labeling-api.md as functions. */
import {
  parseAnnotation, parseHistory, parseKeptDraft, parseLeased, parsePage, parseSent, parseTask,
  type Annotation, type Answer, type History, type KeptDraft, type Leased, type Page, type Sent, type Submission, type Task,
} from "../wire";
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
    release: (tasks) => http.beacon(`${root}release/`, { tasks }),
  };
}
