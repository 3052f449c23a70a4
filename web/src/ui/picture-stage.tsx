/** A picture on which shapes are drawn: pointer, wheel and two fingers; the keys act through the state. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { choosePart } from "../state/actions/parts";
import { draw, penOf, reshape, sightOf } from "../state/actions/draw";
import { closer, farther, LIGHT, look, setLight, whole } from "../state/actions/look";
import { actionId } from "../state/bindings";
import { focusOf } from "../state/focus";
import { remarksOnParts } from "../state/remarks";
import { boundsOf, cornersOf, cornerTo, movedBy, polygon, shapesOf, swept, withCorner, type Point, type Shape, type Size } from "../state/shapes";
import { gripped, held, wholeOf, zoomed, type Sight } from "../state/sight";
import type { State } from "../state/state";
import type { Shown } from "../state/view";
import type { Control } from "../wire";
import { byPointer, usePage } from "./context";
import { createFingers } from "./fingers";
import { BrokenPicture } from "./image-display";
import { keyLabel } from "./key-cap";
import { ShapeMarks } from "./shape-marks";

const HASH = /^[0-9a-f]{64}$/;
type Hold =
  | { kind: "sweep"; from: Point; to: Point }
  | { kind: "move"; shape: Shape; from: Point; moved: boolean }
  | { kind: "corner"; shape: Shape; corner: number; moved: boolean }
  | { kind: "pan"; sight: Sight; x: number; y: number }
  | { kind: "grip"; sight: Sight; at: Point; distance: number; scale: number };

/** What of a shape lies under the pointer: a corner first, then the smallest shape. */
function under(shapes: readonly Shape[], active: Shape | null, at: Point, reach: number): { shape: Shape; corner: number | null } | null {
  const near = (point: Point): boolean => Math.hypot(point.x - at.x, point.y - at.y) <= reach;
  if (active !== null) {
    const corner = cornersOf(active).findIndex(near);
    if (corner >= 0) return { shape: active, corner: active.type === "point" ? null : corner };
  }
  const hits = shapes.filter((shape) => (shape.type === "point" ? near(shape) : inside(cornersOf(shape), at)));
  const space = (shape: Shape): number => { const { left, top, right, bottom } = boundsOf(shape); return (right - left) * (bottom - top); };
  const smallest = hits.sort((left, right) => space(left) - space(right))[0];
  return smallest === undefined ? null : { shape: smallest, corner: null };
}

/** Whether a place lies in a polygon: how often a line to the right crosses its edges. */
function inside(corners: readonly Point[], at: Point): boolean {
  return corners.filter((a, i) => {
    const b = corners[(i + 1) % corners.length] ?? a;
    return a.y > at.y !== b.y > at.y && at.x < ((b.x - a.x) * (at.y - a.y)) / (b.y - a.y) + a.x;
  }).length % 2 === 1;
}

