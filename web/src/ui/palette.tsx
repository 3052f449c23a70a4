/** Finds a label by a part of its name; for schemas with more labels than a glance holds. */
import { useEffect, useRef, useState } from "preact/hooks";
import { chooseLabel } from "../state/actions/choose-label";
import { isFound } from "../state/actions/panels";
import { labelId } from "../state/bindings";
import { rulesOf } from "../state/controls";
import { foundLabels, type Candidate } from "../state/label-search";
import type { State } from "../state/state";
import { schemaOf, shown } from "../state/view";
import { usePage } from "./context";
import { Dialog } from "./dialog";
import { KeyCap } from "./key-cap";

function candidatesOf(state: State): Candidate[] {
  return schemaOf(state).controls.filter(isFound).flatMap((control) =>
    (rulesOf(control)?.choices(control) ?? []).map((label) => ({ control: control.name, value: label.value, title: label.title, color: label.color })));
}

function isChosen(state: State, row: Candidate): boolean {
  const control = schemaOf(state).controls.find((each) => each.name === row.control);
  return control !== undefined && (rulesOf(control)?.has(shown(state)?.answer[row.control] ?? null, row.value) ?? false);
}

export function Palette({ state }: { state: State }) {
  const { perform, session, text } = usePage();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const rows = foundLabels(candidatesOf(state), query);
  const choose = (row: Candidate | undefined): void => { if (row !== undefined) perform(chooseLabel, { control: row.control, value: row.value }); };
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setAt(Math.min(Math.max(at + step, 0), rows.length - 1));
    else if (event.key === "Enter" && !event.isComposing) choose(rows[at]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog title={text.t("palette.title")} name="palette">
      <label class="lp-input">
        <span class="lp-hidden">{text.t("palette.input")}</span>
        <input
          type="text" role="combobox" aria-expanded="true" aria-controls="lp-palette-list" aria-activedescendant={`lp-palette-${at}`} autofocus
          autocomplete="off" placeholder={text.t("palette.input")} value={query} onKeyDown={onKeyDown}
          onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); }}
        />
      </label>
      <ul ref={list} id="lp-palette-list" class="lp-palette-list" role="listbox" aria-label={text.t("page.labels")}>
        {rows.map((row, i) => (
          <li
            key={labelId(row.control, row.value)} id={`lp-palette-${i}`} role="option" aria-selected={i === at} class="lp-palette-row"
            data-chosen={isChosen(state, row) ? "" : undefined} style={row.color === null ? undefined : { "--label": row.color }} onClick={() => choose(row)}
          >
            <span class="lp-swatch" />{row.title}<KeyCap name={session.bindings().keysOf(labelId(row.control, row.value))[0]} />
          </li>
        ))}
      </ul>
      <p class="lp-hint" role="status">{rows.length === 0 ? text.t("palette.none") : text.t("palette.count", { count: rows.length })}</p>
    </Dialog>
  );
}
