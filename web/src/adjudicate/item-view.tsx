/** The item that was answered, shown once above the answers; a text that is marked stands in each answer instead. */
import { MarkdownView } from "../ui/markdown-view";
import type { Display, Schema } from "../wire";
import { ShapeBoard } from "./shape-board";
import type { Say } from "./words";
import type { Dispute } from "./wire";

const asText = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2));
const HASH = /^[0-9a-f]{64}$/;

function Shown({ markdown, value }: { markdown: boolean; value: string }) {
  return markdown ? <MarkdownView source={value} /> : <div class="adj-text" dir="auto">{value}</div>;
}

export function ItemView({ say, schema, dispute, pictures, chosen, hidden }: { say: Say; schema: Schema; dispute: Dispute; pictures: string; chosen: number | null; hidden: ReadonlySet<number> }) {
  function show(row: Display) {
    const value = asText(dispute.data[row.field]);
    if (row.type === "image") {
      const control = schema.controls.find((each) => each.type === "shapes" && each.setup.field === row.field);
      if (control !== undefined) return <ShapeBoard key={dispute.task} {...{ say, dispute, control, pictures, chosen, hidden }} />;
      return HASH.test(value) ? <img class="adj-picture" src={`${pictures}${value}/view/`} alt="" /> : null;
    }
    if (row.type === "pair") {
      return <div class="adj-pair">{[row.field, row.other].map((field, i) => <section key={field}><h4>{letterOf(i)}</h4><Shown markdown={row.markdown} value={asText(dispute.data[field])} /></section>)}</div>;
    }
    return <Shown markdown={row.type === "markdown"} value={value} />;
  }
  const letterOf = (i: number): string => (i === 0 ? "A" : "B");
  const isMarked = (row: Display): boolean => row.type === "text" && schema.controls.some((control) => control.type === "spans" && control.setup.field === row.field);
  const rows = schema.display.filter((row) => !isMarked(row));
  if (rows.length === 0) return null;
  return <div class="adj-item">{rows.map((row) => <div key={`${row.type}:${row.field}`}>{row.title === "" ? null : <h4>{row.title}</h4>}{show(row)}</div>)}</div>;
}
