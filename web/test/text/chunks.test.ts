import { expect, test } from "vitest";
import { chunksOf } from "../../src/text/chunks";

test("a short text is one chunk", () => {
  expect(chunksOf("hello")).toEqual(["hello"]);
  expect(chunksOf("")).toEqual([""]);
});

test("cuts come after line ends, else after blanks, and lose nothing", () => {
  expect(chunksOf("aaaa bbb\ncc dddd", 10)).toEqual(["aaaa bbb\n", "cc dddd"]);
  expect(chunksOf("aaaa bbb cc dddd", 10)).toEqual(["aaaa bbb ", "cc dddd"]);
  const long = "word and line\n".repeat(70_000);
  expect(chunksOf(long).join("")).toBe(long);
  expect(Math.max(...chunksOf(long).map((chunk) => chunk.length))).toBeLessThanOrEqual(4_000);
});

test("no character is cut in two", () => {
  const chunks = chunksOf("a" + "😀".repeat(9), 6);
  expect(chunks.every((chunk) => !/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(chunk))).toBe(true);
  expect(chunks.join("")).toBe("a" + "😀".repeat(9));
});
