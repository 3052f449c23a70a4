/** Marking spans and tying them: the labels to mark with, and the list of what is marked. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { choosePart, removePart } from "../../state/actions/parts";
import { removeTie, tieAt } from "../../state/actions/ties";
import { actionId } from "../../state/bindings";
import { focusOf } from "../../state/focus";
import { partKey, remarksOnParts } from "../../state/remarks";
import { spansOf, tieId, tiesOf, type Span } from "../../state/spans";
import { schemaOf } from "../../state/view";
import type { State } from "../../state/state";
import type { Control } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap } from "../key-cap";
import { RemarkSign } from "../remark-sign";
import { still } from "../still";
import { whenIdle } from "../text-display";
import { LabelButtons } from "./choice";
import type { ControlProps } from "./table";

/** Nobody reads a longer row of chips; the text itself shows all. */
const SHOWN = 120;
const EXCERPT = 40;

/** A text of any direction inside a line of another one. */
const apart = (said: string): string => `\u2068${cut(said)}\u2069`;
const cut = (said: string): string => (said.length > EXCERPT && [...said].length > EXCERPT ? `${[...said].slice(0, EXCERPT).join("")}…` : said);

/** Where the row of chips begins: it moves on by whole steps, so that from one key to the next most of it stays as it is. */
const STEP = SHOWN / 4;
const rowFrom = (at: number, count: number): number => Math.max(0, Math.min(Math.floor((at - SHOWN / 2) / STEP) * STEP, count - SHOWN));

/** More than any window shows of the row; the text comes first, and the rest of the row behind it. */
const AT_FIRST = 24;

/** The row of chips, with the one at hand in sight; and how many it has. */
function useRow(active: string | null) {
  const list = useRef<HTMLUListElement>(null);
  const [whole, setWhole] = useState(false);
  useEffect(() => whenIdle(() => setWhole(true)), []);
  useLayoutEffect(() => list.current?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [active]);
  return { list, size: whole || active !== null ? SHOWN : AT_FIRST };
}

interface ChipProps { control: string; id: string; said: string; title: string | null; color: string | null; active: boolean; remarks: number; at: number }

/** A span, with its label as title; or a relation, that stands at a place of its list. */
const Chip = still(function Chip({ control, id, said, title, color, active, remarks, at }: ChipProps) {
  const { perform, text } = usePage();
  const part = { control, id };
  const remove = (): void => {
    if (title === null) return perform(removeTie, { control, at });
    perform(choosePart, part);
    perform<undefined>(removePart, undefined);
  };
  return (
    <li class="lp-chip" data-active={active ? "" : undefined} style={color === null ? undefined : { "--label": color }}>
      <button type="button" class="lp-chip-text" onClick={byPointer(() => perform(choosePart, part))}>
        {title === null ? said : <><span dir="auto">{said}</span><b>{title}</b></>}
      </button>
      <RemarkSign count={remarks} part={part} />
      <button type="button" class="lp-chip-remove" aria-label={text.t("spans.remove", { text: said })} onClick={byPointer(remove)}><Icon name="close" /></button>
    </li>
  );
});

function Chips({ state, control, spans, active }: { state: State; control: Control; spans: readonly Span[]; active: string | null }) {
  const { text } = usePage();
  const { list, size } = useRow(active);
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const remarks = remarksOnParts(state);
  const at = rowFrom(spans.findIndex((span) => span.id === active), spans.length);
  const shown = spans.slice(at, at + size);
  return (
    <ul ref={list} class="lp-chips" aria-label={text.t("spans.list")}>
      {shown.map((span) => {
        const label = labels.get(span.label);
        return (
          <Chip
            key={span.id} control={control.name} id={span.id} said={cut(span.text)} title={label?.title ?? span.label} color={label?.color ?? null}
            active={span.id === active} remarks={remarks.get(partKey({ control: control.name, id: span.id })) ?? 0} at={-1}
          />
        );
      })}
      {spans.length > SHOWN ? <li class="lp-quiet lp-hint">{text.t("spans.more", { count: spans.length - SHOWN })}</li> : null}
    </ul>
  );
}

function Hint({ props, marked }: { props: ControlProps; marked: number }) {
  const { text } = usePage();
  const { mark, part } = focusOf(props.state);
  if (mark !== null) return <p class="lp-hint" role="status">{text.t("spans.choose-label")}</p>;
  if (part?.control === props.control.name) return <p class="lp-hint lp-hint-keys" role="status">{text.t("spans.at-hand")} <KeyCap name={props.bindings.keysOf(actionId("remove-part"))[0]} /></p>;
  return <p class="lp-hint">{marked === 0 ? text.t("spans.how") : text.t("spans.count", { count: marked })}</p>;
}

export function SpanControl(props: ControlProps) {
  const { control, value, state } = props;
  const { text } = usePage();
  const spans = spansOf(value);
  const { part } = focusOf(state);
  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.labels")}>
      <header class="lp-control-head">
        {control.title === "" ? null : <h3 class="lp-control-title">{control.title}</h3>}
        <Hint props={props} marked={spans.length} />
      </header>
      <LabelButtons {...props} marks />
      {spans.length === 0 ? null : <Chips state={state} control={control} spans={spans} active={part?.control === control.name ? part.id : null} />}
    </div>
  );
}

export function RelationControl(props: ControlProps) {
  const { control, value, state, view } = props;
  const { text } = usePage();
  const spans = new Map(spansOf(view.answer[control.setup.spans]).map((span) => [span.id, span]));
  const ties = tiesOf(value);
  const { part, tie } = focusOf(state);
  const from = tie === null ? undefined : spans.get(tie);
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const isAsked = schemaOf(state).controls.some((other) => other.name === control.setup.spans);
  const active = part?.control === control.name ? part.id : null;
  const { list, size } = useRow(active);
  const at = rowFrom(ties.findIndex((each) => tieId(each) === active), ties.length);
  const cap = (action: string) => <KeyCap name={props.bindings.keysOf(actionId(action))[0]} />;
  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.relations")}>
      <header class="lp-control-head">
        <h3 class="lp-control-title">{control.title || text.t("page.relations")}</h3>
        <p class="lp-hint" role="status">
          {active !== null && tieAt(state) !== null ? <>
            {text.t("relations.at-hand")} {control.setup.directed ? <>{text.t("relations.turn")} {cap("tie")} </> : null}{text.t("relations.remove")} {cap("remove-part")}
          </>
            : from !== undefined ? text.t("relations.from", { text: cut(from.text) })
            : isAsked ? <>{text.t("relations.how")} {cap("tie")}</> : null}
        </p>
      </header>
      <LabelButtons {...props} marks />
      {ties.length === 0 ? null : (
        <ul ref={list} class="lp-chips" aria-label={text.t("page.relations")}>
          {ties.slice(at, at + size).map((each, i) => {
            const label = labels.get(each.label);
            const said = text.t("relations.tie", { from: apart(spans.get(each.from)?.text ?? ""), label: label?.title ?? each.label, to: apart(spans.get(each.to)?.text ?? "") });
            const id = tieId(each);
            return <Chip key={id} control={control.name} id={id} said={said} title={null} color={label?.color ?? null} active={id === active} remarks={0} at={at + i} />;
          })}
          {ties.length > SHOWN ? <li class="lp-quiet lp-hint">{text.t("spans.more", { count: ties.length - SHOWN })}</li> : null}
        </ul>
      )}
    </div>
  );
}
