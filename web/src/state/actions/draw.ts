/** Draw shapes on a picture and change them: what the pointer does, and the same by keys. */
import type { Control, Schema } from "../../wire";
import { changeAnswer } from "../answering";
import { focusOf, placeOf, withFocus } from "../focus";
import { cornerTo, cornersOf, grownBy, isDrawn, movedBy, shapesOf, shapesValue, SMALLEST, swept, turnedBy, withCorner, withoutCorner, type Point, type Shape, type Size, type Tool, TOOLS } from "../shapes";
import { spokenOf } from "../remarks";
import { wholeOf, type Sight } from "../sight";
import { freshId } from "../spans";
import type { State } from "../state";
import { schemaOf, shown, type Shown } from "../view";
import { stay, type Action, type Step } from "./action";

export const hasShapes = (schema: Schema): boolean => schema.controls.some((control) => control.type === "shapes");

export interface Pen { tool: Tool; label: string }

/** What the next shape of a control will be. */
export function penOf(state: State, control: Control): Pen {
  const tools = TOOLS.filter((tool) => control.setup.tools.includes(tool));
  const pen = state.pens[control.name];
  return { tool: pen !== undefined && tools.includes(pen.tool) ? pen.tool : (tools[0] ?? "box"), label: pen?.label ?? control.labels[0]?.value ?? "" };
}

function withPen(state: State, control: Control, pen: Partial<Pen>): State {
  return { ...state, pens: { ...state.pens, [control.name]: { ...penOf(state, control), ...pen } } };
}

/** The size of the picture, as the item says or as the browser found it. */
export function sizeOf(state: State, view: Shown, control: Control): Size {
  const { field } = control.setup;
  const [width, height] = [view.item.data[`${field}_width`], view.item.data[`${field}_height`]];
  if (typeof width === "number" && typeof height === "number" && width > 0 && height > 0) return { width, height };
  return state.pictureSize ?? { width: 1_000, height: 1_000 };
}

/** What of a picture is in sight. */
export function sightOf(state: State, size: Size): Sight {
  return state.sight !== null && state.sight.of === placeOf(state) ? state.sight.sight : wholeOf(size);
}

interface Hand { view: Shown; control: Control; shapes: Shape[]; size: Size; at: Shape | null }

export function handOf(state: State, name?: string): Hand | null {
  const view = shown(state);
  const { part } = focusOf(state);
  const controls = schemaOf(state).controls.filter((each) => each.type === "shapes");
  const control = controls.find((each) => each.name === (name ?? part?.control)) ?? controls[0];
  if (view === null || control === undefined) return null;
  const shapes = shapesOf(view.answer[control.name]);
  return { view, control, shapes, size: sizeOf(state, view, control), at: part?.control === control.name ? (shapes.find((each) => each.id === part.id) ?? null) : null };
}

function put(state: State, hand: Hand, shapes: readonly Shape[], joined = false): Step {
  return changeAnswer(state, { ...hand.view.answer, [hand.control.name]: shapesValue(shapes) }, joined);
}

function replace(state: State, hand: Hand, shape: Shape, joined = false): Step {
  return put(state, hand, hand.shapes.map((each) => (each.id === shape.id ? shape : each)), joined);
}

/** A new shape under the pen; one too small to be meant is left out. */
export const draw: Action<{ control: string; shape(id: string, pen: Pen): Shape }> = {
  name: "draw",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { control, shape }) {
    const hand = handOf(state, control);
    if (hand === null) return stay(state);
    const made = shape(freshId(hand.shapes, spokenOf(state, control)), penOf(state, hand.control));
    if (!isDrawn(made)) return stay(withFocus(state, { part: null, corner: null }));
    return put(withFocus(state, { part: { control, id: made.id }, corner: null }), hand, [...hand.shapes, made]);
  },
};

