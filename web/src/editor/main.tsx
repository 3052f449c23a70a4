/** Starts the schema editor in `<div id="schema-editor" data-language data-field>` with the JSON of `#schema-setup`. */
import { Component, render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { list, object, optionalText, type Json } from "../json";
import { parseSchema } from "../schema";
import { ControlCard, Told } from "./control-card";
import { changed, draftOf, moved, newControl, removed, schemaOf, SHOWN_AS, TYPES, type ControlType, type Draft, type ShownAs } from "./draft";
import { Picker, Select } from "./fields";
import { Preview } from "./preview";
import { troublesOf, type Trouble } from "./troubles";
import { wordsIn, type Say } from "./words";
import "./editor.css";

/** The editor's contents at a moment. */
interface Kept { draft: Draft | null; given: unknown; rules: string }
interface Template { name: string; title: string; guidelines: string; schema: unknown }
interface Setup { fields: string[]; image: string; samples: Json[]; schema: unknown; templates: Template[] }

function setupOf(value: unknown): Setup {
  const row = object(value, "setup");
  return {
    fields: list(row.fields, "fields").map(String), image: optionalText(row.image), samples: list(row.samples, "samples").map((each, i) => object(each, `samples.${i}`)), schema: row.schema,
    templates: list(row.templates, "templates").map((each, i) => {
      const found = object(each, `templates.${i}`);
      return { name: String(found.name), title: optionalText(found.title), guidelines: optionalText(found.guidelines), schema: found.schema };
    }),
  };
}

/** A preview that can't be drawn must not take the editor along. */
class Safe extends Component<{ say: Say }, { failed: boolean }> {
  override state = { failed: false };
  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <p class="muted">{this.props.say("preview.wait")}</p> : this.props.children;
  }
}

function Shown({ say, draft, fields, image, trouble, change }: { say: Say; trouble: Trouble | null; draft: Draft; fields: readonly string[]; image: string; change(draft: Draft): void }) {
  return (
    <section class="card editor-shown"><h3>{say("shown")}</h3>
      <div class="editor-fields">
        {fields.map((field) => (
          <Select
            key={field} id={`editor-shown-${field}`} title={field} value={draft.shown[field] ?? "hidden"} options={SHOWN_AS.filter((as) => as !== "image" || field === image).map((as) => [as, say(`as.${as}`)])}
            change={(to) => change({ ...draft, shown: { ...draft.shown, [field]: SHOWN_AS.find((as): as is ShownAs => as === to) ?? "hidden" } })}
          />
        ))}
      </div>
      <Told say={say} troubles={trouble === null ? [] : [trouble]} />
    </section>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === "";
  }
}

function useLater<T>(value: T, ms: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}

