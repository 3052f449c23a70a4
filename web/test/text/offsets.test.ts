import { expect, test } from "vitest";
import { createOffsets } from "../../src/text/offsets";

const TEXTS = ["", "abc", "👩‍🚀 Ann 住在 Zürich", "e\u0301🇬🇧x", "שלום 🙂 עולם", "\ud83d", "a\ude00b", "🙂🙂🙂"];

test("code points and units are told apart in every text", () => {
  for (const text of TEXTS) {
    const offsets = createOffsets(text);
    const points = [...text];
    for (let point = 0; point <= points.length; point += 1) {
      const unit = points.slice(0, point).join("").length;
      expect([text, point, offsets.toUnits(point), offsets.toPoints(unit)]).toEqual([text, point, unit, point]);
    }
  }
});

test("a long text is counted at once", () => {
  const text = "🙂 and on it goes. ".repeat(60_000);
  const offsets = createOffsets(text);
  expect(offsets.toPoints(text.length)).toBe([...text].length);
  expect(offsets.toUnits([...text].length)).toBe(text.length);
});
