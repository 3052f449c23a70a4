/** The part of a picture that is in sight, and how it changes when one comes closer or goes aside. Pixels of the picture. */
import type { Point, Size } from "./shapes";

export interface Sight { x: number; y: number; width: number; height: number }

const CLOSEST = 40;

/** Within the picture. */
export const held = (sight: Sight, size: Size): Sight => ({
  ...sight, x: Math.min(Math.max(sight.x, 0), size.width - sight.width), y: Math.min(Math.max(sight.y, 0), size.height - sight.height),
});

export const wholeOf = (size: Size): Sight => ({ x: 0, y: 0, ...size });

const widthFor = (width: number, size: Size): number => Math.min(Math.max(width, size.width / CLOSEST), size.width);

/** Closer by a factor below 1, or farther; the place stays where it is on the screen. */
export function zoomed(sight: Sight, size: Size, at: Point, factor: number): Sight {
  const width = widthFor(sight.width * factor, size);
  const height = (width * size.height) / size.width;
  const [kx, ky] = [(at.x - sight.x) / sight.width, (at.y - sight.y) / sight.height];
  return held({ x: at.x - kx * width, y: at.y - ky * height, width, height }, size);
}

/**
 * What two fingers make of it: `at` is the place that they took hold of, `aside` where their middle is now from the middle of
 * the canvas (pixels of the screen), `scale` how many pixels of the picture one of the screen held when they took hold.
 */
export function gripped(sight: Sight, size: Size, at: Point, aside: Point, scale: number, factor: number): Sight {
  const width = widthFor(sight.width * factor, size);
  const height = (width * size.height) / size.width;
  const now = (scale * width) / sight.width;
  return held({ x: at.x - aside.x * now - width / 2, y: at.y - aside.y * now - height / 2, width, height }, size);
}
