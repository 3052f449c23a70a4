/**
 * Where the arcs of relations run: along the room above a line, and between two lines through the margin at its start.
 * Pure numbers, in pixels of the text's own box. It imports nothing, since it is loaded only where relations are asked.
 */

/** A relation to draw; `fromAt` and `toAt` say where its spans stand in the text, also of those out of sight. */
export interface Arc {
  id: string; from: string; to: string; title: string; color: string | null; directed: boolean; fromAt: number; toAt: number;
}
/** The first line of a span on the screen. */
export interface Place { left: number; right: number; top: number; bottom: number }
/** What is drawn: between `top` and `bottom`, beside a margin that ends at `edge` and lies on the left or on the right. */
export interface Frame { top: number; bottom: number; edge: number; far: number; side: "left" | "right"; margin: number; room: number }
export interface Drawn { arc: Arc; path: string; head: string | null; name: { x: number; y: number } | null }

/** The height of one lane that holds a name of 11 pixels. */
export const LANE = 14;
/** Above this many lanes they share the room, so that a crowded line doesn't tear the text apart. */
const MOST_LANES = 6;
const LEAST_LANES = 2;
/** Spans farther apart than this lie on different lines in any window, so only their ends take room. */
const LINE = 120;
const CORNER = 5;
const HEAD = 4;
const GAP = 4;

interface Stretch { from: number; to: number }

/** The lowest lane of each stretch, short ones first, so that what lies inside another lies below it. */
export function lanesFor(stretches: readonly Stretch[], gap: number): number[] {
  const order = stretches.map((_stretch, i) => i).sort((left, right) => {
    const [a, b] = [stretches[left], stretches[right]];
    if (a === undefined || b === undefined) return 0;
    return a.to - a.from - (b.to - b.from) || a.from - b.from || left - right;
  });
  const lanes: Stretch[][] = [];
  const found = stretches.map(() => 0);
  for (const i of order) {
    const stretch = stretches[i];
    if (stretch === undefined) continue;
    let lane = lanes.findIndex((taken) => taken.every((each) => each.to + gap <= stretch.from || stretch.to + gap <= each.from));
    if (lane < 0) lane = lanes.push([]) - 1;
    lanes[lane]?.push(stretch);
    found[i] = lane;
  }
  return found;
}

/** How many pixels a text keeps free above each line: as its most crowded place needs, wherever the lines break. */
export function roomFor(arcs: readonly Arc[]): number {
  const stretches = arcs.flatMap(({ fromAt, toAt }) => {
    const [from, to] = [Math.min(fromAt, toAt), Math.max(fromAt, toAt)];
    return to - from <= LINE ? [{ from, to }] : [{ from: from - LINE / 4, to: from + LINE / 4 }, { from: to - LINE / 4, to: to + LINE / 4 }];
  });
  const lanes = 1 + Math.max(-1, ...lanesFor(stretches, 0));
  return Math.min(Math.max(lanes, LEAST_LANES), MOST_LANES) * LANE;
}

/** One end of an arc on the screen, and the way it leaves: by how many pixels to the left (less than 0) or right. */
interface End { key: string; place: Place; line: number; way: number; x: number }
interface Run { line: number; from: number; to: number; lane: number; y: number }
interface Route { arc: Arc; width: number; start: End | null; end: End | null; runs: Run[]; margin: number }

const middle = ({ left, right }: Place): number => (left + right) / 2;

/** Numbers the lines; places whose tops differ by less than half a line are on the same one. */
function linesOf(places: ReadonlyMap<string, Place>): ReadonlyMap<string, number> {
  const sorted = [...places].sort(([, left], [, right]) => left.top - right.top);
  const lines = new Map<string, number>();
  let line = -1;
  let last = -Infinity;
  for (const [key, place] of sorted) {
    if (place.top - last > (place.bottom - place.top) / 2) line += 1;
    last = place.top;
    lines.set(key, line);
  }
  return lines;
}

