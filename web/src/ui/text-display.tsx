/** A text of any length: the first screen at once, the rest block by block while the browser is idle. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { chunksOf } from "../text/chunks";

/** Two blocks fill any screen; ten more a turn keep each turn under a frame. */
export const FIRST = 2;
export const PER_TURN = 10;
/** Above this many characters a text is an article and not a message: it gets calmer type. */
const LONG = 600;
/** Below this many a text is a line or two, which larger type makes calm. */
const SHORT = 160;

export function look(text: string): string {
  return text.length > LONG ? "lp-text lp-text-long" : text.length < SHORT ? "lp-text lp-text-short" : "lp-text";
}

export function whenIdle(work: () => void): () => void {
  const timer = setTimeout(work, 30);
  return () => clearTimeout(timer);
}

export function TextDisplay({ text }: { text: string }) {
  const chunks = useMemo(() => chunksOf(text), [text]);
  const [count, setCount] = useState(FIRST);
  useEffect(() => (count < chunks.length ? whenIdle(() => setCount(count + PER_TURN)) : undefined), [count, chunks]);
  return (
    <div class={look(text)} dir="auto" aria-busy={count < chunks.length}>
      {chunks.slice(0, count).map((chunk, i) => (
        // The line end at the cut is made by the block itself.
        <div key={i} class={chunks.length > 1 ? "lp-chunk" : undefined}>{i < chunks.length - 1 && chunk.endsWith("\n") ? chunk.slice(0, -1) : chunk}</div>
      ))}
    </div>
  );
}
