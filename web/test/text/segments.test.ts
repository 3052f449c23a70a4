import { expect, test } from "vitest";
import { lanesOf, segmentsOf, within, type Marked } from "../../src/text/segments";

const mark = (key: string, start: number, end: number): Marked => ({ key, start, end, color: null, title: key });
const shape = (start: number, end: number, marks: readonly Marked[]) => segmentsOf(start, end, marks).map((each) => [each.start, each.end, each.marks.map((found) => found.key).join("")]);

test("a block is cut where spans begin and end, without a gap", () => {
  expect(shape(0, 10, [mark("a", 2, 6), mark("b", 4, 8)])).toEqual([[0, 2, ""], [2, 4, "a"], [4, 6, "ab"], [6, 8, "b"], [8, 10, ""]]);
  expect(shape(0, 3, [])).toEqual([[0, 3, ""]]);
  expect(shape(0, 3, [mark("a", 0, 3), mark("b", 0, 3)])).toEqual([[0, 3, "ab"]]);
});

test("a span over several blocks is cut at their edges", () => {
  const marks = [mark("a", 2, 12)];
  expect(within(marks, 5, 10)).toEqual(marks);
  expect(shape(5, 10, marks)).toEqual([[5, 10, "a"]]);
  expect(within(marks, 12, 20)).toEqual([]);
  expect(segmentsOf(10, 15, marks).map((each) => each.ends.length)).toEqual([1, 0]);
});

test("spans that touch the same character lie in different lanes", () => {
  const lanes = lanesOf([mark("a", 0, 9), mark("b", 1, 3), mark("c", 2, 4), mark("d", 9, 12)]);
  expect([...lanes]).toEqual([["a", 0], ["b", 1], ["c", 2], ["d", 0]]);
});
