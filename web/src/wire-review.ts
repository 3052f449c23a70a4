/** Others' answers to review, as docs/reference/labeling-api.md has them. */
import { list, number, object, optionalText, text } from "./json";
import { parseAnnotation, type Annotation, type Person } from "./wire";

export const VERDICTS = ["none", "accepted", "fixed", "rejected"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Reviewed extends Annotation { by: Person; verdict: Verdict; reviewer: string; why: string }
export interface ReviewPage { results: Reviewed[]; next: string | null }

export function parseReviewed(value: unknown, place = "answer"): Reviewed {
  const row = object(value, place);
  const annotator = object(row.annotator, `${place}.annotator`);
  const reviewer = row.reviewer === null ? "" : text(object(row.reviewer, `${place}.reviewer`).name, `${place}.reviewer.name`);
  return {
    ...parseAnnotation(row, place),
    by: { id: number(annotator.id, `${place}.annotator.id`), name: text(annotator.name, `${place}.annotator.name`), language: "" },
    verdict: VERDICTS.find((known) => known === row.verdict) ?? "none",
    reviewer,
    why: optionalText(row.reason),
  };
}

export function parseReviewPage(value: unknown): ReviewPage {
  const root = object(value, "review");
  return { results: list(root.results, "results").map((row, i) => parseReviewed(row, `results.${i}`)), next: typeof root.next === "string" ? root.next : null };
}