/** The shape at hand as the pointer left it; `joined` while it is still being pulled. */
export const reshape: Action<{ control: string; shape: Shape; joined: boolean }> = {
  name: "reshape",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { control, shape, joined }) {
    const hand = handOf(state, control);
    return hand === null ? stay(state) : replace(withFocus(state, { part: { control, id: shape.id } }), hand, shape, joined);
  },
};

export const chooseTool: Action<{ control: string; tool: Tool }> = {
  name: "choose-tool",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, { control, tool }) {
    const hand = handOf(state, control);
    return stay(hand === null ? state : withPen(withFocus(state, { part: null, corner: null }), hand.control, { tool }));
  },
};

/** A label's key: the shape at hand becomes that, and the next one will be. */
export function penLabel(state: State, _view: Shown, control: Control, label: string): Step {
  const hand = handOf(state, control.name);
  if (hand === null) return stay(state);
  const next = withPen(state, control, { label });
  if (hand.at === null) return stay({ ...next, notice: null });
  const asked = new Set(control.setup.attributes.filter((each) => each.labels.length === 0 || each.labels.includes(label)).map((each) => each.name));
  const attributes = Object.fromEntries(Object.entries(hand.at.attributes).filter(([name]) => asked.has(name)));
  return replace(next, hand, { ...hand.at, label, attributes });
}

export const setAttribute: Action<{ control: string; name: string; value: string }> = {
  name: "set-attribute",
  keys: [],
  isEnabled: (state) => handOf(state)?.at !== null,
  perform(state, _env, { control, name, value }) {
    const hand = handOf(state, control);
    if (hand?.at == null) return stay(state);
    const { [name]: _before, ...rest } = hand.at.attributes;
    return replace(state, hand, { ...hand.at, attributes: value === "" ? rest : { ...rest, [name]: value } });
  },
};

const keyed = { isFor: hasShapes };

export const nextTool: Action = {
  name: "next-tool", keys: ["t"], ...keyed,
  isEnabled: (state) => (handOf(state)?.control.setup.tools.length ?? 0) > 1,
  perform(state) {
    const hand = handOf(state);
    if (hand === null) return stay(state);
    const tools = TOOLS.filter((tool) => hand.control.setup.tools.includes(tool));
    const tool = tools[(tools.indexOf(penOf(state, hand.control).tool) + 1) % tools.length] ?? "box";
    return stay(withPen(withFocus(state, { part: null, corner: null }), hand.control, { tool }));
  },
};

/** A shape in the middle of what is in sight, for the arrows to bring to its place. */
export const newShape: Action = {
  name: "new-shape", keys: ["n"], ...keyed,
  isEnabled: (state) => handOf(state) !== null,
  perform(state, env) {
    const hand = handOf(state);
    if (hand === null) return stay(state);
    const { x, y, width, height } = sightOf(state, hand.size);
    // A fifth of it; of the smallest pictures as much as a shape must have.
    const half = { x: Math.max(width / 10, SMALLEST / 2), y: Math.max(height / 10, SMALLEST / 2) };
    const at = (side: -1 | 0 | 1): Point => ({ x: Math.min(Math.max(x + width / 2 + side * half.x, 0), hand.size.width), y: Math.min(Math.max(y + height / 2 + side * half.y, 0), hand.size.height) });
    const shape = (id: string, { tool, label }: Pen): Shape => swept(tool, at(-1), at(tool === "point" ? 0 : 1), id, label);
    return draw.perform(state, env, { control: hand.control.name, shape });
  },
};

/**
 * A hundredth of the longer side of what is in sight, at least a pixel; of a picture like a ribbon not more than a twentieth of
 * its shorter side. With Ctrl a single pixel.
 */
function stepOf(sight: Size, size: Size): Point {
  const longer = Math.max(sight.width, sight.height) / 100;
  return { x: Math.max(1, Math.round(Math.min(longer, size.width / 20))), y: Math.max(1, Math.round(Math.min(longer, size.height / 20))) };
}

