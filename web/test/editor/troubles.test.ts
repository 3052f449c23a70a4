import { expect, test } from "vitest";
import { newControl, schemaOf, type ControlDraft, type ControlType, type Draft, type ShownAs } from "../../src/editor/draft";
import { wordsIn as cut } from "../../src/editor/fields";
import { troublesOf } from "../../src/editor/troubles";
import { wordsIn } from "../../src/editor/words";

const FIELDS = ["text", "first", "second"];
function draft(shown: Readonly<Record<string, ShownAs>>, ...controls: readonly [ControlType, Partial<ControlDraft>][]): Draft {
  const empty: Draft = { shown, markdown: true, controls: [] };
  return { ...empty, controls: controls.map(([type, more]) => { const made = newControl(type, empty, FIELDS); return { ...made, ...more, more: { ...made.more, ...more.more } }; }) };
}
const said = (found: Draft): string[] => {
  const say = wordsIn("en");
  const { shown, asked, controls } = troublesOf(found);
  return [shown, asked, ...[...controls.values()].flat()].flatMap((each) => (each === null ? [] : [say(each.word, each.params)]));
};
const TEXT = { text: "text" } as const;

test("what a question lacks is said where it is asked", () => {
  expect(said(draft({}))).toEqual(["Choose at least one column to show.", "Add at least one question."]);
  expect(said(draft(TEXT, ["choice", { labels: "one" }], ["spans", {}]))).toEqual(["Write at least two labels, one on each line.", "Write at least one label."]);
  expect(said(draft(TEXT, ["choice", { labels: "Yes [y]\nNo [Y]\nYes" }]))).toEqual(["“Yes” stands there twice.", "Two labels have the key “y”."]);
  expect(said(draft({ text: "value" }, ["spans", { labels: "a" }], ["shapes", { labels: "a", more: { tools: [] } }]))).toEqual([
    "Show a column as text: its words are what is marked.", "Show the column of the pictures as picture.", "Choose at least one tool.",
  ]);
  expect(said(draft(TEXT, ["relations", { labels: "a" }], ["preference", {}], ["text", { more: { least: 9, most: 3 } }]))).toEqual([
    "Relations tie marked spans: a question for these must stand above.", "This compares two answers: show one column as answer A and one as answer B.", "The fewest characters are more than the most.",
  ]);
  const columns = [{ field: "first", kind: "choice" }, { field: "second", kind: "number", title: "Mass", least: 5, most: 1 }];
  expect(said(draft(TEXT, ["form", { more: { columns } }]))).toEqual(["“first” needs at least one option.", "The smallest of “Mass” lies above its largest."]);
  expect(said(draft({ first: "a" }, ["choice", { labels: "a\nb" }]))).toEqual(["A pair needs one column as answer A and one as answer B."]);
});

test("a whole schema has no troubles", () => {
  const whole = draft({ text: "text", first: "a", second: "b" }, ["spans", { labels: "PER" }], ["relations", { labels: "knows" }], ["preference", {}], ["choice", { labels: "a [a]\nb [b]" }]);
  expect(troublesOf(whole).none).toBe(true);
});

test("spans mark a column that is shown as text, whatever was chosen before", () => {
  const moved = draft({ second: "text" }, ["spans", { labels: "PER", more: { field: "text" } }]);
  expect(schemaOf(moved, FIELDS)["controls"]).toMatchObject([{ field: "second" }]);
});

test("words between commas, of either width, each once", () => {
  expect(cut("red, green，蓝,, red,")).toEqual(["red", "green", "蓝"]);
});
