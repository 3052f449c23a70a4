import { expect, test } from "vitest";
import { drawArcs, LANE, lanesFor, roomFor, rounded, type Arc, type Frame, type Place } from "../../src/arcs/geometry";

const arc = (from: string, to: string, more: Partial<Arc> = {}): Arc => ({
  id: `${from} ${to}`, from, to, title: "knows", color: null, directed: true, fromAt: 0, toAt: 0, ...more,
});
const frame: Frame = { top: 0, bottom: 1_000, edge: 24, far: 600, side: "left", margin: 24, room: 4 * LANE };
const place = (left: number, line: number, width = 40): Place => ({ left, right: left + width, top: 100 + line * 80, bottom: 124 + line * 80 });
const widths = new Map([["knows", 36]]);
const numbers = (path: string): number[] => [...path.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number);
const points = (path: string): [number, number][] => { const all = numbers(path); return all.flatMap((x, i) => (i % 2 === 0 ? [[x, all[i + 1] ?? 0] as [number, number]] : [])); };

test("stretches that meet lie in different lanes, the shorter one below", () => {
  expect(lanesFor([{ from: 0, to: 100 }, { from: 20, to: 40 }, { from: 60, to: 80 }, { from: 200, to: 220 }], 4)).toEqual([1, 0, 0, 0]);
  expect(lanesFor([], 4)).toEqual([]);
});

test("a text keeps the room that its most crowded place needs, within limits", () => {
  expect(roomFor([])).toBe(2 * LANE);
  const nested = [10, 20, 30, 40].map((end) => arc("a", `b${end}`, { fromAt: 0, toAt: end }));
  expect(roomFor(nested)).toBe(4 * LANE);
  expect(roomFor(Array.from({ length: 50 }, (_, i) => arc("a", `b${i}`, { fromAt: 0, toAt: i })))).toBe(6 * LANE);
  // Two ends far apart take room where they are, and none between.
  expect(roomFor([arc("a", "b", { fromAt: 0, toAt: 50_000 }), arc("c", "d", { fromAt: 25_000, toAt: 25_010 })])).toBe(2 * LANE);
});

test("on one line an arc runs above it, between its own spans, and ends in an arrow", () => {
  const places = new Map([["a", place(50, 0)], ["b", place(300, 0)]]);
  const [drawn] = drawArcs([arc("a", "b")], places, frame, widths);
  const way = points(drawn?.path ?? "");
  expect(way[0]?.[0]).toBe(70);
  expect(way.at(-1)?.[0]).toBe(320);
  expect(way.every(([, y]) => y < 100 && y > 100 - frame.room)).toBe(true);
  expect(drawn?.head).toMatch(/^M316 /);
  expect(drawn?.name?.x).toBe(195);
  expect(drawArcs([arc("a", "b", { directed: false })], places, frame, widths)[0]?.head).toBeNull();
});

test("between two lines an arc goes through the margin, and never across the text", () => {
  const places = new Map([["a", place(400, 0)], ["b", place(200, 2)]]);
  const way = points(drawArcs([arc("a", "b")], places, frame, widths)[0]?.path ?? "");
  const down = way.filter(([x]) => x < 24);
  expect(down.length).toBeGreaterThan(1);
  for (const [x, y] of way) if (x >= 24) expect(y < 100 || (y > 124 + 80 && y < 260)).toBe(true);
  const right: Frame = { ...frame, side: "right", edge: 600, far: 24 };
  expect(points(drawArcs([arc("a", "b")], places, right, widths)[0]?.path ?? "").some(([x]) => x > 600)).toBe(true);
});

test("an arc to a span out of sight leaves in its direction, and one without any end in sight isn't drawn", () => {
  const places = new Map([["a", place(400, 1)]]);
  const below = drawArcs([arc("a", "b", { fromAt: 10, toAt: 90 })], places, frame, widths)[0];
  expect(points(below?.path ?? "").at(-1)?.[1]).toBe(1_000);
  expect(below?.head).toBeNull();
  const above = drawArcs([arc("b", "a", { fromAt: 2, toAt: 10 })], places, frame, widths)[0];
  expect(points(above?.path ?? "")[0]?.[1]).toBe(0);
  expect(above?.head).not.toBeNull();
  expect(drawArcs([arc("x", "y")], places, frame, widths)).toEqual([]);
});

test("arcs of one line don't lie on each other, however many there are", () => {
  const places = new Map(Array.from({ length: 12 }, (_, i) => [`s${i}`, place(30 + i * 45, 0)] as const));
  const arcs = Array.from({ length: 11 }, (_, i) => arc("s0", `s${i + 1}`));
  const heights = drawArcs(arcs, places, frame, widths).map((each) => each.name?.y ?? 0);
  expect(new Set(heights).size).toBe(11);
  expect(Math.min(...heights)).toBeGreaterThan(100 - frame.room - 5);
  expect(Math.max(...heights)).toBeLessThan(100);
  const starts = drawArcs(arcs, places, frame, widths).map((each) => points(each.path)[0]?.[0] ?? 0);
  expect(new Set(starts).size).toBe(11);
  // The nearest leaves outermost, so that no arc crosses another one's way up.
  expect(starts).toEqual([...starts].sort((left, right) => right - left));
});

test("corners are round and never larger than their sides", () => {
  expect(rounded([[0, 100], [0, 90], [50, 90]])).toBe("M0 100L0 95Q0 90 5 90L50 90");
  expect(rounded([[0, 4], [0, 0], [2, 0]])).toBe("M0 4L0 1Q0 0 1 0L2 0");
});
