/** One question of the schema as a card. */
import { useState } from "preact/hooks";
import { object, optionalText, type Json } from "../json";
import { TOOLS } from "../state/shapes";
import { attributeLines, attributesOf, hasLabels, type ControlDraft, type Draft } from "./draft";
import { Check, Field, LimitField, NumberField, Select, TextField, WordsField } from "./fields";
import type { Trouble } from "./troubles";
import type { Say, Word } from "./words";

export interface CardProps {
  say: Say; draft: Draft; control: ControlDraft; fields: readonly string[]; isFirst: boolean; isLast: boolean;
  troubles: readonly Trouble[];
  change(change: Partial<ControlDraft>): void;
  move(by: 1 | -1): void;
  remove(): void;
}

const number = (value: unknown, fallback: number): number => (typeof value === "number" ? value : fallback);
const limit = (value: unknown): number | null => (typeof value === "number" ? value : null);
const KINDS = ["none", "text", "integer", "number", "boolean", "date", "choice"] as const;
const OVERLAPS = ["allow", "nest", "none"] as const;

/** What is wrong here, under the field that mends it. */
export function Told({ say, troubles }: { say: Say; troubles: readonly Trouble[] }) {
  return troubles.length === 0 ? null : <ul class="errorlist editor-troubles">{troubles.map(({ word, params }) => <li key={word}>{say(word, params)}</li>)}</ul>;
}

function Labels({ say, control, change, troubles, id }: CardProps & { id: string }) {
  const help = control.type === "taxonomy" ? `${say("labels.help")} ${say("labels.tree")}` : say("labels.help");
  return (
    <><Field id={id} title={say("labels")} help={help}>
      <textarea id={id} rows={Math.min(10, Math.max(4, control.labels.split("\n").length + 1))} spellcheck={false} value={control.labels} aria-invalid={troubles.some((each) => each.at === "labels")} aria-describedby={`${id}-help`} onInput={(event) => change({ labels: event.currentTarget.value })} />
    </Field><Told say={say} troubles={troubles.filter((each) => each.at === "labels")} /></>
  );
}

/** Kind, options and lock of each column of the version. */
function Columns({ say, control, fields, change, id }: CardProps & { id: string }) {
  const rows = Array.isArray(control.more.columns) ? control.more.columns.map((each) => object(each, "column")) : [];
  const put = (field: string, next: Json | null): void => {
    const others = fields.map((name) => (name === field ? next : (rows.find((row) => row.field === name) ?? null)));
    change({ more: { ...control.more, columns: others.filter((row) => row !== null) } });
  };
  return (
    <fieldset class="editor-columns"><legend>{say("columns")}</legend>
      {fields.map((field) => {
        const row = rows.find((each) => each.field === field);
        const kind = row === undefined ? "none" : optionalText(row.kind) || "text";
        return (
          <div key={field} class="editor-column">
            <Select id={`${id}-${field}`} title={field} value={kind} options={KINDS.map((each) => [each, say(`kind.${each}`)])} change={(to) => put(field, to === "none" ? null : { ...row, field, kind: to })} />
            {row === undefined ? null : <TextField id={`${id}-${field}-title`} title={say("column.title")} value={optionalText(row.title)} change={(title) => put(field, { ...row, title })} />}
            {kind === "choice" ? <WordsField id={`${id}-${field}-options`} title={say("options")} words={(Array.isArray(row?.options) ? row.options : []).map(String)} change={(options) => put(field, { ...row, options })} /> : null}
            {kind === "integer" || kind === "number" ? <>
              <LimitField id={`${id}-${field}-least`} title={say("column.least")} value={limit(row?.least)} change={(least) => put(field, { ...row, least })} />
              <LimitField id={`${id}-${field}-most`} title={say("column.most")} value={limit(row?.most)} change={(most) => put(field, { ...row, most })} />
            </> : null}
            {row === undefined ? null : <div class="editor-checks">
              <Check id={`${id}-${field}-locked`} title={say("locked")} value={row.locked === true} change={(locked) => put(field, { ...row, locked })} />
              {row.locked === true ? null : <Check id={`${id}-${field}-required`} title={say("column.required")} value={row.required === true} change={(required) => put(field, { ...row, required })} />}
            </div>}
          </div>
        );
      })}
    </fieldset>
  );
}

