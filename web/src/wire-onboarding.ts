/** The way into a project: training and test, as docs/reference/labeling-api.md has them. */
import { count, list, number, object, optionalText } from "./json";
import { answer as answerOf, type Answer, type Item, type Task } from "./wire";

export const STAGES = ["open", "training", "test", "unready", "passed", "failed"] as const;
export type Stage = (typeof STAGES)[number];

export interface Training { total: number; done: number; right: number }
export interface Exam { total: number; done: number; least: number; needed: number; attempt: number; attempts: number }
export interface Missed { item: Item; answer: Answer; right: Answer | null; explanation: string }
export interface ExamResult { passed: boolean; right: number; answers: number; least: number; attemptsLeft: number; wrong: readonly Missed[] | null }
/** Where a person stands, and the task that is next. */
export interface Way { stage: Stage; training: Training; exam: Exam; task: Task | null; result: ExamResult | null }
/** What a training answer came to. */
export interface Feedback { outcome: "right" | "wrong" | "open"; right: Answer | null; explanation: string }
export interface Told { feedback: Feedback | null; way: Way }

function itemOf(value: unknown, place: string): Item {
  const row = object(value, place);
  return { id: number(row.id, `${place}.id`), itemId: number(row.item_id, `${place}.item_id`), data: object(row.data, `${place}.data`), comments: 0 };
}

function taskOf(value: unknown): Task {
  const row = object(value, "task");
  const draft = row.draft === null || row.draft === undefined ? null : object(row.draft, "task.draft");
  return {
    ...itemOf(row, "task"), lease: { token: "", expiresAt: 0 }, suggestion: null,
    draft: draft === null ? null : { answer: answerOf(draft.answer, "task.draft.answer"), savedAt: Date.parse(optionalText(draft.saved_at)) || 0 },
  };
}

function missedOf(value: unknown, i: number): Missed {
  const row = object(value, `wrong.${i}`);
  return { item: itemOf(row.task, `wrong.${i}.task`), answer: answerOf(row.answer, `wrong.${i}.answer`), right: row.right === null ? null : answerOf(row.right, `wrong.${i}.right`), explanation: optionalText(row.explanation) };
}

function resultOf(value: unknown): ExamResult {
  const row = object(value, "result");
  return {
    passed: row.passed === true, right: count(row.right), answers: count(row.answers), least: count(row.least), attemptsLeft: count(row.attempts_left),
    wrong: row.wrong === null || row.wrong === undefined ? null : list(row.wrong, "result.wrong").map(missedOf),
  };
}

export function parseWay(value: unknown): Way {
  const root = object(value, "onboarding");
  const training = object(root.training ?? {}, "training");
  const exam = object(root.test ?? {}, "test");
  return {
    stage: STAGES.find((stage) => stage === root.stage) ?? "open",
    training: { total: count(training.total), done: count(training.done), right: count(training.right) },
    exam: { total: count(exam.total), done: count(exam.done), least: count(exam.least), needed: count(exam.needed), attempt: count(exam.attempt), attempts: count(exam.attempts) },
    task: root.task === null || root.task === undefined ? null : taskOf(root.task),
    result: root.result === null || root.result === undefined ? null : resultOf(root.result),
  };
}

export function parseTold(value: unknown): Told {
  const root = object(value, "answer");
  const said = root.feedback === null ? null : object(root.feedback, "feedback");
  return {
    feedback: said === null ? null : {
      outcome: said.outcome === "right" || said.outcome === "wrong" ? said.outcome : "open",
      right: said.answer === null ? null : answerOf(said.answer, "feedback.answer"), explanation: optionalText(said.explanation),
    },
    way: parseWay(root.state),
  };
}
