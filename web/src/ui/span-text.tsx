/** A text in which spans are marked: with the pointer, or with the keys, whose selection it shows. */
import { Component } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { choosePart } from "../state/actions/parts";
import { selectText } from "../state/actions/select";
import { focusOf } from "../state/focus";
import { remarksOnParts } from "../state/remarks";
import { spansOf, tieId, tiesOf, unitsOf } from "../state/spans";
import type { State } from "../state/state";
import { schemaOf, type Shown } from "../state/view";
import type { Answer, Control, Schema } from "../wire";
import { chunksOf } from "../text/chunks";
import { hintOf } from "../state/sought";
import { offsetsOf } from "../text/offsets";
import { lanesOf, segmentsOf, within, type Marked, type Segment } from "../text/segments";
import { ArcLayer, hasArcs, spanKey as keyOf } from "./arc-layer";
import { usePage } from "./context";
import { PER_TURN, FIRST, look, whenIdle } from "./text-display";
import { rangeOf, reveal, selectedIn, showSelection } from "./text-selection";

/** A selection that a finger has left alone for so long is meant. */
const SETTLED_MS = 350;

/** Stands in for a mark that might be missing, which the address points at. */
const SOUGHT = "sought";

interface Sought { control: Control; label: string; start: number; end: number }

function soughtOf(state: State, field: string): Sought | null {
  const control = schemaOf(state).controls.find((each) => each.name === state.sought?.control && each.setup.field === field);
  const place = control === undefined ? null : (hintOf(state, control)?.place ?? null);
  return control === undefined || place === null ? null : { control, label: state.sought?.label ?? "", ...place };
}

/** All spans that the controls of a field have, in units of its text, sorted by start. */
function marksOf(schema: Schema, answer: Answer, field: string, text: string): Marked[] {
  const { toUnits } = offsetsOf(text);
  return schema.controls.filter((control) => control.type === "spans" && control.setup.field === field).flatMap((control) => {
    const labels = new Map(control.labels.map((label) => [label.value, label]));
    return spansOf(answer[control.name]).map((span) => {
      const label = labels.get(span.label);
      return { key: keyOf(control.name, span.id), start: toUnits(span.start), end: toUnits(span.end), color: label?.color ?? null, title: label?.title ?? span.label };
    });
  }).sort((left, right) => left.start - right.start || left.end - right.end);
}

function withSought(marks: readonly Marked[], text: string, { control, label, ...place }: Sought): Marked[] {
  const known = control.labels.find((each) => each.value === label);
  const found: Marked = { key: SOUGHT, ...unitsOf(text, place), color: known?.color ?? null, title: `${known?.title ?? label} ?` };
  return [...marks, found].sort((left, right) => left.start - right.start || left.end - right.end);
}

/** One underline of two pixels for each span, with a gap between two lanes; a shadow covers those that are listed after it. */
function underlines(segment: Segment, lanes: ReadonlyMap<string, number>): string {
  const rows = segment.marks.map((mark) => ({ lane: lanes.get(mark.key) ?? 0, color: mark.color ?? "var(--lp-accent)" })).sort((left, right) => left.lane - right.lane);
  return rows.flatMap(({ lane, color }) => [
    ...(lane === 0 ? [] : [`inset 0 -${4 * lane}px 0 var(--lp-paper)`]), `inset 0 -${4 * lane + 2}px 0 ${color}`,
  ]).join(", ");
}

interface BlockProps { text: string; from: number; marks: readonly Marked[]; lanes: ReadonlyMap<string, number>; remarks: ReadonlyMap<string, number>; active: string | null; tie: string | null; isBlock: boolean }

/** The one of a block's marks that is meant; null when it lies elsewhere. */
const among = (marks: readonly Marked[], key: string | null): string | null => (marks.some((mark) => mark.key === key) ? key : null);

function signature({ from, marks, lanes, remarks }: BlockProps): string {
  return [from, ...marks.map((mark) => `${mark.key}:${mark.start}:${mark.end}:${mark.title}:${lanes.get(mark.key) ?? 0}:${remarks.get(mark.key) ?? 0}`)].join("|");
}

/** Drawn again only when its own spans change, or which of them is at hand: a text may have a thousand. */
class Block extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps): boolean {
    const { props } = this;
    if (next.text !== props.text || next.active !== props.active || next.tie !== props.tie) return true;
    return (next.marks !== props.marks || next.remarks !== props.remarks) && signature(next) !== signature(props);
  }

  override render({ text, from, marks, lanes, remarks, active, tie, isBlock }: BlockProps) {
    return (
      <div class={isBlock ? "lp-chunk" : undefined} data-from={from}>
        {segmentsOf(from, from + text.length, marks).map((segment) => {
          const said = text.slice(segment.start - from, segment.end - from);
          if (segment.marks.length === 0) return said;
          const shortest = segment.marks.reduce((left, right) => (right.end - right.start < left.end - left.start ? right : left));
          const keys = segment.marks.map((mark) => mark.key);
          // Where a mark begins: at its end stands its label.
          const spoken = segment.marks.filter((mark) => mark.start === segment.start).reduce((sum, mark) => sum + (remarks.get(mark.key) ?? 0), 0);
          return (
            <mark
              key={segment.start} class="lp-span" data-spans={keys.join(" ")} title={segment.marks.map((mark) => mark.title).join(" · ")}
              data-active={active !== null && keys.includes(active) ? "" : undefined} data-tie={tie !== null && keys.includes(tie) ? "" : undefined} data-sought={keys.includes(SOUGHT) ? "" : undefined}
              data-remarks={spoken === 0 ? undefined : spoken}
              data-tag={segment.ends.length === 0 ? undefined : segment.ends.map((mark) => mark.title).join(" · ")}
              style={{ "--label": shortest.color ?? "var(--lp-accent)", "box-shadow": underlines(segment, lanes) }}
            >{said}</mark>
          );
        })}
      </div>
    );
  }
}

