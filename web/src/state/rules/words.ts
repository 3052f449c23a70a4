/** Free text; and a form of typed cells. */
import type { AnswerValue, Column, Control } from "../../wire";
import type { ControlRules, Data } from "./rules";

const EXCERPT = 60;
const length = (text: string): number => [...text].length;
const written = (value: AnswerValue | undefined): string => (typeof value === "string" ? value : "");
const excerpt = (text: string): string => (length(text) > EXCERPT ? `${[...text].slice(0, EXCERPT).join("")}…` : text);

export const wordsRules: ControlRules = {
  start: (control, data) => written(control.setup.startFrom === "" ? "" : asText(data[control.setup.startFrom])),
  choices: () => [],
  choose: (_control, value) => value,
  isComplete(control, value) {
    const count = length(written(value).trim());
    return count === 0 ? !control.required : count >= control.setup.least && count <= control.setup.most;
  },
  isEmpty: (value) => written(value).trim() === "",
  fit: (_control, value) => written(value),
  settlesAtOnce: () => false,
  has: () => false,
  titles: (_control, value) => (written(value) === "" ? [] : [excerpt(written(value))]),
};

function asText(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value : String(value);
}

export type Cells = { [field: string]: AnswerValue };

export function cellsOf(value: AnswerValue | undefined): Cells {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** A value of the item as its column has it; what doesn't fit is left empty, for the person to fill in. */
export function cellOf(column: Column, value: unknown): AnswerValue {
  if (value === null || value === undefined || value === "") return null;
  if (column.kind === "integer" || column.kind === "number") {
    const number = typeof value === "number" ? value : Number(String(value).trim());
    return Number.isFinite(number) && (column.kind === "number" || Number.isInteger(number)) ? number : null;
  }
  if (column.kind === "boolean") return typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : null;
  const text = asText(value).trim();
  if (column.kind === "date") return /^\d{4}-\d\d-\d\d/.test(text) ? text.slice(0, 10) : null;
  if (column.kind === "choice") return column.options.includes(text) ? text : null;
  return text;
}

/** What stands in the cell of a number whose text is none yet, such as a lone minus sign. */
export const UNREADABLE = "?";

const isNumber = (column: Column): boolean => column.kind === "integer" || column.kind === "number";

/** What the item has in a cell where it doesn't fit the column's kind, so that people see what they correct; null where it fits. */
export function unfitting(column: Column, value: unknown): string | null {
  const said = asText(value).trim();
  return said === "" || cellOf(column, value) !== null ? null : excerpt(said);
}

/** Why a cell can't be sent; null when it can. */
export function cellTrouble(column: Column, value: AnswerValue | undefined): "missing" | "number" | "whole" | "range" | null {
  if (value === null || value === undefined || value === "") return column.required ? "missing" : null;
  if (typeof value !== "number") return isNumber(column) ? "number" : null;
  if (column.kind === "integer" && !Number.isInteger(value)) return "whole";
  return (column.least !== null && value < column.least) || (column.most !== null && value > column.most) ? "range" : null;
}

const asked = (control: Control): readonly Column[] => control.setup.columns.filter((column) => !column.locked);

function startCells(control: Control, data: Data): Cells {
  return Object.fromEntries(asked(control).map((column) => [column.field, cellOf(column, data[column.field])]));
}

export const formRules: ControlRules = {
  start: startCells,
  choices: () => [],
  choose: (_control, value) => value,
  isComplete: (control, value) => asked(control).every((column) => cellTrouble(column, cellsOf(value)[column.field]) === null),
  // A form that was looked at and left as it is, is an answer; Enter must send it and not take a suggestion.
  isEmpty: () => false,
  fit(control, value, data) {
    const given = cellsOf(value);
    return Object.fromEntries(asked(control).map((column) => [column.field, cellOf(column, column.field in given ? given[column.field] : data[column.field])]));
  },
  settlesAtOnce: () => false,
  has: () => false,
  titles: (_control, value) => Object.entries(cellsOf(value)).filter(([, cell]) => cell !== null && cell !== "").map(([field, cell]) => excerpt(`${field}: ${String(cell)}`)),
};
