import { expect, test } from "vitest";
import { changed, draftOf, linesOf, moved, newControl, removed, schemaOf, TYPES, type Draft } from "../../src/editor/draft";

const FIELDS = ["text", "a1", "b1"];
const LABELS = [{ value: "PER", title: "Person", hotkey: "p", color: "#0072b2" }, { value: "LOC", title: "Place", hotkey: "", color: "#d55e00" }];
const SCHEMA = {
  display: [{ type: "text", field: "text", title: "" }, { type: "pair", a: "a1", b: "b1", title: "", markdown: false }],
  controls: [
    { name: "names", type: "spans", title: "Names", required: false, field: "text", overlap: "nest", snap: true, labels: LABELS },
    { name: "ties", type: "relations", title: "", required: false, spans: "names", directed: true, labels: LABELS },
    { name: "better", type: "preference", title: "", required: true, tie: true, neither: false },
  ],
};
const read = (schema: unknown): Draft => {
  const draft = draftOf(schema);
  if (draft === null) throw new Error("not read");
  return draft;
};

test("a schema comes out of the editor as it went in", () => {
  expect(schemaOf(read(SCHEMA), FIELDS)).toEqual(SCHEMA);
});

test("values and colours stay with their titles when lines change places", () => {
  const draft = read(SCHEMA);
  const key = draft.controls[0]?.key ?? 0;
  expect(draft.controls[0]?.labels).toBe("Person [p]\nPlace");
  const { controls } = schemaOf(changed(draft, key, { labels: "Place [o]\n\nPerson\nThing" }), FIELDS);
  expect(Array.isArray(controls) && controls[0].labels).toEqual([
    { value: "LOC", title: "Place", hotkey: "o", color: "#d55e00" }, { value: "PER", title: "Person", hotkey: "", color: "#0072b2" },
    { value: "Thing", title: "Thing", hotkey: "", color: "#009e73" },
  ]);
});

test("blanks before a line put it below the one above", () => {
  const goods = { display: SCHEMA.display, controls: [{ name: "kind", type: "taxonomy", title: "", required: true, multiple: false, leaves_only: false, labels: [
    { value: "clothes", title: "Clothes", hotkey: "", color: "", parent: "" }, { value: "boots", title: "Boots", hotkey: "", color: "", parent: "clothes" },
    { value: "food", title: "Food", hotkey: "", color: "", parent: "" },
  ] }] };
  const draft = read(goods);
  expect(draft.controls[0]?.labels).toBe("Clothes\n  Boots\nFood");
  expect(schemaOf(draft, FIELDS)).toEqual({ ...goods, display: SCHEMA.display });
  expect(linesOf("    deep [x]")).toEqual([{ title: "deep", hotkey: "x", depth: 2 }]);
});

test("every type can be added, moved and removed, and names differ", () => {
  let draft: Draft = { shown: { text: "text" }, markdown: true, controls: [] };
  for (const type of [...TYPES, ...TYPES]) draft = { ...draft, controls: [...draft.controls, newControl(type, draft, FIELDS)] };
  const { controls } = schemaOf(draft, FIELDS);
  const names = Array.isArray(controls) ? controls.map((each) => each.name) : [];
  expect(new Set(names).size).toBe(TYPES.length * 2);
  expect(Array.isArray(controls) && controls[3].spans).toBe("spans");
  const first = draft.controls[0]?.key ?? 0;
  expect(moved(draft, first, 1).controls[1]?.key).toBe(first);
  expect(moved(draft, first, -1).controls[0]?.key).toBe(first);
  expect(removed(draft, first).controls.length).toBe(TYPES.length * 2 - 1);
});

test("what the form can't show is left to be edited as JSON", () => {
  expect(draftOf({ display: [{ type: "video", field: "clip" }], controls: [] })).toBeNull();
  expect(draftOf({ display: [], controls: [{ type: "hologram" }] })).toBeNull();
  expect([draftOf({ display: [5], controls: [] }), draftOf({ display: [], controls: ["x"] })]).toEqual([null, null]);
});
