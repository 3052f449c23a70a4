/** Two fingers on a picture: closer, farther and aside; and two quick taps. Plain numbers, in pixels of the screen. */
import type { Point } from "../state/shapes";

/** Two taps this close in time (ms) and place (px) are one double tap, as touch screens have it. */
const TAP_MS = 300;
const TAP_REACH = 24;

export interface Grip { middle: Point; distance: number }

export interface Fingers {
  down(id: number, at: Point): void;
  move(id: number, at: Point): void;
  /** True when the finger was part of a grip, or was left on the picture by one: it draws nothing. */
  up(id: number): boolean;
  /** Null unless two fingers or more are on the picture; the first two count. */
  grip(): Grip | null;
  /** True when this tap is the second one. */
  tap(at: Point, time: number): boolean;
}

export function createFingers(): Fingers {
  const places = new Map<number, Point>();
  let gripped = false;
  let last: { at: Point; time: number } | null = null;

  return {
    down(id, at) {
      places.set(id, at);
      gripped ||= places.size > 1;
    },
    move(id, at) {
      if (places.has(id)) places.set(id, at);
    },
    up(id) {
      const was = gripped;
      places.delete(id);
      if (places.size === 0) gripped = false;
      return was;
    },
    grip() {
      const [a, b] = places.values();
      if (a === undefined || b === undefined) return null;
      return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, distance: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
    },
    tap(at, time) {
      const isSecond = last !== null && time - last.time <= TAP_MS && Math.hypot(at.x - last.at.x, at.y - last.at.y) <= TAP_REACH;
      last = isSecond ? null : { at, time };
      return isSecond;
    },
  };
}