export function PictureStage({ state, view, control, hash }: { state: State; view: Shown; control: Control; hash: string }) {
  const { perform, pictures, session, text } = usePage();
  const svg = useRef<SVGSVGElement>(null);
  const fingers = useRef(createFingers());
  const tappedAt = useRef(-Infinity);
  const [broken, setBroken] = useState(false);
  const [natural, setNatural] = useState<Size | null>(null);
  const [hold, setHold] = useState<Hold | null>(null);
  const [ring, setRing] = useState<readonly Point[]>([]);
  const [hover, setHover] = useState<Point | null>(null);
  const [box, setBox] = useState<Size>({ width: 800, height: 600 });
  const known = ["width", "height"].map((side) => view.item.data[`${control.setup.field}_${side}`]);
  const size: Size = typeof known[0] === "number" && typeof known[1] === "number" ? { width: known[0], height: known[1] } : (natural ?? { width: 1_000, height: 1_000 });
  const sight = sightOf(state, size);
  const setSight = (next: Sight): void => perform(look, next);
  /** Where the hand is faster than the drawing. */
  const sightNow = (): Sight => sightOf(session.store.get(), size);
  const shapes = shapesOf(view.answer[control.name]);
  const { part, corner } = focusOf(state);
  const active = part?.control === control.name ? (shapes.find((shape) => shape.id === part.id) ?? null) : null;
  const pen = penOf(state, control);
  const { light } = state;
  // The picture is fitted, so the tighter side says how much of it a pixel of the screen holds.
  const pixels = Math.max(sight.width / box.width, sight.height / box.height);
  useLayoutEffect(() => {
    const element = svg.current;
    if (element === null) return;
    const measure = (): void => { if (element.clientWidth > 0 && element.clientHeight > 0) setBox({ width: element.clientWidth, height: element.clientHeight }); };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [broken]);

  // A shape chosen by key or in the list must be in sight.
  useEffect(() => {
    if (active === null) return;
    svg.current?.scrollIntoView({ block: "nearest" });
    const { left, top, right, bottom } = boundsOf(active);
    if (left >= sight.x && top >= sight.y && right <= sight.x + sight.width && bottom <= sight.y + sight.height) return;
    setSight(held({ ...sight, x: (left + right) / 2 - sight.width / 2, y: (top + bottom) / 2 - sight.height / 2 }, size));
  }, [active?.id]);

  // The browser's own listener, since Preact's would be passive and the page would scroll along.
  useEffect(() => {
    const element = svg.current;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const at = placeOf(event);
      if (at === null) return;
      // Two fingers on a touchpad come as a wheel with Ctrl in many small steps; a wheel to the side goes aside.
      const isAside = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const factor = event.ctrlKey ? Math.exp(Math.min(Math.max(event.deltaY, -50), 50) / 100) : event.deltaY > 0 ? 1.2 : 1 / 1.2;
      const before = sightNow();
      setSight(isAside ? held({ ...before, x: before.x + ((event.deltaX || event.deltaY) * before.width) / (element?.clientWidth || 800) }, size) : zoomed(before, size, at, factor));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [size.width, size.height]);

  function placeOf(event: MouseEvent): Point | null {
    const matrix = svg.current?.getScreenCTM();
    if (matrix == null) return null;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return { x, y };
  }

  const clipped = ({ x, y }: Point): Point => ({ x: Math.min(Math.max(x, 0), size.width), y: Math.min(Math.max(y, 0), size.height) });

  function closeRing(points: readonly Point[]): void {
    setRing([]);
    if (points.length >= 3) perform(draw, { control: control.name, shape: (id, { label }) => polygon(points, id, label) });
  }

  /** A second finger ends what the first one had begun, and takes hold of the picture. */
  function takeHold(): boolean {
    const grip = fingers.current.grip();
    const matrix = svg.current?.getScreenCTM();
    if (grip === null || matrix == null) return false;
    if ((hold?.kind === "move" || hold?.kind === "corner") && hold.moved) perform(reshape, { control: control.name, shape: hold.shape, joined: true });
    const { x, y } = new DOMPoint(grip.middle.x, grip.middle.y).matrixTransform(matrix.inverse());
    setHold({ kind: "grip", sight, at: { x, y }, distance: grip.distance, scale: 1 / matrix.a });
    return true;
  }

  function moveGrip(grip: Hold & { kind: "grip" }): void {
    const now = fingers.current.grip();
    const box = svg.current?.getBoundingClientRect();
    if (now === null || box === undefined) return;
    const aside = { x: now.middle.x - box.left - box.width / 2, y: now.middle.y - box.top - box.height / 2 };
    setSight(gripped(grip.sight, size, grip.at, aside, grip.scale, grip.distance / now.distance));
  }

  /** Two taps beside all shapes: the whole picture, or closer where it is whole. A point is set by a tap, so there they mean nothing. */
  function isDoubleTap(event: PointerEvent, at: Point): boolean {
    if (event.pointerType !== "touch" || pen.tool === "point" || ring.length > 1 || under(shapes, active, at, 0) !== null) return false;
    if (!fingers.current.tap({ x: event.clientX, y: event.clientY }, event.timeStamp)) return false;
    tappedAt.current = event.timeStamp;
    setRing([]);
    setSight(sight.width < size.width ? wholeOf(size) : zoomed(sight, size, at, 0.4));
    return true;
  }

  function onPointerDown(event: PointerEvent): void {
    const at = placeOf(event);
    if (at === null) return;
    svg.current?.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") fingers.current.down(event.pointerId, { x: event.clientX, y: event.clientY });
    if (takeHold()) return;
    if (event.button === 1 || event.altKey) return setHold({ kind: "pan", sight, x: event.clientX, y: event.clientY });
    if (event.button !== 0) return;
    if (ring.length > 0) return;
    const found = under(shapes, active, at, (event.pointerType === "mouse" ? 8 : 22) * pixels);
    if (found !== null && found.corner !== null) return setHold({ kind: "corner", shape: found.shape, corner: found.corner, moved: false });
    if (found !== null && (found.shape.id === active?.id || pen.tool === "point")) {
      perform(choosePart, { control: control.name, id: found.shape.id });
      return setHold({ kind: "move", shape: found.shape, from: at, moved: false });
    }
    setHold({ kind: "sweep", from: clipped(at), to: clipped(at) });
  }

  /** The picture takes the focus from a field and keeps none itself, so that the keys go to the page. */
  function onMouseDown(event: MouseEvent): void {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  function onPointerMove(event: PointerEvent): void {
    const at = placeOf(event);
    if (at === null) return;
    fingers.current.move(event.pointerId, { x: event.clientX, y: event.clientY });
    if (hold?.kind === "grip") return moveGrip(hold);
    if (ring.length > 0) setHover(clipped(at));
    if (hold === null) return;
    if (hold.kind === "sweep") return setHold({ ...hold, to: clipped(at) });
    if (hold.kind === "pan") {
      const [dx, dy] = [(event.clientX - hold.x) * pixels, (event.clientY - hold.y) * pixels];
      return setSight(held({ ...hold.sight, x: hold.sight.x - dx, y: hold.sight.y - dy }, size));
    }
    const next = hold.kind === "corner" ? cornerTo(hold.shape, hold.corner, at, size) : movedBy(hold.shape, { x: at.x - hold.from.x, y: at.y - hold.from.y }, size);
    perform(reshape, { control: control.name, shape: next, joined: hold.moved });
    if (!hold.moved) setHold({ ...hold, moved: true });
  }

  function onPointerUp(event: PointerEvent): void {
    const at = placeOf(event);
    setHold(null);
    if (fingers.current.up(event.pointerId) || at === null || event.button !== 0) return;
    const isClick = hold?.kind === "sweep" && Math.hypot(hold.to.x - hold.from.x, hold.to.y - hold.from.y) < 4 * pixels;
    if ((isClick || ring.length > 0) && isDoubleTap(event, at)) return;
    if (ring.length > 0 || (hold?.kind === "sweep" && pen.tool === "polygon" && isClick && under(shapes, null, at, 0) === null)) return addToRing(clipped(at));
    if (hold?.kind !== "sweep") return;
    const found = under(shapes, null, at, (event.pointerType === "mouse" ? 8 : 22) * pixels);
    if (isClick && found !== null) return perform(choosePart, { control: control.name, id: found.shape.id });
    const { from, to } = hold;
    perform(draw, { control: control.name, shape: (id, { tool, label }) => swept(tool, from, to, id, label) });
  }

  function addToRing(at: Point): void {
    const [first] = ring;
    const isClosed = first !== undefined && ring.length >= 3 && Math.hypot(first.x - at.x, first.y - at.y) <= 12 * pixels;
    if (isClosed) closeRing(ring);
    else setRing([...ring, at]);
  }

  /** Between two corners a new one; with a ring begun, its end. */
  function onDoubleClick(event: MouseEvent): void {
    const at = placeOf(event);
    // The browser says a double tap once more as a double click.
    if (at === null || event.timeStamp - tappedAt.current < 500) return;
    if (ring.length > 0) return closeRing(ring.slice(0, -1));
    if (active?.type !== "polygon") return;
    const middles = active.points.map((point, i) => { const next = active.points[(i + 1) % active.points.length] ?? point; return Math.hypot((point.x + next.x) / 2 - at.x, (point.y + next.y) / 2 - at.y); });
    const nearest = middles.indexOf(Math.min(...middles));
    const added = withCorner(active, nearest);
    perform(reshape, { control: control.name, shape: { ...added, points: added.points.map((point, i) => (i === nearest + 1 ? clipped(at) : point)) }, joined: false });
  }

  // Listens from the start and looks at the ring of the last drawing: a key may come before an effect has run.
  const begun = useRef<(key: string) => boolean>(() => false);
  begun.current = (key) => {
    if (ring.length === 0 || (key !== "Enter" && key !== "Escape")) return false;
    if (key === "Enter") closeRing(ring);
    else setRing([]);
    return true;
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => { if (begun.current(event.key)) event.preventDefault(); };
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  }, []);

  if (broken || !HASH.test(hash)) return <BrokenPicture address={HASH.test(hash) ? `${pictures}${hash}/view/` : null} again={() => setBroken(false)} />;
  const sketch = hold?.kind === "sweep" && pen.tool !== "point" && pen.tool !== "polygon" ? swept(pen.tool, hold.from, hold.to, "sketch", pen.label) : null;
  const zoom = size.width / sight.width;
  const named = (action: typeof closer, title: string): string => { const [key] = session.bindings().keysOf(actionId(action.name)); return key === undefined ? title : `${title} (${keyLabel(key)})`; };
  const [nearer, farer, all] = [named(closer, text.t("picture.closer")), named(farther, text.t("picture.farther")), named(whole, text.t("picture.whole"))];
  return (
    <div class="lp-stage">
      <div class="lp-canvas-box"><svg
        ref={svg} class="lp-canvas" viewBox={`${sight.x} ${sight.y} ${sight.width} ${sight.height}`} role="img" aria-label={text.t("page.picture")} data-tool={pen.tool}
        onMouseDown={onMouseDown} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onDblClick={onDoubleClick} onPointerCancel={(event) => { fingers.current.up(event.pointerId); setHold(null); }}
      >
        <image
          href={`${pictures}${hash}/view/`} width={size.width} height={size.height} style={light === LIGHT.usual ? undefined : { filter: `brightness(${light}%)` }}
          data-tiny={pixels < 1 / 4 ? "" : undefined}
          onError={() => setBroken(true)} onLoad={(event) => { const { width, height } = event.currentTarget.getBBox(); if (known.some((side) => typeof side !== "number") && width > 0) setNatural({ width, height }); }}
        />
        <ShapeMarks control={control} shapes={sketch === null ? shapes : [...shapes, sketch]} active={active?.id ?? sketch?.id ?? null} corner={corner} pixels={pixels} remarks={remarksOnParts(state)} />
        {ring.length === 0 ? null : <polyline class="lp-ring" points={[...ring, ...(hover === null ? [] : [hover])].map(({ x, y }) => `${x},${y}`).join(" ")} />}
        {ring.map((point, i) => <circle key={i} class="lp-corner" cx={point.x} cy={point.y} r={(i === 0 ? 7 : 4) * pixels} />)}
      </svg></div>
      <div class="lp-stage-tools" role="toolbar" aria-label={text.t("picture.tools")}>
        <button type="button" class="lp-tool" aria-label={text.t("picture.closer")} title={nearer} onClick={byPointer(() => perform<undefined>(closer, undefined))}>+</button>
        <button type="button" class="lp-tool" aria-label={text.t("picture.farther")} title={farer} disabled={zoom <= 1} onClick={byPointer(() => perform<undefined>(farther, undefined))}>−</button>
        <button type="button" class="lp-tool lp-tool-wide" title={all} onClick={byPointer(() => perform<undefined>(whole, undefined))}>{text.percent(zoom)}<span class="lp-hidden">{text.t("picture.whole")}</span></button>
        <label class="lp-light"><span class="lp-hidden">{text.t("picture.light")}</span>☀
          <input type="range" min={LIGHT.least} max={LIGHT.most} step={LIGHT.step} value={light} title={`${text.t("picture.light")} ${light} %`} onInput={(event) => perform(setLight, event.currentTarget.valueAsNumber)} onPointerUp={(event) => event.currentTarget.blur()} />
        </label>
        {session.bindings().keysOf("action:new-shape").length > 0 && shapes.length === 0 ? <span class="lp-hint lp-wide">{text.t(`picture.how-${pen.tool}`)}</span> : null}
      </div>
    </div>
  );
}
