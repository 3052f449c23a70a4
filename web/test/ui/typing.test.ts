// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { scrolledBy } from "../../src/ui/scroll-keys";
import { leftField } from "../../src/ui/typing";

beforeEach(() => {
  document.body.innerHTML = '<div class="lp"><section class="lp-main"></section><textarea id="words"></textarea><dialog open><input id="reason"></dialog><aside><textarea id="comment"></textarea></aside></div>';
});

function pressed(id: string | null, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const target = id === null ? document.body : document.getElementById(id);
  target?.focus();
  const event = new KeyboardEvent("keydown", { key, bubbles: true, ...more });
  target?.dispatchEvent(event);
  return event;
}

test("Escape gives the keys of a field back to the page, and leaves dialogs and panels to close", () => {
  expect([leftField(pressed("words", "Escape")), document.activeElement?.id]).toEqual([true, ""]);
  expect(["reason", "comment"].map((id) => leftField(pressed(id, "Escape")))).toEqual([false, false]);
  expect([leftField(pressed("words", "Enter")), leftField(pressed("words", "Escape", { isComposing: true }))]).toEqual([false, false]);
});

test("keys scroll what is read while nothing has the focus, as far as there is something to scroll", () => {
  const box = document.querySelector(".lp-main") as HTMLElement;
  Object.defineProperty(box, "clientHeight", { value: 400 });
  expect(scrolledBy(pressed(null, "PageDown"))).toBe(false);
  Object.defineProperty(box, "scrollHeight", { value: 4_000 });
  expect([scrolledBy(pressed(null, "PageDown")), box.scrollTop]).toEqual([true, 340]);
  expect([scrolledBy(pressed(null, "ArrowDown")), box.scrollTop]).toEqual([true, 396]);
  expect([scrolledBy(pressed("words", "PageDown")), scrolledBy(pressed(null, "a")), scrolledBy(pressed(null, "PageDown", { ctrlKey: true })), box.scrollTop]).toEqual([false, false, false, 396]);
});