type Change = (hand: Hand, shape: Shape, step: Point, corner: number | null) => Shape;

function byKey(name: string, key: string, change: Change, isFine = false): Action {
  return {
    name, keys: [key], ...keyed, shares: true,
    isEnabled: (state) => handOf(state)?.at != null,
    perform(state, env) {
      const hand = handOf(state);
      if (hand?.at == null) return stay(state);
      return replace(state, hand, change(hand, hand.at, isFine ? { x: 1, y: 1 } : stepOf(sightOf(state, hand.size), hand.size), focusOf(state).corner), env.held === true);
    },
  };
}

/** Moves the corner at hand, or else the whole shape. */
const nudge = (dx: number, dy: number): Change => (hand, shape, step, corner) => {
  const by: Point = { x: dx * step.x, y: dy * step.y };
  const point = corner === null ? undefined : cornersOf(shape)[corner];
  if (corner === null || point === undefined) return movedBy(shape, by, hand.size);
  return cornerTo(shape, corner, { x: point.x + by.x, y: point.y + by.y }, hand.size);
};
const grow = (dx: number, dy: number): Change => (hand, shape, step) => grownBy(shape, { x: dx * step.x, y: dy * step.y }, hand.size);

export const SHAPE_KEYS = [
  byKey("nudge-right", "ArrowRight", nudge(1, 0)), byKey("nudge-left", "ArrowLeft", nudge(-1, 0)),
  byKey("nudge-down", "ArrowDown", nudge(0, 1)), byKey("nudge-up", "ArrowUp", nudge(0, -1)),
  byKey("pixel-right", "Ctrl+ArrowRight", nudge(1, 0), true), byKey("pixel-left", "Ctrl+ArrowLeft", nudge(-1, 0), true),
  byKey("pixel-down", "Ctrl+ArrowDown", nudge(0, 1), true), byKey("pixel-up", "Ctrl+ArrowUp", nudge(0, -1), true),
  byKey("wider", "Shift+ArrowRight", grow(1, 0)), byKey("narrower", "Shift+ArrowLeft", grow(-1, 0)),
  byKey("higher", "Shift+ArrowDown", grow(0, 1)), byKey("lower", "Shift+ArrowUp", grow(0, -1)),
  byKey("turn-right", ")", (_hand, shape) => turnedBy(shape, 2)), byKey("turn-left", "(", (_hand, shape) => turnedBy(shape, -2)),
] as const;

/** Takes the corners in turn, and after the last one the whole shape again. */
export const nextCorner: Action = {
  name: "next-corner", keys: ["v"], ...keyed,
  isEnabled: (state) => { const at = handOf(state)?.at; return at != null && at.type !== "point"; },
  perform(state) {
    const hand = handOf(state);
    if (hand?.at == null) return stay(state);
    const { corner } = focusOf(state);
    const next = corner === null ? 0 : corner + 1;
    return stay(withFocus(state, { corner: next < cornersOf(hand.at).length ? next : null }));
  },
};

/** A further corner of a polygon, behind the one at hand; it is taken, for the arrows to bring to its place. */
export const addCorner: Action = {
  name: "add-corner", keys: ["Shift+v", "Insert"], ...keyed,
  isEnabled: (state) => handOf(state)?.at?.type === "polygon",
  perform(state) {
    const hand = handOf(state);
    if (hand?.at?.type !== "polygon") return stay(state);
    const behind = focusOf(state).corner ?? 0;
    return replace(withFocus(state, { corner: behind + 1 }), hand, withCorner(hand.at, behind));
  },
};

/** Without the corner at hand of a polygon; null when it isn't one, so that the whole shape goes. */
export function dropCorner(state: State): Step | null {
  const hand = handOf(state);
  const { corner } = focusOf(state);
  if (hand?.at == null || corner === null || hand.at.type !== "polygon") return null;
  return replace(withFocus(state, { corner: null }), hand, withoutCorner(hand.at, corner));
}
