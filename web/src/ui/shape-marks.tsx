/** Shapes as they lie on the picture, with their labels; the one at hand with its corners. */
import { boundsOf, cornersOf, type Shape } from "../state/shapes";
import { partKey } from "../state/remarks";
import type { Control } from "../wire";

/** A longer name would lie over half of the picture; the list has the whole one. */
const LONGEST = 24;

export function ShapeMarks({ control, shapes, active, corner, pixels, remarks }: { control: Control; shapes: readonly Shape[]; active: string | null; corner: number | null; pixels: number; remarks: ReadonlyMap<string, number> }) {
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  // With many shapes their names would cover the picture; the list has them.
  const named = shapes.length <= 40;

  const nameOf = (title: string): string => { const signs = [...title]; return signs.length > LONGEST ? `${signs.slice(0, LONGEST).join("")}…` : title; };

  function mark(shape: Shape) {
    const label = labels.get(shape.label);
    const isActive = shape.id === active;
    const corners = cornersOf(shape);
    const { left, top, right } = boundsOf(shape);
    const spoken = remarks.get(partKey({ control: control.name, id: shape.id })) ?? 0;
    return (
      <g key={shape.id} class="lp-shape" data-shape={shape.id} data-active={isActive ? "" : undefined} style={{ "--label": label?.color ?? "var(--lp-accent)" }}>
        {shape.type === "point"
          ? <circle class="lp-spot" cx={shape.x} cy={shape.y} r={(isActive ? 7 : 5) * pixels} />
          : <polygon class="lp-outline" points={corners.map(({ x, y }) => `${x},${y}`).join(" ")} />}
        {named || isActive ? (
          <text class="lp-shape-name" x={left} y={top - 5 * pixels < 12 * pixels ? top + 14 * pixels : top - 5 * pixels} style={{ "font-size": `${12 * pixels}px`, "stroke-width": `${3 * pixels}px` }}>{nameOf(label?.title ?? shape.label)}</text>
        ) : null}
        {spoken === 0 ? null : (
          <g class="lp-shape-remarks" data-remarks={spoken}>
            <circle cx={right + 9 * pixels} cy={top - 9 * pixels} r={8 * pixels} />
            <text x={right + 9 * pixels} y={top - 9 * pixels} style={{ "font-size": `${10 * pixels}px` }}>{spoken}</text>
          </g>
        )}
        {isActive && shape.type !== "point" ? corners.map(({ x, y }, i) => <circle key={i} class="lp-corner" data-at={i === corner ? "" : undefined} cx={x} cy={y} r={(i === corner ? 7 : 4.5) * pixels} />) : null}
      </g>
    );
  }

  return <g>{[...shapes].sort((left, right) => Number(left.id === active) - Number(right.id === active)).map(mark)}</g>;
}
