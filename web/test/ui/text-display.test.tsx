// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { TextDisplay } from "../../src/ui/text-display";

test("a long text shows its beginning at once and all of it in the end", async () => {
  const text = "a line of a contract\n".repeat(50_000);
  const root = document.createElement("div");
  render(<TextDisplay text={text} />, root);
  expect(root.querySelectorAll(".lp-chunk")).toHaveLength(2);
  expect(root.firstElementChild?.getAttribute("aria-busy")).toBe("true");
  await expect.poll(() => root.firstElementChild?.getAttribute("aria-busy"), { timeout: 20_000 }).toBe("false");
  const joined = [...root.querySelectorAll(".lp-chunk")].map((chunk) => chunk.textContent).join("\n");
  expect(joined).toBe(text);
}, 30_000);

test("a text with markup is shown as it is", () => {
  const root = document.createElement("div");
  render(<TextDisplay text={"<b>bold?</b>\n  indented"} />, root);
  expect(root.querySelector("b")).toBeNull();
  expect(root.textContent).toBe("<b>bold?</b>\n  indented");
});
