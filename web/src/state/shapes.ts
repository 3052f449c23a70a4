/** Shapes on a picture as plain data, and what hands do with them; pixels of the picture, origin top left. */
import type { AnswerValue } from "../wire";

export const TOOLS = ["box", "rotated_box", "polygon", "point"] as const;
export type Tool = (typeof TOOLS)[number];
export interface Point { x: number; y: number }
export interface Size { width: number; height: number }

export interface Shape {
  id: string; type: Tool; label: string; attributes: Readonly<Record<string, string>>;
  /** Box: top left. Rotated box: centre. Point: itself. Polygon: not used. */
  x: number; y: number; width: number; height: number;
  /** Degrees, clockwise. */
  angle: number;
  points: readonly Point[];
}

/** A box below this many pixels is a slip of the hand. */
export const SMALLEST = 2;
const fine = (value: number): number => Math.round(value * 100) / 100;
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : Number.NaN);

function isTool(value: unknown): value is Tool {
  return TOOLS.some((tool) => tool === value);
}

function pointsOf(value: AnswerValue | undefined): Point[] {
  return Array.isArray(value) ? value.flatMap((each) => (Array.isArray(each) && each.length === 2 ? [{ x: number(each[0]), y: number(each[1]) }] : [])) : [];
}

function wordsOf(value: AnswerValue | undefined): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function shapeOf(value: AnswerValue): Shape | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { id, type, label } = value;
  if (typeof id !== "string" || typeof label !== "string" || !isTool(type)) return null;
  const shape: Shape = {
    id, type, label, attributes: wordsOf(value["attributes"]), x: number(value["x"]), y: number(value["y"]),
    width: number(value["width"]), height: number(value["height"]), angle: number(value["angle"] ?? 0), points: pointsOf(value["points"]),
  };
  const used = type === "polygon" ? shape.points.flatMap(({ x, y }) => [x, y]) : type === "point" ? [shape.x, shape.y] : [shape.x, shape.y, shape.width, shape.height, shape.angle];
  return used.every(Number.isFinite) && (type !== "polygon" || shape.points.length >= 3) ? shape : null;
}

export function shapesOf(value: AnswerValue | undefined): Shape[] {
  return Array.isArray(value) ? value.map(shapeOf).filter((shape) => shape !== null) : [];
}

/** The answer's own form: only what a type has, to a hundredth of a pixel. */
export function shapesValue(shapes: readonly Shape[]): AnswerValue {
  return shapes.map(({ id, type, label, attributes, x, y, width, height, angle, points }) => {
    const place: { [key: string]: AnswerValue } = type === "polygon" ? { points: points.map((point) => [fine(point.x), fine(point.y)]) }
      : type === "point" ? { x: fine(x), y: fine(y) }
      : { x: fine(x), y: fine(y), width: fine(width), height: fine(height), ...(type === "rotated_box" ? { angle: fine(((angle % 360) + 360) % 360) % 360 } : {}) };
    return { id, type, label, ...place, ...(Object.keys(attributes).length === 0 ? {} : { attributes }) };
  });
}

const BARE = { attributes: {}, x: 0, y: 0, width: 0, height: 0, angle: 0, points: [] };

