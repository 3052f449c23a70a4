/** All people's shapes on one picture, each person in a colour of their own; one alone when it is chosen. */
import { useState } from "preact/hooks";
import { boundsOf, shapesOf, type Shape, type Size } from "../state/shapes";
import { ShapeMarks } from "../ui/shape-marks";
import type { Control } from "../wire";
import { colorOf, isSharedShape } from "./compare";
import type { Say } from "./words";
import type { Dispute } from "./wire";

const HASH = /^[0-9a-f]{64}$/;
const NONE: ReadonlyMap<string, number> = new Map();

/** Names of different people stand over one another where they mark the same place, and in their colours. */
function Name({ control, shape, place, pixels }: { control: Control; shape: Shape; place: number; pixels: number }) {
  const title = control.labels.find((label) => label.value === shape.label)?.title ?? shape.label;
  const { left, top, bottom } = boundsOf(shape);
  const over = top - (6 + 15 * place) * pixels;
  return <text class="adj-name" x={left} y={over > 12 * pixels ? over : bottom + (15 + 15 * place) * pixels} style={{ "--person": colorOf(place), "font-size": `${13 * pixels}px`, "stroke-width": `${3 * pixels}px` }}>{title}</text>;
}

export function ShapeBoard({ say, dispute, control, pictures, chosen, hidden }: { say: Say; dispute: Dispute; control: Control; pictures: string; chosen: number | null; hidden: ReadonlySet<number> }) {
  const [natural, setNatural] = useState<Size | null>(null);
  const [broken, setBroken] = useState(false);
  const hash = String(dispute.data[control.setup.field] ?? "");
  const known = ["width", "height"].map((side) => dispute.data[`${control.setup.field}_${side}`]);
  const size: Size = typeof known[0] === "number" && typeof known[1] === "number" ? { width: known[0], height: known[1] } : (natural ?? { width: 1_000, height: 1_000 });
  if (broken || !HASH.test(hash)) return <p class="notice notice-warn" role="alert">{say("broken")}</p>;
  const all = dispute.answers.map((each) => shapesOf(each.answer?.[control.name]));
  // Strokes and names of about the same size on the screen, whatever the picture's.
  const pixels = Math.max(size.width / 760, size.height / 520);
  return (
    <svg class="adj-board" viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={say("all")} style={{ "aspect-ratio": `${size.width} / ${size.height}` }}>
      <image href={`${pictures}${hash}/view/`} width={size.width} height={size.height} preserveAspectRatio="none" onError={() => setBroken(true)}
        onLoad={(event) => { if (known[0] === undefined && event.currentTarget instanceof SVGImageElement) setNatural({ width: event.currentTarget.getBBox().width, height: event.currentTarget.getBBox().height }); }} />
      {all.map((shapes, place) => {
        if (hidden.has(place)) return null;
        const others = all.filter((_each, i) => i !== place && dispute.answers[i]?.answer !== null);
        const mine: Control = { ...control, labels: control.labels.map((label) => ({ ...label, color: colorOf(place) })) };
        return (
          <g key={place} class="adj-person" data-dim={chosen !== null && chosen !== place ? "" : undefined}>
            {[true, false].map((shared) => (
              <g key={String(shared)} data-differs={shared ? undefined : ""}>
                <ShapeMarks control={mine} shapes={shapes.filter((shape) => isSharedShape(shape, others) === shared)} active={null} corner={null} pixels={pixels} remarks={NONE} />
              </g>
            ))}
            {shapes.map((shape) => (isSharedShape(shape, others) && chosen !== place ? null : <Name key={shape.id} control={control} shape={shape} place={place} pixels={pixels} />))}
          </g>
        );
      })}
    </svg>
  );
}