/** Spreads the ends on each span, so that arcs that leave it to one side don't cross each other. */
function spread(routes: readonly Route[]): void {
  const byKey = new Map<string, End[]>();
  for (const route of routes) for (const end of [route.start, route.end]) if (end !== null) byKey.set(end.key, [...(byKey.get(end.key) ?? []), end]);
  for (const ends of byKey.values()) {
    const side = (end: End): number => (end.way < 0 ? 0 : 1);
    // To the left the nearest leaves outermost, to the right too.
    ends.sort((left, right) => side(left) - side(right) || (side(left) === 0 ? right.way - left.way : right.way - left.way));
    ends.forEach((end, i) => { end.x = end.place.left + ((end.place.right - end.place.left) * (i + 1)) / (ends.length + 1); });
  }
}

function routesOf(arcs: readonly Arc[], places: ReadonlyMap<string, Place>, frame: Frame, widths: ReadonlyMap<string, number>): Route[] {
  const lines = linesOf(places);
  const away = frame.side === "left" ? -Infinity : Infinity;
  const endOf = (key: string, other: Place | undefined, same: boolean): End | null => {
    const place = places.get(key);
    return place === undefined ? null : { key, place, line: lines.get(key) ?? 0, way: same && other !== undefined ? middle(other) - middle(place) : away, x: 0 };
  };
  return arcs.flatMap((arc) => {
    const same = lines.get(arc.from) !== undefined && lines.get(arc.from) === lines.get(arc.to);
    const start = endOf(arc.from, places.get(arc.to), same);
    const end = endOf(arc.to, places.get(arc.from), same);
    return start === null && end === null ? [] : [{ arc, width: widths.get(arc.title) ?? 0, start, end, runs: [], margin: 0 }];
  });
}

/** The stretches above lines that a route takes; the name widens the one that carries it. */
function addRuns(route: Route, frame: Frame): void {
  const { start, end, width } = route;
  const run = (line: number, a: number, b: number): Run => ({ line, from: Math.min(a, b), to: Math.max(a, b), lane: 0, y: 0 });
  if (start !== null && end !== null && start.line === end.line) route.runs = [run(start.line, start.x, end.x)];
  else route.runs = [start, end].flatMap((each) => (each === null ? [] : [run(each.line, each.x, frame.edge)]));
  const [named] = route.runs;
  if (named === undefined) return;
  const x = nameAt(route, frame);
  named.from = Math.min(named.from, x - width / 2);
  named.to = Math.max(named.to, x + width / 2);
}

/** The middle of the name: over the middle of a short way, near its own end of a long one. */
function nameAt({ start, end, width }: Route, frame: Frame): number {
  const inside = (x: number): number => Math.min(Math.max(x, Math.min(frame.edge, frame.far) + width / 2), Math.max(frame.edge, frame.far) - width / 2);
  if (start !== null && end !== null && start.line === end.line) return inside((start.x + end.x) / 2);
  const x = (start ?? end)?.x ?? 0;
  return inside(x + (frame.side === "left" ? -1 : 1) * (width / 2 + 2 * CORNER));
}

function layRuns(routes: readonly Route[], frame: Frame): void {
  const byLine = new Map<number, { run: Run; top: number }[]>();
  for (const route of routes) {
    for (const [i, run] of route.runs.entries()) {
      const top = (route.runs.length === 2 && i === 1 ? route.end : (route.start ?? route.end))?.place.top ?? 0;
      byLine.set(run.line, [...(byLine.get(run.line) ?? []), { run, top }]);
    }
  }
  for (const rows of byLine.values()) {
    const lanes = lanesFor(rows.map(({ run }) => run), GAP);
    const step = Math.min(LANE, frame.room / (Math.max(...lanes) + 1));
    rows.forEach(({ run, top }, i) => { run.y = top - GAP - step * ((lanes[i] ?? 0) + 0.5); });
  }
}

