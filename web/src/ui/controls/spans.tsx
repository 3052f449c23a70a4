/** Marking spans and tying them: the labels to mark with, and the list of what is marked. */
import { useEffect, useRef } from "preact/hooks";
import { choosePart, removePart } from "../../state/actions/parts";
import { removeTie, tieAt } from "../../state/actions/ties";
import { actionId } from "../../state/bindings";
import { focusOf } from "../../state/focus";
import { spansOf, tieId, tiesOf, type Span } from "../../state/spans";
import { schemaOf } from "../../state/view";
import type { State } from "../../state/state";
import type { Control } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap } from "../key-cap";
import { RemarkSign } from "../remark-sign";
import { LabelButtons } from "./choice";
import type { ControlProps } from "./table";

/** Nobody reads a longer row of chips; the text itself shows all. */
const SHOWN = 120;
const EXCERPT = 40;

/** A text of any direction inside a line of another one. */
const apart = (said: string): string => `\u2068${cut(said)}\u2069`;
const cut = (said: string): string => ([...said].length > EXCERPT ? `${[...said].slice(0, EXCERPT).join("")}…` : said);

function Chips({ state, control, spans, active }: { state: State; control: Control; spans: readonly Span[]; active: string | null }) {
  const { perform, text } = usePage();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [active]);
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const at = Math.max(0, spans.findIndex((span) => span.id === active) - SHOWN / 2);
  const shown = spans.slice(at, at + SHOWN);
  return (
    <ul ref={list} class="lp-chips" aria-label={text.t("spans.list")}>
      {shown.map((span) => {
        const label = labels.get(span.label);
        return (
          <li key={span.id} class="lp-chip" data-active={span.id === active ? "" : undefined} style={label?.color == null ? undefined : { "--label": label.color }}>
            <button type="button" class="lp-chip-text" onClick={byPointer(() => perform(choosePart, { control: control.name, id: span.id }))}>
              <span dir="auto">{cut(span.text)}</span><b>{label?.title ?? span.label}</b>
            </button>
            <RemarkSign state={state} part={{ control: control.name, id: span.id }} />
            <button type="button" class="lp-chip-remove" aria-label={text.t("spans.remove", { text: cut(span.text) })} onClick={byPointer(() => { perform(choosePart, { control: control.name, id: span.id }); perform<undefined>(removePart, undefined); })}>
              <Icon name="close" />
            </button>
          </li>
        );
      })}
      {spans.length > shown.length ? <li class="lp-quiet lp-hint">{text.t("spans.more", { count: spans.length - shown.length })}</li> : null}
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
  const { perform, text } = usePage();
  const spans = new Map(spansOf(view.answer[control.setup.spans]).map((span) => [span.id, span]));
  const ties = tiesOf(value);
  const { part, tie } = focusOf(state);
  const from = tie === null ? undefined : spans.get(tie);
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const isAsked = schemaOf(state).controls.some((other) => other.name === control.setup.spans);
  const active = part?.control === control.name ? part.id : null;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [active]);
  const at = Math.max(0, ties.findIndex((each) => tieId(each) === active) - SHOWN / 2);
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
          {ties.slice(at, at + SHOWN).map((each, i) => {
            const label = labels.get(each.label);
            const said = text.t("relations.tie", { from: apart(spans.get(each.from)?.text ?? ""), label: label?.title ?? each.label, to: apart(spans.get(each.to)?.text ?? "") });
            const id = tieId(each);
            return (
              <li key={id} class="lp-chip" data-active={id === active ? "" : undefined} style={label?.color == null ? undefined : { "--label": label.color }}>
                <button type="button" class="lp-chip-text" onClick={byPointer(() => perform(choosePart, { control: control.name, id }))}>{said}</button>
                <button type="button" class="lp-chip-remove" aria-label={text.t("spans.remove", { text: said })} onClick={byPointer(() => perform(removeTie, { control: control.name, at: at + i }))}><Icon name="close" /></button>
              </li>
            );
          })}
          {ties.length > SHOWN ? <li class="lp-quiet lp-hint">{text.t("spans.more", { count: ties.length - SHOWN })}</li> : null}
        </ul>
      )}
    </div>
  );
}
