/** Small inputs of the editor; each with its label. */
import type { ComponentChildren } from "preact";

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
