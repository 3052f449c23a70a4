/** Words and characters of a text in UTF-16 units: what the cursor steps over, and what a selection is widened to. */

export interface Stretch { start: number; end: number }
export type Unit = "word" | "character";

/** Scripts written without blanks, or whose words carry endings without a seam: a dictionary's words aren't a person's. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const BLANK = /^\s+$/u;

const words = new Intl.Segmenter(undefined, { granularity: "word" });
const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
let last: { text: string; word: Intl.Segments; character: Intl.Segments } | null = null;

/** Making the segments of a text looks at nothing yet, so the last text's are enough to keep. */
function segmentsOf(text: string, unit: Unit): Intl.Segments {
  if (last === null || last.text !== text) last = { text, word: words.segment(text), character: characters.segment(text) };
  return last[unit];
}

function around(text: string, at: number, unit: Unit): Stretch & { text: string } {
  const found = segmentsOf(text, unit).containing(Math.min(Math.max(at, 0), text.length - 1));
  if (found === undefined) return { start: 0, end: 0, text: "" };
  return { start: found.index, end: found.index + found.segment.length, text: found.segment };
}

/** The word or character that holds a place; blanks give what stands behind them. Null in a text of blanks. */
export function tokenAt(text: string, at: number, unit: Unit): Stretch | null {
  for (let place = Math.max(at, 0); place < text.length;) {
    const found = around(text, place, unit);
    if (!BLANK.test(found.text)) return { start: found.start, end: found.end };
    place = found.end;
  }
  return null;
}

export function tokenBehind(text: string, end: number, unit: Unit): Stretch | null {
  return end >= text.length ? null : tokenAt(text, end, unit);
}

export function tokenBefore(text: string, start: number, unit: Unit): Stretch | null {
  for (let place = start - 1; place >= 0;) {
    const found = around(text, place, unit);
    if (!BLANK.test(found.text)) return { start: found.start, end: found.end };
    place = found.start - 1;
  }
  return null;
}

/** The selection without blanks at its ends and without half characters; null when nothing is left. */
export function trimmed(text: string, start: number, end: number): Stretch | null {
  const inner = text.slice(start, end);
  const left = start + (inner.length - inner.trimStart().length);
  const right = end - (inner.length - inner.trimEnd().length);
  if (left >= right) return null;
  return { start: around(text, left, "character").start, end: around(text, right - 1, "character").end };
}

/** The selection widened to whole words where words are written apart. */
export function snapped(text: string, start: number, end: number): Stretch | null {
  const whole = trimmed(text, start, end);
  if (whole === null) return null;
  const first = around(text, whole.start, "word");
  const final = around(text, whole.end - 1, "word");
  const isWord = (part: { text: string }): boolean => /[\p{L}\p{N}]/u.test(part.text) && !UNSPACED.test(part.text);
  return { start: isWord(first) ? first.start : whole.start, end: isWord(final) ? final.end : whole.end };
}

/** The start of the line or sentence before or behind a place, for longer steps. */
export function lineStep(text: string, at: number, step: 1 | -1): number {
  const ends = /[\n。！？!?]|[.…](?=\s)/gu;
  if (step > 0) {
    ends.lastIndex = at;
    const found = ends.exec(text);
    return found === null ? text.length : found.index + 1;
  }
  const before = text.slice(Math.max(0, at - 4_000), Math.max(0, at - 1));
  const offset = Math.max(0, at - 4_000);
  let place = offset;
  for (let found = ends.exec(before); found !== null; found = ends.exec(before)) place = offset + found.index + 1;
  return place;
}
