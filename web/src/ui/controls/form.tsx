/** A row of a table as a form of typed cells. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { MessageKey } from "../../locales/en";
import { fillIn } from "../../state/actions/write";
import { cellsOf, cellTrouble, unfitting, UNREADABLE } from "../../state/rules/words";
import type { AnswerValue, Column } from "../../wire";
import { usePage } from "../context";
import type { ControlProps } from "./table";

function limits(column: Column): string {
  if (column.least === null && column.most === null) return "";
  return `${column.least ?? "…"} – ${column.most ?? "…"}`;
}

interface Marked { id: string; class: string; "aria-invalid": boolean; "aria-describedby": string | undefined }

/** Shows a number as it is typed: "18.0" on the way to "18.05" must not become "18". */
function NumberCell({ column, cell, rest, change }: { column: Column; cell: AnswerValue; rest: Marked; change(cell: AnswerValue): void }) {
  const typed = useRef("");
  const shown = typed.current !== "" && Number(typed.current) === cell ? typed.current : cell === null ? "" : String(cell);
  return (
    <input
      {...rest} type="number" step={column.kind === "integer" ? 1 : "any"} min={column.least ?? undefined} max={column.most ?? undefined} value={cell === UNREADABLE ? undefined : shown}
      onInput={(event) => {
        const { value, validity } = event.currentTarget;
        typed.current = value;
        change(validity.badInput ? UNREADABLE : value === "" ? null : Number(value));
      }}
      // Whoever scrolls past a field doesn't mean to change its number.
      onWheel={(event) => event.currentTarget.blur()}
    />
  );
}

const TROUBLES: Readonly<Record<"missing" | "number" | "whole", MessageKey>> = { missing: "form.missing", number: "form.number", whole: "form.whole" };

/** More than a field of one line shows. */
const isLong = (said: string): boolean => said.includes("\n") || said.length > 60;

export function FormControl({ control, value, state, view }: ControlProps) {
  const { perform, text } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const last = useRef({ field: "", at: 0 });
  const asked = state.writing?.control === control.name ? state.writing.asked : 0;
  useLayoutEffect(() => { if (asked > 0) ((state.writing?.wrong === true ? box.current?.querySelector<HTMLElement>("[aria-invalid=true]") : null) ?? box.current?.querySelector<HTMLElement>("input, select, textarea"))?.focus(); }, [asked]);
  const cells = cellsOf(value);

  function change(column: Column, cell: AnswerValue): void {
    const now = performance.now();
    const joined = last.current.field === column.field && now - last.current.at < 1_000;
    last.current = { field: column.field, at: now };
    perform(fillIn, { control: control.name, value: { ...cells, [column.field]: cell }, joined });
  }

  function input(column: Column, id: string) {
    const cell = cells[column.field] ?? null;
    const trouble = cellTrouble(column, cell);
    const rest: Marked = { id, "aria-invalid": trouble !== null, "aria-describedby": trouble === null ? undefined : `${id}-trouble`, class: "lp-cell" };
    if (column.locked) return <output id={id} class="lp-cell-said">{String(view.item.data[column.field] ?? "")}</output>;
    if (column.kind === "choice" || column.kind === "boolean") {
      const options = column.kind === "boolean" ? ["true", "false"] : column.options;
      const said = (option: string): string => (column.kind === "boolean" ? text.t(option === "true" ? "form.yes" : "form.no") : option);
      return (
        <select {...rest} value={cell === null ? "" : String(cell)} onChange={(event) => { const { value: to } = event.currentTarget; change(column, to === "" ? null : column.kind === "boolean" ? to === "true" : to); }}>
          <option value="">{text.t("form.none")}</option>
          {options.map((option) => <option key={option} value={option}>{said(option)}</option>)}
        </select>
      );
    }
    if (column.kind === "integer" || column.kind === "number") {
      return <NumberCell key={view.item.id} column={column} cell={cell} rest={rest} change={(to) => change(column, to)} />;
    }
    const said = { value: cell === null ? "" : String(cell), onInput: (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => change(column, event.currentTarget.value || null) };
    // A field of one line would take the line ends out. What the item has decides, so that the field stays the same while one types.
    if (column.kind === "text" && isLong(String(view.item.data[column.field] ?? ""))) return <textarea {...rest} {...said} rows={3} dir="auto" />;
    return column.kind === "date" ? <input {...rest} {...said} type="date" /> : <input {...rest} {...said} type="text" dir="auto" />;
  }

  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("form.title")}>
      {control.title === "" ? null : <h3 class="lp-control-title">{control.title}</h3>}
      <div ref={box} class="lp-cells">
        {control.setup.columns.map((column) => {
          const id = `lp-cell-${control.name}-${column.field}`;
          const trouble = column.locked ? null : cellTrouble(column, cells[column.field]);
          const raw = unfitting(column, view.item.data[column.field]);
          return (
            <div key={column.field} class="lp-form-row">
              <label for={id}>{column.title}{column.required ? <span aria-hidden="true"> *</span> : null}</label>
              {input(column, id)}
              {trouble === null ? null : <p id={`${id}-trouble`} class="lp-hint" data-wrong="">{trouble === "range" ? text.t("form.range", { range: limits(column) }) : text.t(TROUBLES[trouble])}</p>}
              {column.locked || raw === null ? null : <p class="lp-hint" dir="auto">{text.t("form.given", { value: raw })}</p>}
            </div>
          );
        })}
      </div>
    </div>
  );
}