/** How far from the edge of the text each route goes up or down in the margin. */
function layMargins(routes: readonly Route[], frame: Frame): void {
  const rows = routes.filter((route) => isThroughMargin(route));
  const lanes = lanesFor(rows.map((route) => { const [a, b] = [yOf(route, "start", frame), yOf(route, "end", frame)]; return { from: Math.min(a, b), to: Math.max(a, b) }; }), GAP);
  const step = Math.min(5, (frame.margin - 3) / (Math.max(0, ...lanes) + 1));
  rows.forEach((route, i) => { route.margin = frame.edge + (frame.side === "left" ? -1 : 1) * (4 + step * (lanes[i] ?? 0)); });
}

const isThroughMargin = ({ start, end }: Route): boolean => start === null || end === null || start.line !== end.line;

/** The height at which a route leaves or reaches; for an end out of sight, beyond the frame in its direction. */
function yOf(route: Route, which: "start" | "end", frame: Frame): number {
  const { arc, start, end, runs } = route;
  if (which === "start" && start !== null) return runs[0]?.y ?? 0;
  if (which === "end" && end !== null) return runs.at(-1)?.y ?? 0;
  const isBelow = which === "end" ? arc.toAt > arc.fromAt : arc.fromAt > arc.toAt;
  return isBelow ? frame.bottom : frame.top;
}

/** A line through points with round corners. */
export function rounded(points: readonly (readonly [number, number])[]): string {
  const at = (i: number): readonly [number, number] => points[i] ?? [0, 0];
  const said = ([x, y]: readonly [number, number]): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
  const towards = (a: readonly [number, number], b: readonly [number, number], by: number): readonly [number, number] => {
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    return [a[0] + ((b[0] - a[0]) * by) / length, a[1] + ((b[1] - a[1]) * by) / length];
  };
  const bends = points.slice(1, -1).map((corner, i) => {
    const [before, after] = [at(i), at(i + 2)];
    const by = Math.min(CORNER, Math.hypot(corner[0] - before[0], corner[1] - before[1]) / 2, Math.hypot(after[0] - corner[0], after[1] - corner[1]) / 2);
    return `L${said(towards(corner, before, by))}Q${said(corner)} ${said(towards(corner, after, by))}`;
  });
  return `M${said(at(0))}${bends.join("")}L${said(at(points.length - 1))}`;
}

function drawn(route: Route, frame: Frame): Drawn {
  const { arc, start, end, runs, margin } = route;
  const ya = yOf(route, "start", frame);
  const yb = yOf(route, "end", frame);
  const base = (each: End): number => each.place.top - 1;
  const points: (readonly [number, number])[] = [];
  if (start !== null) points.push([start.x, base(start)], [start.x, ya]);
  if (isThroughMargin(route)) points.push([margin, ya], [margin, yb]);
  if (end !== null) points.push([end.x, yb], [end.x, base(end) - (arc.directed ? HEAD : 0)]);
  const head = end === null || !arc.directed ? null : `M${end.x - HEAD} ${base(end) - 1.5 * HEAD}h${2 * HEAD}L${end.x} ${base(end) + 1}Z`;
  const [named] = runs;
  return { arc, path: rounded(points), head, name: named === undefined || arc.title === "" ? null : { x: nameAt(route, frame), y: named.y } };
}

/** All arcs that have an end on the screen; `places` holds the spans there by key, `widths` that of each name. */
export function drawArcs(arcs: readonly Arc[], places: ReadonlyMap<string, Place>, frame: Frame, widths: ReadonlyMap<string, number>): Drawn[] {
  const routes = routesOf(arcs, places, frame, widths);
  spread(routes);
  for (const route of routes) addRuns(route, frame);
  layRuns(routes, frame);
  layMargins(routes, frame);
  return routes.map((route) => drawn(route, frame));
}
