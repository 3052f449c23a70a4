/** One person's spans on the text; those that all have are quiet, the others stand out. */
import { spansOf, unitsOf } from "../state/spans";
import { segmentsOf, type Marked } from "../text/segments";
import type { Answer, Control } from "../wire";
import { spanPart } from "./compare";

export function MarkedText({ text, control, answer, shared, differs }: { text: string; control: Control; answer: Answer | null; shared: ReadonlySet<string>; differs: string }) {
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const quiet = new Set<string>();
  const marks: Marked[] = spansOf(answer?.[control.name]).map((span) => {
    const label = labels.get(span.label);
    if (shared.has(spanPart(span))) quiet.add(span.id);
    return { key: span.id, ...unitsOf(text, span), color: label?.color ?? null, title: label?.title ?? span.label };
  }).sort((left, right) => left.start - right.start || left.end - right.end);
  return (
    <div class="adj-text" dir="auto">
      {segmentsOf(0, text.length, marks).map((segment) => {
        const said = text.slice(segment.start, segment.end);
        if (segment.marks.length === 0) return said;
        const shortest = segment.marks.reduce((left, right) => (right.end - right.start < left.end - left.start ? right : left));
        const isOpen = segment.marks.some((mark) => !quiet.has(mark.key));
        return (
          <mark
            key={segment.start} class="lp-span adj-span" data-differs={isOpen ? "" : undefined} style={{ "--label": shortest.color ?? "var(--lp-accent)" }}
            title={segment.marks.map((mark) => (quiet.has(mark.key) ? mark.title : `${mark.title} (${differs})`)).join(" · ")}
            data-tag={segment.ends.length === 0 ? undefined : segment.ends.map((mark) => mark.title).join(" · ")}
          >{said}</mark>
        );
      })}
    </div>
  );
}
