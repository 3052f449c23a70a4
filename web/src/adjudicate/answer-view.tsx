/** One answer as it is read: each control in a line of its own, with what others do not say standing out. */
import type { ComponentChildren } from "preact";
import { tiesOf, spansOf } from "../state/spans";
import { shapesOf } from "../state/shapes";
import type { Answer, AnswerValue, Control, Schema } from "../wire";
import { formPart, isSharedShape, spanPart, tiePart } from "./compare";
import { MarkedText } from "./marked-text";
import { percent, type Say } from "./words";
import type { Dispute } from "./wire";

interface ViewProps { say: Say; control: Control; answer: Answer; value: AnswerValue | undefined; shared: ReadonlySet<string>; dispute: Dispute; place: number }

const said = (value: AnswerValue): string => (typeof value === "string" ? value : JSON.stringify(value));

function Chip({ part, shared, title, color, more = "" }: { part: string; shared: ReadonlySet<string>; title: string; color: string | null; more?: string }) {
  return <span class="adj-chip" data-differs={shared.has(part) ? undefined : ""} style={color === null ? undefined : { "--label": color }}>{title}{more === "" ? null : <small> {more}</small>}</span>;
}

function Labels({ control, value, shared, dispute, say }: ViewProps) {
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const probable = dispute.controls[control.name]?.probable ?? {};
  const values = Array.isArray(value) ? value.map(said) : value === undefined || value === null ? [] : [said(value)];
  if (values.length === 0) return <span class="adj-none">{say("no-answer")}</span>;
  return <>{values.map((each) => {
    const sure = probable[each];
    return <Chip key={each} part={each} shared={shared} title={labels.get(each)?.title ?? each} color={labels.get(each)?.color ?? null} more={sure === undefined ? "" : percent(sure)} />;
  })}</>;
}

function Spans({ control, value, shared, dispute, answer, say }: ViewProps) {
  const text = String(dispute.data[control.setup.field] ?? "");
  return <>
    <MarkedText text={text} control={control} answer={answer} shared={shared} differs={say("differs")} />
    {spansOf(value).length === 0 ? <span class="adj-none">{say("nothing")}</span> : null}
  </>;
}

function Ties({ control, value, answer, shared, say }: ViewProps) {
  const spans = new Map(spansOf(answer[control.setup.spans]).map((span) => [span.id, span]));
  const places = new Map([...spans].map(([id, span]) => [id, spanPart(span)]));
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const ties = tiesOf(value);
  if (ties.length === 0) return <span class="adj-none">{say("nothing")}</span>;
  return <>{ties.map((tie) => (
    <Chip key={`${tie.from} ${tie.to} ${tie.label}`} part={tiePart(tie, places)} shared={shared} color={labels.get(tie.label)?.color ?? null}
      title={`${spans.get(tie.from)?.text ?? ""} → ${labels.get(tie.label)?.title ?? tie.label} → ${spans.get(tie.to)?.text ?? ""}`} />
  ))}</>;
}

function Shapes({ control, value, dispute, place, say }: ViewProps) {
  const shapes = shapesOf(value);
  const others = dispute.answers.filter((_each, i) => i !== place).filter((each) => each.answer !== null).map((each) => shapesOf(each.answer?.[control.name]));
  const labels = new Map(control.labels.map((label) => [label.value, label.title]));
  if (shapes.length === 0) return <span class="adj-none">{say("nothing")}</span>;
  return <>{shapes.map((shape) => {
    const words = Object.values(shape.attributes).join(", ");
    return <span key={shape.id} class="adj-chip" data-differs={isSharedShape(shape, others) ? undefined : ""}>{labels.get(shape.label) ?? shape.label}{words === "" ? null : <small> {words}</small>}</span>;
  })}</>;
}

function Words({ value, shared, say }: ViewProps) {
  if (value === undefined || value === null) return <span class="adj-none">{say("no-answer")}</span>;
  return <p class="adj-words" dir="auto" data-differs={shared.has(said(value)) ? undefined : ""}>{said(value)}</p>;
}

function Form({ control, value, shared, say }: ViewProps) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return <span class="adj-none">{say("no-answer")}</span>;
  const titles = new Map(control.setup.columns.map((column) => [column.field, column.title]));
  return (
    <dl class="adj-form">{Object.entries(value).map(([field, each]) => (
      <div key={field} data-differs={shared.has(formPart(field, each)) ? undefined : ""}><dt>{titles.get(field) ?? field}</dt><dd dir="auto">{each === null ? "–" : said(each)}</dd></div>
    ))}</dl>
  );
}

function Rated(props: ViewProps) {
  return typeof props.value === "object" && props.value !== null ? <Form {...props} /> : <Labels {...props} />;
}

const VIEWS: Readonly<Record<string, (props: ViewProps) => ComponentChildren>> = {
  choice: Labels, taxonomy: Labels, preference: Labels, rating: Rated, spans: Spans, relations: Ties, shapes: Shapes, text: Words, form: Form,
};

export function AnswerView({ say, schema, dispute, answer, place, shared }: { say: Say; schema: Schema; dispute: Dispute; answer: Answer; place: number; shared: ReadonlyMap<string, ReadonlySet<string>> }) {
  return <>{schema.controls.map((control) => {
    const View = VIEWS[control.type] ?? Words;
    return (
      <div key={control.name} class="adj-control" data-differs={control.name in dispute.controls ? "" : undefined}>
        {schema.controls.length > 1 ? <h4>{control.title || control.name}</h4> : null}
        <div class="adj-said"><View say={say} control={control} answer={answer} value={answer[control.name]} shared={shared.get(control.name) ?? new Set()} dispute={dispute} place={place} /></div>
      </div>
    );
  })}</>;
}
