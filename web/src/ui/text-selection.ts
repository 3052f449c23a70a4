/** Between the browser's selection and offsets of the shown text, in UTF-16 units. Blocks carry `data-from`. */

function blockOf(node: Node): HTMLElement | null {
  const element = node instanceof HTMLElement ? node : node.parentElement;
  return element?.closest<HTMLElement>("[data-from]") ?? null;
}

/** The offset in the text of a place in the document; null outside of the text. */
function offsetAt(root: HTMLElement, node: Node, offset: number): number | null {
  if (!root.contains(node)) return null;
  const block = blockOf(node);
  if (block === null || !root.contains(block)) {
    // Between blocks: the place of the block that follows.
    const after = node.childNodes[offset];
    const found = after instanceof HTMLElement ? after.closest<HTMLElement>("[data-from]") : null;
    return found === null ? null : Number(found.dataset["from"]);
  }
  const range = document.createRange();
  range.setStart(block, 0);
  range.setEnd(node, offset);
  return Number(block.dataset["from"]) + range.toString().length;
}

/** What of the text is selected; null when nothing is, or when the selection isn't in it. */
export function selectedIn(root: HTMLElement): { start: number; end: number } | null {
  const selection = document.getSelection();
  if (selection === null || selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const start = offsetAt(root, range.startContainer, range.startOffset);
  const end = offsetAt(root, range.endContainer, range.endOffset);
  return start === null || end === null || start >= end ? null : { start, end };
}

function placeAt(root: HTMLElement, offset: number, isEnd: boolean): { node: Node; offset: number } | null {
  const blocks = [...root.querySelectorAll<HTMLElement>("[data-from]")];
  const block = blocks.findLast((each) => (isEnd ? Number(each.dataset["from"]) < offset : Number(each.dataset["from"]) <= offset)) ?? blocks[0];
  if (block === undefined) return null;
  let rest = offset - Number(block.dataset["from"]);
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let last: Node | null = null;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const { length } = node.textContent ?? "";
    if (rest < length || (isEnd && rest <= length)) return { node, offset: rest };
    rest -= length;
    last = node;
  }
  return last === null ? null : { node: last, offset: last.textContent?.length ?? 0 };
}

/** A range of the document for a stretch of the text; null when that part isn't laid out yet. */
export function rangeOf(root: HTMLElement, start: number, end: number): Range | null {
  const from = placeAt(root, start, false);
  const to = placeAt(root, end, true);
  if (from === null || to === null) return null;
  const range = document.createRange();
  range.setStart(from.node, from.offset);
  range.setEnd(to.node, to.offset);
  return range;
}

export function showSelection(range: Range | null): void {
  const selection = document.getSelection();
  if (selection === null) return;
  selection.removeAllRanges();
  if (range !== null) selection.addRange(range);
}

/** Scrolls a range into the middle of its box when it can't be seen. */
export function reveal(box: HTMLElement, range: Range): void {
  const at = range.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  const margin = 24;
  if (at.top >= frame.top + margin && at.bottom <= frame.bottom - margin) return;
  box.scrollTop += at.top - frame.top - frame.height / 3;
}
