/** Cuts a long text into blocks that a browser lays out one by one. */

/** A block of four thousand characters lays out in about a millisecond. */
export const CHUNK = 4_000;

function isHighSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** The best place to cut in the second half of a chunk: after a line end, else after a blank, else anywhere but inside a character. */
function cutAfter(text: string, from: number, size: number): number {
  const end = from + size;
  const half = from + size / 2;
  const line = text.lastIndexOf("\n", end - 1);
  if (line >= half) return line + 1;
  const blank = text.lastIndexOf(" ", end - 1);
  if (blank >= half) return blank + 1;
  return isHighSurrogate(text, end - 1) ? end - 1 : end;
}

/** The chunks joined give the text again. */
export function chunksOf(text: string, size = CHUNK): string[] {
  const chunks: string[] = [];
  let from = 0;
  while (text.length - from > size) {
    const to = cutAfter(text, from, size);
    chunks.push(text.slice(from, to));
    from = to;
  }
  chunks.push(text.slice(from));
  return chunks;
}
