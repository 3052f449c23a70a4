import { expect, test } from "vitest";
import { noteRemarks } from "../../src/state/actions/remark";
import { freshId } from "../../src/state/spans";
import { remarksOnParts, spokenOf, type Pointer } from "../../src/state/remarks";
import { env, ready, task, topics } from "../examples";

const at = (part: string, answerOf: number | null, resolved = false): Pointer => ({ control: "names", part, answerOf, resolved });

test("open comments are counted at the parts of the answer on the screen, and not at another person's parts of one name", () => {
  const state = ready([topics], [task(1)]);
  const me = state.me?.id ?? 0;
  const next = noteRemarks.perform(state, env(), { task: 1, rows: [at("s1", me), at("s1", me), at("s1", me + 1), at("s2", me, true), at("s3", null), at("", me)] }).state;
  expect([...remarksOnParts(next)]).toEqual([["names/s1", 2]]);
  expect(next.remarkCounts[1]).toBe(5);
});

test("a new part gets no id that a comment speaks of, also a settled one", () => {
  const state = ready([topics], [task(1)]);
  const next = noteRemarks.perform(state, env(), { task: 1, rows: [at("s1", state.me?.id ?? 0), at("s2", state.me?.id ?? 0, true)] }).state;
  expect(spokenOf(next, "names")).toEqual(["s1", "s2"]);
  expect([freshId([], spokenOf(next, "names")), freshId([{ id: "s4" }], spokenOf(next, "names")), freshId([], [])]).toEqual(["s3", "s3", "s1"]);
});
