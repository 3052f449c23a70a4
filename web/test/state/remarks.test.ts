import { expect, test } from "vitest";
import { cleanRemark, fromTokens, nameBeingWritten, piecesOf, REMARK_LENGTH, toTokens, withName } from "../../src/state/remarks";

const XU = { id: 12, name: "徐兰" };
const ANN = { id: 3, name: "Ann" };
const ANNA = { id: 4, name: "Ann Annsen" };

test("a comment is cut at the members that it names, and nowhere else", () => {
  expect(piecesOf("@[12] and @[99] <b>", [XU])).toEqual([{ text: "@徐兰", name: true }, { text: " and @[99] <b>", name: false }]);
  expect(piecesOf("", [XU])).toEqual([]);
});

test("letters behind an @ ask for a name, an address in a mail does not", () => {
  expect([nameBeingWritten("@", 1), nameBeingWritten("see @xu", 7), nameBeingWritten("你好，@徐", 5), nameBeingWritten("a@b", 3), nameBeingWritten("@xu lan", 7)]).toEqual(["", "xu", "徐", null, null]);
});

test("a chosen member stands in the text by name and is sent by number", () => {
  const { text, cursor } = withName("see @x now", 6, XU);
  expect([text, cursor]).toEqual(["see @徐兰  now", 8]);
  expect(toTokens("@Ann Annsen, @Ann and @Bob", [ANN, ANNA])).toBe("@[4], @[3] and @Bob");
  expect(fromTokens("@[4], @[3] and @Bob", [ANN, ANNA])).toBe("@Ann Annsen, @Ann and @Bob");
});

test("what no database holds is left out, and a long text is cut between characters", () => {
  expect(cleanRemark(" a\0b\ud83d👍 ")).toBe("ab👍");
  expect([...cleanRemark("👍".repeat(REMARK_LENGTH + 5))].length).toBe(REMARK_LENGTH);
});
