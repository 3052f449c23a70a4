/** Tasks on which people differ, as docs/reference/labeling-api.md has them. */
import { list, number, object, optionalText, text, type Json } from "../json";
import type { Answer } from "../wire";

export interface Given {
  annotation: number; answer: Answer | null; skipped: boolean; reason: string;
  /** Empty while names are hidden. */
  name: string;
  skill: { accuracy: number | null; answers: number } | null;
}
export interface Decision { state: string; answer: Answer | null; annotation: number | null; edited: boolean; reason: string; revision: number; by: string }
export interface Weight { confidence: number | null; agreement: number; probable: Readonly<Record<string, number>> }
export interface Dispute {
  task: number; item: number; data: Readonly<Record<string, unknown>>; confidence: number | null; agreement: number | null;
  controls: Readonly<Record<string, Weight>>; answers: Given[]; decision: Decision | null;
}
export interface DisputePage { results: Dispute[]; next: string | null }

const share = (value: unknown): number | null => (typeof value === "number" && value >= 0 && value <= 1 ? value : null);
const answer = (value: unknown, place: string): Answer | null => (value === null || value === undefined ? null : answerOf(object(value, place)));
const personName = (value: unknown): string => (value === null || value === undefined ? "" : optionalText(object(value, "person").name));

/** JSON that the server checked against the questions. */
function answerOf(row: Json): Answer {
  return JSON.parse(JSON.stringify(row));
}

function given(value: unknown, place: string): Given {
  const row = object(value, place);
  const skill = row.skill === null || row.skill === undefined ? null : object(row.skill, `${place}.skill`);
  return {
    annotation: number(row.annotation, `${place}.annotation`), answer: answer(row.answer, `${place}.answer`), skipped: row.skipped === true,
    reason: optionalText(row.reason), name: personName(row.annotator),
    skill: skill === null ? null : { accuracy: share(skill.accuracy), answers: number(skill.answers, `${place}.skill.answers`) },
  };
}

export function parseDecision(value: unknown): Decision {
  const row = object(value, "decision");
  return {
    state: text(row.state, "decision.state"), answer: answer(row.answer, "decision.answer"), annotation: typeof row.annotation === "number" ? row.annotation : null,
    edited: row.edited === true, reason: optionalText(row.reason), revision: number(row.revision, "decision.revision"), by: personName(row.by),
  };
}

function weight(value: unknown, place: string): Weight {
  const row = object(value, place);
  const probable = Object.entries(object(row.probable ?? {}, `${place}.probable`)).filter((each): each is [string, number] => typeof each[1] === "number");
  return { confidence: share(row.confidence), agreement: share(row.agreement) ?? 0, probable: Object.fromEntries(probable) };
}

function dispute(value: unknown, place: string): Dispute {
  const row = object(value, place);
  const task = object(row.task, `${place}.task`);
  return {
    task: number(task.id, `${place}.task.id`), item: number(task.item_id, `${place}.task.item_id`), data: object(task.data, `${place}.task.data`),
    confidence: share(row.confidence), agreement: share(row.agreement),
    controls: Object.fromEntries(Object.entries(object(row.controls ?? {}, `${place}.controls`)).map(([name, each]) => [name, weight(each, `${place}.controls.${name}`)])),
    answers: list(row.answers, `${place}.answers`).map((each, i) => given(each, `${place}.answers.${i}`)),
    decision: row.decision === null || row.decision === undefined ? null : parseDecision(row.decision),
  };
}

export function parseDisputes(value: unknown): DisputePage {
  const root = object(value, "disagreements");
  return { results: list(root.results, "results").map((row, i) => dispute(row, `results.${i}`)), next: typeof root.next === "string" ? root.next : null };
}
