import { expect, test } from "vitest";
import { createFingers } from "../../src/ui/fingers";
import { gripped, zoomed } from "../../src/state/sight";

const size = { width: 640, height: 480 };
const whole = { x: 0, y: 0, ...size };

test("what lies under the pointer stays there, and the picture never leaves the canvas", () => {
  const near = zoomed(whole, size, { x: 160, y: 120 }, 0.5);
  expect(near).toEqual({ x: 80, y: 60, width: 320, height: 240 });
  expect(zoomed(near, size, { x: 160, y: 120 }, 10)).toEqual(whole);
  expect(zoomed(whole, size, { x: 0, y: 0 }, 1e-9).width).toBe(16);
});

test("two fingers that part bring the place between them closer, and it stays between them", () => {
  // One pixel of the screen holds half a pixel of the picture; the fingers are 100 px to the right of the middle.
  const at = { x: 320 + 50, y: 240 };
  const near = gripped(whole, size, at, { x: 100, y: 0 }, 0.5, 0.5);
  expect(near.width).toBe(320);
  const scale = 0.5 * (near.width / whole.width);
  expect(near.x + near.width / 2 + 100 * scale).toBeCloseTo(at.x);
  // Moved 40 px to the left without parting, the picture goes along.
  const aside = gripped(near, size, at, { x: 60, y: 0 }, scale, 1);
  expect(aside.x - near.x).toBeCloseTo(40 * scale);
});

test("fingers are one grip from the second one on until all are gone", () => {
  const fingers = createFingers();
  fingers.down(1, { x: 0, y: 0 });
  expect(fingers.grip()).toBeNull();
  fingers.down(2, { x: 30, y: 40 });
  expect(fingers.grip()).toEqual({ middle: { x: 15, y: 20 }, distance: 50 });
  fingers.move(9, { x: 500, y: 500 });
  expect(fingers.up(2)).toBe(true);
  expect(fingers.grip()).toBeNull();
  expect(fingers.up(1)).toBe(true);
  fingers.down(1, { x: 0, y: 0 });
  expect(fingers.up(1)).toBe(false);
});

test("a double tap is two quick taps at one place", () => {
  const fingers = createFingers();
  expect(fingers.tap({ x: 10, y: 10 }, 0)).toBe(false);
  expect(fingers.tap({ x: 15, y: 12 }, 250)).toBe(true);
  expect(fingers.tap({ x: 15, y: 12 }, 400)).toBe(false);
  expect(fingers.tap({ x: 80, y: 12 }, 500)).toBe(false);
  expect(fingers.tap({ x: 80, y: 12 }, 900)).toBe(false);
});
