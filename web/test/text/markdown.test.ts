import { expect, test } from "vitest";
import { parseInline, parseMarkdown, safeHref } from "../../src/text/markdown";

test("blocks are told apart", () => {
  const source = "# Title\n\nOne\ntwo.\n\n- a\n- b\n  more\n\n1. x\n2) y\n\n> said\n> again\n\n---\n\n```\n<b>\n```";
  expect(parseMarkdown(source)).toEqual([
    { type: "heading", level: 1, children: [{ type: "text", text: "Title" }] },
    { type: "paragraph", children: [{ type: "text", text: "One two." }] },
    { type: "list", ordered: false, first: 1, items: [[{ type: "text", text: "a" }], [{ type: "text", text: "b more" }]] },
    { type: "list", ordered: true, first: 1, items: [[{ type: "text", text: "x" }], [{ type: "text", text: "y" }]] },
    { type: "quote", children: [{ type: "text", text: "said again" }] },
    { type: "rule" },
    { type: "code", text: "<b>" },
  ]);
});

test("inline marks nest; underscores inside words stay", () => {
  expect(parseInline("**very *much* so** and snake_case_name")).toEqual([
    { type: "strong", children: [{ type: "text", text: "very " }, { type: "emphasis", children: [{ type: "text", text: "much" }] }, { type: "text", text: " so" }] },
    { type: "text", text: " and snake_case_name" },
  ]);
});

test("Chinese emphasis needs no blanks", () => {
  expect(parseInline("请按**整体**情感")).toEqual([{ type: "text", text: "请按" }, { type: "strong", children: [{ type: "text", text: "整体" }] }, { type: "text", text: "情感" }]);
});

const said = (text: string) => [{ type: "text", text }];

test("a numbered list goes on over blank lines, and over code and lists inside its items", () => {
  const source = "3. Install:\n   ```sh\n   pip install x\n   ```\n\n4. Then\n   - this\n     goes on\n   - that\n\nEnd.";
  expect(parseMarkdown(source)).toEqual([
    { type: "list", ordered: true, first: 3, items: [
      [...said("Install:"), { type: "nested", blocks: [{ type: "code", text: "pip install x" }] }],
      [...said("Then"), { type: "nested", blocks: [{ type: "list", ordered: false, first: 1, items: [said("this goes on"), said("that")] }] }],
    ] },
    { type: "paragraph", children: said("End.") },
  ]);
});

test("a table has its head, the sides of its columns and as many cells in each row", () => {
  const source = "Prices:\n| Fruit | Price |\n|:--|--:|\n| a \\| b | **2** |\n| c |\n\nno | table";
  expect(parseMarkdown(source)).toEqual([
    { type: "paragraph", children: said("Prices:") },
    { type: "table", align: ["left", "right"], head: [said("Fruit"), said("Price")], rows: [[said("a | b"), [{ type: "strong", children: said("2") }]], [said("c"), []]] },
    { type: "paragraph", children: said("no | table") },
  ]);
});

test("HTML stays text", () => {
  const html = "<img src=x onerror=alert(1)>";
  expect(parseMarkdown(html)).toEqual([{ type: "paragraph", children: [{ type: "text", text: html }] }]);
});

test("only web, mail and local links are links", () => {
  expect(["https://example.org/a", "mailto:a@b.c", "/projects/7/", "#top"].map(safeHref)).toEqual(["https://example.org/a", "mailto:a@b.c", "/projects/7/", "#top"]);
  const hostile = ["javascript:alert(1)", " JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/\\evil.example", "file:///etc"];
  expect(hostile.map(safeHref)).toEqual(hostile.map(() => null));
  expect(parseInline("[x](javascript:alert)")).toEqual([{ type: "text", text: "[x](javascript:alert)" }]);
});

test("hostile input of the greatest length is read within a second each", () => {
  const started = performance.now();
  for (const piece of ["*", "_a", "[", "`", "**a ", "> ", "- ", "- \n", "  - a\n\n", "|-", "|-|\n"]) parseMarkdown(piece.repeat(100_000 / piece.length));
  expect(performance.now() - started).toBeLessThan(11_000);
});
