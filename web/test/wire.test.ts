import { expect, test } from "vitest";
import { parseAnnotation, parseLeased, parsePage, parseProblem, parseSent, parseTask, WireError } from "../src/wire";

const progress = { total: 10, done: 2, mine: 1, suggestions_accepted: 1, suggestions_shown: 2 };
const lease = { token: "t", expires_at: "2026-11-23T10:00:00Z" };

test("the page is read as the contract says", () => {
  const found = parsePage({
    project: { id: 7, name: "SMS", guidelines: "", overlap: 1, lease_seconds: 900, schema: {
      display: [{ type: "text", field: "text" }],
      controls: [{ name: "label", type: "choice", multiple: false, required: true, labels: [{ value: "spam", title: "Spam", hotkey: "1", color: "#b3261e" }] }],
    } },
    me: { id: 3, name: "Ann", language: "en" }, progress,
  });
  expect(found.project.leaseSeconds).toBe(900);
  expect(found.project.schema.controls[0]?.labels).toEqual([{ value: "spam", title: "Spam", hotkey: "1", color: "#b3261e" }]);
  expect(found.progress).toEqual({ total: 10, done: 2, mine: 1, accepted: 1, shown: 2 });
});

test("a colour that isn't hexadecimal never reaches a style", () => {
  const controls = [{ name: "c", type: "choice", labels: [{ value: "a", color: "red; background: url(//evil.example)" }, { value: "b", color: "#ABC" }] }];
  const found = parsePage({ project: { id: 1, name: "", lease_seconds: 1, schema: { display: [], controls } }, me: { id: 1 }, progress });
  expect(found.project.schema.controls[0]?.labels.map((label) => [label.title, label.color])).toEqual([["a", null], ["b", "#ABC"]]);
});

test("tasks keep their data, lease, draft and suggestion", () => {
  const leased = parseLeased({
    tasks: [{ id: 93, item_id: 1201, data: { text: "hi" }, lease, draft: { answer: { label: ["ham"] }, saved_at: "2026-11-23T09:00:00Z" }, suggestion: { id: 5, answer: { label: ["spam"] }, confidence: 1.7, model: "m" } }],
    lost: [92], progress, remaining: true,
  });
  expect(leased.tasks[0]).toEqual({
    id: 93, itemId: 1201, comments: 0, data: { text: "hi" }, lease: { token: "t", expiresAt: Date.UTC(2026, 10, 23, 10) },
    draft: { answer: { label: ["ham"] }, savedAt: Date.UTC(2026, 10, 23, 9) },
    suggestion: { id: 5, answer: { label: ["spam"] }, confidence: null, model: "m", reason: "" },
  });
  expect([leased.lost, leased.remaining]).toEqual([[92], true]);
});

test("a skipped answer that was taken back comes without a draft", () => {
  expect(parseTask({ id: 1, item_id: 2, data: {}, lease, draft: { answer: null, saved_at: "2026-11-23T09:00:00Z" }, suggestion: null }).draft).toBeNull();
});

test("problems come as a text, a list or an object", () => {
  const results = (problem: unknown) => parseSent({ results: [{ client_key: "k", status: "invalid", problem }], progress }).results[0]?.problem;
  expect([results("bad"), results(["a", "b"]), results({ label: ["unknown"] }), results({ detail: "why" }), results(undefined)]).toEqual(["bad", "a b", "label: unknown", "why", ""]);
});

test("a wrong shape names its place", () => {
  expect(() => parseSent({ results: [{ client_key: "k", status: "lost" }], progress })).toThrow(new WireError("results.0.status is unknown"));
  expect(() => parseAnnotation({ annotation: 1, revision: 1, task: { id: 1, item_id: 2 }, answer: null, at: "2026-11-23T09:00:00Z" })).toThrow("annotation.task.data is not an object");
  expect(() => parseLeased({ tasks: [{ id: 1, item_id: 1, data: {}, lease: { token: "t", expires_at: "soon" } }] })).toThrow("tasks.0.lease.expires_at is not a time");
});

test("an error page that isn't problem JSON gives an empty problem", () => {
  expect([parseProblem("<html>"), parseProblem(null)]).toEqual(Array.from({ length: 2 }, () => ({ code: "", title: "", detail: "", errors: [] })));
});