/** The spans under a click, the shortest first; the one at hand gives way to the next. */
function hit(target: EventTarget | null, marks: readonly Marked[], active: string | null): string | null {
  const element = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-spans]") : null;
  const keys = element?.dataset["spans"]?.split(" ") ?? [];
  const under = marks.filter((mark) => keys.includes(mark.key)).sort((left, right) => left.end - left.start - (right.end - right.start)).map((mark) => mark.key);
  const at = active === null ? -1 : under.indexOf(active);
  return under[(at + 1) % under.length] ?? null;
}

export function SpanText({ state, view, field, text }: { state: State; view: Shown; field: string; text: string }) {
  const { perform } = usePage();
  const root = useRef<HTMLDivElement>(null);
  const chunks = useMemo(() => chunksOf(text), [text]);
  const starts = useMemo(() => chunks.map((_chunk, i) => chunks.slice(0, i).reduce((sum, each) => sum + each.length, 0)), [chunks]);
  const [count, setCount] = useState(FIRST);
  useEffect(() => (count < chunks.length ? whenIdle(() => setCount(count + PER_TURN)) : undefined), [count, chunks]);
  const { mark, part, tie } = focusOf(state);
  const schema = schemaOf(state);
  const marked = useMemo(() => marksOf(schema, view.answer, field, text), [schema, view.answer, field, text]);
  const hint = soughtOf(state, field);
  const marks = useMemo(() => (hint === null ? marked : withSought(marked, text, hint)), [marked, text, hint?.control, hint?.label, hint?.start, hint?.end]);
  const lanes = useMemo(() => lanesOf(marks), [marks]);
  const inBlocks = useMemo(() => chunks.map((chunk, i) => within(marks, starts[i] ?? 0, (starts[i] ?? 0) + chunk.length)), [marks, chunks]);
  const remarks = remarksOnParts(state);
  const active = part === null ? null : keyOf(part.control, part.id);
  const tied = tie === null || part === null ? null : keyOf(part.control, tie);
  const at = mark !== null && mark.field === field ? mark : null;
  // Of a relation at hand its first span is brought into sight.
  const held = part === null ? undefined : tiesOf(view.answer[part.control]).find((each) => tieId(each) === part.id);
  const ties = schema.controls.find((control) => control.type === "relations" && control.name === part?.control);
  const sought = held === undefined || ties === undefined ? active : keyOf(ties.setup.spans, held.from);
  const current = marks.find((each) => each.key === sought);
  const [from, to] = at !== null ? [at.start, at.end] : [current?.start ?? null, current?.end ?? null];

  // The browser's own selection shows what is selected, also to a screen reader.
  useLayoutEffect(() => {
    if (root.current === null) return;
    const range = from === null || to === null ? null : rangeOf(root.current, from, to);
    showSelection(at === null ? null : range);
    const box = root.current.closest<HTMLElement>(".lp-main");
    if (range !== null && box !== null) reveal(box, range);
  }, [from, to, at === null, count >= chunks.length]);

  // A finger selects by a long press and by pulling the ends, of which the browser tells no more than that the selection changed.
  const isTouch = useRef(false);
  const chosen = useRef({ from, to });
  chosen.current = { from, to };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onSelection = (): void => {
      if (!isTouch.current) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const found = root.current === null ? null : selectedIn(root.current);
        if (found !== null && (found.start !== chosen.current.from || found.end !== chosen.current.to)) perform(selectText, { field, ...found });
      }, SETTLED_MS);
    };
    document.addEventListener("selectionchange", onSelection);
    return () => { clearTimeout(timer); document.removeEventListener("selectionchange", onSelection); };
  }, [field]);

  function onPointerUp(): void {
    // A moment later, since the browser settles the selection of a click after the event.
    setTimeout(() => {
      const found = root.current === null ? null : selectedIn(root.current);
      if (found !== null) perform(selectText, { field, ...found });
    });
  }

  function onClick(event: MouseEvent): void {
    if (document.getSelection()?.isCollapsed === false) return;
    const key = hit(event.target, marks, active);
    const [control, id] = key?.split("/") ?? [];
    const place = key === SOUGHT ? marks.find((mark) => mark.key === key) : undefined;
    if (place !== undefined) perform(selectText, { field, start: place.start, end: place.end });
    else if (control !== undefined && id !== undefined) perform(choosePart, { control, id });
    else perform(selectText, { field, start: 0, end: 0 });
  }

  const shown = (
    <div ref={root} class={`${look(text)} lp-spans`} dir="auto" aria-busy={count < chunks.length} onPointerDown={(event) => { isTouch.current = event.pointerType === "touch"; }} onPointerUp={onPointerUp} onClick={onClick}>
      {chunks.slice(0, count).map((chunk, i) => {
        const own = inBlocks[i] ?? [];
        // The line end at the cut is made by the block itself.
        const said = i < chunks.length - 1 && chunk.endsWith("\n") ? chunk.slice(0, -1) : chunk;
        return <Block key={i} text={said} from={starts[i] ?? 0} marks={own} lanes={lanes} remarks={remarks} active={among(own, active)} tie={among(own, tied)} isBlock={chunks.length > 1} />;
      })}
    </div>
  );
  return hasArcs(state, field) ? <div class="lp-arced">{shown}<ArcLayer state={state} view={view} field={field} text={root} /></div> : shown;
}
