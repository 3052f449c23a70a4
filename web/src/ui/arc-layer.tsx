/** The arcs of relations over a marked text. What draws them is fetched where a project asks for relations. */
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import type { Arc, Arcs } from "../arcs/arcs";
import { choosePart } from "../state/actions/parts";
import { focusOf } from "../state/focus";
import { remarksOnParts } from "../state/remarks";
import { spansOf, tieId, tiesOf } from "../state/spans";
import type { State } from "../state/state";
import { schemaOf, type Shown } from "../state/view";
import type { Answer, Control, Schema } from "../wire";
import { usePage } from "./context";

export const spanKey = (control: string, id: string): string => `${control}/${id}`;

/** The questions for relations between spans of a field. */
function relationsOf(schema: Schema, field: string): Control[] {
  const spans = new Set(schema.controls.filter((control) => control.type === "spans" && control.setup.field === field).map((control) => control.name));
  return schema.controls.filter((control) => control.type === "relations" && spans.has(control.setup.spans));
}

export function hasArcs(state: State, field: string): boolean {
  return state.settings.arcs && relationsOf(schemaOf(state), field).length > 0;
}

function arcsOf(schema: Schema, answer: Answer, field: string): Arc[] {
  return relationsOf(schema, field).flatMap((control) => {
    const starts = new Map(spansOf(answer[control.setup.spans]).map((span) => [span.id, span.start]));
    const labels = new Map(control.labels.map((label) => [label.value, label]));
    return tiesOf(answer[control.name]).flatMap((tie) => {
      const [fromAt, toAt] = [starts.get(tie.from), starts.get(tie.to)];
      if (fromAt === undefined || toAt === undefined) return [];
      const label = labels.get(tie.label);
      return [{
        id: spanKey(control.name, tieId(tie)), from: spanKey(control.setup.spans, tie.from), to: spanKey(control.setup.spans, tie.to), fromAt, toAt,
        title: label?.title ?? tie.label, color: label?.color ?? null, directed: control.setup.directed,
      }];
    });
  });
}

export function ArcLayer({ state, view, field, text }: { state: State; view: Shown; field: string; text: RefObject<HTMLElement | null> }) {
  const { perform } = usePage();
  const canvas = useRef<SVGSVGElement>(null);
  const drawer = useRef<Arcs | null>(null);
  const schema = schemaOf(state);
  const { part } = focusOf(state);
  // The bubbles of comments take room in the lines, so with one more the arcs run elsewhere.
  const arcs = useMemo(() => arcsOf(schema, view.answer, field), [schema, view.answer, field, remarksOnParts(state)]);
  const chosen = part === null ? null : spanKey(part.control, part.id);
  const now = useRef({ arcs, chosen });
  now.current = { arcs, chosen };

  useEffect(() => {
    let isGone = false;
    void import("../arcs/arcs").then(({ createArcs }) => {
      const scroller = text.current?.closest<HTMLElement>(".lp-main") ?? document.documentElement;
      if (isGone || text.current === null || canvas.current === null) return;
      drawer.current = createArcs(text.current, canvas.current, scroller, (id) => {
        const [control = "", ...rest] = id.split("/");
        perform(choosePart, { control, id: rest.join("/") });
      });
      drawer.current.show(now.current.arcs, now.current.chosen);
    }, (error: unknown) => console.error("arcs: not loaded; the relations stand in their list", error));
    return () => { isGone = true; drawer.current?.stop(); drawer.current = null; };
  }, []);
  useLayoutEffect(() => drawer.current?.show(arcs, chosen), [arcs, chosen]);

  // The list of relations says the same to a screen reader.
  return <svg ref={canvas} class="lp-arcs" aria-hidden="true" />;
}
