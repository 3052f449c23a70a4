import { expect, test } from "vitest";
import { lineStep, snapped, tokenAt, tokenBefore, tokenBehind, trimmed, type Stretch } from "../../src/text/tokens";

const said = (text: string, place: Stretch | null): string | null => (place === null ? null : text.slice(place.start, place.end));

test("the cursor steps over words and signs, and never stops at blanks", () => {
  const text = "  Hello,  world!";
  const words: (string | null)[] = [];
  for (let place = tokenAt(text, 0, "word"); place !== null; place = tokenBehind(text, place.end, "word")) words.push(said(text, place));
  expect(words).toEqual(["Hello", ",", "world", "!"]);
  expect(said(text, tokenBefore(text, 10, "word"))).toBe(",");
  expect(tokenBefore(text, 2, "word")).toBeNull();
  expect(tokenAt("   ", 0, "word")).toBeNull();
  expect(tokenAt("", 0, "word")).toBeNull();
});

test("characters are what people see as one", () => {
  const text = "👩‍🚀e\u0301x";
  const first = tokenAt(text, 0, "character");
  expect(said(text, first)).toBe("👩‍🚀");
  expect(said(text, tokenBehind(text, first?.end ?? 0, "character"))).toBe("e\u0301");
});

test("a selection is widened to whole words, and not where words aren't written apart", () => {
  const text = "Ann Lovelace 住在上海";
  expect(said(text, snapped(text, 1, 7))).toBe("Ann Lovelace");
  expect(said(text, snapped(text, 3, 4))).toBeNull();
  expect(said(text, snapped(text, 15, 17))).toBe("上海");
  expect(said(text, snapped(text, 14, 16))).toBe("在上");
});

test("blanks and halves of characters at the ends don't belong to a selection", () => {
  const text = " a 👩‍🚀 b ";
  expect(said(text, trimmed(text, 0, text.length))).toBe("a 👩‍🚀 b");
  expect(said(text, trimmed(text, 4, 5))).toBe("👩‍🚀");
  expect(trimmed(text, 0, 1)).toBeNull();
});

test("long steps go to the next line or sentence and back", () => {
  const text = "One. Two! 三。四\nfive";
  expect(lineStep(text, 0, 1)).toBe(4);
  expect(lineStep(text, 4, 1)).toBe(9);
  expect(lineStep(text, 11, 1)).toBe(12);
  expect(lineStep(text, 13, 1)).toBe(14);
  expect(lineStep(text, 16, -1)).toBe(14);
  expect(lineStep(text, 9, -1)).toBe(4);
  expect(lineStep(text, 2, -1)).toBe(0);
});
