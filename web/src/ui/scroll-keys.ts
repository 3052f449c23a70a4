/** Keys that scroll what is to be read while nothing has the focus: the browser would scroll the document, which stands still. */

/** A line of a long text. */
const LINE = 56;

const STEPS: Readonly<Record<string, (box: HTMLElement) => number>> = {
  PageDown: (box) => box.clientHeight * 0.85, PageUp: (box) => -box.clientHeight * 0.85, ArrowDown: () => LINE, ArrowUp: () => -LINE,
  Home: (box) => -box.scrollHeight, End: (box) => box.scrollHeight,
};

/** True when the key scrolled. */
export function scrolledBy(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.target !== document.body) return false;
  const box = document.querySelector<HTMLElement>(".lp-main");
  const step = Object.hasOwn(STEPS, event.key) ? STEPS[event.key] : undefined;
  if (box === null || step === undefined || box.scrollHeight <= box.clientHeight) return false;
  box.scrollTop += step(box);
  return true;
}
