/** Small inputs of the editor; each with its label. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface Named { id: string; title: string; help?: string | undefined }

export function Field({ id, title, help, children }: Named & { children: ComponentChildren }) {
  return <div class="field"><label for={id}>{title}</label>{children}{help === undefined ? null : <p class="help" id={`${id}-help`}>{help}</p>}</div>;
}

export function TextField({ id, title, help, value, change }: Named & { value: string; change(value: string): void }) {
  return <Field id={id} title={title} help={help}><input id={id} type="text" value={value} maxLength={200} onInput={(event) => change(event.currentTarget.value)} /></Field>;
}

export function NumberField({ id, title, value, least, most, change }: Named & { value: number; least: number; most: number; change(value: number): void }) {
  return (
    <Field id={id} title={title}>
      <input id={id} type="number" min={least} max={most} value={String(value)} onInput={(event) => { const number = event.currentTarget.valueAsNumber; if (Number.isFinite(number)) change(number); }} />
    </Field>
  );
}

/** A number that may be left out. */
export function LimitField({ id, title, value, change }: Named & { value: number | null; change(value: number | null): void }) {
  const [said, setSaid] = useState(value === null ? "" : String(value));
  return (
    <Field id={id} title={title}>
      <input id={id} type="number" step="any" value={said} onInput={(event) => { const { value: text, valueAsNumber } = event.currentTarget; setSaid(text); change(Number.isFinite(valueAsNumber) ? valueAsNumber : null); }} />
    </Field>
  );
}

/** Words with commas between them. What is typed stays as it is: a comma at the end is on the way to a further word. */
export function WordsField({ id, title, words, change }: Named & { words: readonly string[]; change(words: string[]): void }) {
  const [said, setSaid] = useState(words.join(", "));
  return (
    <Field id={id} title={title}>
      <input id={id} type="text" value={said} maxLength={10_000} onInput={(event) => { setSaid(event.currentTarget.value); change(wordsIn(event.currentTarget.value)); }} />
    </Field>
  );
}

/** The words of a line with commas, each once. */
export const wordsIn = (line: string): string[] => [...new Set(line.split(/[,，]/).map((each) => each.trim()).filter(Boolean))];

export function Check({ id, title, value, change }: Named & { value: boolean; change(value: boolean): void }) {
  return <label class="check" for={id}><input id={id} type="checkbox" checked={value} onChange={(event) => change(event.currentTarget.checked)} /> {title}</label>;
}

export function Select({ id, title, value, options, change }: Named & { value: string; options: readonly (readonly [string, string])[]; change(value: string): void }) {
  return (
    <Field id={id} title={title}>
      <select id={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([option, said]) => <option key={option} value={option}>{said}</option>)}
      </select>
    </Field>
  );
}

/** Opens the list where the browser can: closed, it would take a row at the first arrow or letter, and could not be gone through. */
function openList(event: KeyboardEvent & { currentTarget: HTMLSelectElement }): void {
  const isMeant = event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Enter" || event.key.length === 1;
  if (!isMeant || event.altKey || event.ctrlKey || event.metaKey || !("showPicker" in event.currentTarget)) return;
  event.preventDefault();
  event.currentTarget.showPicker();
}

/** A list of which a row is taken at once, and which then stands at its beginning again. */
export function Picker({ id, title, options, pick }: Named & { options: readonly (readonly [string, string])[]; pick(value: string): void }) {
  return (
    <Field id={id} title={title}>
      <select id={id} value="" onKeyDown={openList} onChange={(event) => { const { value } = event.currentTarget; event.currentTarget.value = ""; pick(value); }}>
        <option value="">–</option>
        {options.map(([option, said]) => <option key={option} value={option}>{said}</option>)}
      </select>
    </Field>
  );
}
