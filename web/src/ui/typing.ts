/** Whether a key belongs to the field or button that has the focus, and not to the page. */

/** Escape leaves a field, and Ctrl+Enter sends from within it, as Enter does where it makes no new line. */
function leavesField(field: HTMLElement, event: KeyboardEvent): boolean {
  if (event.key === "Escape") return true;
  return event.key === "Enter" && !event.isComposing && (event.ctrlKey || event.metaKey || field.matches("input:not([role=combobox])"));
}

export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input[type=radio]")) return event.key.startsWith("Arrow") || event.key === " ";
  if (target.matches("input, textarea, select, [contenteditable]")) return !leavesField(target, event);
  // A focused button or link takes its own Enter and Space.
  return target.matches("button, a, summary") && (event.key === "Enter" || event.key === " ");
}

export const isField = (target: HTMLElement): boolean => target.matches("input, textarea, select");

/** Escape in a field of the page gives the keys back to it and closes nothing else; true when it did. */
export function leftField(event: KeyboardEvent): boolean {
  const { key, target } = event;
  if (key !== "Escape" || event.isComposing || !(target instanceof HTMLElement) || !isField(target) || target.closest("dialog, aside") !== null) return false;
  target.blur();
  return true;
}
