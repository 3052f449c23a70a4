/**
 * Draws the arcs of relations over a text, and only those near what is in sight. Loaded where relations are asked; it takes
 * nothing from the page's own bundle, which it would load a second time.
 */
import { drawArcs, roomFor, type Arc, type Drawn, type Frame, type Place } from "./geometry";

export type { Arc } from "./geometry";
/** `show` takes the same list again while no relation changed, and which of them is at hand. */
export interface Arcs { show(arcs: readonly Arc[], chosen: string | null): void; stop(): void }

const SVG = "http://www.w3.org/2000/svg";

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The parts of one arc: what takes a click, the line, its head. */
function linesOf({ arc, path, head }: Drawn): SVGElement {
  const group = element("g", { class: "lp-arc", "data-arc": arc.id });
  if (arc.color !== null) group.style.setProperty("--label", arc.color);
  const title = element("title", {});
  title.textContent = arc.title;
  group.append(title, element("path", { class: "lp-arc-reach", d: path }), element("path", { class: "lp-arc-line", d: path }));
  if (head !== null) group.append(element("path", { class: "lp-arc-head", d: head }));
  return group;
}

function nameOf({ arc, name }: Drawn): SVGElement[] {
  if (name === null) return [];
  const made = element("text", { class: "lp-arc-name", "data-arc": arc.id, x: name.x, y: name.y });
  made.textContent = arc.title;
  return [made];
}

/** Where the spans near the screen stand, measured from the corner of the box. */
function placesOf(text: HTMLElement, wanted: ReadonlySet<string>, corner: DOMRect, from: number, to: number): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const block of text.querySelectorAll<HTMLElement>("[data-from]")) {
    const box = block.getBoundingClientRect();
    // What the browser has not laid out, since it is far away, stays so.
    if (box.bottom < from || box.top > to) continue;
    for (const mark of block.querySelectorAll<HTMLElement>("[data-spans]")) {
      const keys = mark.dataset["spans"]?.split(" ").filter((key) => wanted.has(key) && !places.has(key)) ?? [];
      const [line] = keys.length === 0 ? [] : mark.getClientRects();
      if (line === undefined || line.bottom < from || line.top > to) continue;
      const place = { left: line.left - corner.left, right: line.right - corner.left, top: line.top - corner.top, bottom: line.bottom - corner.top };
      for (const key of keys) places.set(key, place);
    }
  }
  return places;
}

/** `text` is the marked text, `canvas` lies over it in the same box, `scroller` is what scrolls them. */
export function createArcs(text: HTMLElement, canvas: SVGSVGElement, scroller: HTMLElement, choose: (id: string) => void): Arcs {
  let arcs: readonly Arc[] = [];
  let chosen: string | null = null;
  let frame = 0;
  /** What is drawn, in pixels of the box. */
  let done = { top: 0, bottom: 0 };
  const widths = new Map<string, number>();
  const pen = document.createElement("canvas").getContext("2d");

  function widthOf(title: string): number {
    const known = widths.get(title);
    if (known !== undefined) return known;
    if (pen !== null) pen.font = `600 11px ${getComputedStyle(canvas).fontFamily}`;
    const width = (pen?.measureText(title).width ?? title.length * 7) + 8;
    widths.set(title, width);
    return width;
  }

  function draw(): void {
    cancelAnimationFrame(frame);
    frame = 0;
    const corner = canvas.getBoundingClientRect();
    const window = scroller.getBoundingClientRect();
    const [from, to] = [window.top - window.height, window.bottom + window.height];
    done = { top: from - corner.top, bottom: to - corner.top };
    const style = getComputedStyle(text);
    const isRight = style.direction === "rtl";
    const [left, right] = [parseFloat(style.paddingLeft), corner.width - parseFloat(style.paddingRight)];
    const room = parseFloat(style.getPropertyValue("--lp-arc-room")) || 0;
    const place: Frame = { ...done, room, side: isRight ? "right" : "left", edge: isRight ? right : left, far: isRight ? left : right, margin: isRight ? corner.width - right : left };
    const wanted = new Set(arcs.flatMap((arc) => [arc.from, arc.to]));
    for (const arc of arcs) widthOf(arc.title);
    const drawn = arcs.length === 0 ? [] : drawArcs(arcs, placesOf(text, wanted, corner, from, to), place, widths);
    // Names above all lines, so that none is crossed out.
    canvas.replaceChildren(...drawn.map(linesOf), ...drawn.flatMap(nameOf));
    raise();
  }

  /** Shows which one is at hand: above the others, which give way. Nothing is measured or drawn again for it. */
  function raise(): void {
    canvas.toggleAttribute("data-choosing", chosen !== null && arcs.some((arc) => arc.id === chosen));
    for (const old of canvas.querySelectorAll("[data-chosen]")) old.removeAttribute("data-chosen");
    if (chosen === null) return;
    const names = canvas.querySelector(".lp-arc-name");
    for (const part of canvas.querySelectorAll<SVGElement>(`[data-arc="${CSS.escape(chosen)}"]`)) {
      part.setAttribute("data-chosen", "");
      canvas.insertBefore(part, part.matches(".lp-arc-name") ? null : names);
    }
  }

  function ask(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }

  function onScroll(): void {
    const corner = canvas.getBoundingClientRect();
    const window = scroller.getBoundingClientRect();
    if (window.top - corner.top < done.top + window.height / 4 || window.bottom - corner.top > done.bottom - window.height / 4) draw();
  }

  function onClick(event: MouseEvent): void {
    const found = event.target instanceof Element ? event.target.closest<SVGElement>("[data-arc]") : null;
    if (found !== null) choose(found.dataset["arc"] ?? "");
  }

  // The text grows and shrinks with the window, with zoom, with its font and with blocks that come into sight.
  const watch = new ResizeObserver(draw);
  watch.observe(text);
  scroller.addEventListener("scroll", onScroll, { passive: true });
  canvas.addEventListener("click", onClick);

  return {
    show(next, part) {
      const isChanged = next !== arcs;
      arcs = next;
      chosen = part;
      if (!isChanged) return raise();
      text.style.setProperty("--lp-arc-room", `${roomFor(arcs)}px`);
      ask();
    },
    stop() {
      cancelAnimationFrame(frame);
      watch.disconnect();
      scroller.removeEventListener("scroll", onScroll);
      canvas.removeEventListener("click", onClick);
    },
  };
}
