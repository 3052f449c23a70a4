/** Free text. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { fillIn } from "../../state/actions/write";
import { usePage } from "../context";
import type { ControlProps } from "./table";

export function WordsControl({ control, value, state }: ControlProps) {
  const { perform, text } = usePage();
  const field = useRef<HTMLTextAreaElement>(null);
  // What is typed without leaving the field is one step for undo, until a pause of the hands.
  const last = useRef(0);
  const asked = state.writing?.control === control.name ? state.writing.asked : 0;
  useLayoutEffect(() => { if (asked > 0) field.current?.focus(); }, [asked]);
  const written = typeof value === "string" ? value : "";
  const count = [...written.trim()].length;
  const { least, most, lines } = control.setup;
  const isWrong = count > most || (count > 0 && count < least);
  const id = `lp-words-${control.name}`;

  function onInput(said: string): void {
    const now = performance.now();
    perform(fillIn, { control: control.name, value: said, joined: now - last.current < 1_000 });
    last.current = now;
  }

  return (
    <div class="lp-control">
      <div class="lp-control-head">
        <label class="lp-control-title" for={id}>{control.title || text.t("words.title")}</label>
        <p id={`${id}-count`} class="lp-hint" data-wrong={isWrong ? "" : undefined}>
          {count > most ? text.t("words.too-long", { count, most }) : count > 0 && count < least ? text.t("words.too-short", { count, least }) : text.t("words.count", { count })}
        </p>
      </div>
      <textarea
        ref={field} id={id} class="lp-words" rows={lines} dir="auto" value={written} aria-invalid={isWrong} aria-describedby={`${id}-count`}
        onInput={(event) => onInput(event.currentTarget.value)} onBlur={() => { last.current = 0; }}
      />
    </div>
  );
}
