/** How each thing of an item is shown: one row for each display type. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { State } from "../state/state";
import { schemaOf, type Shown } from "../state/view";
import type { Display, Item } from "../wire";
import { usePage } from "./context";
import { ImageDisplay } from "./image-display";
import { MarkdownView } from "./markdown-view";
import type { PictureStage } from "./picture-stage";
import { SpanText } from "./span-text";
import { TextDisplay } from "./text-display";

interface DisplayProps { state: State; view: Shown; row: Display; value: string }

function asText(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

function MarkableText({ state, view, row, value }: DisplayProps) {
  const isMarked = schemaOf(state).controls.some((control) => control.type === "spans" && control.setup.field === row.field);
  return isMarked ? <SpanText state={state} view={view} field={row.field} text={value} /> : <TextDisplay text={value} />;
}

/** What draws on pictures is fetched when the first one is shown. */
let stage: typeof PictureStage | null = null;

function DrawablePicture({ state, view, row, value }: DisplayProps) {
  const control = schemaOf(state).controls.find((each) => each.type === "shapes" && each.setup.field === row.field);
  const [Stage, setStage] = useState(() => stage);
  useEffect(() => {
    if (control === undefined || Stage !== null) return;
    void import("./picture-stage").then((found) => { stage = found.PictureStage; setStage(() => stage); }, (error: unknown) => console.error("drawing: not loaded", error));
  }, [control === undefined, Stage]);
  return control === undefined || Stage === null ? <ImageDisplay hash={value} enlarged={state.enlarged} /> : <Stage state={state} view={view} control={control} hash={value} />;
}

function Side({ item, field, name, markdown }: { item: Item; field: string; name: string; markdown: boolean }) {
  const { text } = usePage();
  const value = asText(item.data[field]);
  return (
    <section class="lp-side" aria-label={text.t("pair.answer", { name })}>
      <h3 class="lp-side-name">{name}</h3>
      {value === "" ? <p class="lp-hint">{text.t("page.empty-text")}</p> : markdown ? <MarkdownView source={value} /> : <TextDisplay text={value} />}
    </section>
  );
}

const DISPLAYS: Readonly<Record<string, (props: DisplayProps) => ComponentChildren>> = {
  text: (props) => <MarkableText {...props} />,
  markdown: ({ value }) => <MarkdownView source={value} />,
  image: (props) => <DrawablePicture {...props} />,
  value: ({ value }) => <p class="lp-value" dir="auto">{value}</p>,
  pair: ({ view, row }) => (
    <div class="lp-pair">
      <Side item={view.item} field={row.field} name="A" markdown={row.markdown} />
      <Side item={view.item} field={row.other} name="B" markdown={row.markdown} />
    </div>
  ),
};

export function ItemDisplay({ state, view }: { state: State; view: Shown }) {
  const { text } = usePage();
  return <>{schemaOf(state).display.map((row) => {
    const show = Object.hasOwn(DISPLAYS, row.type) ? DISPLAYS[row.type] : undefined;
    const value = view.item.data[row.field];
    const isPair = row.type === "pair";
    return (
      <div class={`lp-field lp-field-${show === undefined ? "unknown" : row.type}`} key={`${view.item.id}:${row.type}:${row.field}`}>
        {row.title === "" ? null : <h3 class="lp-field-title">{row.title}</h3>}
        {show === undefined ? <p class="lp-hint">{text.t("page.unknown-display", { type: row.type })}</p>
          : !isPair && (value === undefined || value === null) ? <p class="lp-hint">{text.t("page.missing-field", { field: row.field })}</p>
          : !isPair && value === "" ? <p class="lp-hint">{text.t("page.empty-text")}</p>
          : show({ state, view, row, value: asText(value) })}
      </div>
    );
  })}</>;
}