function Editor({ setup, field, guidelines, language }: { setup: Setup; field: HTMLTextAreaElement; guidelines: HTMLTextAreaElement | null; language: string }) {
  const say = useMemo(() => wordsIn(language), [language]);
  const [draft, setDraft] = useState<Draft | null>(() => draftOf(setup.schema));
  const [said, setSaid] = useState(guidelines?.value ?? "");
  const given = useRef(setup.schema);
  const schema = useMemo(() => (draft === null ? object(given.current, "schema") : schemaOf(draft, setup.fields)), [draft]);
  // What the form came with stays in it, also when it can't be read, until something is changed here.
  const isFirst = useRef(true);
  const isByHand = useRef(!isJson(field.value));
  useEffect(() => {
    if (!isFirst.current || field.value === "") {
      field.value = JSON.stringify(schema, null, 2);
      isByHand.current = false;
    }
    isFirst.current = false;
  }, [schema]);
  useEffect(() => {
    const listen = (): void => { isByHand.current = true; };
    field.addEventListener("input", listen);
    return () => field.removeEventListener("input", listen);
  }, []);
  const troubles = useMemo(() => (draft === null ? null : troublesOf(draft)), [draft]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { form } = field;
    // Whoever edited the JSON by hand is answered by the server.
    const hold = (event: SubmitEvent): void => {
      if (troubles === null || troubles.none || isByHand.current) return;
      event.preventDefault();
      const place = box.current?.querySelector(".editor-troubles");
      place?.scrollIntoView({ block: "center" });
      (place?.closest(".card")?.querySelector<HTMLElement>("[aria-invalid=true]") ?? place?.closest(".card, .editor-form")?.querySelector<HTMLElement>("select, input"))?.focus({ preventScroll: true });
    };
    form?.addEventListener("submit", hold);
    return () => form?.removeEventListener("submit", hold);
  }, [troubles]);
  // The hands go along with the question that was added or moved, and to the list when one is gone.
  const [wanted, setWanted] = useState<string | null>(null);
  useEffect(() => {
    if (wanted !== null) document.querySelector<HTMLElement>(wanted)?.focus();
    setWanted(null);
  }, [wanted]);
  useEffect(() => {
    const listen = (): void => setSaid(guidelines?.value ?? "");
    guidelines?.addEventListener("input", listen);
    return () => guidelines?.removeEventListener("input", listen);
  }, []);
  // Both at once: a template brings both, and a preview that starts anew would drop what was marked in it meanwhile.
  const { schema: shown, rules } = useLater(useMemo(() => ({ schema, rules: said }), [schema, said]), 400);

  /** What a template or a removal takes away can be brought back: much of it was typed by hand. */
  const [before, setBefore] = useState<readonly Kept[]>([]);
  const keep = (): void => setBefore([...before, { draft, given: given.current, rules: said }]);

  function put(next: Kept): void {
    given.current = next.given;
    setDraft(next.draft);
    if (guidelines === null) return;
    guidelines.value = next.rules;
    setSaid(next.rules);
  }

  function back(): void {
    const last = before.at(-1);
    if (last === undefined) return;
    setBefore(before.slice(0, -1));
    put(last);
  }

  function take(template: Template): void {
    keep();
    put({ draft: draftOf(template.schema), given: template.schema, rules: template.guidelines === "" ? said : template.guidelines });
  }

  const isReady = useMemo(() => {
    try {
      parseSchema(shown);
      return draft === null || troublesOf(draft).none;
    } catch {
      return false;
    }
  }, [shown]);

  return (
    <div class="editor">
      <div ref={box} class="editor-form">
        {setup.templates.length === 0 ? null : <Picker id="editor-template" title={say("template")} options={setup.templates.map((each) => [each.name, each.title] as const)} pick={(name) => { const found = setup.templates.find((each) => each.name === name); if (found !== undefined) take(found); }} />}
        {before.length === 0 ? null : <div><button type="button" class="button button-small" onClick={back}>{say("undo")}</button></div>}
        {draft === null ? <p class="notice notice-warn">{say("json.only")}</p> : <>
          <Shown say={say} draft={draft} trouble={troubles?.shown ?? null} fields={setup.fields} image={setup.image} change={setDraft} />
          <h3 class="editor-asked">{say("asked")}</h3>
          {draft.controls.map((control, i) => (
            <ControlCard
              key={control.key} say={say} draft={draft} control={control} fields={setup.fields} isFirst={i === 0} isLast={i === draft.controls.length - 1} troubles={troubles?.controls.get(control.key) ?? []}
              change={(change) => setDraft(changed(draft, control.key, change))} move={(by) => { setDraft(moved(draft, control.key, by)); setWanted(`#editor-${control.key} .editor-card-tools button:nth-child(${by < 0 ? 1 : 2}):enabled, #editor-${control.key}-title`); }}
              remove={() => { keep(); setDraft(removed(draft, control.key)); setWanted("#editor-add"); }}
            />
          ))}
          <Picker id="editor-add" title={say("add")} options={TYPES.map((type) => [type, say(`type.${type}`)] as const)} pick={(to) => { const type = TYPES.find((each): each is ControlType => each === to); if (type === undefined) return; const made = newControl(type, draft, setup.fields); setDraft({ ...draft, controls: [...draft.controls, made] }); setWanted(`#editor-${made.key}-title`); }} />
          <Told say={say} troubles={troubles?.asked == null ? [] : [troubles.asked]} />
        </>}
      </div>
      <div class="editor-side">
        <h3>{say("preview")}</h3>
        <p class="muted small">{say(isReady ? "preview.hint" : "preview.wait")}</p>
        {isReady && setup.samples.length > 0 ? <Safe key={JSON.stringify(shown)} say={say}><Preview schema={shown} guidelines={rules} samples={setup.samples} language={language} pictures="/api/v1/pictures/" /></Safe> : null}
      </div>
    </div>
  );
}

const root = document.getElementById("schema-editor");
const data = document.getElementById("schema-setup");
if (root !== null && data !== null) {
  const field = document.getElementById(root.dataset["field"] ?? "");
  const guidelines = document.getElementById(root.dataset["guidelines"] ?? "");
  if (field instanceof HTMLTextAreaElement) {
    const setup = setupOf(JSON.parse(data.textContent ?? "{}"));
    render(<Editor setup={setup} field={field} guidelines={guidelines instanceof HTMLTextAreaElement ? guidelines : null} language={root.dataset["language"] ?? "en"} />, root);
  }
}