function ShapeSettings({ say, control, change, id }: CardProps & { id: string }) {
  const tools = Array.isArray(control.more.tools) ? control.more.tools.map(String) : ["box"];
  const set = (tool: string, wanted: boolean): void => change({ more: { ...control.more, tools: TOOLS.filter((each) => (each === tool ? wanted : tools.includes(each))) } });
  // The words as they are typed; what they come to is read from them at each letter.
  const [lines, setLines] = useState(attributeLines(control.more.attributes));
  return <>
    <fieldset class="editor-columns"><legend>{say("tools")}</legend>{TOOLS.map((tool) => <Check key={tool} id={`${id}-${tool}`} title={say(`tool.${tool}`)} value={tools.includes(tool)} change={(wanted) => set(tool, wanted)} />)}</fieldset>
    <Field id={`${id}-attributes`} title={say("attributes")} help={say("attributes.help")}>
      <textarea id={`${id}-attributes`} rows={3} value={lines} aria-describedby={`${id}-attributes-help`} onInput={(event) => { setLines(event.currentTarget.value); change({ more: { ...control.more, attributes: attributesOf(event.currentTarget.value, control.more.attributes) } }); }} />
    </Field>
  </>;
}

function Own(props: CardProps & { id: string }) {
  const { say, control, draft, fields, change, id } = props;
  const { more, type } = control;
  const set = (name: string) => (value: unknown): void => change({ more: { ...more, [name]: value } });
  const flag = (name: string, word: Word) => <Check key={name} id={`${id}-${name}`} title={say(word)} value={more[name] === true} change={set(name)} />;
  const texts = fields.filter((field) => draft.shown[field] === "text");
  if (type === "choice") return flag("multiple", "multiple");
  if (type === "taxonomy") return <>{flag("multiple", "multiple")}{flag("leaves_only", "leaves")}</>;
  if (type === "preference") return <>{flag("tie", "tie")}{flag("neither", "neither")}</>;
  if (type === "spans") {
    return <>
      <Select id={`${id}-field`} title={say("marks")} value={optionalText(more.field)} options={texts.map((field) => [field, field])} change={set("field")} />
      <Select id={`${id}-overlap`} title={say("overlap")} value={optionalText(more.overlap) || "allow"} options={OVERLAPS.map((each) => [each, say(`overlap.${each}`)])} change={set("overlap")} />
      <Check id={`${id}-snap`} title={say("snap")} value={more.snap !== false} change={set("snap")} />
    </>;
  }
  if (type === "relations") return <Check id={`${id}-directed`} title={say("directed")} value={more.directed !== false} change={set("directed")} />;
  if (type === "text") {
    return <>
      <Select id={`${id}-from`} title={say("from")} value={optionalText(more.start_from)} options={[["", say("from.none")], ...fields.map((field) => [field, field] as const)]} change={set("start_from")} />
      <NumberField id={`${id}-least`} title={say("least")} value={number(more.least, 0)} least={0} most={100_000} change={set("least")} />
      <NumberField id={`${id}-most`} title={say("most")} value={number(more.most, 10_000)} least={1} most={100_000} change={set("most")} />
    </>;
  }
  if (type === "rating") {
    return <>
      <NumberField id={`${id}-steps`} title={say("steps")} value={number(more.steps, 5)} least={2} most={10} change={set("steps")} />
      <TextField id={`${id}-low`} title={say("low")} value={optionalText(more.low)} change={set("low")} />
      <TextField id={`${id}-high`} title={say("high")} value={optionalText(more.high)} change={set("high")} />
      {flag("sides", "sides")}
    </>;
  }
  if (type === "shapes") return <ShapeSettings {...props} />;
  return <Columns {...props} />;
}

export function ControlCard(props: CardProps) {
  const { say, control, change, move, remove, isFirst, isLast, troubles } = props;
  const id = `editor-${control.key}`;
  return (
    <section id={id} class="card editor-card" aria-labelledby={`${id}-type`}>
      <header class="editor-card-head">
        <h3 id={`${id}-type`}>{say(`type.${control.type}`)}</h3>
        <div class="editor-card-tools">
          <button type="button" class="button button-quiet button-small" disabled={isFirst} aria-label={say("up")} title={say("up")} onClick={() => move(-1)}>↑</button>
          <button type="button" class="button button-quiet button-small" disabled={isLast} aria-label={say("down")} title={say("down")} onClick={() => move(1)}>↓</button>
          <button type="button" class="button button-quiet button-small" onClick={remove}>{say("remove")}</button>
        </div>
      </header>
      <TextField id={`${id}-title`} title={say("title")} help={say("title.help")} value={control.title} change={(title) => change({ title })} />
      {hasLabels(control.type) ? <Labels {...props} id={`${id}-labels`} /> : null}
      <div class="editor-own"><Own {...props} id={id} /></div>
      <Told say={say} troubles={troubles.filter((each) => each.at === "own")} />
      <Check id={`${id}-required`} title={say("required")} value={control.required} change={(required) => change({ required })} />
    </section>
  );
}
