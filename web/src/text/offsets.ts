/** Offsets of a text in code points, as answers carry them, and in UTF-16 units, as the browser counts. */

export interface Offsets {
  toPoints(unit: number): number;
  toUnits(point: number): number;
}

/** Where in the text, in units, a character of two units starts. */
function pairsOf(text: string): number[] {
  const pairs: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      pairs.push(at);
      at += 1;
    }
  }
  return pairs;
}

/** How many of the sorted numbers lie below a limit. */
function countBelow(sorted: readonly number[], limit: (value: number, index: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (limit(sorted[middle] ?? 0, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function createOffsets(text: string): Offsets {
  const pairs = pairsOf(text);
  return {
    toPoints: (unit) => unit - countBelow(pairs, (start) => start + 1 < unit),
    toUnits: (point) => point + countBelow(pairs, (start, before) => start - before < point),
  };
}

const KEPT = 16;
const known = new Map<string, Offsets>();

/** The same for a text that is asked again and again, such as the one on the screen. */
export function offsetsOf(text: string): Offsets {
  const found = known.get(text) ?? createOffsets(text);
  known.delete(text);
  known.set(text, found);
  for (const old of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(old);
  }
  return found;
}