/** A shape between two points: what a sweep of the hand makes. */
export function swept(tool: Tool, from: Point, to: Point, id: string, label: string): Shape {
  const [x, y, width, height] = [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
  const bare = { ...BARE, id, type: tool, label };
  if (tool === "point") return { ...bare, x: to.x, y: to.y };
  if (tool === "rotated_box") return { ...bare, x: x + width / 2, y: y + height / 2, width, height };
  if (tool === "box") return { ...bare, x, y, width, height };
  // A ring of six corners, to be pulled into shape.
  const corners = Array.from({ length: 6 }, (_, i) => (i * Math.PI) / 3).map((turn) => ({ x: x + (width / 2) * (1 + Math.cos(turn)), y: y + (height / 2) * (1 + Math.sin(turn)) }));
  return { ...bare, points: corners };
}

export function polygon(points: readonly Point[], id: string, label: string): Shape {
  return { ...BARE, id, type: "polygon", label, points };
}

function turned(point: Point, around: Point, degrees: number): Point {
  const turn = (degrees * Math.PI) / 180;
  const [dx, dy] = [point.x - around.x, point.y - around.y];
  return { x: around.x + dx * Math.cos(turn) - dy * Math.sin(turn), y: around.y + dx * Math.sin(turn) + dy * Math.cos(turn) };
}

/** The corners, clockwise from the top left as it was drawn; of a polygon its points. */
export function cornersOf(shape: Shape): Point[] {
  const { type, x, y, width, height, angle, points } = shape;
  if (type === "polygon") return [...points];
  if (type === "point") return [{ x, y }];
  const [left, top] = type === "box" ? [x, y] : [x - width / 2, y - height / 2];
  const square = [{ x: left, y: top }, { x: left + width, y: top }, { x: left + width, y: top + height }, { x: left, y: top + height }];
  return type === "box" ? square : square.map((corner) => turned(corner, { x, y }, angle));
}

export function boundsOf(shape: Shape): { left: number; top: number; right: number; bottom: number } {
  const corners = cornersOf(shape);
  const [xs, ys] = [corners.map((corner) => corner.x), corners.map((corner) => corner.y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

/** The shape moved, and stopped at the edge of the picture; of a slanted box the centre stays inside. */
export function movedBy(shape: Shape, by: Point, size: Size): Shape {
  const { left, top, right, bottom } = shape.type === "rotated_box" ? { left: shape.x, top: shape.y, right: shape.x, bottom: shape.y } : boundsOf(shape);
  const dx = Math.min(Math.max(by.x, -left), size.width - right);
  const dy = Math.min(Math.max(by.y, -top), size.height - bottom);
  return { ...shape, x: shape.x + dx, y: shape.y + dy, points: shape.points.map((point) => ({ x: point.x + dx, y: point.y + dy })) };
}

/** One corner pulled to a place; the opposite one stays where it is. */
export function cornerTo(shape: Shape, corner: number, to: Point, size: Size): Shape {
  const place = shape.type === "rotated_box" ? to : { x: within(to.x, size.width), y: within(to.y, size.height) };
  if (shape.type === "polygon") return { ...shape, points: shape.points.map((point, i) => (i === corner ? place : point)) };
  if (shape.type === "point") return { ...shape, ...place };
  const fixed = cornersOf(shape)[(corner + 2) % 4] ?? place;
  if (shape.type === "box") return large({ ...swept("box", fixed, place, shape.id, shape.label), attributes: shape.attributes }, shape);
  const [a, b] = [turned(fixed, fixed, 0), turned(place, fixed, -shape.angle)];
  const centre = turned({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, fixed, shape.angle);
  const next = { ...shape, width: Math.abs(b.x - a.x), height: Math.abs(b.y - a.y), x: within(centre.x, size.width), y: within(centre.y, size.height) };
  return large(next, shape);
}

const large = (next: Shape, before: Shape): Shape => (next.width < SMALLEST || next.height < SMALLEST ? before : next);

/** Wider and higher by so much at the right and at the bottom; a slanted box grows about its centre. */
export function grownBy(shape: Shape, by: Point, size: Size): Shape {
  if (shape.type === "rotated_box") return large({ ...shape, width: shape.width + by.x, height: shape.height + by.y }, shape);
  if (shape.type === "box") {
    const next = { ...shape, width: Math.min(shape.width + by.x, size.width - shape.x), height: Math.min(shape.height + by.y, size.height - shape.y) };
    return large(next, shape);
  }
  if (shape.type === "point") return shape;
  const { left, top, right, bottom } = boundsOf(shape);
  const [kx, ky] = [(right - left + by.x) / (right - left), (bottom - top + by.y) / (bottom - top)];
  if (kx * (right - left) < SMALLEST || ky * (bottom - top) < SMALLEST || left + kx * (right - left) > size.width || top + ky * (bottom - top) > size.height) return shape;
  return { ...shape, points: shape.points.map((point) => ({ x: left + (point.x - left) * kx, y: top + (point.y - top) * ky })) };
}

export const turnedBy = (shape: Shape, degrees: number): Shape => (shape.type === "rotated_box" ? { ...shape, angle: (shape.angle + degrees + 360) % 360 } : shape);

/** A new corner in the middle of the edge behind a corner. */
export function withCorner(shape: Shape, behind: number): Shape {
  const [a, b] = [shape.points[behind], shape.points[(behind + 1) % shape.points.length]];
  if (a === undefined || b === undefined) return shape;
  const points = [...shape.points];
  points.splice(behind + 1, 0, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  return { ...shape, points };
}

export function withoutCorner(shape: Shape, corner: number): Shape {
  return shape.points.length <= 3 ? shape : { ...shape, points: shape.points.filter((_point, i) => i !== corner) };
}

export function isDrawn(shape: Shape): boolean {
  if (shape.type === "point") return true;
  if (shape.type === "polygon") return shape.points.length >= 3 && area(shape.points) >= SMALLEST;
  return shape.width >= SMALLEST && shape.height >= SMALLEST;
}

function area(points: readonly Point[]): number {
  const sum = points.reduce((total, a, i) => {
    const b = points[(i + 1) % points.length] ?? a;
    return total + a.x * b.y - b.x * a.y;
  }, 0);
  return Math.abs(sum) / 2;
}
