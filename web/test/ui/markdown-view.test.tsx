// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { MarkdownView } from "../../src/ui/markdown-view";

function shown(source: string): HTMLElement {
  const root = document.createElement("div");
  render(<MarkdownView source={source} />, root);
  return root;
}

test("guidelines become elements", () => {
  expect(shown("# Spam\n\n- **money** and [more](https://example.org/)").innerHTML).toBe(
    '<div class="lp-prose"><h3>Spam</h3><ul><li><strong>money</strong> and <a href="https://example.org/" target="_blank" rel="noopener noreferrer">more</a></li></ul></div>',
  );
});

test("markup and script addresses in guidelines stay text", () => {
  const root = shown("<img src=x onerror=alert(1)>\n\n[click](javascript:alert(1)) <script>alert(1)</script>");
  expect(root.querySelectorAll("img, script, a")).toHaveLength(0);
  expect(root.textContent).toContain("<img src=x onerror=alert(1)>");
});
