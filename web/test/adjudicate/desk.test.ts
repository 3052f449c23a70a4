import { expect, test } from "vitest";
import { emptyDesk, onward, revisionOf, wishOf, withDecision, withMore } from "../../src/adjudicate/desk";
import { parseDisputes } from "../../src/adjudicate/wire";

const row = (task: number, decision: unknown = null) => ({
  task: { id: task, item_id: task * 10, data: { text: "one" } }, confidence: 0.5, agreement: 0.25,
  controls: { label: { confidence: 0.5, agreement: 0.25, probable: { ham: 0.5, spam: 0.5 }, votes: { ham: 1, spam: 1 } } },
  answers: [
    { annotation: 7, revision: 1, annotator: null, answer: { label: ["ham"] }, skipped: false, reason: "", verdict: "none", skill: { accuracy: 0.9, skill: 0.5, answers: 40 } },
    { annotation: 8, revision: 1, annotator: { id: 3, name: "Bob" }, answer: null, skipped: true, reason: "unclear", verdict: "none", skill: null },
  ],
  decision,
});
const made = { task: 1, state: "decided", answer: { label: ["ham"] }, annotation: 7, edited: false, incomplete: false, reason: "", revision: 2, by: { id: 1, name: "Ann" }, at: "2026-01-01T00:00:00Z" };

test("tasks are read as the server sends them, and what is malformed is refused", () => {
  const [first] = parseDisputes({ results: [row(1, made)], next: "0.5:7" }).results;
  expect(first).toMatchObject({ task: 1, item: 10, confidence: 0.5, decision: { by: "Ann", revision: 2, annotation: 7 } });
  expect(first?.answers.map((each) => [each.name, each.skipped, each.skill?.accuracy ?? null])).toEqual([["", false, 0.9], ["Bob", true, null]]);
  expect(first?.controls["label"]?.probable).toEqual({ ham: 0.5, spam: 0.5 });
  expect(() => parseDisputes({ results: [{ task: {} }], next: null })).toThrow();
});

test("further pages go behind, no task comes twice, and the place stops behind the last one", () => {
  const [first, second] = [parseDisputes({ results: [row(1), row(2)], next: "a" }), parseDisputes({ results: [row(2), row(3)], next: null })];
  const desk = withMore(withMore(emptyDesk, first.results, first.next), second.results, second.next);
  expect(desk.disputes.map((each) => each.task)).toEqual([1, 2, 3]);
  expect(desk.cursor).toBeNull();
  expect(onward(onward(onward(onward(desk)))).at).toBe(3);
});

test("a decision is noted at its task, and is a wish again when it is brought back", () => {
  const { results } = parseDisputes({ results: [row(1), row(2, made)], next: null });
  const [, decided] = results;
  const decision = decided?.decision ?? null;
  const desk = withDecision(withMore(emptyDesk, results, null), 1, decision);
  expect(desk.disputes.map((each) => revisionOf(each))).toEqual([2, 2]);
  expect(withDecision(desk, 1, null).disputes.map((each) => revisionOf(each))).toEqual([0, 2]);
  expect(decision === null ? null : wishOf(decision)).toEqual({ state: "decided", annotation: 7, answer: { label: ["ham"] }, reason: "" });
});
