/** Cuts a block of text where spans begin and end, so that each piece has one look. */

export interface Marked { key: string; start: number; end: number; color: string | null; title: string }
export interface Segment { start: number; end: number; marks: readonly Marked[]; ends: readonly Marked[] }

/** Rows of underlines: overlapping spans lie in different ones. More than the eye tells apart share the last. */
export const LANES = 4;

/** The lane of each span, so that no two that touch the same character share one. */
export function lanesOf(marks: readonly Marked[]): ReadonlyMap<string, number> {
  const ends: number[] = [];
  const lanes = new Map<string, number>();
  const longestFirst = [...marks].sort((left, right) => left.start - right.start || right.end - left.end);
  for (const mark of longestFirst) {
    let lane = ends.findIndex((end) => end <= mark.start);
    if (lane < 0) lane = Math.min(ends.length, LANES - 1);
    ends[lane] = Math.max(mark.end, ends[lane] ?? 0);
    lanes.set(mark.key, lane);
  }
  return lanes;
}

/** The marks that touch a block; `marks` are sorted by start. */
export function within(marks: readonly Marked[], start: number, end: number): Marked[] {
  return marks.filter((mark) => mark.start < end && mark.end > start);
}

/** The block cut into segments; joined they cover it without a gap. */
export function segmentsOf(start: number, end: number, marks: readonly Marked[]): Segment[] {
  const cuts = new Set([start, end]);
  for (const mark of marks) {
    if (mark.start > start && mark.start < end) cuts.add(mark.start);
    if (mark.end > start && mark.end < end) cuts.add(mark.end);
  }
  const places = [...cuts].sort((left, right) => left - right);
  const opened = [...marks].sort((left, right) => left.start - right.start);
  const segments: Segment[] = [];
  let open: Marked[] = [];
  let next = 0;
  for (let i = 0; i + 1 < places.length; i += 1) {
    const [from, to] = [places[i] ?? 0, places[i + 1] ?? 0];
    open = open.filter((mark) => mark.end > from);
    for (let mark = opened[next]; mark !== undefined && mark.start < to; mark = opened[next]) {
      if (mark.end > from) open.push(mark);
      next += 1;
    }
    segments.push({ start: from, end: to, marks: [...open], ends: open.filter((mark) => mark.end === to) });
  }
  return segments;
}
